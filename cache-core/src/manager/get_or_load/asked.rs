//! What a load is about, and how its answer is had.

use super::super::direct::Direct;
use super::super::tagging::check;
use super::super::{CacheManager, DIRECT, LoadError};
use crate::engine::{Answer, Body, Call, Keyspace, Question, Storable, StoredValues, Values};
use crate::entry::{Reason, Status};
use crate::error::Result;
use crate::key::{CacheKey, Tag};
use crate::time::{Life, Ttl};

/// What is asked, and how.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) manager: CacheManager,
    pub(super) key: Result<CacheKey>,
    pub(super) ttl: Ttl,
    /// The keyspace with the options of this call, when it has some. In a box: most calls have none, and many may wait.
    pub(super) space: Option<Box<Keyspace>>,
    pub(super) tags: Vec<Tag>,
    /// How its values are encoded, when that was said with their type.
    pub(super) values: Option<&'static dyn Values>,
    /// The loader compares what it is shown, so there has to be something to show.
    pub(super) compares: bool,
}

/// What an answer of the engine gives to the caller.
pub(super) type Give<T, E, G> = fn(Answer<Result<T, LoadError<E>>>) -> Result<G, LoadError<E>>;

impl Asked {
    /// With the options of this call, or with none.
    pub(super) fn space(&self) -> &Keyspace {
        self.space.as_deref().unwrap_or(&DIRECT)
    }

    /// How its values are encoded.
    pub(super) fn values<T: Storable>(&self) -> &'static dyn Values {
        self.values.unwrap_or_else(StoredValues::<T>::of)
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
        let (checked, values) = (self.check(), self.values::<T>());
        let Self { manager, space, ttl, tags, .. } = self;
        async move {
            let (key, engine) = (checked.map_err(LoadError::Cache)?, &manager.0);
            if !engine.is_enabled() {
                let ret = Box::pin(engine.bypass(&DIRECT, call.run())).await;
                return give(Answer { ret, status: Status::loaded(Reason::Disabled) });
            }
            let space = space.as_deref().unwrap_or(&DIRECT);
            let question = Question::direct(key, space, values, ttl);
            let mut question = question.tagged(tags, open);
            // Not awaited within the match: what was matched on would be kept meanwhile.
            let load = match engine.seek(&mut question, call.about()).await {
                Ok(answer) => return give(answer),
                Err(begun) => engine.proceed(&question, call, begun),
            };
            give(load.await)
        }
    }

    /// The key, when everything that was said can be meant.
    fn check(&self) -> Result<CacheKey> {
        let key = self.key.clone()?;
        self.ttl.resolve(Life::Forever)?;
        let usual = self.manager.0.usual();
        self.space.as_ref().map_or(Ok(()), |space| space.policy.check_over(usual))?;
        if self.compares {
            self.space().policy.check_comparing(usual)?;
        }
        check(&self.tags)?;
        if key.is_foreign() {
            self.space().policy.check_foreign(!self.tags.is_empty(), self.values.is_some())?;
        }
        Ok(key)
    }
}
