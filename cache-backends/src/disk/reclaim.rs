//! Giving disk space back. Runs on the keeper's thread only.
//!
//! Promise: while the live entries fit the bound none of them is dropped: the segment with the most garbage is
//! compacted (its live entries are carried over, the file is removed) as soon as the garbage in all exceeds a
//! sixth of what is live. When they do not fit, expired entries go first, then the oldest segment, from which
//! entries that were read since they were written get a second chance. Every step removes a whole file, so there
//! is no end to look for. Which file that is, is decided in [`super::survey`].
//!
//! A segment's files are removed before the index forgets its entries: a crash in between loses entries, it never
//! brings one back.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::INLINE;
use super::config::Config;
use super::hint::HintEntry;
use super::hint_file;
use super::log::Append;
use super::place::Place;
use super::record::{self, Header};
use super::segment::{Segment, cost};
use super::store::Store;
use super::survey::{Carry, Step, Survey};

/// How long the keeper waits for one entry that is being changed.
const PATIENCE: Duration = Duration::from_secs(1);
/// So many segments may be carried over before a byte has been freed.
const CHANCES: u64 = 4;

/// So many bytes may be carried over before a byte has been freed.
pub(super) fn most_chances(config: &Config) -> u64 {
    u64::from(config.segment_bytes) * CHANCES
}

impl Store {
    /// Whether there is something to do for the keeper. Cheap: asked after every change.
    pub(super) fn needs_keeper(&self) -> bool {
        self.exceeds_bound() || self.has_garbage() || self.log.has_sealed()
    }

    fn exceeds_bound(&self) -> bool {
        self.log.room().written() > self.config.max_bytes || self.index.entries() > self.config.max_entries
    }

    /// Whether the live entries alone leave room for compactions that are worth their work.
    fn fits(&self) -> bool {
        let max = self.config.max_bytes;
        self.index.live() <= max - max / 8 && self.index.entries() <= self.config.max_entries
    }

    fn has_garbage(&self) -> bool {
        let live = self.index.live();
        self.log.room().written().saturating_sub(live) > live / 6 + self.config.slack()
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
        let survey = Survey::of(&self.log);
        if let Some(poisoned) = survey.poisoned() {
            return poisoned;
        }
        if self.signal.is_pressed() {
            let step = survey.oldest(Carry::Nothing);
            // Sealing alone has freed nothing yet.
            if !matches!(step, Step::Seal) {
                self.signal.relieve();
            }
            return step;
        }
        let over = self.exceeds_bound();
        if over {
            self.sweep(true);
        }
        match survey.compaction() {
            Some(step) if (over && self.fits()) || self.has_garbage() => step,
            // Whoever is writing calls again; evicting now might be too early.
            _ if over && self.fits() && survey.is_busy() => Step::Rest,
            _ if self.exceeds_bound() => survey.oldest(Carry::Hot),
            _ => Step::Rest,
        }
    }

    fn drop_segment(&self, victim: &Arc<Segment>, carry: Carry) -> io::Result<()> {
        let entries = hint_file::contents(self.log.dir(), victim)?.hint.entries;
        match carry {
            Carry::Everything => self.carry_all(victim, &entries)?,
            Carry::Hot => self.carry_hot(victim, &entries),
            Carry::Nothing => {}
        }
        self.log.unlink(victim)?;
        self.purge(victim, &entries);
        self.log.forget(victim);
        Ok(())
    }

    fn carry_all(&self, victim: &Arc<Segment>, entries: &[HintEntry]) -> io::Result<()> {
        entries.iter().try_for_each(|entry| self.carry_over(victim, entry).map(drop))
    }

    /// Second chances are paid for: every byte that is freed pays for two that are carried over. So eviction
    /// copies at most twice of what it frees, also when everything is hot.
    fn carry_hot(&self, victim: &Arc<Segment>, entries: &[HintEntry]) {
        let mut left = self.chances.load(Ordering::Relaxed);
        let mut freed = victim.bytes();
        for entry in entries.iter().filter(|entry| self.index.is_hot(entry.fingerprint)) {
            let length = cost(entry.length);
            // What cannot be copied is evicted: there is no room for it.
            if left >= length && self.carry_over(victim, entry).unwrap_or(false) {
                left -= length;
                freed = freed.saturating_sub(length);
            }
        }
        let left = left.saturating_add(freed.saturating_mul(2)).min(most_chances(&self.config));
        self.chances.store(left, Ordering::Relaxed);
    }

    /// Forgets what still points at a segment that is gone.
    fn purge(&self, victim: &Segment, entries: &[HintEntry]) {
        let removed = |entry: &HintEntry| self.index.remove_at(entry.fingerprint, victim.id(), entry.offset);
        let mut gone: Vec<Place> = entries.iter().filter_map(removed).collect();
        if victim.live() > 0 {
            // Its hint was lost and it was damaged since it was opened: the index knows of more than was found.
            gone.extend(self.index.remove_all_of(victim.id()));
        }
        let now = self.config.clock.wall();
        let evicted = gone.iter().filter(|place| place.deadline.remaining(now).is_some()).count();
        self.evicted.fetch_add(evicted as u64, Ordering::Relaxed);
    }

    /// Copies an entry to the end of the log, unless it has changed, expired or is damaged; whether it did.
    fn carry_over(&self, victim: &Arc<Segment>, entry: &HintEntry) -> io::Result<bool> {
        let Some(_gate) = self.gates.lock_within(entry.fingerprint, PATIENCE) else {
            return Err(io::ErrorKind::WouldBlock.into());
        };
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
        let copied = self.log.append(&Append { fingerprint, deadline, head, body });
        let copied = copied.inspect_err(|error| {
            if error.kind() == io::ErrorKind::StorageFull {
                self.signal.press();
            }
        })?;
        // Only one of the two may be live: the index decides (a sweep may have taken the entry meanwhile).
        let dead = if self.index.moved(fingerprint, from, copied.place()) { from } else { &copied.place() };
        self.kill(dead);
        Ok(())
    }

    /// Drops index entries whose records had been killed when the last holder died: hints do not know.
    pub(super) fn verify_hints(&self) {
        let (all, _) = self.log.all();
        for segment in all {
            let Ok(end) = segment.file().metadata() else { continue };
            let end = u32::try_from(end.len()).unwrap_or(u32::MAX);
            let hint = hint_file::load(self.log.dir(), segment.id(), end).unwrap_or_default();
            let killed = hint.entries.iter().filter(|entry| segment.is_killed(entry.offset));
            for entry in killed.take_while(|_| !self.signal.is_closing()) {
                self.index.remove_at(entry.fingerprint, segment.id(), entry.offset);
            }
        }
    }
}
