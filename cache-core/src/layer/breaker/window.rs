//! How many of the last calls were outages: ten buckets that roll.

use std::time::Duration;

use crate::time::Tick;

const BUCKETS: usize = 10;

/// Counts of the last `width` of time. What is older falls out a tenth of it at a time.
#[derive(Debug, Clone)]
pub(super) struct Window {
    /// Nanoseconds of one bucket.
    width: u64,
    buckets: [Bucket; BUCKETS],
}

#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    /// Which stretch of time it counts, from the start of the clock.
    number: u64,
    calls: u32,
    outages: u32,
}

impl Window {
    pub(super) fn new(width: Duration) -> Self {
        let nanos = u64::try_from(width.as_nanos()).unwrap_or(u64::MAX);
        Self { width: (nanos / BUCKETS as u64).max(1), buckets: [Bucket::default(); BUCKETS] }
    }

    /// A call ended. One that ended before what is counted now (clocks are read outside the lock) counts as now.
    pub(super) fn add(&mut self, now: Tick, is_outage: bool) {
        let number = now.0 / self.width;
        let at = usize::try_from(number % BUCKETS as u64).unwrap_or(0);
        let Some(bucket) = self.buckets.get_mut(at) else { return };
        if bucket.number < number {
            *bucket = Bucket { number, ..Bucket::default() };
        }
        bucket.calls = bucket.calls.saturating_add(1);
        bucket.outages = bucket.outages.saturating_add(u32::from(is_outage));
    }

    /// How many calls, and how many of them were outages.
    pub(super) fn sums(&self, now: Tick) -> (u64, u64) {
        let oldest = (now.0 / self.width).saturating_sub(BUCKETS as u64 - 1);
        let counted = self.buckets.iter().filter(|bucket| bucket.number >= oldest);
        counted.fold((0, 0), |(calls, outages), bucket| {
            (calls + u64::from(bucket.calls), outages + u64::from(bucket.outages))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_than_the_window_falls_out() {
        let at = |tenths: u64| Tick(100_000_000_000 + tenths * 500_000_000);
        let mut window = Window::new(Duration::from_secs(5));
        window.add(at(0), true);
        window.add(at(0), false);
        window.add(at(9), true);
        assert_eq!(window.sums(at(9)), (3, 2));
        assert_eq!(window.sums(at(10)), (1, 1), "the first tenth has fallen out");
        assert_eq!(window.sums(at(19)), (0, 0));
        window.add(at(30), false);
        assert_eq!(window.sums(at(30)), (1, 0), "old counts of the same bucket are gone");
        window.add(at(20), true);
        assert_eq!(window.sums(at(30)), (2, 1), "a late clock counts as now");
    }
}
