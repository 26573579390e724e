//! Keeping leases alive while a load runs.
//!
//! Promise: a lease ends soon after its holder died, however long loads take: it is renewed each third of its life by
//! the task that loads. What has ended is not brought back, so a renewal never undoes an invalidation.

use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::sleep;

use super::Lease;
use crate::key::CacheKey;
use crate::port::backend::CacheBackend;

/// Leases that are asked for at once: a batch must not fill a tier's bulkhead.
pub(super) const AT_ONCE: usize = 16;

/// A lease to be renewed.
pub(in crate::engine) struct Kept {
    backend: Arc<dyn CacheBackend>,
    key: CacheKey,
    token: u128,
}

impl Kept {
    /// Whether it is worth renewing again: it was renewed, or that is not known.
    async fn renew(&self, life: Duration) -> bool {
        self.backend.renew_lease(&self.key, self.token, life).await.unwrap_or(true)
    }
}

/// The leases of a load that is about to run.
pub(in crate::engine) fn renewing<'a>(leases: impl IntoIterator<Item = &'a Lease>) -> Vec<Kept> {
    let of = |lease: &Lease| Kept {
        backend: Arc::clone(&lease.0.backend),
        key: lease.0.key.clone(),
        token: lease.0.token,
    };
    leases.into_iter().map(of).collect()
}

/// Runs a load, and keeps its leases alive meanwhile.
pub(in crate::engine) async fn keeping<F: Future>(kept: Vec<Kept>, life: Duration, load: F) -> F::Output {
    if kept.is_empty() || Handle::try_current().is_err() {
        return load.await;
    }
    let (mut load, mut renewing) = (pin!(load), pin!(renew(kept, life)));
    poll_fn(|context| {
        let loaded = load.as_mut().poll(context);
        if loaded.is_pending() {
            let _never = renewing.as_mut().poll(context);
        }
        loaded
    })
    .await
}

async fn renew(mut kept: Vec<Kept>, life: Duration) {
    while !kept.is_empty() {
        sleep(life / 3).await;
        let mut lives = Vec::with_capacity(kept.len());
        for some in kept.chunks(AT_ONCE) {
            lives.extend(together(some.iter().map(|lease| lease.renew(life)).collect()).await);
        }
        let mut lives = lives.into_iter();
        kept.retain(|_| lives.next().unwrap_or(true));
    }
    pending::<()>().await;
}

/// What each comes to, in their order.
pub(super) async fn together<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut futures: Vec<Pin<Box<F>>> = futures.into_iter().map(Box::pin).collect();
    let mut ended: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, ended) in futures.iter_mut().zip(&mut ended).filter(|(_, ended)| ended.is_none()) {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                *ended = Some(output);
            }
        }
        if ended.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    ended.into_iter().flatten().collect()
}
