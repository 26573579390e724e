//! A load that asks for its own key.
//!
//! Promise: it does not wait for itself. Each task remembers the keys that it is loading; a call for one of
//! them, from within, runs its body unshared. (A load that waits for a task of its own which asks for the key is
//! not seen; it ends at the caller's deadline.)

use std::future::Future;
use std::sync::Arc;

use crate::key::CacheKey;

tokio::task_local! {
    static LOADING: Arc<Loading>;
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
        let mut next = Some(innermost);
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
    let around = LOADING.try_with(Arc::clone).ok();
    LOADING.scope(Arc::new(Loading { manager, key: key.clone(), around }), body)
}
