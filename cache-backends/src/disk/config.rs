//! What a disk backend can be told.

use std::path::{Path, PathBuf};

use cache_core::error::Result;
use cache_core::port::clock::Clock;

use super::backend::DiskBackend;
use super::error::option;
use super::index::MAX_RECORD;
use super::record;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
/// Every segment is an open file.
const MOST_SEGMENTS: u64 = 1_024;

/// Options of a [`DiskBackend`], with what they mean when they are not given.
#[derive(Debug, Clone)]
#[must_use = "call open()"]
pub struct DiskBuilder {
    dir: PathBuf,
    max_bytes: u64,
    max_entry_bytes: Option<u64>,
    max_entries: u64,
    segment_bytes: Option<u64>,
    clock: Clock,
}

impl DiskBuilder {
    pub(super) fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            max_bytes: 1 << 30,
            max_entry_bytes: None,
            max_entries: 1 << 22,
            segment_bytes: None,
            clock: Clock::default(),
        }
    }

    /// How many bytes the entries may take on disk, in all: 1 GiB by default, at least 64 KiB. The files may
    /// take two segments (or two entries of the largest size, if that is more) beyond it for a while.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// How large an encoded frame may be: 64 MiB by default, and never more than 1/8 of `max_bytes`.
    pub fn max_entry_bytes(mut self, bytes: u64) -> Self {
        self.max_entry_bytes = Some(bytes);
        self
    }

    /// How many entries are kept: 4,194,304 by default. An entry takes 47 to 94 bytes of memory, so this bounds
    /// the index to about 400 MB.
    pub fn max_entries(mut self, entries: u64) -> Self {
        self.max_entries = entries;
        self
    }

    /// How large a file of the log grows: by default 1/64 of `max_bytes`, between 64 KiB and 16 MiB. The
    /// youngest file is what has to be read after a crash, and a whole file is what eviction frees.
    pub fn segment_bytes(mut self, bytes: u64) -> Self {
        self.segment_bytes = Some(bytes);
        self
    }

    /// Where the time comes from. Entries expire by its wall clock.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Opens the directory, and creates it (0700) when there is none. Blocks: it reads what is there (about
    /// 0.2 ms per thousand entries; up to one segment more after a crash).
    ///
    /// # Errors
    /// `Config` when an option is out of range or the directory is not to be trusted (a link, another user's,
    /// writable by others), `Locked` when another backend has it, `Io` when a file operation fails.
    pub fn open(self) -> Result<DiskBackend> {
        DiskBackend::start(self.checked()?)
    }

    fn checked(self) -> Result<Config> {
        let max_bytes = self.max_bytes;
        if max_bytes < 64 * KIB {
            return Err(option("max_bytes", max_bytes, "give at least 65536".to_owned()));
        }
        let default =
            (max_bytes / 64).clamp(64 * KIB, 16 * MIB).max(max_bytes / 512).min(max_bytes / 8).min(1 << 30);
        let segment = self.segment_bytes.unwrap_or(default);
        let (least, most) = ((max_bytes / MOST_SEGMENTS).max(4 * KIB), (max_bytes / 8).min(1 << 30));
        if !(least..=most).contains(&segment) {
            let range = format!("give {least} to {most}, or leave it out");
            return Err(option("segment_bytes", segment, range));
        }
        if self.max_entries == 0 || self.max_entry_bytes == Some(0) {
            let name = if self.max_entries == 0 { "max_entries" } else { "max_entry_bytes" };
            return Err(option(name, 0, "give at least 1".to_owned()));
        }
        let most_entry = u64::from(MAX_RECORD) - (record::HEADER + record::MAX_KEY) as u64;
        let entry = self.max_entry_bytes.unwrap_or(64 * MIB).min(max_bytes / 8).min(most_entry);
        Ok(Config {
            dir: self.dir,
            max_bytes,
            max_entry_bytes: u32::try_from(entry).unwrap_or(MAX_RECORD),
            max_entries: self.max_entries,
            segment_bytes: u32::try_from(segment).unwrap_or(MAX_RECORD),
            clock: self.clock,
        })
    }
}

/// Checked options.
#[derive(Debug, Clone)]
pub(super) struct Config {
    /// Where.
    pub(super) dir: PathBuf,
    /// The bound.
    pub(super) max_bytes: u64,
    /// The largest frame.
    pub(super) max_entry_bytes: u32,
    /// The bound of the index.
    pub(super) max_entries: u64,
    /// The size of a file.
    pub(super) segment_bytes: u32,
    /// The time.
    pub(super) clock: Clock,
}

impl Config {
    /// Writers wait beyond this: one segment (or entry) above the bound.
    pub(super) fn hard_limit(&self) -> u64 {
        self.max_bytes + u64::from(self.segment_bytes.max(self.max_entry_bytes)) + record::MAX_KEY as u64
    }

    /// So much garbage is never worth a compaction.
    pub(super) fn slack(&self) -> u64 {
        u64::from(self.segment_bytes / 4).min(256 * KIB)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn builder() -> DiskBuilder {
        DiskBuilder::new(Path::new("unused"))
    }

    #[test]
    fn at_least_eight_segments_fit_the_bound_and_the_largest_entry_takes_an_eighth() {
        for (max, segment, entry) in [
            (64 * KIB, 8 * KIB, 8 * KIB),
            (MIB, 64 * KIB, 128 * KIB),
            (64 * MIB, MIB, 8 * MIB),
            (1 << 30, 16 * MIB, 64 * MIB),
            (1 << 40, 1 << 30, 64 * MIB),
        ] {
            let config = builder().max_bytes(max).checked().unwrap();
            let found = (u64::from(config.segment_bytes), u64::from(config.max_entry_bytes));
            assert_eq!(found, (segment, entry), "{max}");
        }
        let capped = builder().max_bytes(MIB).max_entry_bytes(1 << 20).checked().unwrap();
        assert_eq!(capped.max_entry_bytes, 1 << 17);
    }

    #[test]
    fn a_wrong_option_is_named_with_what_it_holds_and_the_fix() {
        let error = |builder: DiskBuilder| builder.checked().unwrap_err().to_string();
        assert_eq!(error(builder().max_bytes(1)), "open: max_bytes holds 1; give at least 65536");
        assert_eq!(
            error(builder().max_bytes(MIB).segment_bytes(MIB)),
            "open: segment_bytes holds 1048576; give 4096 to 131072, or leave it out"
        );
        assert_eq!(error(builder().max_entries(0)), "open: max_entries holds 0; give at least 1");
        assert_eq!(error(builder().max_entry_bytes(0)), "open: max_entry_bytes holds 0; give at least 1");
    }
}
