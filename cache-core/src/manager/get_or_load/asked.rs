//! What a load is about, and how its answer is had.

use super::super::direct::Direct;
use super::super::tagging::check;
use super::super::{CacheManager, DIRECT, LoadError};
use crate::engine::{Answer, Body, Call, Keyspace, Question, Storable, StoredValues, Values};
use crate::entry::{Reason, Status};
use crate::error::{Error, ErrorKind, Result};
use crate::key::{CacheKey, Tag};
use crate::time::{Life, Ttl};

/// What is asked, and how.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) manager: CacheManager,
    pub(super) key: Result<CacheKey>,
    pub(super) ttl: Ttl,
    /// In a box: most calls say nothing more, and many may wait.
    pub(super) said: Option<Box<Said>>,
    pub(super) tags: Vec<Tag>,
    /// The loader compares what it is shown, so there has to be something to show.
    pub(super) compares: bool,
    /// The loader can be run again.
    pub(super) runs_again: bool,
}

/// What is said of a call besides.
#[derive(Debug, Clone)]
pub(super) struct Said {
    /// The keyspace, with the options of this call.
    pub(super) space: Keyspace,
    /// How its values are encoded, when that was said with their type.
    pub(super) values: Option<&'static dyn Values>,
}

impl Default for Said {
    fn default() -> Self {
        Self { space: DIRECT.clone(), values: None }
    }
}

/// What an answer of the engine gives to the caller.
pub(super) type Give<T, E, G> = fn(Answer<Result<T, LoadError<E>>>) -> Result<G, LoadError<E>>;

impl Asked {
    /// With the options of this call, or with none.
    pub(super) fn space(&self) -> &Keyspace {
        self.said.as_ref().map_or(&DIRECT, |said| &said.space)
    }

    /// How its values are encoded.
    pub(super) fn values<T: Storable>(&self) -> &'static dyn Values {
        values::<T>(self.said.as_deref())
    }

    /// Asks the engine; what its answer gives. Holds the loader once, whatever it waits for: ten thousand may wait.
    pub(super) fn answer<T, E, B, G>(
        self,
        call: Call<Direct<T, E>, B>,
        open: bool,
        give: Give<T, E, G>,
    ) -> impl Future<Output = Result<G, LoadError<E>>>
    where
        T: Storable + Clone,
        E: Send + Sync + 'static,
        B: Body<Result<T, LoadError<E>>>,
    {
        let checked = self.check();
        let Self { manager, said, ttl, tags, .. } = self;
        async move {
            let (key, engine) = (checked.map_err(LoadError::Cache)?, &manager.0);
            if !engine.is_enabled() {
                let ret = Box::pin(engine.bypass(&DIRECT, call.run())).await;
                return give(Answer { ret, status: Status::loaded(Reason::Disabled) });
            }
            let (said, space) = (said.as_deref(), said.as_ref().map_or(&*DIRECT, |said| &said.space));
            let question = Question::direct(key, space, values::<T>(said), ttl);
            let mut question = question.tagged(tags, open);
            // Not awaited within the match: what was matched on would be kept meanwhile.
            let load = match engine.seek(&mut question, call.about()).await {
                Ok(answer) => return give(answer),
                Err(begun) => engine.proceed(&question, call, begun),
            };
            give(load.await)
        }
    }

    /// A loader that runs once keeps nothing warm.
    fn check_runs_once(&self) -> Result<()> {
        let Some(idle) = self.space().policy.keep_warm else { return Ok(()) };
        let held = format!("keep_warm holds {idle:?}, but this loader is to run once");
        let fix = "load by get_or_load_warm of the keyspace, or by .detach().keep_warm(..), with a loader that is Clone";
        Err(Error::new(ErrorKind::Config, held).during("load").with_fix(fix))
    }

    /// The key, when everything that was said can be meant.
    fn check(&self) -> Result<CacheKey> {
        let key = self.key.clone()?;
        self.ttl.resolve(Life::Forever)?;
        let usual = self.manager.0.usual();
        self.said.as_ref().map_or(Ok(()), |said| said.space.policy.check_over(usual))?;
        if !self.runs_again {
            self.check_runs_once()?;
        }
        if self.compares {
            self.space().policy.check_comparing(usual)?;
        }
        check(&self.tags)?;
        if key.is_foreign() {
            self.space().policy.check_foreign(
                !self.tags.is_empty(),
                self.said.as_ref().is_some_and(|said| said.values.is_some()),
            )?;
        }
        Ok(key)
    }
}

fn values<T: Storable>(said: Option<&Said>) -> &'static dyn Values {
    said.and_then(|said| said.values).unwrap_or_else(StoredValues::<T>::of)
}
