//! An explanation, as people read it.

use std::fmt;
use std::time::Duration;

use crate::engine::{EntryReport, Explanation, Outlook, TierReport};
use crate::port::backend::Remaining;

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            writeln!(f, "{:<9} {}", "key", self.key.as_str())?;
        } else {
            writeln!(f, "{:<9} {}", "key", self.key)?;
        }
        writeln!(f, "{:<9} {}", "a read", self.outlook)?;
        for report in &self.tiers {
            writeln!(f, "{report}")?;
            let tags = report.entry.as_ref().map_or(&[][..], |entry| &entry.tags);
            if f.alternate() && !tags.is_empty() {
                writeln!(f, "{:<9} tags {}", "", tags.join(", "))?;
            }
        }
        write!(f, "{:<9} {}", "loading", if self.loading { "yes, callers wait for it" } else { "no" })
    }
}

impl fmt::Display for Outlook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ServedBy(tier) => write!(f, "is served by {tier}"),
            Self::Miss(reason) => write!(f, "misses: {}", reason.as_str()),
        }
    }
}

impl fmt::Display for TierReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<9} ", self.tier)?;
        match (&self.entry, self.reason) {
            (None, reason) => f.write_str(reason.map_or("absent", |reason| reason.as_str())),
            (Some(entry), None) => write!(f, "fresh, {entry}"),
            (Some(entry), Some(reason)) => write!(f, "{}, {entry}", reason.as_str()),
        }
    }
}

impl fmt::Display for EntryReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}, {} bytes", if self.negative { "absence of " } else { "" }, self.kind, self.bytes)?;
        if !self.tags.is_empty() {
            write!(f, ", {} tag{}", self.tags.len(), if self.tags.len() == 1 { "" } else { "s" })?;
        }
        if let Some(age) = self.age {
            write!(f, ", {} old", rounded(age))?;
        }
        match self.fresh_for {
            Remaining::Missing => Ok(()),
            Remaining::Unknown => f.write_str(", life unknown"),
            Remaining::Forever => f.write_str(", no end"),
            Remaining::For(left) => write!(f, ", {} left", rounded(left)),
        }
    }
}

/// Whole seconds, or milliseconds below one.
fn rounded(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        format!("{} ms", duration.as_millis())
    } else {
        format!("{} s", duration.as_secs())
    }
}
