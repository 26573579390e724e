//! How long a key is left alone after its loads failed.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

/// The pause after this many failures in a row: 1 s, doubling to 30 s, less up to a quarter by `draw` (0 to below
/// 1), so that many keys that failed together do not come back together.
#[must_use]
pub fn pause(failures: u32, draw: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(8);
    let step = (FIRST * 2_u32.pow(doublings)).min(LONGEST);
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
}
