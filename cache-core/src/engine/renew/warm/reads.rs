//! Which entries are kept warm, and when each of them was read last.
//!
//! Promise: a read is noted in constant time under one lock, which nothing of a user's runs under. Bounded by [`MOST`].

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use crate::key::CacheKey;
use crate::time::Tick;

/// Keepers of a manager at a time.
const MOST: usize = 1_024;

/// When each entry that is kept warm was read last.
#[derive(Debug, Default)]
pub(in crate::engine) struct Warm(Mutex<HashMap<CacheKey, Tick>>);

impl Warm {
    /// No user code runs under this lock, so a poisoned one still holds sound times.
    fn lock(&self) -> MutexGuard<'_, HashMap<CacheKey, Tick>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a read of what is kept warm; whether it is.
    pub(super) fn read(&self, key: &CacheKey, now: Tick) -> bool {
        self.lock().get_mut(key).map(|read| *read = now).is_some()
    }

    /// When it was read last, if it is kept warm.
    pub(super) fn last(&self, key: &CacheKey) -> Option<Tick> {
        self.lock().get(key).copied()
    }

    /// How many entries are kept warm.
    pub(in crate::engine) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether a keeper may begin.
    pub(super) fn begin(&self, key: &CacheKey, now: Tick) -> bool {
        let mut kept = self.lock();
        let (full, known) = (kept.len() >= MOST, kept.contains_key(key));
        if !full && !known {
            kept.insert(key.clone(), now);
        }
        drop(kept);
        // Whoever listens to what is said may read what is kept warm.
        if full && !known {
            say_that_it_is_full();
        }
        !full && !known
    }

    /// Ends what nobody has read for so long; whether that is so.
    pub(super) fn end_if_idle(&self, key: &CacheKey, now: Tick, until_idle: Duration) -> bool {
        let mut kept = self.lock();
        let idle = kept.get(key).is_none_or(|read| now.since(*read) >= until_idle);
        if idle {
            kept.remove(key);
        }
        idle
    }

    pub(super) fn end(&self, key: &CacheKey) {
        self.lock().remove(key);
    }
}

/// Said once.
#[cold]
fn say_that_it_is_full() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing::warn!(most = MOST, "as many entries are kept warm as may be: others end with their lives");
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Namespace;
    use crate::time::Life;

    fn key(text: &str) -> CacheKey {
        CacheKey::direct(&Namespace::default(), text).unwrap()
    }

    #[test]
    fn one_is_kept_until_nobody_has_read_it_for_so_long() {
        let (warm, tea, idle) = (Warm::default(), key("tea"), Duration::from_secs(9));
        let at = |seconds| Tick(0).after(Life::For(Duration::from_secs(seconds)));
        assert!(!warm.read(&tea, at(0)) && warm.begin(&tea, at(0)) && !warm.begin(&tea, at(0)));
        assert!(warm.read(&tea, at(5)) && !warm.end_if_idle(&tea, at(13), idle));
        assert!(warm.end_if_idle(&tea, at(14), idle) && !warm.read(&tea, at(14)) && warm.len() == 0);
    }

    #[test]
    fn as_many_are_kept_as_there_is_room_for() {
        let warm = Warm::default();
        let keys: Vec<_> = (0..=MOST).map(|id| key(&format!("tea:{id}"))).collect();
        let begun = keys.iter().filter(|key| warm.begin(key, Tick(0))).count();
        assert_eq!((begun, warm.len()), (MOST, MOST));
        warm.end(&keys[0]);
        assert!(warm.begin(&keys[MOST], Tick(0)));
    }
}
