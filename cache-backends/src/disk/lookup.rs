//! Finding entries, without a gate if need be.
//!
//! Promise: an entry that was there all the time is found, even while it is overwritten or carried over: whoever
//! finds a record killed looks at the index again. A damaged record is a miss, and is forgotten.

use std::io;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use cache_core::error::Result;
use cache_core::time::WallTime;

use super::error::io as io_error;
use super::place::{Fingerprint, Place};
use super::record::{self, Reading};
use super::store::{Name, Store};

/// How often a reader follows an entry that moves away under its hands.
const FOLLOWS: usize = 100;

impl Store {
    /// The frame of a key, read from `place` or from where it has gone meanwhile.
    pub(super) fn get(&self, name: Name<'_>, place: Place) -> Result<Option<Bytes>> {
        let read = |place: &Place| {
            let record = place.segment.read(place.offset, place.bytes())?;
            Ok(record::open(record, name.text))
        };
        Ok(self.follow(name, place, read)?.map(|(frame, _)| frame))
    }

    /// The key texts of one shard that are meant; with their fingerprints.
    pub(super) fn matching(
        &self,
        shard: usize,
        meant: &(dyn Fn(&str) -> bool + Send + Sync),
    ) -> Result<Vec<(Fingerprint, String)>> {
        let mut found = Vec::new();
        for (fingerprint, place) in self.index.of_shard(shard) {
            if self.is_over(place.deadline) {
                continue;
            }
            found.extend(
                self.key_text(fingerprint, place)?.filter(|text| meant(text)).map(|t| (fingerprint, t)),
            );
        }
        Ok(found)
    }

    fn key_text(&self, fingerprint: Fingerprint, place: Place) -> Result<Option<String>> {
        let name = Name { fingerprint, text: "" };
        let read = |place: &Place| {
            let head =
                place.segment.read(place.offset, place.bytes().min(record::HEADER + record::MAX_KEY))?;
            Ok(record::key_of(&head).map_or(Reading::Gone, Reading::Whole))
        };
        Ok(self.follow(name, place, read)?.map(|(text, _)| text))
    }

    /// Where the live entry of a key lies: its key has been compared, its frame has not been read.
    pub(super) fn held(&self, name: Name<'_>) -> Result<Option<Place>> {
        let Some(place) = self.find(name.fingerprint) else { return Ok(None) };
        let read = |place: &Place| {
            let head = place.segment.read(place.offset, record::HEADER + name.text.len())?;
            Ok(record::is_of(&head, name.text))
        };
        Ok(self.follow(name, place, read)?.map(|(_, place)| place))
    }

    /// Where an entry lies, unless its life has ended. Counts as a read.
    pub(super) fn find(&self, fingerprint: Fingerprint) -> Option<Place> {
        let place = self.index.touch(fingerprint)?;
        if self.is_over(place.deadline) {
            self.sweep_if_due();
            return None;
        }
        Some(place)
    }

    /// Reads an entry; where its record is gone, from where the entry lies now. Without a gate an entry may be
    /// overwritten or carried over between the look at the index and the read.
    fn follow<T>(
        &self,
        name: Name<'_>,
        mut place: Place,
        read: impl Fn(&Place) -> io::Result<Reading<T>>,
    ) -> Result<Option<(T, Place)>> {
        for _ in 0..FOLLOWS {
            match read(&place).map_err(|error| io_error("reading an entry", error))? {
                Reading::Whole(found) => return Ok(Some((found, place))),
                Reading::Foreign => return Ok(None),
                Reading::Gone => {}
            }
            match self.find(name.fingerprint) {
                None => return Ok(None),
                Some(now) if now.is(&place) => {
                    self.forget_damaged(name.fingerprint, &place);
                    return Ok(None);
                }
                Some(now) => place = now,
            }
        }
        Ok(None)
    }

    /// An entry whose record is damaged, or had been killed before the index was rebuilt from an older hint.
    pub(super) fn forget_damaged(&self, fingerprint: Fingerprint, place: &Place) {
        let removed = self.index.remove_at(fingerprint, place.segment.id(), place.offset).is_some();
        if removed && !place.segment.is_killed(place.offset) {
            if self.damaged.fetch_add(1, Ordering::Relaxed) == 0 {
                tracing::warn!(dir = %self.log.dir().path().display(), "a damaged entry was found and dropped");
            }
            self.kill(place);
        }
    }

    fn is_over(&self, deadline: WallTime) -> bool {
        deadline != WallTime::NEVER && deadline.remaining(self.config.clock.wall()).is_none()
    }
}
