//! System calls that fail, each of them once: no panic, no hang, no wrong value, and a sound directory afterwards.
//!
//! `strace` injects the faults into a child: the Nth call of a kind on a file of the cache gives an error, or kills the
//! process right there, for every N. Where it may not trace, the test says so.

use std::collections::BTreeMap;
use std::future::Future;
use std::io::{IoSlice, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cache_backends::DiskBackend;
use cache_core::error::{ErrorKind, Result};
use cache_core::port::backend::{CacheBackend, DeleteOptions, SetOptions};
use tokio::runtime::Builder;

use crate::child::{Child, Role};
use crate::support::{for_ever, frame, nth, put, read_frame, version_of};

/// What the backend asks the kernel for, and what that may answer.
const CALLS: [(&str, &[&str]); 13] = [
    ("openat", &["EIO", "EMFILE", "KILL"]),
    ("pread64", &["EIO"]),
    ("read", &["EIO"]),
    ("pwrite64", &["EIO", "ENOSPC", "KILL"]),
    ("write", &["EIO", "ENOSPC", "KILL"]),
    ("ftruncate", &["EIO", "KILL"]),
    ("fsync", &["EIO", "KILL"]),
    ("fdatasync", &["EIO", "KILL"]),
    ("renameat", &["EIO", "KILL"]),
    ("unlinkat", &["EIO", "KILL"]),
    ("getdents64", &["EIO"]),
    ("statx,fstat,newfstatat", &["EIO"]),
    ("flock", &["EIO", "ENOLCK"]),
];
/// Entries that are there before.
const FOUND: u64 = 10;
const ENTRIES: u64 = 24;
const PATIENCE: Duration = Duration::from_secs(20);
/// Children that run side by side.
const AT_ONCE: usize = 4;

fn open(dir: &Path) -> Result<DiskBackend> {
    DiskBackend::builder(dir).max_bytes(1 << 20).segment_bytes(64 << 10).open()
}

/// What may be under each key: one of these versions, or nothing.
type Allowed = BTreeMap<u64, Vec<u64>>;

/// The child's part: what it says of a key before a change covers both outcomes.
struct Sufferer {
    backend: DiskBackend,
    allowed: Allowed,
    out: std::fs::File,
}

pub(crate) async fn suffer(dir: &Path) {
    let out = std::fs::File::from(std::io::stdout().as_fd().try_clone_to_owned().unwrap());
    // One fault at most in a thread: the second attempt finds the system well.
    let backend = open(dir).or_else(|_| open(dir)).unwrap();
    let allowed = (0..FOUND).map(|n| (n, vec![1])).collect();
    let mut sufferer = Sufferer { backend, allowed, out };
    sufferer.live().await;
    sufferer.say("done");
}

impl Sufferer {
    async fn live(&mut self) {
        self.look().await;
        for n in 0..ENTRIES {
            self.set(n, 2, if n % 8 == 5 { 20_000 } else { 700 }).await;
        }
        self.look().await;
        for n in 0..5 {
            self.delete(n).await;
            self.take(n + 5).await;
        }
        self.backend.settle().await;
        if !self.turn().await {
            return;
        }
        for n in 0..ENTRIES / 2 {
            self.set(n, 3, if n % 4 == 3 { 20_000 } else { 700 }).await;
        }
        self.backend.settle().await;
        if self.turn().await {
            self.look().await;
        }
        let _ = self.backend.disconnect().await;
    }

    /// Closes and opens; whether it is open now. Each attempt has a thread of its own, and so a fault of its own.
    async fn turn(&mut self) -> bool {
        let _ = self.backend.disconnect().await;
        let opened = self.backend.connect().await;
        if let Err(error) = &opened {
            assert_eq!(error.kind(), ErrorKind::Io, "{error}");
            assert!(self.backend.get(&nth(0)).await.is_err(), "what is closed answers");
        }
        opened.is_ok()
    }

    async fn look(&mut self) {
        for n in 0..ENTRIES {
            match self.backend.get(&nth(n)).await {
                Ok(found) => self.check(n, found.as_deref()),
                Err(error) => assert_eq!(error.kind(), ErrorKind::Io, "{error}"),
            }
        }
    }

    async fn set(&mut self, n: u64, version: u64, length: usize) {
        self.may_become(n, version);
        let options: SetOptions = for_ever();
        match self.backend.set(&nth(n), frame(n, version, length), options).await {
            Ok(stored) => {
                assert!(stored);
                self.is_now(n, vec![version]);
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Io, "{error}");
                // Neither the new value nor the old one.
                self.is_now(n, vec![]);
            }
        }
    }

    async fn delete(&mut self, n: u64) {
        if self.backend.delete(&nth(n), DeleteOptions::default()).await.is_ok() {
            self.is_now(n, vec![]);
        }
    }

    async fn take(&mut self, n: u64) {
        if let Ok(taken) = self.backend.get_and_delete(&nth(n)).await {
            self.check(n, taken.as_deref());
            self.is_now(n, vec![]);
        }
    }

    fn check(&self, n: u64, found: Option<&[u8]>) {
        let Some(found) = found else { return };
        let (owner, version) = read_frame(found).expect("garbage");
        assert_eq!(owner, n, "the frame of another entry");
        let allowed = self.allowed.get(&n).cloned().unwrap_or_default();
        assert!(allowed.contains(&version), "{n}: {version}, not of {allowed:?}");
    }

    fn may_become(&mut self, n: u64, version: u64) {
        let mut allowed = self.allowed.get(&n).cloned().unwrap_or_default();
        allowed.push(version);
        self.is_now(n, allowed);
    }

    fn is_now(&mut self, n: u64, allowed: Vec<u64>) {
        let versions: Vec<String> = allowed.iter().map(ToString::to_string).collect();
        self.say(&format!("{n}={}", versions.join(",")));
        self.allowed.insert(n, allowed);
    }

    /// By a system call that nothing is injected into.
    fn say(&mut self, line: &str) {
        let parts = [IoSlice::new(b"said "), IoSlice::new(line.as_bytes()), IoSlice::new(b"\n")];
        let length = "said ".len() + line.len() + 1;
        assert_eq!(self.out.write_vectored(&parts).unwrap(), length);
    }
}

/// What the child said last of each key, and whether it came to its end.
fn understand(output: &str) -> (Allowed, bool) {
    let mut allowed: Allowed = (0..FOUND).map(|n| (n, vec![1])).collect();
    let lines: Vec<&str> =
        output.lines().filter_map(|line| line.split_once("said ").map(|(_, rest)| rest)).collect();
    for (n, versions) in lines.iter().filter_map(|line| line.split_once('=')) {
        let versions = versions.split(',').filter_map(|version| version.parse().ok()).collect();
        allowed.insert(n.parse().unwrap(), versions);
    }
    (allowed, lines.contains(&"done"))
}

/// Every file that the child may touch, as `strace` wants to be told them.
fn paths(dir: &Path) -> Vec<String> {
    let numbered =
        (1..64).flat_map(|id| [dir.join(format!("{id:08x}.seg")), dir.join(format!("{id:08x}.hint"))]);
    let others = ["larder.lock", "unfinished.tmp"].map(|name| dir.join(name));
    let all: Vec<PathBuf> = numbered.chain(others).chain([dir.to_owned()]).collect();
    all.iter().flat_map(|path| ["-P".to_owned(), path.to_str().unwrap().to_owned()]).collect()
}

fn strace(dir: &Path, more: &[String]) -> Child {
    let mut args = vec!["-f".to_owned(), "-qq".to_owned(), "--seccomp-bpf".to_owned()];
    args.extend(paths(dir));
    args.extend_from_slice(more);
    Child::start_behind("strace", &args, Role::Suffer, dir)
}

async fn filled() -> (tempfile::TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().canonicalize().unwrap().join("d");
    let backend = open(&dir).unwrap();
    for n in 0..FOUND {
        put(&backend, n, 1, 700).await;
    }
    backend.disconnect().await.unwrap();
    (home, dir)
}

/// How often the thread that does it most makes each call, without any fault.
async fn counts() -> Option<Vec<usize>> {
    let (home, dir) = filled().await;
    let log = home.path().join("calls");
    let calls = CALLS.map(|(calls, _)| calls).join(",");
    let args =
        ["-ff".into(), "-o".into(), log.to_str().unwrap().to_owned(), "-e".into(), format!("trace={calls}")];
    let output = strace(&dir, &args).output();
    let (allowed, done) = understand(&output);
    if !done {
        return None;
    }
    let again = open(&dir).unwrap();
    for (n, versions) in allowed {
        assert_eq!(
            version_of(&again, n).await.into_iter().collect::<Vec<_>>(),
            versions,
            "without a fault, {n}"
        );
    }
    let logs: Vec<String> = crate::support::files(home.path(), "")
        .iter()
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("calls."))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    let count =
        |log: &String, call: &str| log.lines().filter(|line| line.starts_with(&format!("{call}("))).count();
    let most = |call| logs.iter().map(|log| count(log, call)).max().unwrap_or(0);
    Some(CALLS.iter().map(|(calls, _)| calls.split(',').map(most).max().unwrap_or(0)).collect())
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    Builder::new_current_thread().build().unwrap().block_on(future)
}

/// One child, one fault; what is wrong with what came of it.
async fn suffer_from(calls: &str, fault: &str, at: usize) -> Result<u64, String> {
    let (_home, dir) = filled().await;
    let what = if fault == "KILL" { "signal=KILL".to_owned() } else { format!("error={fault}") };
    let inject = [
        "-o",
        "/dev/null",
        "-e",
        &format!("trace={calls}"),
        "-e",
        &format!("inject={calls}:{what}:when={at}"),
    ]
    .map(ToString::to_string);
    let mut child = strace(&dir, &inject);
    let lines = child.lines();
    let reader = std::thread::spawn(move || lines.collect::<Vec<_>>().join("\n"));
    let well = child.ended_well_within(PATIENCE)?;
    let output = reader.join().unwrap();
    let (allowed, done) = understand(&output);
    if fault != "KILL" && !(well && done) {
        return Err(format!("it did not come to its end:\n{output}"));
    }
    let again = open(&dir).map_err(|error| format!("it cannot be opened again: {error}"))?;
    let mut held = 0;
    for n in 0..ENTRIES {
        let found = version_of(&again, n).await;
        let versions = allowed.get(&n).cloned().unwrap_or_default();
        if found.is_some_and(|found| !versions.contains(&found)) {
            return Err(format!("{n} holds {found:?}, not of {versions:?}"));
        }
        held += u64::from(found.is_some());
    }
    Ok(held)
}

#[test]
fn a_system_call_that_fails_costs_entries_at_most() {
    let may_trace = Command::new("strace").args(["-f", "-qq", "-o", "/dev/null", "true"]).output();
    let Some(counts) =
        (if may_trace.is_ok_and(|output| output.status.success()) { block_on(counts()) } else { None })
    else {
        eprintln!("NOT RUN: strace is not installed, or may not trace here");
        return;
    };
    let mut faults = Vec::new();
    for ((calls, kinds), count) in CALLS.iter().zip(counts) {
        println!("{calls}: {count}");
        faults.extend(kinds.iter().flat_map(|kind| (1..=count).map(move |at| (*calls, *kind, at))));
    }
    let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some((calls, kind, at)) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
            let outcome = block_on(suffer_from(calls, kind, *at));
            let outcome = outcome.map_err(|text| format!("{kind} at {calls} {at}: {text}"));
            outcomes.lock().unwrap().push(outcome);
        }
    };
    std::thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(work))));
    let outcomes = outcomes.into_inner().unwrap();
    let held: u64 = outcomes.iter().flatten().sum();
    let wrong: Vec<&String> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    println!("{} runs, {held} entries held", outcomes.len());
    assert!(wrong.is_empty(), "{} of {}: {wrong:#?}", wrong.len(), outcomes.len());
    assert!(held > outcomes.len() as u64 * ENTRIES / 2, "only {held}: more is lost than a fault costs");
}
