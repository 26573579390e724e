//! What can go wrong with a directory, in words.

use std::io;
use std::path::Path;

use cache_core::error::{Error, ErrorKind};

/// A file operation failed.
pub(super) fn io(what: &'static str, error: io::Error) -> Error {
    let failed = Error::new(ErrorKind::Io, format!("{what} failed: {error}"));
    let failed = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            failed.with_fix("make room on the file system, or give the cache a smaller max_bytes")
        }
        io::ErrorKind::ReadOnlyFilesystem => failed.with_fix("remount the file system for writing"),
        io::ErrorKind::PermissionDenied => failed.with_fix("give this user the directory"),
        _ => failed,
    };
    failed.with_source(error)
}

/// The log cannot take another segment.
pub(super) fn full(what: &'static str) -> Error {
    Error::new(ErrorKind::Io, what).with_fix("close the backend and remove the directory: it is only a cache")
}

/// The backend has been disconnected.
pub(super) fn closed() -> Error {
    Error::new(ErrorKind::Unavailable, "the disk backend is disconnected").with_fix("call connect()")
}

/// No thread could be started.
pub(super) fn no_thread(error: io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("cannot start a thread: {error}"))
        .with_fix("raise the thread limit of this user")
        .with_source(error)
}

/// Somebody else has the directory.
pub(super) fn locked(path: &Path, holder: Option<u32>) -> Error {
    let holder = match holder {
        Some(pid) if pid == std::process::id() => "this process".to_owned(),
        Some(pid) => format!("process {pid}"),
        None => "another process".to_owned(),
    };
    Error::new(ErrorKind::Locked, format!("the cache directory {} is in use by {holder}", path.display()))
        .during("open")
        .with_fix("give every backend a directory of its own, or disconnect the one that holds it")
}

/// The directory, or a file in it, is not to be trusted.
pub(super) fn refused(path: &Path, why: &str, fix: &'static str) -> Error {
    let found = format!("the cache directory {} {why}", path.display());
    Error::new(ErrorKind::Config, found).during("open").with_fix(fix)
}

/// A builder option is out of its range.
pub(super) fn option(name: &'static str, held: u64, why: String) -> Error {
    Error::new(ErrorKind::Config, format!("{name} holds {held}")).during("open").with_fix(why)
}

/// The frame is larger than the backend takes.
pub(super) fn too_large(bytes: usize, most: u32) -> Error {
    Error::new(ErrorKind::TooLarge, format!("the entry has {bytes} bytes, at most {most} are stored"))
        .during("set")
        .with_fix("raise max_entry_bytes (one entry takes at most 1/8 of max_bytes), or store less")
}

/// The key is longer than any key of larder.
pub(super) fn long_key(bytes: usize) -> Error {
    Error::new(ErrorKind::Key, format!("the key has {bytes} bytes")).with_fix("build keys with KeyBuilder")
}
