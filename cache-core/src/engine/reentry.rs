//! A load that asks for its own key.
//!
//! Promise: it does not wait for itself. Each task remembers the keys that it is loading; a call for one of
//! them, from within, runs its body unshared. (A load that waits for a task of its own which asks for the key is
//! not seen; it ends at the caller's deadline.)

use std::future::Future;
use std::sync::Arc;

use crate::key::CacheKey;

tokio::task_local! {
    static LOADING: Option<Arc<Loading>>;
}

/// A key that this task is loading, and those around it.
struct Loading {
    /// Tells managers apart.
    manager: usize,
    key: CacheKey,
    around: Option<Arc<Loading>>,
}

/// Whether this task is loading the key already.
pub(super) fn is_loading(manager: usize, key: &CacheKey) -> bool {
    let found = LOADING.try_with(|innermost| {
        let mut next = innermost.as_ref();
        while let Some(loading) = next {
            if loading.manager == manager && loading.key == *key {
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
    let Around(around) = Around::now();
    LOADING.scope(Some(Arc::new(Loading { manager, key: key.clone(), around })), body)
}

/// The keys that this task is loading, for a task that it starts.
pub(super) struct Around(Option<Arc<Loading>>);

impl Around {
    /// Those of now.
    pub(super) fn now() -> Self {
        Self(LOADING.try_with(Option::clone).ok().flatten())
    }

    /// Runs a future as if it were part of the task that this was taken from.
    pub(super) fn keep<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        LOADING.scope(self.0, future)
    }
}
