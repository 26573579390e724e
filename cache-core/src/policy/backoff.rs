//! How long a key is left alone after its loads failed, and a primary after a refusal.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

const FIRST_REFUSAL: Duration = Duration::from_millis(100);
const LONGEST_REFUSAL: Duration = Duration::from_secs(10);

/// The pause after this many failures in a row: 1 s, doubling to 30 s, less up to a quarter by `draw` (0 to below
/// 1), so that many keys that failed together do not come back together.
#[must_use]
pub fn pause(failures: u32, draw: f64) -> Duration {
    doubling(FIRST, LONGEST, failures, draw)
}

/// The pause after a primary refused what it has to be told: 100 ms, doubling to 10 s, less up to a quarter.
#[must_use]
pub fn refusal_pause(refusals: u32, draw: f64) -> Duration {
    doubling(FIRST_REFUSAL, LONGEST_REFUSAL, refusals, draw)
}

fn doubling(first: Duration, longest: Duration, times: u32, draw: f64) -> Duration {
    let doublings = times.saturating_sub(1).min(8);
    let step = (first * 2_u32.pow(doublings)).min(longest);
    step.mul_f64(1.0 - draw.clamp(0.0, 1.0) / 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_from_one_second_to_thirty() {
        let seconds: Vec<_> = (1..=8).map(|failures| pause(failures, 0.0).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(pause(u32::MAX, 0.0), LONGEST);
        assert_eq!(pause(1, 1.0), Duration::from_millis(750));
        assert_eq!(pause(0, f64::NAN.max(0.0)), FIRST);
    }

    #[test]
    fn refusals_are_met_with_pauses_from_a_tenth_of_a_second_to_ten() {
        let millis: Vec<_> = (1..=9).map(|times| refusal_pause(times, 0.0).as_millis()).collect();
        assert_eq!(millis, [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
        assert_eq!(refusal_pause(u32::MAX, 1.0), Duration::from_millis(7_500));
    }
}
