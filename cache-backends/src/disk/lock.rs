//! Who has the directory, and whether what lies in it can be believed.
//!
//! Promise: at most one backend of this machine has a directory open. The lock is the kernel's (`flock`), so it
//! ends with its holder, however that dies.
//!
//! Writes are not synced one by one. A process that is killed loses nothing by that: the kernel has its writes.
//! A machine that loses power may lose any of the last ones, the removal of an entry among them, and a removed
//! entry must not come back. So the lock file says whether the last holder closed cleanly (every record was synced)
//! and under which boot it ran: not closed and another boot means that nothing in the directory is believed.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use cache_core::error::Result;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::dir::{Dir, name};
use super::error::{io as io_error, locked};

const FIRST_LINE: &str = "larder disk cache 1";
const LENGTH: usize = 160;
/// A quarter of a second in all, and only when somebody holds the lock.
const PATIENCE: usize = 25;
const PAUSE: Duration = Duration::from_millis(10);

/// How far the files can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// The last holder closed cleanly: hints are exact.
    Exact,
    /// The last holder died, the machine did not: every write is there, hints may be behind.
    Behind,
    /// The machine went down, or the layout is not this one.
    Nothing,
}

/// The held lock.
#[derive(Debug)]
pub(super) struct DirLock {
    file: File,
    boot: Option<String>,
}

impl DirLock {
    /// Takes the lock and reads what its last holder left.
    pub(super) fn acquire(dir: &Dir) -> Result<(Self, Trust)> {
        let file =
            dir.existing_or_new(name::LOCK).map_err(|error| io_error("opening the lock file", error))?;
        match lock(&file) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(locked(dir.path(), State::read(&file).and_then(|s| s.pid))),
            Err(error) => return Err(io_error("locking the cache directory", error.into())),
        }
        let lock = Self { file, boot: boot_id() };
        let trust = State::read(&lock.file).map_or(Trust::Nothing, |last| last.trust(lock.boot.as_deref()));
        Ok((lock, trust))
    }

    /// From here on the directory is being written. On disk before the first write is.
    pub(super) fn mark_open(&self, trust: Trust) -> io::Result<()> {
        self.write(false)?;
        // Only "closed cleanly" must not outlive a power loss; anything else says no more than this does.
        if trust == Trust::Exact { self.file.sync_data() } else { Ok(()) }
    }

    /// Every record has been synced.
    pub(super) fn mark_clean(&self) -> io::Result<()> {
        self.write(true)?;
        self.file.sync_data()
    }

    fn write(&self, clean: bool) -> io::Result<()> {
        let (pid, boot) = (std::process::id(), self.boot.as_deref().unwrap_or("unknown"));
        let clean = if clean { "yes" } else { "no" };
        let text = format!("{FIRST_LINE}\npid {pid}\nboot {boot}\nclean {clean}\n");
        self.file.write_all_at(format!("{text:<LENGTH$}").as_bytes(), 0)
    }
}

impl Drop for DirLock {
    fn drop(&mut self) {
        // Closing is not enough: a process that is being forked right now has a copy of the handle until it execs.
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}

/// Takes the kernel's lock, and waits a moment for a holder that is just ending: what a killed process had begun to
/// start keeps a copy of its handle until it execs.
fn lock(file: &File) -> Result<(), Errno> {
    for _ in 0..PATIENCE {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => std::thread::sleep(PAUSE),
            done => return done,
        }
    }
    flock(file, FlockOperation::NonBlockingLockExclusive)
}

/// What the lock file says.
#[derive(Debug, Default, PartialEq, Eq)]
struct State {
    pid: Option<u32>,
    boot: Option<String>,
    clean: bool,
}

impl State {
    fn read(file: &File) -> Option<Self> {
        let mut bytes = [0; LENGTH];
        let length = file.read_at(&mut bytes, 0).ok()?;
        Self::parse(std::str::from_utf8(bytes.get(..length)?).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next()? != FIRST_LINE {
            return None;
        }
        let mut state = Self::default();
        for line in lines {
            match line.split_once(' ') {
                Some(("pid", pid)) => state.pid = pid.parse().ok(),
                Some(("boot", "unknown")) => {}
                Some(("boot", boot)) => state.boot = Some(boot.to_owned()),
                Some(("clean", clean)) => state.clean = clean == "yes",
                _ => {}
            }
        }
        Some(state)
    }

    fn trust(&self, boot: Option<&str>) -> Trust {
        if self.clean {
            Trust::Exact
        } else if boot.is_some() && self.boot.as_deref() == boot {
            Trust::Behind
        } else {
            Trust::Nothing
        }
    }
}

/// Which run of the machine this is; `None` where the system does not say.
fn boot_id() -> Option<String> {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let id = id.trim();
    (!id.is_empty() && id.len() <= 64).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_believed_after_another_boot_unless_it_was_closed() {
        let state = |clean: bool, boot: &str| {
            State::parse(&format!(
                "{FIRST_LINE}\npid 7\nboot {boot}\nclean {}\n",
                if clean { "yes" } else { "no" }
            ))
            .unwrap()
        };
        assert_eq!(state(true, "a").trust(Some("b")), Trust::Exact);
        assert_eq!(state(false, "a").trust(Some("a")), Trust::Behind);
        assert_eq!(state(false, "a").trust(Some("b")), Trust::Nothing);
        assert_eq!(state(false, "unknown").trust(None), Trust::Nothing);
        assert_eq!(State::parse("larder disk cache 2\nclean yes\n"), None);
        assert_eq!(State::parse(""), None);
    }
}
