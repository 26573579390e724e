//! What a cached function fills, and in which manager.

use super::ManagerSource;
use crate::engine::Keyspace;

/// A keyspace and where its manager is.
#[derive(Debug, Clone, Copy)]
pub struct Space<M> {
    /// Where the manager is.
    pub source: M,
    /// What is filled.
    pub keyspace: &'static Keyspace,
}

/// Stands for a cache that is only known when the function is called: `cache = self.cache`.
#[derive(Debug, Clone, Copy)]
pub struct CacheOfTheCall;

impl<M> Space<M> {
    /// A keyspace in a manager.
    #[inline]
    pub const fn new(source: M, keyspace: &'static Keyspace) -> Self {
        Self { source, keyspace }
    }

    /// The same keyspace in another manager.
    #[inline]
    pub fn within<N: ManagerSource>(self, source: N) -> Space<N> {
        Space { source, keyspace: self.keyspace }
    }
}
