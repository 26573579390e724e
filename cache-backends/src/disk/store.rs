//! The verbs over index and log, without any waiting: whoever changes an entry holds its gate already.
//!
//! Promise: the index points at the value of the last change. On disk, a record that is live *is* the value of
//! its key: what an entry held before is killed in place as soon as the new value is in the index. So segments
//! can be dropped or compacted in any order, a damaged or lost file takes only its own entries with it, and no
//! removed value comes back after a crash. How entries are found is in
//! [`super::lookup`], who takes the gates and chooses the thread in [`super::backend`].

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use cache_core::error::Result;
use cache_core::key::CacheKey;
use cache_core::port::backend::{
    ClaimTable, DeleteCondition, Expiry, LeaseTable, Remaining, SetCondition, SetOptions, add_to_counter,
    counter_bytes, fingerprint,
};
use cache_core::time::{Life, WallTime};

use super::config::Config;
use super::error::{io as io_error, too_large};
use super::gates::Gates;
use super::index::Index;
use super::keeper::Signal;
use super::lock::DirLock;
use super::log::{Append, Log};
use super::place::{Fingerprint, Place};
use super::reclaim::most_chances;
use super::record;
use super::sweep::Sweeps;
use super::worker::Workers;
use super::{INLINE, segment};

/// An open directory.
#[derive(Debug)]
pub(super) struct Store {
    /// The options.
    pub(super) config: Config,
    /// Where entries lie.
    pub(super) index: Index,
    /// The files.
    pub(super) log: Log,
    /// One change per key at a time.
    pub(super) gates: Gates,
    /// What wakes the keeper.
    pub(super) signal: Signal,
    /// When expired entries are looked for.
    pub(super) sweeps: Sweeps,
    /// The threads for large frames.
    pub(super) workers: Workers,
    /// Held until the keeper has closed the store.
    pub(super) lock: Mutex<Option<DirLock>>,
    /// How many bytes eviction may carry over instead of dropping them.
    pub(super) chances: AtomicU64,
    /// Entries that were given up for room.
    pub(super) evicted: AtomicU64,
    /// Records that turned out to be damaged.
    pub(super) damaged: AtomicU64,
    /// The last append failed.
    pub(super) failing: AtomicBool,
    /// Who holds what.
    pub(super) claims: ClaimTable,
    /// Who may fill what. Gone with the process, like those who load.
    pub(super) leases: LeaseTable,
}

/// A key as this store sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name<'a> {
    /// What the index knows.
    pub(super) fingerprint: Fingerprint,
    /// What the record holds.
    pub(super) text: &'a str,
}

impl<'a> Name<'a> {
    /// Of a key.
    pub(super) fn of(key: &'a CacheKey) -> Self {
        Self { fingerprint: Fingerprint::of(key.fingerprint()), text: key.as_str() }
    }

    /// What a frame of this length takes on disk.
    pub(super) fn cost(&self, frame: usize) -> u64 {
        let length = u32::try_from(record::HEADER + self.text.len() + frame).unwrap_or(u32::MAX);
        segment::cost(length)
    }

    /// How long the frame of a record is.
    pub(super) fn frame_bytes(&self, place: &Place) -> usize {
        place.bytes().saturating_sub(record::HEADER + self.text.len())
    }
}

impl Store {
    /// How long a frame is still kept.
    pub(super) fn ttl(&self, name: Name<'_>) -> Result<Remaining> {
        let Some(place) = self.held(name)? else { return Ok(Remaining::Missing) };
        Ok(match place.deadline.remaining(self.config.clock.wall()) {
            Some(Life::Forever) => Remaining::Forever,
            Some(Life::For(left)) => Remaining::For(left),
            None => Remaining::Missing,
        })
    }

    /// Stores a frame. Needs the gate.
    pub(super) fn set(&self, name: Name<'_>, frame: &[u8], options: SetOptions) -> Result<bool> {
        if let SetCondition::IfLease(token) = options.condition
            && !self.leases.holds(name.text, token)
        {
            return Ok(false);
        }
        let asks = options.condition == SetCondition::IfAbsent || options.expiry == Expiry::Keep;
        let held = if asks { self.held(name)? } else { None };
        if options.condition == SetCondition::IfAbsent && held.is_some() {
            return Ok(false);
        }
        if let SetCondition::IfUnchanged(expected) = options.condition {
            let Some(place) = self.held(name)? else { return Ok(false) };
            if self.get(name, place)?.is_none_or(|held| fingerprint(&held) != expected) {
                return Ok(false);
            }
        }
        let deadline = match (options.expiry, held) {
            (Expiry::Never, _) | (Expiry::Keep, None) => WallTime::NEVER,
            (Expiry::Keep, Some(held)) => held.deadline,
            (Expiry::After(life), _) => self.config.clock.wall().after(Life::new(life)?),
        };
        if u64::from(self.config.max_entry_bytes) < frame.len() as u64 {
            self.leases.end(name.text);
            self.remove(name.fingerprint)?;
            return Err(too_large(frame.len(), self.config.max_entry_bytes));
        }
        self.leases.end(name.text);
        self.write(name, frame, deadline).map(|()| true)
    }

    /// Takes the frame away. Needs the gate.
    pub(super) fn take(&self, name: Name<'_>) -> Result<Option<Bytes>> {
        self.leases.end(name.text);
        let Some(place) = self.find(name.fingerprint) else { return Ok(None) };
        let Some(frame) = self.get(name, place)? else { return Ok(None) };
        self.remove(name.fingerprint)?;
        Ok(Some(frame))
    }

    /// Removes the frame. Needs the gate.
    pub(super) fn delete(&self, name: Name<'_>, condition: &DeleteCondition) -> Result<bool> {
        if *condition == DeleteCondition::Always {
            self.leases.end(name.text);
        }
        let Some(place) = self.held(name)? else { return Ok(false) };
        if let DeleteCondition::IfUnchanged(expected) = condition {
            let same_length = name.frame_bytes(&place) == expected.len();
            if !same_length || self.get(name, place)?.as_ref() != Some(expected) {
                return Ok(false);
            }
        }
        self.remove(name.fingerprint)?;
        Ok(true)
    }

    /// Adds to a counter. Needs the gate.
    pub(super) fn increment(&self, name: Name<'_>, by: i64, expiry: Expiry) -> Result<i64> {
        let held = self.held(name)?;
        let counted = match &held {
            // Far too long for digits: no need to read it, only to say so.
            Some(place) if name.frame_bytes(place) > INLINE => Some(Bytes::new()),
            Some(place) => self.get(name, place.clone())?,
            None => None,
        };
        let sum = add_to_counter(counted.as_ref(), by)?;
        let expiry = if counted.is_some() { Expiry::Keep } else { expiry };
        self.set(name, &counter_bytes(sum), SetOptions::default().expiring(expiry))?;
        Ok(sum)
    }

    fn write(&self, name: Name<'_>, frame: &[u8], deadline: WallTime) -> Result<()> {
        let small = frame.len() <= INLINE;
        let head = record::encode(name.text, name.fingerprint, frame, deadline, small);
        let body = if small { &[] } else { frame };
        let appended =
            self.log.append(&Append { fingerprint: name.fingerprint, deadline, head: &head, body });
        match appended {
            Ok(appended) => {
                if let Some(old) = self.index.put(name.fingerprint, appended.place()) {
                    self.kill(&old);
                }
                drop(appended);
                self.failing.store(false, Ordering::Relaxed);
                self.sweeps.expect(deadline);
                self.sweep_if_due();
                self.wake_if_needed();
                Ok(())
            }
            Err(error) => Err(self.failed_write(name.fingerprint, error)),
        }
    }

    /// A write that failed still ends the life of the older value.
    fn failed_write(&self, fingerprint: Fingerprint, error: io::Error) -> cache_core::error::Error {
        if let Some(old) = self.index.remove(fingerprint) {
            self.kill(&old);
        }
        if error.kind() == io::ErrorKind::StorageFull {
            self.signal.press();
        }
        if !self.failing.swap(true, Ordering::Relaxed) {
            let dir = self.log.dir().path().display();
            tracing::warn!(%dir, %error, "the disk cache cannot write; entries are dropped until it can");
        }
        io_error("writing an entry", error)
    }

    /// Removes whatever is under a fingerprint. Needs the gate.
    pub(super) fn remove(&self, fingerprint: Fingerprint) -> Result<()> {
        let Some(old) = self.index.remove(fingerprint) else { return Ok(()) };
        let killed = old.segment.kill(old.offset);
        self.wake_if_needed();
        killed.map_err(|error| {
            self.signal.raise();
            io_error("removing an entry", error)
        })
    }

    /// Marks a record dead. A file that refuses is dropped as a whole, by the keeper.
    pub(super) fn kill(&self, place: &Place) {
        if place.segment.kill(place.offset).is_err() {
            self.signal.raise();
        }
    }

    fn wake_if_needed(&self) {
        if self.needs_keeper() {
            self.signal.raise();
        }
    }
}

/// A fresh store's counters.
pub(super) fn assemble(config: Config, log: Log, lock: DirLock) -> Result<Arc<Store>> {
    let (chances, claims) = (most_chances(&config), ClaimTable::new(config.clock.clone()));
    let leases = LeaseTable::new(config.clock.clone());
    Ok(Arc::new(Store {
        config,
        claims,
        leases,
        index: Index::new(),
        log,
        gates: Gates::new(),
        signal: Signal::default(),
        sweeps: Sweeps::default(),
        workers: Workers::start()?,
        lock: Mutex::new(Some(lock)),
        chances: AtomicU64::new(chances),
        evicted: AtomicU64::new(0),
        damaged: AtomicU64::new(0),
        failing: AtomicBool::new(false),
    }))
}
