//! A body that stays with its caller, where its type is known, while the load path waits for a stand-in.
//!
//! Promise: the load path is compiled once for each kind of result, not once for each function. It is given a
//! [`StandIn`]; whoever polls the load polls the body when the stand-in was polled, in the same task and as a part of
//! the load ([`reentry`](crate::engine::load::reentry)), and drops it when the stand-in was dropped. Invariant: no lock is held
//! while a body runs.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use crate::engine::ask::typed::{Body, Older};
use crate::engine::load::reentry::Around;

/// Lends a body to a load.
pub(crate) fn lend<F: Future>(body: F) -> (StandIn<F::Output>, Lender<F>) {
    let slot = Arc::new(Slot(Mutex::new(State::Idle)));
    (StandIn(Arc::clone(&slot)), Lender { body: Some(Box::pin(body)), slot })
}

/// What passes between a body and its stand-in.
struct Slot<R>(Mutex<State<R>>);

enum State<R> {
    /// Nothing is wanted.
    Idle,
    /// The stand-in was polled, as a part of these loads.
    Polled(Around),
    /// What the body came to.
    Ended(R),
    /// The stand-in is gone.
    Dropped,
}

impl<R> Slot<R> {
    fn put(&self, state: State<R>) -> State<R> {
        mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), state)
    }
}

/// The body, for those who need not know its type.
pub(crate) struct StandIn<R>(Arc<Slot<R>>);

impl<R> Body<R> for StandIn<R> {
    type Answer = R;
    type Run = Self;

    fn begin(self, _: Older) -> Self {
        self
    }
}

impl<R> Future for StandIn<R> {
    type Output = R;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<R> {
        match self.0.put(State::Polled(Around::now())) {
            State::Ended(ret) => Poll::Ready(ret),
            _ => Poll::Pending,
        }
    }
}

impl<R> Drop for StandIn<R> {
    fn drop(&mut self) {
        drop(self.0.put(State::Dropped));
    }
}

/// The body, for the one who polls it.
pub(crate) struct Lender<F: Future> {
    body: Option<Pin<Box<F>>>,
    slot: Arc<Slot<F::Output>>,
}

impl<F: Future> Lender<F> {
    /// The load, and the body whenever that waits for it.
    pub(crate) fn during<L: Future + Unpin>(self, load: L) -> During<L, F> {
        During { body: self.body, slot: self.slot, load }
    }
}

/// A load with the body that it was lent. (The body is dropped before the load: a key is free when nothing of its load is
/// left.)
pub(crate) struct During<L, F: Future> {
    body: Option<Pin<Box<F>>>,
    slot: Arc<Slot<F::Output>>,
    load: L,
}

impl<L: Future + Unpin, F: Future> Future for During<L, F> {
    type Output = L::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<L::Output> {
        let Self { body, slot, load } = self.get_mut();
        poll(Pin::<&mut L>::new(load), body, slot, context)
    }
}

/// A body of any type, until it has ended.
trait Lent<R> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<R>;

    fn end(&mut self);
}

impl<F: Future> Lent<F::Output> for Option<Pin<Box<F>>> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<F::Output> {
        self.as_mut().map_or(Poll::Pending, |body| body.as_mut().poll(context))
    }

    fn end(&mut self) {
        *self = None;
    }
}

/// [`During`], without the type of the body.
fn poll<T, R>(
    mut load: Pin<&mut dyn Future<Output = T>>,
    body: &mut dyn Lent<R>,
    slot: &Slot<R>,
    context: &mut Context<'_>,
) -> Poll<T> {
    loop {
        let polled = load.as_mut().poll(context);
        if polled.is_ready() {
            body.end();
            return polled;
        }
        match slot.put(State::Idle) {
            State::Polled(around) => {
                let Poll::Ready(ret) = around.enter(|| body.poll(context)) else { return Poll::Pending };
                body.end();
                drop(slot.put(State::Ended(ret)));
            }
            State::Dropped => {
                body.end();
                return Poll::Pending;
            }
            State::Idle | State::Ended(_) => return Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;
    use crate::engine::load::reentry;
    use crate::key::{CacheKey, Namespace};

    /// Polls once.
    fn poll_once<L: Future + Unpin, F: Future>(during: &mut During<L, F>) -> Poll<L::Output> {
        Pin::new(during).poll(&mut Context::from_waker(std::task::Waker::noop()))
    }

    #[test]
    fn a_load_gets_what_the_body_comes_to() {
        let (stand_in, lender) = lend(async { 7 });
        let mut during = lender.during(Box::pin(async move { stand_in.await + 1 }));
        assert_eq!(poll_once(&mut during), Poll::Ready(8));
    }

    #[test]
    fn a_body_begins_when_its_stand_in_is_polled() {
        let (begun, seen) = tokio::sync::oneshot::channel();
        let (stand_in, lender) = lend(async move { begun.send(()) });
        let (go, wait) = tokio::sync::oneshot::channel::<()>();
        let mut seen = seen;
        let mut during = lender.during(Box::pin(async move {
            let _ = wait.await;
            stand_in.await
        }));
        assert!(poll_once(&mut during).is_pending());
        assert!(seen.try_recv().is_err());
        drop(go);
        assert_eq!(poll_once(&mut during), Poll::Ready(Ok(())));
        assert_eq!(seen.try_recv(), Ok(()));
    }

    #[test]
    fn a_body_is_dropped_with_its_stand_in_though_the_load_goes_on() {
        let held = Arc::new(());
        let its = Arc::clone(&held);
        let (stand_in, lender) = lend(async move { pending::<Arc<()>>().await == its });
        let mut stand_in = Some(stand_in);
        let mut polls = 0;
        let load = std::future::poll_fn(|context| {
            polls += 1;
            match polls {
                1 => assert!(stand_in.as_mut().is_some_and(|body| Pin::new(body).poll(context).is_pending())),
                _ => drop(stand_in.take()),
            }
            Poll::<()>::Pending
        });
        let mut during = lender.during(load);
        assert!(poll_once(&mut during).is_pending());
        assert_eq!(Arc::strong_count(&held), 2);
        assert!(poll_once(&mut during).is_pending());
        assert_eq!(Arc::strong_count(&held), 1);
    }

    #[test]
    fn a_body_is_a_part_of_the_load_that_polls_its_stand_in() {
        let [key, other] =
            ["user:7", "user:8"].map(|text| CacheKey::direct(&Namespace::default(), text).unwrap());
        let its = key.clone();
        let (stand_in, lender) =
            lend(async move { (reentry::is_loading(1, &its), reentry::is_loading(1, &other)) });
        let mut during = lender.during(Box::pin(reentry::loading(1, &key, stand_in)));
        assert_eq!(poll_once(&mut during), Poll::Ready((true, false)));
        assert!(!reentry::is_loading(1, &key));
    }
}
