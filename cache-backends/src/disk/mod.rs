//! The disk: an append-only log of checksummed records in files of a directory, with its index in memory.
//!
//! Promise: an entry comes back byte for byte, over restarts and `kill -9`, until it expires, is removed or the
//! byte bound needs its room; anything else that may have happened to the files is a miss. One backend per
//! directory. No caller's thread is blocked by a large frame or by housekeeping.
//!
//! Invariant: a record whose state byte is live is the value of its key. The state byte is the only byte that
//! ever changes in place: replacing or removing an entry kills its record. So there are no tombstones, a removal
//! needs no space (it works on a full disk), segments may be dropped or compacted in any order, and a damaged or
//! lost file can only lose entries, never bring a removed one back.
//!
//! Syncing: no write is synced by itself. A killed process loses nothing by that. A machine that loses power may
//! lose the latest writes, removals among them, so the directory starts empty after one unless it was closed
//! cleanly (`disconnect`, or a drop); a clean close syncs every record. Hints are never synced: they only say where
//! to look, the record decides. See `lock`.
//!
//! A write that fails (the disk is full, or broken) is an error; the entry is absent, its older value too, and the
//! log goes on. For each write that finds the file system full the oldest segment is given up.
//!
//! Memory: 47 to 94 bytes per entry, whatever its key and frame, plus 32 per entry of the youngest segment.
//!
//! Unix only: it needs `flock`, file modes and positioned reads.
//!
//! Start reading in `backend` (gates and threads), then `store` (the verbs), `lookup` (finding), `claims`, `record` (the
//! bytes), `log` (appending), `reclaim` (space), `recover` (opening), `keeper` (housekeeping and the end).

mod backend;
mod claims;
mod config;
mod dir;
mod error;
mod gates;
mod hint;
mod hint_file;
mod index;
mod keeper;
mod lock;
mod log;
mod lookup;
mod offload;
mod place;
mod reclaim;
mod record;
mod recover;
mod room;
mod scan;
mod segment;
mod store;
mod survey;
mod sweep;
mod worker;

pub use backend::{DiskBackend, DiskUsage};
pub use config::DiskBuilder;

/// Frames up to this length are written on the caller's thread (some microseconds); longer ones on the backend's.
const INLINE: usize = 16 << 10;
/// The same for reads, which are cheaper than a change of threads (about 10 us) for longer.
const INLINE_READ: usize = 80 << 10;
