//! Where the engine gets the time from.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::time::{Tick, WallTime};

/// A source of time that a test steers.
pub trait TimeSource: fmt::Debug + Send + Sync + 'static {
    /// Monotonic nanoseconds.
    fn tick(&self) -> Tick;
    /// Wall-clock milliseconds.
    fn wall(&self) -> WallTime;
}

/// The clock of a manager: the processor's time stamp counter (10 to 13 ns a read), or a test's own source.
///
/// An enum and no trait object, because a hit reads it.
#[derive(Clone)]
pub struct Clock(Kind);

#[derive(Clone)]
enum Kind {
    Counter(quanta::Clock),
    Source(Arc<dyn TimeSource>),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Kind::Counter(quanta::Clock::new()))
    }

    /// A test's clock.
    #[must_use]
    pub fn source(source: Arc<dyn TimeSource>) -> Self {
        Self(Kind::Source(source))
    }

    /// Whether a test steers it: then other clocks of this process know nothing of its time.
    #[must_use]
    pub fn is_steered(&self) -> bool {
        matches!(self.0, Kind::Source(_))
    }

    /// Monotonic now.
    #[inline]
    #[must_use]
    pub fn tick(&self) -> Tick {
        match &self.0 {
            Kind::Counter(clock) => Tick(clock.delta_as_nanos(0, clock.raw())),
            Kind::Source(source) => source.tick(),
        }
    }

    /// Wall-clock now.
    #[must_use]
    pub fn wall(&self) -> WallTime {
        match &self.0 {
            Kind::Counter(_) => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                WallTime(u64::try_from(since.as_millis()).unwrap_or(u64::MAX - 1))
            }
            Kind::Source(source) => source.wall(),
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Counter(_) => "Clock(system)",
            Kind::Source(_) => "Clock(source)",
        })
    }
}
