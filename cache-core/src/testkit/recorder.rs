//! A recorder that keeps what it is told.

use std::sync::{Mutex, PoisonError};

use crate::entry::Reason;
use crate::error::ErrorKind;
use crate::port::recorder::{Event, Recorder};

/// An [`Event`] without its borrows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recorded {
    /// [`Event::Missed`].
    Missed {
        /// Which tier.
        tier: &'static str,
        /// Why.
        reason: Reason,
    },
    /// [`Event::NotStored`].
    NotStored {
        /// Which tier.
        tier: &'static str,
        /// Why.
        reason: Reason,
    },
    /// [`Event::TierFailed`].
    TierFailed {
        /// Which tier.
        tier: &'static str,
        /// Which verb.
        verb: &'static str,
        /// The kind of the error.
        kind: ErrorKind,
    },
    /// [`Event::Switched`].
    Switched {
        /// The tier that serves now.
        to: &'static str,
    },
    /// [`Event::Recovered`].
    Recovered {
        /// How many journalled changes (invalidations, and counters that were counted aside) were applied.
        applied: u64,
    },
    /// Any other event, as its debug text.
    Other(String),
}

impl From<&Event<'_>> for Recorded {
    #[allow(unreachable_patterns)] // an event added later needs no change here
    fn from(event: &Event<'_>) -> Self {
        match *event {
            Event::Missed { tier, reason } => Self::Missed { tier, reason },
            Event::NotStored { tier, reason } => Self::NotStored { tier, reason },
            Event::TierFailed { tier, verb, error } => Self::TierFailed { tier, verb, kind: error.kind() },
            Event::Switched { to } => Self::Switched { to },
            Event::Recovered { applied } => Self::Recovered { applied },
            ref other => Self::Other(format!("{other:?}")),
        }
    }
}

/// Keeps every event in order.
#[derive(Debug, Default)]
pub struct RecordingRecorder {
    events: Mutex<Vec<Recorded>>,
}

impl RecordingRecorder {
    /// Keeps nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Everything since the start, or since the last [`RecordingRecorder::take`].
    #[must_use]
    pub fn events(&self) -> Vec<Recorded> {
        self.lock().clone()
    }

    /// The same, and forgets it.
    #[must_use]
    pub fn take(&self) -> Vec<Recorded> {
        std::mem::take(&mut *self.lock())
    }

    /// How many events are of this kind.
    pub fn count(&self, is: impl Fn(&Recorded) -> bool) -> usize {
        self.lock().iter().filter(|event| is(event)).count()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Recorded>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recorder for RecordingRecorder {
    fn record(&self, event: &Event<'_>) {
        self.lock().push(event.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn events_are_kept_in_order_until_they_are_taken() {
        let recorder = RecordingRecorder::new();
        recorder.record(&Event::Switched { to: "memory" });
        let error = Error::new(ErrorKind::Timeout, "late");
        recorder.record(&Event::TierFailed { tier: "redis", verb: "get", error: &error });
        let failed = Recorded::TierFailed { tier: "redis", verb: "get", kind: ErrorKind::Timeout };
        assert_eq!(recorder.count(|event| *event == failed), 1);
        assert_eq!(recorder.take(), [Recorded::Switched { to: "memory" }, failed]);
        assert_eq!(recorder.events(), []);
    }
}
