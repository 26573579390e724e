//! Hints on disk.
//!
//! Promise: a hint is there as a whole or not at all: it is written under another name and then renamed.

use std::io::{self, Read, Write};

use super::dir::{Dir, name};
use super::hint::{self, Hint};
use super::record;
use super::scan::scan;
use super::segment::{self, Segment};

/// Writes the hint of a segment. On failure there is none, also no older one: the segment will be scanned.
pub(super) fn store(dir: &Dir, segment: &Segment, hint: &Hint) -> io::Result<()> {
    write(dir, segment, hint).or_else(|error| {
        dir.remove(name::UNFINISHED)?;
        dir.remove(&name::hint(segment.id()))?;
        Err(error)
    })
}

fn write(dir: &Dir, segment: &Segment, hint: &Hint) -> io::Result<()> {
    let mut file = dir.create(name::UNFINISHED)?;
    file.write_all(&hint.encode(segment.id()))?;
    dir.rename(name::UNFINISHED, &name::hint(segment.id()))
}

/// The hint of a segment of `end` bytes; `None` when there is none that can be believed.
pub(super) fn load(dir: &Dir, id: u32, end: u32) -> Option<Hint> {
    let file = dir.existing(&name::hint(id)).ok()?;
    let most = hint::HEADER + end as usize / record::HEADER * hint::ENTRY;
    let length = usize::try_from(file.metadata().ok()?.len()).ok().filter(|length| *length <= most)?;
    let mut bytes = Vec::with_capacity(length);
    file.take(length as u64).read_to_end(&mut bytes).ok()?;
    Hint::decode(&bytes, id, end)
}

/// What a segment holds.
#[derive(Debug)]
pub(super) struct Contents {
    /// Its records up to its end.
    pub(super) hint: Hint,
    /// So many of them were hinted; the others were found in the file.
    pub(super) hinted: usize,
    /// Its end is not where it should be: what was behind it is lost, and nothing may be appended.
    pub(super) spoilt: bool,
}

/// All that is known of a segment: its hint, and what was appended behind it.
pub(super) fn contents(dir: &Dir, segment: &Segment) -> io::Result<Contents> {
    let end = u32::try_from(segment.file().metadata()?.len()).unwrap_or(u32::MAX);
    let mut hint = load(dir, segment.id(), end).unwrap_or_default();
    let (hinted, cut) = (hint.entries.len(), hint.covered > end);
    let rest = scan(segment, hint.covered.clamp(segment::HEADER, end.max(segment::HEADER)), end)?;
    hint.entries.extend(rest.entries);
    hint.covered = rest.end;
    Ok(Contents { hint, hinted, spoilt: rest.damaged || cut })
}
