//! The directory, held open: every file is reached through its handle, by a name of ours.
//!
//! Promise: no link is ever followed (neither the directory's last component nor a file in it), nothing is
//! created that others can read, and no byte of a key is ever part of a name. Files that are not named as ours
//! are left alone.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use cache_core::error::Result;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, fstat, openat, renameat, unlinkat};
use rustix::io::Errno;

use super::error::{io as io_error, refused};

const OPEN: OFlags = OFlags::RDWR.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
const PRIVATE: Mode = Mode::RUSR.union(Mode::WUSR);

/// An open directory that has been found fit for a cache.
#[derive(Debug)]
pub(super) struct Dir {
    handle: OwnedFd,
    path: PathBuf,
}

impl Dir {
    /// Opens the directory, and creates it (0700) when there is none.
    pub(super) fn open(path: &Path) -> Result<Self> {
        // Without a trailing slash: behind one, the system follows a link whatever the flags say.
        let path: PathBuf = path.components().collect();
        if path.as_os_str().is_empty() {
            return Err(refused(&path, "has no name", "name a directory"));
        }
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let handle = match rustix::fs::open(&path, flags, Mode::empty()) {
            Ok(handle) => handle,
            Err(Errno::LOOP | Errno::NOTDIR) => {
                return Err(refused(&path, "is a link or no directory", "name the directory itself"));
            }
            Err(error) => {
                return Err(io_error("opening the cache directory", made.err().unwrap_or(error.into())));
            }
        };
        let found =
            fstat(&handle).map_err(|error| io_error("looking at the cache directory", error.into()))?;
        check(&path, &found)?;
        Ok(Self { handle, path })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A new file (0600). What is in its place is removed first, never opened.
    pub(super) fn create(&self, name: &str) -> io::Result<File> {
        let flags = OPEN | OFlags::CREATE | OFlags::EXCL;
        match openat(&self.handle, name, flags, PRIVATE) {
            Err(Errno::EXIST) => {
                self.remove(name)?;
                Ok(openat(&self.handle, name, flags, PRIVATE)?.into())
            }
            other => Ok(other?.into()),
        }
    }

    /// A file that is there.
    pub(super) fn existing(&self, name: &str) -> io::Result<File> {
        own(openat(&self.handle, name, OPEN, Mode::empty())?)
    }

    /// A file, made (0600) when there is none.
    pub(super) fn existing_or_new(&self, name: &str) -> io::Result<File> {
        own(openat(&self.handle, name, OPEN | OFlags::CREATE, PRIVATE)?)
    }

    /// Removes a file; none is fine.
    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        match unlinkat(&self.handle, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Puts a file in the place of another, at once.
    pub(super) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(renameat(&self.handle, from, &self.handle, to)?)
    }

    /// The names in it.
    pub(super) fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.handle)? {
            names.extend(entry?.file_name().to_str().ok().map(str::to_owned));
        }
        Ok(names)
    }

    /// Makes created, renamed and removed names survive a power loss.
    pub(super) fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::fsync(&self.handle)?)
    }
}

fn check(path: &Path, found: &Stat) -> Result<()> {
    if found.st_uid != rustix::process::geteuid().as_raw() {
        return Err(refused(path, "belongs to another user", "name a directory of the user that runs this"));
    }
    if Mode::from_raw_mode(found.st_mode).intersects(Mode::WGRP | Mode::WOTH) {
        return Err(refused(path, "can be written by others", "chmod go-w it"));
    }
    Ok(())
}

/// A pipe, a device or a stranger's file is not ours, whatever its name.
fn own(handle: OwnedFd) -> io::Result<File> {
    let found = fstat(&handle)?;
    let is_file = FileType::from_raw_mode(found.st_mode) == FileType::RegularFile;
    if is_file && found.st_uid == rustix::process::geteuid().as_raw() {
        Ok(handle.into())
    } else {
        Err(io::Error::new(io::ErrorKind::PermissionDenied, "not a regular file of this user"))
    }
}

/// The names of our files.
pub(super) mod name {
    /// Which process has the directory.
    pub(in super::super) const LOCK: &str = "larder.lock";
    /// A hint that is being written.
    pub(in super::super) const UNFINISHED: &str = "unfinished.tmp";

    /// The records of a segment.
    pub(in super::super) fn segment(id: u32) -> String {
        format!("{id:08x}.seg")
    }

    /// The hint of a segment.
    pub(in super::super) fn hint(id: u32) -> String {
        format!("{id:08x}.hint")
    }

    /// Whose records a file holds.
    pub(in super::super) fn segment_id(name: &str) -> Option<u32> {
        id(name.strip_suffix(".seg")?)
    }

    /// Whose hint a file is.
    pub(in super::super) fn hint_id(name: &str) -> Option<u32> {
        id(name.strip_suffix(".hint")?)
    }

    fn id(digits: &str) -> Option<u32> {
        let id = u32::from_str_radix(digits, 16).ok()?;
        (digits == format!("{id:08x}")).then_some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_spelling_is_ours() {
        assert_eq!(name::segment_id(&name::segment(0x1f)), Some(0x1f));
        for foreign in ["1f.seg", "0000001F.seg", "+000001f.seg", "0000001f.hint", "x.seg", ".seg"] {
            assert_eq!(name::segment_id(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn a_link_in_the_place_of_a_new_file_is_replaced_not_followed() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("precious");
        std::fs::write(&target, b"precious").unwrap();
        let dir = Dir::open(&home.path().join("cache")).unwrap();
        std::os::unix::fs::symlink(&target, dir.path().join("00000001.seg")).unwrap();
        assert!(dir.existing("00000001.seg").is_err());
        dir.create("00000001.seg").unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"precious");
        assert!(std::fs::symlink_metadata(dir.path().join("00000001.seg")).unwrap().is_file());
    }
}
