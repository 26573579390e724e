//! Opening a directory: what is in it becomes the index.
//!
//! Promise: bad content is never an error, it is a miss. A file that is not what its name says is removed, a torn
//! tail is cut, a damaged record is stepped over. Where two live records of one key are found (a process died
//! between writing the new and killing the old one) the later one holds, and the older one is killed now.

use std::io;
use std::sync::Arc;

use cache_core::error::Result;

use super::config::Config;
use super::dir::{Dir, name};
use super::error::io as io_error;
use super::hint_file::{self, Contents};
use super::keeper::Running;
use super::lock::{DirLock, Trust};
use super::log::{Log, Sealed};
use super::room::Room;
use super::segment::{self, Segment};
use super::store::{Store, assemble};

/// Opens a directory. Blocks.
pub(super) fn open(config: Config) -> Result<Running> {
    let dir = Dir::open(&config.dir)?;
    let (lock, trust) = DirLock::acquire(&dir)?;
    let ids = tidy(&dir, trust).map_err(|error| io_error("looking through the cache directory", error))?;
    lock.mark_open(trust).map_err(|error| io_error("writing the lock file", error))?;
    let log = Log::new(dir, config.segment_bytes, Room::new(config.hard_limit()));
    let store = assemble(config, log, lock)?;
    load_all(&store, &ids);
    store.signal.raise();
    Running::start(store, trust)
}

/// Removes what nobody will read; the numbers of the segments that stay, oldest first.
fn tidy(dir: &Dir, trust: Trust) -> io::Result<Vec<u32>> {
    let names = dir.names()?;
    let mut ids: Vec<u32> = names.iter().filter_map(|name| name::segment_id(name)).collect();
    ids.sort_unstable();
    if trust == Trust::Nothing && !ids.is_empty() {
        tracing::warn!(
            dir = %dir.path().display(),
            "the machine went down while the disk cache was open: its last removals may be lost, so it starts empty"
        );
        ids.iter().try_for_each(|id| dir.remove(&name::segment(*id)))?;
        ids.clear();
    }
    let orphans = names.iter().filter(|name| match name::hint_id(name) {
        Some(id) => ids.binary_search(&id).is_err(),
        None => *name == name::UNFINISHED,
    });
    orphans.into_iter().try_for_each(|orphan| dir.remove(orphan))?;
    Ok(ids)
}

fn load_all(store: &Arc<Store>, ids: &[u32]) {
    store.log.begin_after(ids.last().copied().unwrap_or(0));
    let mut found: Vec<Found> = ids.iter().filter_map(|id| read(store, *id)).collect();
    store.index.reserve(found.iter().map(|found| found.contents.hint.entries.len()).sum());
    let last = found.pop_if(|last| can_go_on(store, last));
    for found in found {
        load(store, &found);
        store.log.add(&found.segment);
        if found.segment.is_outdated() {
            store.log.queue(Sealed { segment: found.segment, hint: found.contents.hint });
        }
    }
    if let Some(last) = last {
        load(store, &last);
        store.log.add(&last.segment);
        store.log.resume(&last.segment, last.contents.hint);
    }
}

/// A segment and what is known of it.
struct Found {
    segment: Arc<Segment>,
    contents: Contents,
}

/// Reads a segment's hint, and the records behind it. A file that is no segment is removed.
fn read(store: &Store, id: u32) -> Option<Found> {
    match try_read(store, id) {
        Ok(Some(found)) => Some(found),
        Ok(None) => {
            tracing::warn!(segment = id, "a file of the disk cache is not what its name says; it is removed");
            let _ = store.log.dir().remove(&name::segment(id));
            let _ = store.log.dir().remove(&name::hint(id));
            None
        }
        Err(error) => {
            tracing::warn!(segment = id, %error, "a file of the disk cache cannot be read; it is removed");
            let _ = store.log.dir().remove(&name::segment(id));
            let _ = store.log.dir().remove(&name::hint(id));
            None
        }
    }
}

fn try_read(store: &Store, id: u32) -> io::Result<Option<Found>> {
    let dir = store.log.dir();
    let file = dir.existing(&name::segment(id))?;
    if u32::try_from(file.metadata()?.len()).is_err() {
        return Ok(None);
    }
    let Some(segment) = Segment::existing(id, file)? else { return Ok(None) };
    let contents = hint_file::contents(dir, &segment)?;
    segment.found(contents.hint.entries.len(), contents.hint.covered);
    if contents.spoilt {
        tracing::warn!(segment = id, "a file of the disk cache is damaged; what lies behind that is lost");
    }
    if contents.spoilt || contents.hint.entries.len() > contents.hinted || contents.hinted == 0 {
        segment.outdate();
    }
    Ok(Some(Found { segment: Arc::new(segment), contents }))
}

/// Whether the youngest segment can take more records: its torn tail is cut.
fn can_go_on(store: &Store, last: &Found) -> bool {
    let end = last.contents.hint.covered;
    let fits = (segment::HEADER..store.config.segment_bytes).contains(&end);
    fits && !last.contents.spoilt && last.segment.file().set_len(end.into()).is_ok()
}

fn load(store: &Store, found: &Found) {
    for (at, entry) in found.contents.hint.entries.iter().enumerate() {
        store.sweeps.expect(entry.deadline);
        let replaced = store.index.put(entry.fingerprint, entry.place(&found.segment));
        // What a hint lists had replaced its older record before the hint was written.
        if let Some(replaced) = replaced.filter(|_| at >= found.contents.hinted) {
            store.kill(&replaced);
        }
    }
}
