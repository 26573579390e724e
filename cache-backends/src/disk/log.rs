//! The log: where records are appended, and the segments that hold them.
//!
//! Promise: records are appended one behind the other to the youngest segment; when it is full it is sealed and
//! the next number begins. A failed append leaves the log usable: nothing points at what it may have written.
//! The header of a record is written under the log's lock, so that whatever a dying process leaves behind can be
//! stepped over; a large frame is written outside of it, into space that was set aside.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cache_core::time::WallTime;

use super::dir::{Dir, name};
use super::hint::{Hint, HintEntry};
use super::index::MAX_RECORD;
use super::place::{Fingerprint, Place};
use super::room::Room;
use super::segment::{self, Segment};

/// A record to be appended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Append<'a> {
    /// Whose it is.
    pub(super) fingerprint: Fingerprint,
    /// When its life ends.
    pub(super) deadline: WallTime,
    /// Header and key; for small entries the frame too.
    pub(super) head: &'a [u8],
    /// The frame of a large entry.
    pub(super) body: &'a [u8],
}

/// A record that is on disk. Its segment is neither sealed nor dropped until this is.
#[derive(Debug)]
pub(super) struct Appended {
    place: Place,
}

impl Appended {
    /// Where it lies.
    pub(super) fn place(&self) -> Place {
        self.place.clone()
    }
}

impl Drop for Appended {
    fn drop(&mut self) {
        self.place.segment.end_append();
    }
}

/// A full segment whose hint has to be written.
#[derive(Debug)]
pub(super) struct Sealed {
    /// The segment.
    pub(super) segment: Arc<Segment>,
    /// Its records up to its end.
    pub(super) hint: Hint,
}

/// The segment that is being written.
#[derive(Debug, Default)]
pub(super) struct Active {
    segment: Option<Arc<Segment>>,
    hint: Hint,
    next_id: u32,
    /// The last append failed: the next one tries another file.
    failed: bool,
}

/// All segments of a directory.
#[derive(Debug)]
pub(super) struct Log {
    dir: Dir,
    segment_bytes: u32,
    room: Arc<Room>,
    active: Mutex<Active>,
    segments: Mutex<BTreeMap<u32, Arc<Segment>>>,
    sealed: Mutex<Vec<Sealed>>,
}

impl Log {
    /// A log without segments.
    pub(super) fn new(dir: Dir, segment_bytes: u32, room: Arc<Room>) -> Self {
        let (active, segments, sealed) = Default::default();
        Self { dir, segment_bytes, room, active, segments, sealed }
    }

    /// The directory.
    pub(super) fn dir(&self) -> &Dir {
        &self.dir
    }

    /// What the files take.
    pub(super) fn room(&self) -> &Arc<Room> {
        &self.room
    }

    /// Appends a record. On failure nothing of it counts.
    pub(super) fn append(&self, record: &Append<'_>) -> io::Result<Appended> {
        let length = u32::try_from(record.head.len() + record.body.len()).ok().filter(|n| *n <= MAX_RECORD);
        let length = length.ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?;
        let appended = self.append_head(record, length)?;
        if !record.body.is_empty() {
            let Place { segment, offset, .. } = &appended.place;
            let at = u64::from(*offset) + record.head.len() as u64;
            if let Err(error) = segment.write(record.body, at) {
                self.active().failed = true;
                let _ = segment.kill(*offset);
                return Err(error);
            }
        }
        Ok(appended)
    }

    fn append_head(&self, record: &Append<'_>, length: u32) -> io::Result<Appended> {
        let mut active = self.active();
        let segment = self.with_room_for(&mut active, length)?;
        let offset = active.hint.covered;
        if let Err(error) = segment.write(record.head, offset.into()) {
            active.failed = true;
            let _ = segment.file().set_len(offset.into());
            return Err(error);
        }
        active.failed = false;
        active.hint.covered = offset.saturating_add(length);
        let (fingerprint, deadline) = (record.fingerprint, record.deadline);
        active.hint.entries.push(HintEntry { fingerprint, offset, length, deadline });
        segment.begin_append();
        segment.grew(length);
        self.room.take(segment::cost(length));
        Ok(Appended { place: Place { segment, offset, length, deadline } })
    }

    /// The segment that takes the next record: a new one when this one is full or has just failed.
    fn with_room_for(&self, active: &mut Active, length: u32) -> io::Result<Arc<Segment>> {
        let end = active.hint.covered;
        if end > segment::HEADER && (active.failed || end.saturating_add(length) > self.segment_bytes) {
            self.seal(active);
        }
        if let Some(segment) = &active.segment {
            return Ok(Arc::clone(segment));
        }
        let id = active.next_id.max(1);
        if id == u32::MAX {
            return Err(io::Error::other("the numbers of the segments are used up"));
        }
        let file = self.dir.create(&name::segment(id))?;
        let segment = Segment::create(id, file).inspect_err(|_| drop(self.dir.remove(&name::segment(id))))?;
        let segment = Arc::new(segment);
        self.begin(active, &segment, Hint { covered: segment::HEADER, ..Hint::default() });
        self.add(&segment);
        Ok(segment)
    }

    fn begin(&self, active: &mut Active, segment: &Arc<Segment>, hint: Hint) {
        let next_id = segment.id().saturating_add(1);
        *active = Active { segment: Some(Arc::clone(segment)), hint, next_id, failed: false };
    }

    fn seal(&self, active: &mut Active) {
        let hint = std::mem::take(&mut active.hint);
        if let Some(segment) = active.segment.take() {
            self.queue(Sealed { segment, hint });
        }
    }

    /// Goes on appending to a segment that was found when the log was opened.
    pub(super) fn resume(&self, segment: &Arc<Segment>, hint: Hint) {
        self.begin(&mut self.active(), segment, hint);
    }

    /// Seals the segment that is being written, so that it can be reclaimed.
    pub(super) fn seal_active(&self) {
        self.seal(&mut self.active());
    }

    /// A segment joins the log.
    pub(super) fn add(&self, segment: &Arc<Segment>) {
        self.room.take(segment.bytes());
        self.segments().insert(segment.id(), Arc::clone(segment));
    }

    /// Numbers from here on are free.
    pub(super) fn begin_after(&self, id: u32) {
        self.active().next_id = id.saturating_add(1);
    }

    /// A hint has to be written.
    pub(super) fn queue(&self, sealed: Sealed) {
        self.sealed.lock().unwrap_or_else(PoisonError::into_inner).push(sealed);
    }

    /// Whether a hint has to be written.
    pub(super) fn has_sealed(&self) -> bool {
        !self.sealed.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// The sealed segments whose appends have all reached the index.
    pub(super) fn take_sealed(&self) -> Vec<Sealed> {
        let mut sealed = self.sealed.lock().unwrap_or_else(PoisonError::into_inner);
        sealed.extract_if(.., |sealed| sealed.segment.is_quiet()).collect()
    }

    /// The records of the segment that is being written.
    pub(super) fn active_hint(&self) -> Option<(Arc<Segment>, Hint)> {
        let active = self.active();
        let segment = Arc::clone(active.segment.as_ref()?);
        Some((segment, Hint { entries: active.hint.entries.clone(), covered: active.hint.covered }))
    }

    /// All segments, oldest first; with the number of the one that is being written.
    pub(super) fn all(&self) -> (Vec<Arc<Segment>>, Option<u32>) {
        // Under both locks: a segment that begins meanwhile must not look like a sealed one.
        let active = self.active();
        let all = self.segments().values().cloned().collect();
        (all, active.segment.as_ref().map(|segment| segment.id()))
    }

    /// How many segments there are.
    pub(super) fn count(&self) -> usize {
        self.segments().len()
    }

    /// Removes the files of a segment. Who still reads from it can go on.
    pub(super) fn unlink(&self, segment: &Segment) -> io::Result<()> {
        self.dir.remove(&name::segment(segment.id()))?;
        self.dir.remove(&name::hint(segment.id()))
    }

    /// Takes an unlinked segment out of the accounts. A hint that was still to be written must not be: nobody
    /// would remove that file while the log is open.
    pub(super) fn forget(&self, segment: &Segment) {
        let mut sealed = self.sealed.lock().unwrap_or_else(PoisonError::into_inner);
        sealed.retain(|waiting| waiting.segment.id() != segment.id());
        drop(sealed);
        if self.segments().remove(&segment.id()).is_some() {
            self.room.give(segment.bytes());
        }
    }

    fn active(&self) -> MutexGuard<'_, Active> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn segments(&self) -> MutexGuard<'_, BTreeMap<u32, Arc<Segment>>> {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
