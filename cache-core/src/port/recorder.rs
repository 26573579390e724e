//! Where events go: metrics, logs, a test's list.

use std::fmt::Debug;
use std::sync::Arc;

use crate::entry::Reason;
use crate::error::Error;

/// Something that happened off the hot path. Never carries a key or a value.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A tier was read without a fresh hit.
    Missed {
        /// Which tier.
        tier: &'static str,
        /// Why.
        reason: Reason,
    },
    /// A value was handed out but not stored in a tier.
    NotStored {
        /// Which tier.
        tier: &'static str,
        /// Why.
        reason: Reason,
    },
    /// A tier failed.
    TierFailed {
        /// Which tier.
        tier: &'static str,
        /// Which verb.
        verb: &'static str,
        /// How.
        error: &'a Error,
    },
    /// Another byte tier serves from now on: one event per transition.
    Switched {
        /// The tier that serves now.
        to: &'static str,
    },
    /// The primary is back and has been told what it missed.
    Recovered {
        /// How many journalled changes (invalidations, and counters that were counted aside) were applied.
        applied: u64,
    },
}

/// Receives events. Called on the caller's task: it must be quick and must not block.
pub trait Recorder: Debug + Send + Sync + 'static {
    /// Something happened.
    fn record(&self, event: &Event<'_>);
}

impl<R: Recorder + ?Sized> Recorder for Arc<R> {
    fn record(&self, event: &Event<'_>) {
        (**self).record(event);
    }
}

/// Records nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRecorder;

impl Recorder for NoRecorder {
    fn record(&self, _: &Event<'_>) {}
}
