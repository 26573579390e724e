//! When a value is refreshed before it expires.

use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::time::{Life, Tick};

/// When a read begins a refresh ahead of the expiry.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum RefreshAhead {
    /// After this fraction of the life: above 0 and below 1, e.g. 0.8.
    Fraction(f64),
    /// So long before the expiry that the refresh is likely to end in time: the load time of the keyspace, as it was
    /// measured, times `beta` (1 is usual), times an exponential draw, made once per copy (Vattani, Chierichetti,
    /// Lowenstein: Optimal Probabilistic Cache Stampede Prevention, VLDB 2015).
    XFetch {
        /// Above 1 it refreshes earlier, below 1 later.
        beta: f64,
    },
}

impl RefreshAhead {
    /// Checks the settings.
    ///
    /// # Errors
    /// `Config`, naming what it held.
    pub fn check(self) -> Result<()> {
        match self {
            Self::Fraction(fraction) if fraction > 0.0 && fraction < 1.0 => Ok(()),
            Self::XFetch { beta } if beta > 0.0 && beta.is_finite() => Ok(()),
            wrong => Err(Error::new(ErrorKind::Config, format!("refresh_ahead holds {wrong:?}"))
                .with_fix("give a fraction above 0 and below 1, e.g. 0.8, or a beta above 0, e.g. 1.0")),
        }
    }

    /// The point in the life of a value after which a read begins its refresh. `draw` is from 0 to below 1.
    #[must_use]
    pub fn point(self, created: Tick, expires: Tick, load_time: Option<Duration>, draw: f64) -> Tick {
        if expires == Tick::NEVER {
            return Tick::NEVER;
        }
        match self {
            Self::Fraction(fraction) => {
                created.after(Life::For(expires.since(created).mul_f64(fraction.clamp(0.0, 1.0))))
            }
            Self::XFetch { beta } => load_time.map_or(expires, |load_time| {
                let ahead =
                    load_time.as_secs_f64() * beta.max(0.0) * -(1.0 - draw.clamp(0.0, 0.999_999)).ln();
                expires.before(Duration::try_from_secs_f64(ahead).unwrap_or_default()).max(created)
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Tick {
        Tick(seconds * 1_000_000_000)
    }

    #[test]
    fn a_fraction_is_one_of_the_whole_life() {
        let ahead = RefreshAhead::Fraction(0.8);
        assert_eq!(ahead.point(seconds(100), seconds(200), None, 0.5), seconds(180));
        assert_eq!(ahead.point(seconds(100), Tick::NEVER, None, 0.5), Tick::NEVER);
    }

    #[test]
    fn xfetch_leaves_time_for_the_load_more_or_less_by_chance() {
        let ahead = RefreshAhead::XFetch { beta: 1.0 };
        let at = |draw| ahead.point(seconds(100), seconds(200), Some(Duration::from_secs(10)), draw);
        assert_eq!(at(0.0), seconds(200));
        assert!(at(0.5) > seconds(193) && at(0.5) < seconds(194), "ln 2 of the load time ahead");
        assert!(at(0.9) < at(0.5));
        assert_eq!(
            ahead.point(seconds(100), seconds(200), None, 0.9),
            seconds(200),
            "nothing was measured yet"
        );
        let slow = ahead.point(seconds(100), seconds(200), Some(Duration::from_secs(9_999)), 0.9);
        assert_eq!(slow, seconds(100), "never before it was stored");
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        for wrong in [
            RefreshAhead::Fraction(0.0),
            RefreshAhead::Fraction(1.0),
            RefreshAhead::Fraction(f64::NAN),
            RefreshAhead::XFetch { beta: 0.0 },
            RefreshAhead::XFetch { beta: f64::INFINITY },
        ] {
            assert_eq!(wrong.check().unwrap_err().kind(), ErrorKind::Config, "{wrong:?}");
        }
        assert!(
            RefreshAhead::Fraction(0.8).check().is_ok() && RefreshAhead::XFetch { beta: 1.0 }.check().is_ok()
        );
    }
}
