//! One file of the log: records one after the other behind a short header.
//!
//! Promise: bytes are only ever appended, except the state byte of a record, which goes from live to dead once.
//! Everybody who may still read from a segment holds an `Arc` of it, so a file that was unlinked stays readable
//! for those who are reading. Space is accounted here: what the file (and later its hint) takes, and how much of
//! that the index still points at.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use rustix::buffer::spare_capacity;

use super::hint;
use super::record;

/// Bytes in front of the first record.
pub(super) const HEADER: u32 = 16;
const MAGIC: [u8; 8] = *b"LARDSEG1";

/// What a record of this length takes on disk, its line in the hint included.
pub(super) fn cost(record_bytes: u32) -> u64 {
    u64::from(record_bytes) + hint::ENTRY as u64
}

/// A file of the log.
#[derive(Debug)]
pub(super) struct Segment {
    id: u32,
    file: File,
    bytes: AtomicU64,
    live: AtomicU64,
    /// Appends that are not in the index yet.
    writers: AtomicU32,
    /// The hint on disk is missing or lists what has been killed since.
    outdated: AtomicBool,
    /// Something has been written since the last sync.
    unsynced: AtomicBool,
    /// A record could not be killed: the file must go as a whole.
    poisoned: AtomicBool,
}

impl Segment {
    /// A new, empty file: writes its header.
    pub(super) fn create(id: u32, file: File) -> io::Result<Self> {
        let mut header = [0; HEADER as usize];
        let parts = MAGIC.into_iter().chain(id.to_le_bytes()).chain((!id).to_le_bytes());
        header.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        file.write_all_at(&header, 0)?;
        Ok(Self::of(id, file, true))
    }

    /// A file that was found: `None` when it is not what its name says.
    pub(super) fn existing(id: u32, file: File) -> io::Result<Option<Self>> {
        let mut found = [0; HEADER as usize];
        match file.read_exact_at(&mut found, 0) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            other => other?,
        }
        let own = MAGIC.into_iter().chain(id.to_le_bytes()).chain((!id).to_le_bytes());
        Ok(own.eq(found).then(|| Self::of(id, file, false)))
    }

    fn of(id: u32, file: File, written: bool) -> Self {
        Self {
            id,
            file,
            bytes: AtomicU64::new(0),
            live: AtomicU64::new(0),
            writers: AtomicU32::new(0),
            outdated: AtomicBool::new(written),
            unsynced: AtomicBool::new(written),
            poisoned: AtomicBool::new(false),
        }
    }

    /// Its number: higher ones are newer.
    pub(super) fn id(&self) -> u32 {
        self.id
    }

    /// The file itself.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Reads up to `length` bytes; fewer where the file ends. Allocates `length`, which the caller has bounded by
    /// the file.
    pub(super) fn read(&self, offset: u32, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(length);
        while bytes.len() < length {
            let at = u64::from(offset) + bytes.len() as u64;
            match rustix::io::pread(&self.file, spare_capacity(&mut bytes), at) {
                Ok(0) => break,
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        bytes.truncate(length);
        Ok(bytes)
    }

    /// Writes at an offset that the log has set aside.
    pub(super) fn write(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.touched();
        self.file.write_all_at(bytes, offset)
    }

    /// Marks a record dead, in place: one byte, so it is never half done. A file that refuses is poisoned.
    pub(super) fn kill(&self, offset: u32) -> io::Result<()> {
        self.touched();
        let killed = self.file.write_all_at(&[record::DEAD], u64::from(offset));
        if killed.is_err() {
            self.poisoned.store(true, Ordering::Release);
        }
        killed
    }

    fn touched(&self) {
        self.outdated.store(true, Ordering::Relaxed);
        self.unsynced.store(true, Ordering::Relaxed);
    }

    /// Whether a record was marked dead (one that is damaged was not).
    pub(super) fn is_killed(&self, offset: u32) -> bool {
        self.read(offset, 1).is_ok_and(|state| state == [record::DEAD])
    }

    /// What its records and their lines in the hint take: the file and its hint, but for two short headers.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// How much of that the index points at.
    pub(super) fn live(&self) -> u64 {
        self.live.load(Ordering::Relaxed)
    }

    /// What dropping it would free beyond what has to be carried over.
    pub(super) fn garbage(&self) -> u64 {
        self.bytes().saturating_sub(self.live())
    }

    /// A record was appended.
    pub(super) fn grew(&self, record_bytes: u32) {
        self.bytes.fetch_add(cost(record_bytes), Ordering::Relaxed);
    }

    /// Records were found in it, up to an offset.
    pub(super) fn found(&self, records: usize, end: u32) {
        let bytes = u64::from(end.saturating_sub(HEADER)) + (records * hint::ENTRY) as u64;
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    /// The index points at one more record.
    pub(super) fn gained(&self, record_bytes: u32) {
        self.live.fetch_add(cost(record_bytes), Ordering::Relaxed);
    }

    /// The index points at one record less.
    pub(super) fn lost(&self, record_bytes: u32) {
        self.live.fetch_sub(cost(record_bytes), Ordering::Relaxed);
    }

    /// An append begins: until it [ends](Segment::end_append) nobody seals or drops the segment.
    pub(super) fn begin_append(&self) {
        self.writers.fetch_add(1, Ordering::Relaxed);
    }

    /// An append has reached the index, or failed.
    pub(super) fn end_append(&self) {
        self.writers.fetch_sub(1, Ordering::Release);
    }

    /// Whether every append has reached the index.
    pub(super) fn is_quiet(&self) -> bool {
        self.writers.load(Ordering::Acquire) == 0
    }

    /// Whether its hint has to be written again.
    pub(super) fn is_outdated(&self) -> bool {
        self.outdated.load(Ordering::Relaxed)
    }

    /// Its hint could not be written.
    pub(super) fn outdate(&self) {
        self.outdated.store(true, Ordering::Relaxed);
    }

    /// The hint is about to be written.
    pub(super) fn hinted(&self) {
        self.outdated.store(false, Ordering::Relaxed);
    }

    /// Whether a record in it could not be killed.
    pub(super) fn is_poisoned(&self) -> bool {
        self.poisoned.load(Ordering::Acquire)
    }

    /// Makes what has been written so far survive a power loss.
    pub(super) fn sync(&self) -> io::Result<()> {
        if self.unsynced.swap(false, Ordering::Relaxed) {
            self.file.sync_data().inspect_err(|_| self.unsynced.store(true, Ordering::Relaxed))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_known_by_its_own_number_only() {
        let file = tempfile::tempfile().unwrap();
        Segment::create(7, file.try_clone().unwrap()).unwrap();
        assert!(Segment::existing(7, file.try_clone().unwrap()).unwrap().is_some());
        assert!(Segment::existing(8, file.try_clone().unwrap()).unwrap().is_none());
        file.set_len(15).unwrap();
        assert!(Segment::existing(7, file).unwrap().is_none());
    }

    #[test]
    fn a_read_past_the_end_is_short() {
        let segment = Segment::create(1, tempfile::tempfile().unwrap()).unwrap();
        segment.write(b"abc", u64::from(HEADER)).unwrap();
        assert_eq!(segment.read(HEADER + 1, 100).unwrap(), b"bc");
        assert_eq!(segment.read(HEADER + 9, 100).unwrap(), b"");
    }
}
