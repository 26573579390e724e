//! Hints on disk.
//!
//! Promise: a hint is there as a whole or not at all: it is written under another name and then renamed.

use std::io::{self, Read, Write};

use super::dir::{Dir, name};
use super::hint::{self, Hint};
use super::record;
use super::scan::scan;
use super::segment::{self, Segment};

/// Writes the hint of a segment; with `sync` it survives a power loss (once the directory is synced too).
pub(super) fn store(dir: &Dir, segment: &Segment, hint: &Hint, sync: bool) -> io::Result<()> {
    // Before the records are looked at: what is killed from here on makes this hint outdated again.
    segment.hinted();
    let written = write(dir, segment, hint, sync);
    if written.is_err() {
        segment.outdate();
    }
    written
}

fn write(dir: &Dir, segment: &Segment, hint: &Hint, sync: bool) -> io::Result<()> {
    let mut file = dir.create(name::UNFINISHED)?;
    file.write_all(&hint.encode(segment.id()))?;
    if sync {
        file.sync_data()?;
    }
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

/// All that is known of a segment: its hint, and what was appended behind it; whether a header was damaged.
pub(super) fn contents(dir: &Dir, segment: &Segment) -> io::Result<(Hint, usize, bool)> {
    let end = u32::try_from(segment.file().metadata()?.len()).unwrap_or(u32::MAX);
    let mut hint = load(dir, segment.id(), end).unwrap_or_default();
    let hinted = hint.entries.len();
    let rest = scan(segment, hint.covered.max(segment::HEADER), end)?;
    hint.entries.extend(rest.entries);
    hint.covered = rest.end;
    Ok((hint, hinted, rest.damaged))
}
