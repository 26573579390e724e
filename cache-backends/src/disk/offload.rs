//! Where work is done: on the caller's thread, on one of the backend's, or on one of its own.
//!
//! Promise: no caller's thread is kept for longer than a small frame takes, and a task that only ever finds its
//! answers at once still lets the others run.

use std::sync::Arc;

use cache_core::error::Result;
use tokio::sync::oneshot;
use tokio::task::consume_budget;

use super::INLINE;
use super::error::{closed, no_thread};
use super::store::Store;

/// Uses a task's budget (128 units per turn) up in the measure in which a call uses its thread, so that a turn
/// lasts some 50 microseconds whatever it calls: timers are looked at after 61 turns.
pub(super) async fn spend(units: usize) {
    for _ in 0..units {
        consume_budget().await;
    }
}

/// Does the work here when it is small, else on a thread of the backend. A caller that goes away before a thread
/// has begun takes the work back.
pub(super) async fn run<T: Send + 'static>(
    store: &Arc<Store>,
    bytes: usize,
    work: impl FnOnce(&Store) -> T + Send + 'static,
) -> Result<T> {
    if bytes <= INLINE { Ok(work(store)) } else { offload(store, work).await }
}

pub(super) async fn offload<T: Send + 'static>(
    store: &Arc<Store>,
    work: impl FnOnce(&Store) -> T + Send + 'static,
) -> Result<T> {
    let (reply, answer) = oneshot::channel();
    let on = Arc::clone(store);
    store.workers.submit(move || {
        if !reply.is_closed() {
            let _ = reply.send(work(&on));
        }
    })?;
    answer.await.map_err(|_| closed())
}

/// Opens or closes on a thread of its own, to the end, whether the caller waits or not.
pub(super) async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let (reply, answer) = oneshot::channel();
    let thread = std::thread::Builder::new().name("larder-disk-turn".to_owned());
    thread.spawn(move || drop(reply.send(work()))).map_err(no_thread)?;
    answer.await.map_err(|_| closed())?
}
