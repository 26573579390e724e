//! This test binary, started again as another process.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use cache_backends::DiskBackend;
use cache_core::port::backend::{CacheBackend, DeleteOptions};

use crate::support::{Dice, for_ever, frame, nth};

const ROLE: &str = "LARDER_TEST_DISK_ROLE";
const DIR: &str = "LARDER_TEST_DISK_DIR";
const SEED: &str = "LARDER_TEST_DISK_SEED";

/// The bound of a writing child: small enough for segments to be sealed, reclaimed and evicted all the time.
pub(crate) const MAX_BYTES: u64 = 2 << 20;
/// The keys it writes.
pub(crate) const KEYS: u64 = 400;

/// What a child does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Role {
    /// Opens the directory and prints what came of it.
    Open,
    /// Writes and removes until it is killed; prints each change when it has been acknowledged.
    Write,
    /// Claims, prints its number, and does nothing more.
    Claim,
    /// Writes where no file can be made, without the rights of root.
    Powerless,
    /// Writes where a file may not grow beyond a limit of the system.
    Limited,
    /// Does a bit of everything while system calls fail under it.
    Suffer,
    /// Opens, changes and closes, again and again.
    Cycle,
}

/// A child process. Killed when dropped.
pub(crate) struct Child(std::process::Child);

impl Child {
    pub(crate) fn start(role: Role, dir: &Path) -> Self {
        Self::spawn(Command::new(std::env::current_exe().unwrap()), role, dir, 0)
    }

    pub(crate) fn start_seeded(role: Role, dir: &Path, seed: u64) -> Self {
        Self::spawn(Command::new(std::env::current_exe().unwrap()), role, dir, seed)
    }

    /// Behind a shell that limits the length of files (in units of 512 bytes) and ignores the signal for it.
    pub(crate) fn start_limited(dir: &Path, blocks: u32) -> Self {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\""));
        shell.arg(std::env::current_exe().unwrap());
        Self::spawn(shell, Role::Limited, dir, 0)
    }

    /// As another user where this one is root: nothing keeps root from writing.
    pub(crate) fn start_powerless(dir: &Path) -> Self {
        let program = std::env::current_exe().unwrap();
        if !is_root() {
            return Self::spawn(Command::new(program), Role::Powerless, dir, 0);
        }
        let copy = dir.with_file_name("program");
        std::fs::copy(program, &copy).unwrap();
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(copy);
        Self::spawn(command, Role::Powerless, dir, 0)
    }

    /// Behind a program that is given these arguments, then this binary.
    pub(crate) fn start_behind(program: &str, args: &[String], role: Role, dir: &Path) -> Self {
        let mut command = Command::new(program);
        command.args(args).arg(std::env::current_exe().unwrap());
        Self::spawn(command, role, dir, 0)
    }

    fn spawn(mut command: Command, role: Role, dir: &Path, seed: u64) -> Self {
        command.args(["--exact", "child::play_the_role", "--nocapture", "--test-threads=1"]);
        command.env(ROLE, format!("{role:?}")).env(DIR, dir).env(SEED, seed.to_string());
        Self(command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap())
    }

    /// All it prints until it ends.
    pub(crate) fn output(mut self) -> String {
        std::io::read_to_string(self.0.stdout.take().unwrap()).unwrap()
    }

    /// Its lines, as they come.
    pub(crate) fn lines(&mut self) -> impl Iterator<Item = String> + Send + use<> {
        BufReader::new(self.0.stdout.take().unwrap()).lines().map_while(Result::ok)
    }

    /// Waits until it ends, or ends it: whether it ended by itself, and well.
    pub(crate) fn ended_well_within(&mut self, limit: Duration) -> Result<bool, &'static str> {
        let began = Instant::now();
        while began.elapsed() < limit {
            if let Some(status) = self.0.try_wait().unwrap() {
                return Ok(status.success());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        self.kill();
        Err("it hangs")
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", self.0.id())).status();
        assert!(status.unwrap().success());
    }

    /// Stops it, and waits until no thread of it runs.
    pub(crate) fn stop(&self) {
        self.signal("STOP");
        let tasks = PathBuf::from(format!("/proc/{}/task", self.0.id()));
        let all_stopped =
            || std::fs::read_dir(&tasks).unwrap().all(|task| state_of(&task.unwrap().path()) == Some('T'));
        until("the child stops", all_stopped);
    }

    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// What a thread is doing, as Linux says it: `R` runs or wants to, `S` waits, `T` is stopped.
pub(crate) fn state_of(task: &Path) -> Option<char> {
    let stat = std::fs::read_to_string(task.join("stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

/// Waits for a state, which may take a crowded machine long.
pub(crate) fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(20), "waited too long until {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Does nothing in an ordinary run: only a child has a role.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn play_the_role() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let dir = PathBuf::from(std::env::var_os(DIR).unwrap());
    match role.as_str() {
        "Open" => println!("{:?}", DiskBackend::open(&dir).err()),
        "Write" => write(&dir, std::env::var(SEED).unwrap().parse().unwrap()).await,
        "Claim" => crate::claims::claim_and_wait(&dir).await,
        "Suffer" => crate::syscalls::suffer(&dir).await,
        "Cycle" => crate::power::cycle(&dir, std::env::var(SEED).unwrap().parse().unwrap()).await,
        "Powerless" => crate::fault::write_where_no_file_can_be_made(&dir).await,
        _ => crate::fault::write_beyond_the_limit(&dir).await,
    }
}

/// Three tasks change keys of their own: `+key version` and `-key version` are printed once acknowledged.
async fn write(dir: &Path, seed: u64) {
    let backend = DiskBackend::builder(dir).max_bytes(MAX_BYTES).open().unwrap();
    println!("ready");
    let tasks: Vec<_> = (0..3_u64)
        .map(|task| {
            let backend = backend.clone();
            tokio::spawn(async move {
                let mut dice = Dice::new(seed * 31 + task * 7 + 1);
                for version in seed * 1_000_000.. {
                    let n = dice.below(KEYS / 3) * 3 + task;
                    let sign = change(&backend, n, version, &mut dice).await;
                    // One write per line: lines of the tasks never mix, a killed one is at most cut.
                    let line = format!("{sign}{n} {version}\n");
                    std::io::stdout().write_all(line.as_bytes()).unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

async fn change(backend: &DiskBackend, n: u64, version: u64, dice: &mut Dice) -> char {
    match dice.below(10) {
        0 => {
            backend.delete(&nth(n), DeleteOptions::default()).await.unwrap();
            '-'
        }
        1 => {
            let taken: Option<Bytes> = backend.get_and_delete(&nth(n)).await.unwrap();
            drop(taken);
            '-'
        }
        2 => {
            backend.set(&nth(n), frame(n, version, 20_000), for_ever()).await.unwrap();
            '+'
        }
        _ => {
            backend.set(&nth(n), frame(n, version, 700), for_ever()).await.unwrap();
            '+'
        }
    }
}

fn is_root() -> bool {
    std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap()) == 0
}
