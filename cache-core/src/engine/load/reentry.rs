//! A load that asks for its own key.
//!
//! Promise: it does not wait for itself. Each task remembers the keys that it is loading; a call for one of
//! them, from within, runs its body unshared. (A load that waits for a task of its own which asks for the key is
//! not seen; it ends at the caller's deadline.)

use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;

use crate::key::CacheKey;

tokio::task_local! {
    static LOADING: Option<Arc<Loading>>;
}

/// What this task is loading, and what is around it.
struct Loading {
    /// Tells managers apart.
    manager: usize,
    keys: Keys,
    around: Option<Arc<Loading>>,
}

enum Keys {
    One(CacheKey),
    Many(HashSet<CacheKey>),
}

impl Keys {
    fn hold(&self, key: &CacheKey) -> bool {
        match self {
            Self::One(one) => one == key,
            Self::Many(many) => many.contains(key),
        }
    }
}

/// Whether this task is loading the key already.
pub(in crate::engine) fn is_loading(manager: usize, key: &CacheKey) -> bool {
    let found = LOADING.try_with(|innermost| {
        let mut next = innermost.as_ref();
        while let Some(loading) = next {
            if loading.manager == manager && loading.keys.hold(key) {
                return true;
            }
            next = loading.around.as_ref();
        }
        false
    });
    found.unwrap_or(false)
}

/// Runs a body as the load of a key.
pub(super) fn loading<F: Future>(manager: usize, key: &CacheKey, body: F) -> impl Future<Output = F::Output> {
    within(manager, Keys::One(key.clone()), body)
}

/// Runs a body as the load of many keys.
pub(in crate::engine) fn loading_many<F: Future>(
    manager: usize,
    keys: HashSet<CacheKey>,
    body: F,
) -> impl Future<Output = F::Output> {
    within(manager, Keys::Many(keys), body)
}

fn within<F: Future>(manager: usize, keys: Keys, body: F) -> impl Future<Output = F::Output> {
    let Around(around) = Around::now();
    LOADING.scope(Some(Arc::new(Loading { manager, keys, around })), body)
}

/// The keys that this task is loading, for a task that it starts.
pub(super) struct Around(Option<Arc<Loading>>);

impl Around {
    /// Those of now.
    pub(super) fn now() -> Self {
        Self(LOADING.try_with(Option::clone).ok().flatten())
    }

    /// Does something as a part of them.
    pub(super) fn enter<T>(self, does: impl FnOnce() -> T) -> T {
        LOADING.sync_scope(self.0, does)
    }

    /// Runs a future as if it were part of the task that this was taken from.
    pub(super) fn keep<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        LOADING.scope(self.0, future)
    }
}
