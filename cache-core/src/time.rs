//! Lives and points in time.
//!
//! Two clocks are kept apart by type: a [`Tick`] is monotonic and judges entries in this process; a
//! [`WallTime`] travels inside a stored frame and is only ever compared after clamping.

use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};

/// How long a value stays fresh, as a caller says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Ttl {
    /// The manager's (or keyspace's) default.
    #[default]
    Default,
    /// This long, counted from the moment the value is stored. Zero is an error, sub-second lives are exact.
    After(Duration),
    /// Until it is removed or evicted.
    Never,
}

impl Ttl {
    /// `Ttl::After` of whole seconds.
    #[must_use]
    pub const fn secs(seconds: u64) -> Self {
        Self::After(Duration::from_secs(seconds))
    }

    /// `Ttl::After` of milliseconds.
    #[must_use]
    pub const fn millis(millis: u64) -> Self {
        Self::After(Duration::from_millis(millis))
    }

    /// Resolves against a default.
    ///
    /// # Errors
    /// [`ErrorKind::Ttl`] when the life is zero.
    pub fn resolve(self, default: Life) -> Result<Life> {
        match self {
            Self::Default => Ok(default),
            Self::Never => Ok(Life::Forever),
            Self::After(life) => Life::new(life),
        }
    }
}

impl From<Duration> for Ttl {
    fn from(life: Duration) -> Self {
        Self::After(life)
    }
}

/// A life that has been checked: never zero, and `Duration::MAX` is [`Life::Forever`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Life {
    /// Ends after this long.
    For(Duration),
    /// Has no end.
    Forever,
}

impl Life {
    /// Checks a duration.
    ///
    /// # Errors
    /// [`ErrorKind::Ttl`] when it is zero.
    pub fn new(life: Duration) -> Result<Self> {
        match life {
            Duration::ZERO => Err(Error::new(ErrorKind::Ttl, "a ttl of 0 would never be a hit")
                .with_fix("give a life above zero, Ttl::Never, or leave the value uncached")),
            Duration::MAX => Ok(Self::Forever),
            life => Ok(Self::For(life)),
        }
    }

    /// The duration, unless it has no end.
    #[must_use]
    pub const fn duration(self) -> Option<Duration> {
        match self {
            Self::For(life) => Some(life),
            Self::Forever => None,
        }
    }

    /// Longer by a window.
    #[must_use]
    pub fn plus(self, window: Duration) -> Self {
        match self {
            Self::For(life) => Self::For(life.saturating_add(window)),
            Self::Forever => Self::Forever,
        }
    }

    /// The shorter of two lives.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        std::cmp::min(self, other)
    }
}

/// A monotonic point in time: nanoseconds since an arbitrary start of this process's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(pub u64);

impl Tick {
    /// The deadline that is never reached.
    pub const NEVER: Self = Self(u64::MAX);

    /// The deadline of a life that starts here.
    #[must_use]
    pub fn after(self, life: Life) -> Self {
        match life {
            Life::Forever => Self::NEVER,
            Life::For(life) => Self(self.0.saturating_add(saturating_nanos(life))),
        }
    }

    /// A point in time before this one.
    #[must_use]
    pub fn before(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(saturating_nanos(by)))
    }

    /// How long this is after another point in time; zero when it is not.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// What is left from `now` until this deadline; `None` once it is reached (`now >= deadline` is expired).
    #[must_use]
    pub fn remaining(self, now: Self) -> Option<Life> {
        match self {
            Self::NEVER => Some(Life::Forever),
            deadline if now >= deadline => None,
            deadline => Some(Life::For(Duration::from_nanos(deadline.0 - now.0))),
        }
    }
}

/// A wall-clock point in time: milliseconds since the Unix epoch. Only stored frames carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime(pub u64);

impl WallTime {
    /// The deadline that is never reached.
    pub const NEVER: Self = Self(u64::MAX);

    /// How long this is after another point in time; zero when it is not.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// The deadline of a life that starts here. Rounded up, so that a sub-millisecond life is not born expired.
    #[must_use]
    pub fn after(self, life: Life) -> Self {
        match life {
            Life::Forever => Self::NEVER,
            Life::For(_) if self == Self::NEVER => Self::NEVER,
            Life::For(life) => Self(self.0.saturating_add(saturating_millis_up(life)).min(u64::MAX - 1)),
        }
    }

    /// What is left from `now` until this deadline; `None` once it is reached.
    #[must_use]
    pub fn remaining(self, now: Self) -> Option<Life> {
        match self {
            Self::NEVER => Some(Life::Forever),
            deadline if now >= deadline => None,
            deadline => Some(Life::For(Duration::from_millis(deadline.0 - now.0))),
        }
    }
}

fn saturating_nanos(life: Duration) -> u64 {
    u64::try_from(life.as_nanos()).unwrap_or(u64::MAX - 1)
}

fn saturating_millis_up(life: Duration) -> u64 {
    u64::try_from(life.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX - 1)
}

/// Parses a human life: `"never"`, or numbers with units `ms s m h d w`, added up (`"1h30m"`, `"250ms"`).
///
/// # Errors
/// [`ErrorKind::Ttl`] naming the text and the fix.
pub fn parse_life(text: &str) -> Result<Life> {
    let trimmed = text.trim();
    if trimmed.eq_ignore_ascii_case("never") {
        return Ok(Life::Forever);
    }
    let mut total = Duration::ZERO;
    let mut rest = trimmed;
    while !rest.is_empty() {
        let (step, tail) = next_step(rest).ok_or_else(|| unreadable(text))?;
        total = total.checked_add(step).ok_or_else(|| unreadable(text))?;
        rest = tail.trim_start();
    }
    if trimmed.is_empty() { Err(unreadable(text)) } else { Life::new(total) }
}

/// Reads one `number unit` pair; a bare number (no unit, nothing behind it) counts seconds.
fn next_step(text: &str) -> Option<(Duration, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(letters);
    let seconds = match unit {
        "ms" => return Some((Duration::from_millis(number), rest)),
        "" | "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    Some((Duration::from_secs(number.checked_mul(seconds)?), rest))
}

fn unreadable(text: &str) -> Error {
    Error::new(ErrorKind::Ttl, format!("cannot read {text:?} as a life"))
        .with_fix(r#"write e.g. "250ms", "30s", "5m", "1h30m", "7d" or "never""#)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_are_read_exactly() {
        for (text, millis) in
            [("250ms", 250), ("300", 300_000), ("5m", 300_000), ("1h30m", 5_400_000), ("2d", 172_800_000)]
        {
            assert_eq!(parse_life(text).unwrap(), Life::For(Duration::from_millis(millis)), "{text}");
        }
        assert_eq!(parse_life("never").unwrap(), Life::Forever);
        for bad in ["", "0", "0s", "5 parsecs", "-1s", "m", "99999999999999999999s", "18446744073709551615w"]
        {
            assert_eq!(parse_life(bad).unwrap_err().kind(), ErrorKind::Ttl, "{bad}");
        }
    }

    #[test]
    fn a_deadline_is_reached_at_its_own_instant() {
        let start = WallTime(1_000);
        let deadline = start.after(Life::For(Duration::from_millis(5)));
        assert_eq!(deadline.remaining(WallTime(1_004)), Some(Life::For(Duration::from_millis(1))));
        assert_eq!(deadline.remaining(WallTime(1_005)), None);
        assert_eq!(start.after(Life::For(Duration::from_nanos(1))), WallTime(1_001));
        assert_eq!(start.after(Life::Forever).remaining(WallTime(u64::MAX - 1)), Some(Life::Forever));
    }

    #[test]
    fn zero_is_refused_and_max_is_for_ever() {
        assert!(Ttl::After(Duration::ZERO).resolve(Life::Forever).is_err());
        assert_eq!(
            Ttl::After(Duration::MAX).resolve(Life::For(Duration::from_secs(1))).unwrap(),
            Life::Forever
        );
        assert_eq!(
            Ttl::Default.resolve(Life::For(Duration::from_secs(7))).unwrap(),
            Life::For(Duration::from_secs(7))
        );
    }
}
