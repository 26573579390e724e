//! Who loads a key that many callers miss at once.

use std::time::Duration;

/// The first pause between two looks at a key that another process loads.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// Who loads a key that many callers miss at once.
///
/// Whichever it is, a load over a primary that other processes share holds the key's lease, so that what was loaded
/// before an invalidation is never stored after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum SingleFlight {
    /// One caller per process; the others wait for its outcome.
    #[default]
    Local,
    /// One caller of all processes that share the primary: the others wait for the value, or for the end of the
    /// lease, at most the manager's `lease_time`. Costs a load two more round trips. Without a shared primary, or
    /// while it cannot be reached, it is [`SingleFlight::Local`].
    Distributed,
    /// Every caller runs its own loader.
    Off,
}

/// How long to wait before looking again at a key that another process loads: longer each time, and never in step
/// with others. `draw` is from 0 to below 1.
#[must_use]
pub fn poll_pause(round: u32, draw: f64) -> Duration {
    let longest = FIRST_PAUSE.saturating_mul(2u32.saturating_pow(round)).min(LONGEST_PAUSE);
    longest.mul_f64(0.5 + draw.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_are_spread_over_their_second_half() {
        for (round, draw, micros) in [
            (0, 0.0, 5_000),
            (0, 1.0, 10_000),
            (1, 0.5, 15_000),
            (4, 1.0, 160_000),
            (5, 0.0, 125_000),
            (5, 1.0, 250_000),
            (u32::MAX, 1.0, 250_000),
            (0, -7.0, 5_000),
        ] {
            assert_eq!(poll_pause(round, draw).as_micros(), micros, "{round} {draw}");
        }
    }
}
