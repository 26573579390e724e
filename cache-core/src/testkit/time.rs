//! Clocks that a test steers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::port::clock::TimeSource;
use crate::time::{Life, Tick, WallTime};

/// Where steered clocks begin: far from zero, so that a test can go back.
const FIRST_TICK: Tick = Tick(1_000_000_000_000);
const FIRST_WALL: WallTime = WallTime(1_800_000_000_000);

/// Time that stands still until a test moves it.
#[derive(Debug)]
pub struct ManualTime {
    tick: AtomicU64,
    wall: AtomicU64,
}

impl ManualTime {
    /// A clock that stands still.
    #[must_use]
    pub fn new() -> Self {
        Self { tick: AtomicU64::new(FIRST_TICK.0), wall: AtomicU64::new(FIRST_WALL.0) }
    }

    /// Moves both clocks. The wall clock counts milliseconds: it moves by what is whole of them.
    pub fn advance(&self, by: Duration) {
        let nanos = u64::try_from(by.as_nanos()).expect("a test advances by less than 584 years");
        let before = self.tick.fetch_add(nanos, Ordering::SeqCst);
        let millis = (before + nanos) / 1_000_000 - before / 1_000_000;
        self.wall.fetch_add(millis, Ordering::SeqCst);
    }

    /// Sets the wall clock alone, as an administrator or another machine would.
    pub fn set_wall(&self, wall: WallTime) {
        self.wall.store(wall.0, Ordering::SeqCst);
    }
}

impl Default for ManualTime {
    fn default() -> Self {
        Self::new()
    }
}

impl TimeSource for ManualTime {
    fn tick(&self) -> Tick {
        Tick(self.tick.load(Ordering::SeqCst))
    }

    fn wall(&self) -> WallTime {
        WallTime(self.wall.load(Ordering::SeqCst))
    }
}

/// Time as tokio sees it: under `start_paused` a test steers it with `tokio::time::advance`.
#[derive(Debug)]
pub struct TokioTime {
    start: Instant,
}

impl TokioTime {
    /// A clock that begins now.
    #[must_use]
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for TokioTime {
    fn default() -> Self {
        Self::new()
    }
}

impl TimeSource for TokioTime {
    fn tick(&self) -> Tick {
        FIRST_TICK.after(Life::For(self.start.elapsed()))
    }

    fn wall(&self) -> WallTime {
        let elapsed = u64::try_from(self.start.elapsed().as_millis()).expect("a test is short");
        WallTime(FIRST_WALL.0 + elapsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manual_time_moves_only_when_told() {
        let time = ManualTime::new();
        time.advance(Duration::from_micros(600));
        assert_eq!((time.tick(), time.wall()), (Tick(FIRST_TICK.0 + 600_000), FIRST_WALL));
        time.advance(Duration::from_micros(600));
        assert_eq!((time.tick(), time.wall()), (Tick(FIRST_TICK.0 + 1_200_000), WallTime(FIRST_WALL.0 + 1)));
        time.set_wall(WallTime(5));
        time.advance(Duration::from_millis(2));
        assert_eq!((time.tick(), time.wall()), (Tick(FIRST_TICK.0 + 3_200_000), WallTime(7)));
    }

    #[tokio::test(start_paused = true)]
    async fn tokio_time_follows_the_runtime() {
        let time = TokioTime::new();
        assert_eq!((time.tick(), time.wall()), (FIRST_TICK, FIRST_WALL));
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(
            (time.tick(), time.wall()),
            (Tick(FIRST_TICK.0 + 3_000_000_000), WallTime(FIRST_WALL.0 + 3_000))
        );
    }
}
