//! The verb that loads many.
//!
//! Promise: the answers come in the caller's order, duplicates included; every key has its own result, and one that
//! failed keeps no other from its value. What an id is called is in [`naming`], what a loader returns in [`reply`],
//! what the caller gets in [`loaded`].

mod loaded;
mod naming;
mod plan;
mod reply;

pub use loaded::{LoadedMany, ResultOf};
pub use naming::{ById, ByKey, ByPrefix, NamesIds};
pub use reply::BatchReply;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use super::tagging::named;
use super::{CacheManager, LoadError};
use crate::engine::{Batch, Keyspace, Policy, Storable, StoredValues};
use crate::error::{Error, ErrorKind, Result};
use crate::key::{IntoKey, KeyPart, Tag};
use crate::time::{Life, Ttl};
use plan::Plan;

/// A load of many that has not begun: set its options, then await it.
///
/// It can be awaited once the ids name entries: text and keys do by themselves; of all else
/// [`prefix`](GetOrLoadMany::prefix) or [`key_by`](GetOrLoadMany::key_by) has to say what they are (`7` of what?).
#[must_use = "nothing is read or loaded until it is awaited"]
pub struct GetOrLoadMany<'f, K, F, N = ById> {
    manager: CacheManager,
    ids: Vec<K>,
    loader: F,
    naming: N,
    ttl: Ttl,
    policy: Policy,
    max_batch: usize,
    tags: Vec<Tag>,
    tags_by: Option<TagsBy<'f, K>>,
}

/// The tags of an id.
type TagsBy<'f, K> = Box<dyn Fn(&K) -> Vec<Tag> + Send + Sync + 'f>;

impl<K, F> GetOrLoadMany<'_, K, F> {
    pub(super) fn new(manager: CacheManager, ids: Vec<K>, loader: F) -> Self {
        let (ttl, policy) = (Ttl::Default, Policy::default());
        let (max_batch, tags, tags_by) = (usize::MAX, Vec::new(), None);
        Self { manager, ids, loader, naming: ById, ttl, policy, max_batch, tags, tags_by }
    }
}

impl<'f, K, F, N> GetOrLoadMany<'f, K, F, N> {
    /// What the ids are of: with `"user"`, the id `7_u64` names the entry `user:7`, which is the entry of
    /// `build_cache_key("user", &(7_u64,))` and of the text `"user:7"`.
    pub fn prefix(self, prefix: &str) -> GetOrLoadMany<'f, K, F, ByPrefix>
    where
        K: KeyPart,
    {
        self.named(ByPrefix::new(prefix))
    }

    /// The entry of each id, said by a function: `.key_by(|id| user_cache_key(*id))` shares entries and loads with the
    /// cached function `user`.
    pub fn key_by<Q: IntoKey, G: Fn(&K) -> Q>(self, key: G) -> GetOrLoadMany<'f, K, F, ByKey<G>> {
        self.named(ByKey::new(key))
    }

    /// How long a loaded value is fresh.
    pub fn ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.ttl = ttl.into();
        self
    }

    /// Tags of every entry of the batch, as for [`GetOrLoad::tags`](super::GetOrLoad::tags).
    pub fn tags(mut self, tags: impl IntoIterator<Item: AsRef<str>>) -> Self {
        self.tags = named(tags);
        self
    }

    /// Tags of each entry, besides those of the batch: `.tags_by(|id| [format!("user:{id}")])`.
    pub fn tags_by<I: IntoIterator<Item: AsRef<str>>>(
        mut self,
        tags: impl Fn(&K) -> I + Send + Sync + 'f,
    ) -> Self {
        self.tags_by = Some(Box::new(move |id| named(tags(id))));
        self
    }

    /// Remembers for this long that the loader had nothing for an id. Not remembered unless said.
    pub fn negative_ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.policy = self.policy.negative_ttl(ttl.into());
        self
    }

    /// How long this call may take, whatever it waits for; ids without an answer get an error of kind `Timeout`:
    /// [`Policy::timeout`].
    pub fn timeout(mut self, after: Duration) -> Self {
        self.policy = self.policy.timeout(after);
        self
    }

    /// When one call of the loader is given up, for everybody who waits for it: [`Policy::max_load_time`].
    pub fn max_load_time(mut self, after: Duration) -> Self {
        self.policy = self.policy.max_load_time(after);
        self
    }

    /// The most ids that one call of the loader gets; all of them unless said. The calls come one after the other, and
    /// what one loaded is stored before the next begins.
    pub fn max_batch(mut self, ids: usize) -> Self {
        self.max_batch = ids;
        self
    }

    fn named<M>(self, naming: M) -> GetOrLoadMany<'f, K, F, M> {
        let Self { manager, ids, loader, ttl, policy, max_batch, tags, tags_by, .. } = self;
        GetOrLoadMany { manager, ids, loader, naming, ttl, policy, max_batch, tags, tags_by }
    }

    /// The keyspace of keys that are given as text, with what is said here.
    ///
    /// # Errors
    /// `Ttl` and `Config` for options that mean nothing.
    fn keyspace(&self) -> Result<Keyspace> {
        self.ttl.resolve(Life::Forever)?;
        if let Some(ttl) = self.policy.negative_ttl {
            ttl.resolve(Life::Forever)?;
        }
        self.policy.check_over(self.manager.0.usual())?;
        if self.max_batch == 0 {
            return Err(Error::new(ErrorKind::Config, "max_batch holds 0")
                .during("get_or_load_many")
                .with_fix("give the most ids that one call of the loader takes"));
        }
        Ok(Keyspace { policy: self.policy.clone(), ..Keyspace::direct() })
    }
}

impl<K, F, N, Fut, R> GetOrLoadMany<'_, K, F, N>
where
    K: Clone + Send + Sync,
    N: NamesIds<K>,
    F: FnMut(Vec<K>) -> Fut,
    Fut: Future<Output = R>,
    R: BatchReply<K, Value: Storable + Clone, Error: Send + Sync + 'static>,
{
    async fn run(self) -> Result<LoadedMany<K, R::Value, R::Error>> {
        reply::refuse_results::<R::Value>()?;
        let space = self.keyspace()?;
        let Self { manager, ids, mut loader, naming, ttl, max_batch, tags, tags_by, .. } = self;
        let plan = &Plan::new(ids, naming, manager.namespace())?;
        let tags = plan.tags(&tags, |id| tags_by.as_ref().map_or_else(Vec::new, |by| by(id)))?;
        let load = |places: Vec<usize>| {
            let reply = loader(plan.ids_at(&places));
            async move { plan.sort(&places, reply.await) }
        };
        let batch = Batch {
            keys: plan.keys(),
            tags: &tags,
            space: &space,
            values: StoredValues::<R::Value>::of(),
            ttl,
            max_batch,
            strict: true,
            understands: |failure| failure.is::<LoadError<R::Error>>(),
        };
        let engine = manager.engine();
        let answers = if engine.is_enabled() {
            engine.load_many(&batch, load).await
        } else {
            engine.bypass_many(&batch, load).await
        };
        Ok(plan.answer(&answers))
    }
}

impl<'f, K, F, N, Fut, R> IntoFuture for GetOrLoadMany<'f, K, F, N>
where
    K: Clone + Send + Sync + 'f,
    N: NamesIds<K> + Send + Sync + 'f,
    F: FnMut(Vec<K>) -> Fut + Send + 'f,
    Fut: Future<Output = R> + Send + 'f,
    R: BatchReply<K, Value: Storable + Clone, Error: Send + Sync + 'static> + Send + 'f,
{
    type Output = Result<LoadedMany<K, R::Value, R::Error>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'f>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<K, F, N> fmt::Debug for GetOrLoadMany<'_, K, F, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetOrLoadMany")
            .field("ids", &self.ids.len())
            .field("ttl", &self.ttl)
            .field("policy", &self.policy)
            .field("max_batch", &self.max_batch)
            .finish_non_exhaustive()
    }
}
