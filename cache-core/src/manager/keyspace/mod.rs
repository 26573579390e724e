//! Keyspaces that people declare: a name, a policy and a type for what is asked for by hand.
//!
//! ```
//! # use cache_core::{manager::{CacheManager, Keyspace}, testkit::MapBackend, time::Ttl};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> cache_core::error::Result<()> {
//! static USERS: Keyspace<String> = Keyspace::with("user", |policy| policy.ttl(Ttl::secs(60)));
//!
//! # let manager = CacheManager::builder().primary(MapBackend::new()).build()?;
//! let users = manager.keyspace(&USERS);
//! let _ = users.set(7_u64, "ann".to_owned(), Ttl::Default).await?;
//! assert_eq!(users.get(7_u64).await?, Some("ann".to_owned()));
//! assert_eq!(users.clear().await?.removed, 1);
//! # Ok(())
//! # }
//! ```

mod cache;

pub use cache::Cache;

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use crate::codec::CustomFormat;
use crate::engine::{self, CustomValues, Policy, Storable, StoredValues, Values};

/// A named set of entries of one type, with one policy: a `static`. What is stored under it lies where a cached function
/// with this `prefix` and `schema` puts it in byte tiers; the near tier keeps the two apart.
pub struct Keyspace<V> {
    prefix: &'static str,
    policy: fn(Policy) -> Policy,
    made: OnceLock<Arc<engine::Keyspace>>,
    /// How its values are encoded, when that is not as the policy says.
    values: Option<fn() -> &'static dyn Values>,
    of: PhantomData<fn() -> V>,
}

impl<V> Keyspace<V> {
    /// Named by this; colons separate segments. What is not said is the manager's default.
    #[must_use]
    pub const fn new(prefix: &'static str) -> Self {
        Self::with(prefix, |policy| policy)
    }

    /// The same, and what it wants of its manager. It is checked when a verb needs it.
    #[must_use]
    pub const fn with(prefix: &'static str, policy: fn(Policy) -> Policy) -> Self {
        Self { prefix, policy, made: OnceLock::new(), values: None, of: PhantomData }
    }

    /// The same in a stored form of your own, whatever the policy says of one:
    /// `Keyspace::in_format::<Compact>("user", |policy| policy.ttl(..))`.
    #[must_use]
    pub const fn in_format<S: CustomFormat>(prefix: &'static str, policy: fn(Policy) -> Policy) -> Self
    where
        V: Storable,
    {
        let values = Some(CustomValues::<V, S>::of as fn() -> &'static dyn Values);
        Self { prefix, policy, made: OnceLock::new(), values, of: PhantomData }
    }

    /// Its name.
    #[must_use]
    pub const fn prefix(&self) -> &'static str {
        self.prefix
    }

    fn values(&self) -> &'static dyn Values
    where
        V: Storable,
    {
        self.values.map_or_else(StoredValues::<V>::of, |of| of())
    }

    pub(super) fn made(&self) -> Arc<engine::Keyspace> {
        // Each value may be given a life of its own.
        let make = || Arc::new(engine::Keyspace::named(self.prefix, (self.policy)(Policy::new()).varied()));
        Arc::clone(self.made.get_or_init(make))
    }
}

impl<V> fmt::Debug for Keyspace<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyspace").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
