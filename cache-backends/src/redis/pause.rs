//! How long to wait before trying again: longer each time, and never in step with others.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use cache_core::error::ErrorKind;

const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// A refused password does not become right by asking often.
const LONGEST_PAUSE_REFUSED: Duration = Duration::from_secs(5);

/// The pause after so many failures in a row.
pub(super) fn pause(failures: u32, kind: ErrorKind) -> Duration {
    let longest = if kind == ErrorKind::Refused { LONGEST_PAUSE_REFUSED } else { LONGEST_PAUSE };
    let whole = FIRST_PAUSE.saturating_mul(1 << failures.min(10)).min(longest);
    spread(whole)
}

/// From a half to the whole of it, so that those who wait for the same thing do not come back together.
pub(super) fn spread(whole: Duration) -> Duration {
    whole.mul_f64(0.5 + random_fraction() / 2.0)
}

/// From 0 to 1. The standard library seeds its hashers at random; that is random enough to spread retries.
fn random_fraction() -> f64 {
    let bits = RandomState::new().build_hasher().finish();
    f64::from(u32::try_from(bits >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_half_a_second_and_are_spread() {
        for (failures, whole) in [(0, 20), (1, 40), (4, 320), (5, 500), (40, 500)] {
            for _ in 0..100 {
                let pause = pause(failures, ErrorKind::Unavailable);
                assert!(pause >= Duration::from_millis(whole) / 2, "{failures}: {pause:?}");
                assert!(pause <= Duration::from_millis(whole), "{failures}: {pause:?}");
            }
        }
        assert!(pause(40, ErrorKind::Refused) >= Duration::from_millis(2_500));
        let many: Vec<f64> = (0..1_000).map(|_| random_fraction()).collect();
        assert!(many.iter().any(|x| *x < 0.1) && many.iter().any(|x| *x > 0.9));
    }
}
