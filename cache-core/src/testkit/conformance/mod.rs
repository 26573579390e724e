//! What every [`CacheBackend`] promises: one function per promise, named as a sentence.
//!
//! A promise is a public async function over a [`Trial`]: the backend and a namespace that nothing was stored in
//! before, so promises may run in any order, at once, and on a server that others use. [`run`] checks all of
//! them; [`larder_conformance!`](crate::larder_conformance) makes each a test of its own, so that a harness names
//! the one that is broken. Each is checked on the backend itself and on an `Arc<dyn CacheBackend>` around it.
//!
//! ```no_run
//! # use cache_core::testkit::{MapBackend, conformance::Subject};
//! cache_core::larder_conformance!(Subject::new(MapBackend::new()));
//! ```
//!
//! The list follows what the backend declares ([`Needs`]): a null backend is not asked for its frames.

pub mod batches;
pub mod claims;
pub mod conditions;
pub mod counters;
pub mod expiry;
pub mod frames;
pub mod leases;
pub mod lifecycle;
pub mod patterns;
mod promises;
mod subject;
mod trial;

pub use promises::all;
pub use subject::Subject;
pub use trial::Trial;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::port::backend::{CacheBackend, Capability};

/// One promise.
#[derive(Debug, Clone, Copy)]
pub struct Promise {
    /// The sentence, with underscores.
    pub name: &'static str,
    /// Which backends make it.
    pub needs: Needs,
    /// Panics when it is broken.
    pub check: fn(Trial) -> Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Which backends make a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Every one.
    Nothing,
    /// Those that store what they are given.
    Stores,
    /// Those that offer leases.
    Leases,
    /// Those that offer claims.
    Claims,
    /// Those that offer `health`.
    Health,
}

impl Needs {
    /// Whether a backend that declares this makes the promise.
    #[must_use]
    pub fn met_by(self, capability: Capability) -> bool {
        match self {
            Self::Nothing => true,
            Self::Stores => capability.stores,
            Self::Leases => capability.leases,
            Self::Claims => capability.claims,
            Self::Health => capability.health,
        }
    }
}

/// Checks every promise that the backend makes, one after the other.
///
/// # Panics
/// At the first broken promise, with its name.
pub async fn run(subject: &Subject) {
    for promise in all() {
        check(&promise, subject).await;
    }
}

/// Checks one promise: on the backend itself, and on an `Arc<dyn CacheBackend>` around it.
///
/// # Panics
/// When it is broken.
pub async fn check(promise: &Promise, subject: &Subject) {
    let bare = subject.backend();
    let shared: Arc<dyn CacheBackend> = Arc::new(Arc::clone(&bare));
    for (dress, backend) in [("bare", bare), ("behind Arc<dyn CacheBackend>", shared)] {
        if promise.needs.met_by(backend.info().capability) {
            let trial = Trial::new(backend, subject);
            let outcome = tokio::spawn((promise.check)(trial.clone())).await;
            trial.tidy().await;
            assert!(outcome.is_ok(), "broken promise ({dress}): {}", promise.name);
        }
    }
}

/// Checks the promise of this name: what the tests of [`larder_conformance!`](crate::larder_conformance) call.
///
/// # Panics
/// When it is broken, or there is none of this name.
pub async fn check_named(name: &str, subject: &Subject) {
    let promise = all().into_iter().find(|promise| promise.name == name);
    check(&promise.expect("a promise of the list"), subject).await;
}
