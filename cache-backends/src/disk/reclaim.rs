//! Giving disk space back. Runs on the keeper's thread only.
//!
//! Promise: while the live entries fit the bound none of them is dropped: the segment with the most garbage is
//! compacted (its live entries are carried over, the file is removed) as soon as the garbage in all exceeds a
//! sixth of what is live. When they do not fit, expired entries go first, then the oldest segment, from which
//! entries that were read since they were written get a second chance. Every step removes a whole file, so there
//! is no end to look for.
//!
//! A segment's files are removed before the index forgets its entries: a crash in between loses entries, it never
//! brings one back.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cache_core::time::WallTime;

use super::INLINE;
use super::config::Config;
use super::hint::HintEntry;
use super::hint_file;
use super::index::{Place, SHARDS};
use super::log::Append;
use super::record::{self, Header};
use super::segment::{Segment, cost};
use super::store::Store;

/// So much of what is given up may be carried over instead, in segments, before a segment goes without.
const CHANCES: u64 = 4;
/// A compaction must free at least this part of its segment.
const WORTH: u64 = 16;
/// Expired entries are looked for at most this often, in milliseconds.
const SWEEP_MILLIS: u64 = 1_000;

/// When to look for expired entries.
#[derive(Debug)]
pub(super) struct Sweeps {
    earliest: AtomicU64,
    not_before: AtomicU64,
}

impl Default for Sweeps {
    fn default() -> Self {
        Self { earliest: AtomicU64::new(WallTime::NEVER.0), not_before: AtomicU64::new(0) }
    }
}

impl Sweeps {
    /// Something expires then.
    pub(super) fn expect(&self, deadline: WallTime) {
        if deadline.0 < self.earliest.load(Ordering::Relaxed) {
            self.earliest.fetch_min(deadline.0, Ordering::Relaxed);
        }
    }

    /// Whether something has expired, and the last look is long enough ago (or in the future: clocks jump).
    pub(super) fn are_due(&self, now: WallTime) -> bool {
        let not_before = self.not_before.load(Ordering::Relaxed);
        self.has_expired(now) && (not_before <= now.0 || not_before > now.0.saturating_add(SWEEP_MILLIS))
    }

    fn has_expired(&self, now: WallTime) -> bool {
        self.earliest.load(Ordering::Relaxed) <= now.0
    }

    fn begin(&self, now: WallTime) {
        self.earliest.store(WallTime::NEVER.0, Ordering::Relaxed);
        self.not_before.store(now.0.saturating_add(SWEEP_MILLIS), Ordering::Relaxed);
    }
}

/// What is done next.
enum Step {
    /// Nothing.
    Rest,
    /// The segment that is being written is where the garbage is.
    Seal,
    /// A segment goes.
    Drop(Arc<Segment>, Carry),
}

/// What is carried over from a segment that goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Carry {
    /// All that is live.
    Everything,
    /// What was read since it was written or carried over, as long as the credit lasts.
    Hot,
    /// Nothing: there is no room for copies, or the file cannot be written.
    Nothing,
}

impl Store {
    /// Whether there is something to do for the keeper. Cheap: asked after every change.
    pub(super) fn needs_keeper(&self) -> bool {
        self.exceeds_bound() || self.has_garbage() || self.log.has_sealed()
    }

    fn exceeds_bound(&self) -> bool {
        self.log.room().used() > self.config.max_bytes || self.index.entries() > self.config.max_entries
    }

    /// Whether the live entries alone leave room for compactions that are worth their work.
    fn fits(&self) -> bool {
        let max = self.config.max_bytes;
        self.index.live() <= max - max / 8 && self.index.entries() <= self.config.max_entries
    }

    fn has_garbage(&self) -> bool {
        let live = self.index.live();
        self.log.room().used().saturating_sub(live) > live / 6 + self.config.slack()
    }

    /// Removes expired entries, if it is time to look for them.
    pub(super) fn sweep(&self, urgent: bool) {
        let now = self.config.clock.wall();
        let due = if urgent { self.sweeps.has_expired(now) } else { self.sweeps.are_due(now) };
        if !due {
            return;
        }
        self.sweeps.begin(now);
        for shard in 0..SHARDS {
            let (expired, earliest) = self.index.take_expired(shard, now);
            // Killed on disk too: a clock that is set back must not revive them.
            expired.iter().for_each(|place| self.kill(place));
            self.sweeps.expect(earliest);
        }
    }

    /// Frees what can be freed.
    pub(super) fn reclaim(&self) {
        while !self.signal.is_closing() {
            let done = match self.next_step() {
                Step::Rest => return,
                Step::Seal => {
                    self.log.seal_active();
                    Ok(())
                }
                Step::Drop(victim, carry) => self.drop_segment(&victim, carry),
            };
            if let Err(error) = done {
                tracing::debug!(%error, "reclaiming disk space failed; it is tried again with the next write");
                return;
            }
        }
    }

    fn next_step(&self) -> Step {
        let (all, active) = self.log.all();
        let sealed: Vec<&Arc<Segment>> =
            all.iter().filter(|segment| Some(segment.id()) != active && segment.is_quiet()).collect();
        let writing = all.iter().find(|segment| Some(segment.id()) == active);
        if let Some(poisoned) = all.iter().find(|segment| segment.is_poisoned()) {
            return drop_or_seal(&sealed, poisoned, Carry::Nothing);
        }
        let oldest = sealed.first().copied().or(writing);
        if self.signal.take_pressure() {
            return oldest.map_or(Step::Rest, |oldest| drop_or_seal(&sealed, oldest, Carry::Nothing));
        }
        let over = self.exceeds_bound();
        if over {
            self.sweep(true);
        }
        if (over && self.fits()) || self.has_garbage() {
            if let Some(worst) = worst(sealed.iter().copied()) {
                return Step::Drop(Arc::clone(worst), Carry::Everything);
            }
            if worst(writing.into_iter()).is_some() {
                return Step::Seal;
            }
        }
        match oldest {
            Some(oldest) if over => drop_or_seal(&sealed, oldest, Carry::Hot),
            _ => Step::Rest,
        }
    }

    fn drop_segment(&self, victim: &Arc<Segment>, carry: Carry) -> io::Result<()> {
        let hint = hint_file::contents(self.log.dir(), victim)?.hint;
        let mut carried = 0;
        let most = match carry {
            Carry::Everything => u64::MAX,
            Carry::Hot => self.chances.load(Ordering::Relaxed),
            Carry::Nothing => 0,
        };
        for entry in &hint.entries {
            let wanted = carry == Carry::Everything || self.index.is_hot(entry.fingerprint);
            let length = cost(entry.length);
            if wanted && most - carried >= length && self.carry_over(victim, entry)? {
                carried += length;
            }
        }
        if carry == Carry::Hot {
            self.spend_chances(carried, victim.bytes().saturating_sub(carried));
        }
        self.log.unlink(victim)?;
        self.purge(victim, &hint.entries);
        self.log.forget(victim);
        Ok(())
    }

    /// Second chances are paid for: every byte that is freed pays for two that are carried over. So eviction
    /// copies at most twice of what it frees, also when everything is hot.
    fn spend_chances(&self, carried: u64, freed: u64) {
        let left = self.chances.load(Ordering::Relaxed).saturating_sub(carried);
        let left = left.saturating_add(freed.saturating_mul(2)).min(most_chances(&self.config));
        self.chances.store(left, Ordering::Relaxed);
    }

    /// Forgets what still points at a segment that is gone.
    fn purge(&self, victim: &Segment, entries: &[HintEntry]) {
        let now = self.config.clock.wall();
        for entry in entries {
            let gone = self.index.remove_at(entry.fingerprint, victim.id(), entry.offset);
            let evicted = gone.is_some_and(|place| place.deadline.remaining(now).is_some());
            self.evicted.fetch_add(u64::from(evicted), Ordering::Relaxed);
        }
    }

    /// Copies an entry to the end of the log, unless it has changed, expired or is damaged; whether it did.
    fn carry_over(&self, victim: &Arc<Segment>, entry: &HintEntry) -> io::Result<bool> {
        let _gate = self.gates.lock_blocking(entry.fingerprint);
        let place = self.index.place(entry.fingerprint);
        let Some(place) = place.filter(|place| place.is_at(victim.id(), entry.offset)) else {
            return Ok(false);
        };
        if place.deadline.remaining(self.config.clock.wall()).is_none() {
            return Ok(false);
        }
        let record = victim.read(place.offset, place.bytes())?;
        if record::verify(&record) != Some(entry.fingerprint) {
            self.forget_damaged(entry.fingerprint, &place);
            return Ok(false);
        }
        self.copy(entry, &place, &record).map(|()| true)
    }

    fn copy(&self, entry: &HintEntry, from: &Place, record: &[u8]) -> io::Result<()> {
        let key = Header::parse(record).map_or(0, |header| header.key_bytes());
        let head = if record.len() <= INLINE { record.len() } else { record::HEADER + key };
        let (head, body) = record.split_at_checked(head).unwrap_or((record, &[]));
        let (fingerprint, deadline) = (entry.fingerprint, from.deadline);
        let copied = self.log.append(&Append { fingerprint, deadline, head, body })?;
        // Only one of the two may be live: the index decides (a sweep may have taken the entry meanwhile).
        let dead = if self.index.moved(fingerprint, from, copied.place()) { from } else { &copied.place() };
        self.kill(dead);
        Ok(())
    }

    /// Drops index entries whose records had been killed when the last holder died: hints do not know.
    pub(super) fn verify_hints(&self) {
        let (all, _) = self.log.all();
        for segment in all {
            if self.signal.is_closing() {
                return;
            }
            let Ok(found) = hint_file::contents(self.log.dir(), &segment) else { continue };
            for entry in found.hint.entries.iter().take(found.hinted) {
                if segment.is_killed(entry.offset) {
                    self.index.remove_at(entry.fingerprint, segment.id(), entry.offset);
                }
            }
        }
    }
}

/// So many bytes may be carried over before a byte has been freed.
pub(super) fn most_chances(config: &Config) -> u64 {
    u64::from(config.segment_bytes) * CHANCES
}

/// Drops a segment, once it is sealed.
fn drop_or_seal(sealed: &[&Arc<Segment>], victim: &Arc<Segment>, carry: Carry) -> Step {
    if sealed.iter().any(|segment| segment.id() == victim.id()) {
        Step::Drop(Arc::clone(victim), carry)
    } else {
        Step::Seal
    }
}

/// The segment with the largest part of garbage, if dropping it is worth the work.
fn worst<'a>(segments: impl Iterator<Item = &'a Arc<Segment>>) -> Option<&'a Arc<Segment>> {
    let part = |segment: &Segment| segment.garbage().saturating_mul(1 << 16) / segment.bytes().max(1);
    let worth = segments.filter(|segment| segment.garbage().saturating_mul(WORTH) >= segment.bytes().max(1));
    worth.max_by_key(|segment| part(segment))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sweeps_are_due_once_something_has_expired_but_not_all_the_time() {
        let sweeps = Sweeps::default();
        assert!(!sweeps.are_due(WallTime(u64::MAX - 1)));
        sweeps.expect(WallTime(5_000));
        sweeps.expect(WallTime(9_000));
        assert!(!sweeps.are_due(WallTime(4_999)) && sweeps.are_due(WallTime(5_000)));
        sweeps.begin(WallTime(5_000));
        sweeps.expect(WallTime(5_500));
        assert!(!sweeps.are_due(WallTime(5_999)) && sweeps.are_due(WallTime(6_000)));
        sweeps.begin(WallTime(1_000_000));
        sweeps.expect(WallTime(5_500));
        assert!(sweeps.are_due(WallTime(6_000)), "the clock was set back");
    }
}
