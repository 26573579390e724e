//! What was invalidated by pattern lately.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::key::{CacheKey, KeyPattern};

/// How many patterns are remembered. A load that is older than all of them is not stored: a miss, never a
/// stale hit.
const REMEMBERED: usize = 64;

/// The patterns of the last invalidations, with their generations.
#[derive(Debug, Default)]
pub(super) struct PatternLog {
    latest: AtomicU64,
    recent: Mutex<Recent>,
}

#[derive(Debug, Default)]
struct Recent {
    patterns: VecDeque<(u64, KeyPattern)>,
    forgotten_up_to: u64,
}

impl PatternLog {
    /// Remembers a pattern.
    pub(super) fn remember(&self, generation: u64, pattern: &KeyPattern) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.patterns.push_back((generation, pattern.clone()));
        if recent.patterns.len() > REMEMBERED
            && let Some((oldest, _)) = recent.patterns.pop_front()
        {
            recent.forgotten_up_to = oldest.max(recent.forgotten_up_to);
        }
        self.latest.fetch_max(generation, Ordering::AcqRel);
    }

    /// Whether the key was matched after `born`.
    pub(super) fn matched_since(&self, key: &CacheKey, born: u64) -> bool {
        if self.latest.load(Ordering::Acquire) <= born {
            return false;
        }
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.forgotten_up_to > born
            || recent.patterns.iter().any(|(at, pattern)| *at > born && pattern.matches(key.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Namespace;

    #[test]
    fn a_forgotten_pattern_counts_as_matching() {
        let log = PatternLog::default();
        let key = CacheKey::direct(&Namespace::default(), "user:7").unwrap();
        let other = KeyPattern::parse("other:*").unwrap();
        for generation in 1..=REMEMBERED as u64 {
            log.remember(generation, &other);
        }
        assert!(!log.matched_since(&key, 0));
        log.remember(REMEMBERED as u64 + 1, &other);
        assert!(log.matched_since(&key, 0));
        assert!(!log.matched_since(&key, 1));
    }
}
