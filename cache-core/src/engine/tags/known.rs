//! The tokens that this process has seen lately.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::key::TagId;
use crate::time::Tick;

/// How many tokens are remembered; more are forgotten all at once, which costs reads.
const MOST: usize = 32_768;

type Held = HashMap<TagId, Token, foldhash::fast::RandomState>;

/// The tokens of one byte tier.
#[derive(Debug, Default)]
pub(in crate::engine) struct Known(Mutex<Held>);

/// A token, and since when it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) struct Token {
    pub(in crate::engine) token: u128,
    /// A generation after it was first seen. Tokens come once, so it was this one ever since.
    pub(in crate::engine) since: u64,
    /// When it was last read.
    pub(in crate::engine) read: Tick,
}

impl Known {
    /// A token that was read less than so long ago.
    pub(super) fn lately(&self, tag: TagId, now: Tick, within: Duration) -> Option<Token> {
        self.lock().get(&tag).copied().filter(|known| now.since(known.read) < within)
    }

    /// Remembers what was read of a tag: a token, or that it has none. Nothing when by now it does not `hold`: the tag
    /// was invalidated while it was being read.
    pub(super) fn note(
        &self,
        tag: TagId,
        read: Option<(u128, Tick)>,
        now: u64,
        holds: impl FnOnce() -> bool,
    ) -> Option<Token> {
        let mut held = self.lock();
        // Asked under the lock: whoever invalidates moves the cells first, and then forgets under it.
        let Some((token, read)) = read.filter(|_| holds()) else {
            held.remove(&tag);
            return None;
        };
        if held.len() >= MOST && !held.contains_key(&tag) {
            held.clear();
        }
        let older = held.get(&tag).filter(|older| older.token == token);
        let (since, read) = older.map_or((now, read), |older| (older.since, older.read.max(read)));
        let known = Token { token, since, read };
        held.insert(tag, known);
        Some(known)
    }

    /// Forgets tags that are being invalidated.
    pub(super) fn forget(&self, tags: &[TagId]) {
        let mut held = self.lock();
        for tag in tags.iter().chain(&[TagId::ANY]) {
            held.remove(tag);
        }
    }

    /// Forgets all.
    pub(super) fn forget_all(&self) {
        self.lock().clear();
    }

    /// No user code runs under this lock, so a poisoned one still holds a sound map.
    fn lock(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Life;

    const TAG: TagId = TagId(7);
    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_token_that_is_read_again_is_as_old_as_it_was() {
        let known = Known::default();
        let at = |second: u32| Tick(0).after(Life::For(SECOND * second));
        assert_eq!(known.note(TAG, Some((1, at(0))), 10, || true).unwrap().since, 10);
        assert_eq!(known.note(TAG, Some((1, at(2))), 20, || true).unwrap().since, 10);
        assert_eq!(known.lately(TAG, at(2), SECOND).map(|known| known.token), Some(1));
        assert_eq!(known.lately(TAG, at(3), SECOND), None, "a second has gone by");
        assert_eq!(known.note(TAG, Some((2, at(3))), 30, || true).unwrap().since, 30, "another token");
    }

    #[test]
    fn what_was_invalidated_while_it_was_read_is_not_remembered() {
        let known = Known::default();
        assert_eq!(known.note(TAG, Some((1, Tick(0))), 10, || false), None);
        assert_eq!(known.lately(TAG, Tick(0), SECOND), None);
        let _ = known.note(TAG, Some((1, Tick(0))), 10, || true);
        known.forget(&[TAG]);
        assert_eq!(known.lately(TAG, Tick(0), SECOND), None);
    }
}
