//! The machine loses power at any moment: what was closed cleanly is there, all else is there or not, nothing is wrong.
//!
//! The cache lies on an ext4 file system in a file. A copy of that file, made while a child writes, is what a disk holds
//! when the power goes: what was never synced is not in it. Where file systems may not be mounted, files are cut at random
//! lengths instead, unless they were closed cleanly; the test says which of the two it did.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cache_backends::DiskBackend;
use cache_core::port::backend::{CacheBackend, DeleteOptions};

use crate::child::{Child, Role, state_of, until};
use crate::support::{Dice, files, nth, put, version_of};

const ROUNDS: u64 = 40;
const KEYS: u64 = 40;
/// The file system and its file.
const IMAGE: &str = "16M";

fn open(dir: &Path) -> DiskBackend {
    DiskBackend::builder(dir).max_bytes(4 << 20).segment_bytes(128 << 10).open().unwrap()
}

fn say(line: &str) {
    std::io::stdout().write_all(format!("said {line}\n").as_bytes()).unwrap();
}

/// The child's part: opens, changes some entries and closes, again and again. It says what it begins and what it has done.
pub(crate) async fn cycle(dir: &Path, seed: u64) {
    let mut dice = Dice::new(seed * 99 + 7);
    let mut version = 0;
    loop {
        say("opening");
        let backend = open(dir);
        say("open");
        for _ in 0..dice.below(30) {
            let n = dice.below(KEYS);
            version += 1;
            if dice.below(3) == 0 {
                say(&format!("removing {n}"));
                backend.delete(&nth(n), DeleteOptions::default()).await.unwrap();
                say(&format!("removed {n}"));
            } else {
                say(&format!("setting {n} {version}"));
                put(&backend, n, version, if dice.below(5) == 0 { 18_000 } else { 900 }).await;
                say(&format!("set {n} {version}"));
            }
        }
        say("closing");
        backend.disconnect().await.unwrap();
        say("closed");
        tokio::time::sleep(Duration::from_millis(dice.below(20))).await;
    }
}

/// What is known of the child's cache from what it said.
#[derive(Debug, Default)]
struct Story {
    /// What the running process would answer; two versions while one takes the other's place.
    now: BTreeMap<u64, Vec<u64>>,
    /// What was there when it was closed last.
    closed: Option<BTreeMap<u64, u64>>,
    /// Since then nothing was begun.
    is_closed: bool,
    /// Since then nothing was changed.
    is_unchanged: bool,
    closes: usize,
}

impl Story {
    fn hear(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |at: usize| words.get(at).and_then(|word| word.parse::<u64>().ok());
        let (what, n) = (words.first().copied().unwrap_or_default(), number(1).unwrap_or_default());
        match (what, number(2)) {
            ("opening", _) => self.is_closed = false,
            ("closing", _) => {
                let only = |(n, versions): (&u64, &Vec<u64>)| (*n, versions[0]);
                self.closed = Some(self.now.iter().map(only).collect());
                self.is_unchanged = true;
            }
            ("closed", _) => (self.is_closed, self.closes) = (true, self.closes + 1),
            ("setting", Some(version)) => {
                self.is_unchanged = false;
                self.now.entry(n).or_default().push(version);
            }
            ("set", Some(version)) => drop(self.now.insert(n, vec![version])),
            ("removing", _) => self.is_unchanged = false,
            ("removed", _) => drop(self.now.remove(&n)),
            _ => {}
        }
    }

    /// What is wrong with what was found, if anything.
    fn judge(&self, found: &BTreeMap<u64, u64>) -> Result<(), String> {
        let as_closed = self.closed.as_ref() == Some(found);
        if self.is_closed && !as_closed {
            return Err(format!("{found:?} after a clean end with {:?}", self.closed));
        }
        if self.is_unchanged && as_closed {
            return Ok(());
        }
        let is_known = |(n, version): (&u64, &u64)| self.now.get(n).is_some_and(|now| now.contains(version));
        let all_known = found.iter().all(is_known);
        if all_known { Ok(()) } else { Err(format!("{found:?} after {:?}", self.now)) }
    }
}

/// Something mounted. Unmounted when dropped.
struct Mount(PathBuf);

impl Mount {
    /// Mounts the file system in a file.
    fn of(image: &Path, at: PathBuf) -> Option<Self> {
        std::fs::create_dir_all(&at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "ext4", "-o", "loop"]).arg(image).arg(&at);
        mount.output().is_ok_and(|output| output.status.success()).then_some(Self(at))
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

/// Where the child writes, and how the power is cut.
struct Machine {
    home: tempfile::TempDir,
    disk: Option<Mount>,
}

impl Machine {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let image = home.path().join("disk");
        let is_made =
            Command::new("truncate").args(["-s", IMAGE]).arg(&image).status().is_ok_and(|s| s.success())
                && Command::new("mkfs.ext4").arg("-q").arg(&image).output().is_ok_and(|o| o.status.success());
        let disk = if is_made { Mount::of(&image, home.path().join("m")) } else { None };
        match disk {
            Some(_) => println!("running on an ext4 in a file"),
            None => eprintln!(
                "NOT RUN on a file system in a file, which may not be mounted here: files are cut instead"
            ),
        }
        std::fs::create_dir_all(home.path().join("m")).unwrap();
        Self { home, disk }
    }

    fn dir(&self) -> PathBuf {
        self.home.path().join("m").join("d")
    }

    /// What is left of the directory when the power goes now; nothing where the copy is no file system.
    fn after_power_loss(&self, dice: &mut Dice) -> Option<(Option<Mount>, PathBuf)> {
        let at = self.home.path().join("after");
        let (mount, dir) = if self.disk.is_some() {
            let copy = self.home.path().join("copy");
            std::fs::copy(self.home.path().join("disk"), &copy).unwrap();
            let mount = Mount::of(&copy, at.clone())?;
            (Some(mount), at.join("d"))
        } else {
            cut(&self.dir(), &at, dice);
            (None, at)
        };
        boot(&dir);
        Some((mount, dir))
    }
}

/// A copy whose files end anywhere, unless it was closed: then all of it was synced.
fn cut(dir: &Path, at: &Path, dice: &mut Dice) {
    let _ = std::fs::remove_dir_all(at);
    std::os::unix::fs::DirBuilderExt::mode(&mut std::fs::DirBuilder::new(), 0o700).create(at).unwrap();
    let lock = std::fs::read_to_string(dir.join("larder.lock")).unwrap_or_default();
    for path in files(dir, "") {
        let mut bytes = std::fs::read(&path).unwrap();
        if !lock.contains("clean yes") && !path.ends_with("larder.lock") {
            bytes.truncate(usize::try_from(dice.below(bytes.len() as u64 + 1)).unwrap());
        }
        std::fs::write(at.join(path.file_name().unwrap()), bytes).unwrap();
    }
}

/// The machine starts again: whoever wrote the lock file did so in another life of it.
fn boot(dir: &Path) {
    let lock = dir.join("larder.lock");
    let Ok(text) = std::fs::read_to_string(&lock) else { return };
    let this = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let other = this.trim().replace(|c: char| c.is_ascii_hexdigit(), "0");
    if !this.trim().is_empty() {
        std::fs::write(&lock, text.replace(this.trim(), &other)).unwrap();
    }
}

async fn found_in(dir: &Path) -> BTreeMap<u64, u64> {
    let backend = open(dir);
    let mut found = BTreeMap::new();
    for n in 0..KEYS {
        found.extend(version_of(&backend, n).await.map(|version| (n, version)));
    }
    // And it goes on from there.
    put(&backend, 1_000, 1, 900).await;
    assert_eq!(version_of(&backend, 1_000).await, Some(1));
    found
}

#[tokio::test]
async fn power_that_goes_costs_what_was_not_closed_and_nothing_returns() {
    let machine = Machine::new();
    let mut dice = Dice::new(u64::from(std::process::id()));
    let mut child = Child::start_seeded(Role::Cycle, &machine.dir(), 1);
    let said = Arc::new(Mutex::new(Vec::new()));
    let (tell, told) = std::sync::mpsc::channel();
    let reader = std::thread::spawn({
        let (said, lines) = (Arc::clone(&said), child.lines());
        move || {
            let itself = std::fs::read_link("/proc/thread-self").unwrap();
            tell.send(Path::new("/proc").join(itself)).unwrap();
            lines.for_each(|line| {
                said.lock().unwrap().extend(line.split_once("said ").map(|(_, said)| said.to_owned()))
            })
        }
    });
    let reading = told.recv().unwrap();
    let (mut story, mut heard, mut held, mut unusable, mut wrong) = (Story::default(), 0, 0, 0, Vec::new());
    for round in 0..ROUNDS {
        std::thread::sleep(Duration::from_micros(1_000 + dice.below(60_000)));
        child.stop();
        // A reader that waits, while nobody writes, has read everything.
        until("all it said is read", || state_of(&reading) == Some('S'));
        let lines = said.lock().unwrap().clone();
        lines[heard..].iter().for_each(|line| story.hear(line));
        heard = lines.len();
        match machine.after_power_loss(&mut dice) {
            None => unusable += 1,
            Some((_mount, dir)) => {
                let found = if dir.exists() { found_in(&dir).await } else { BTreeMap::new() };
                held += usize::from(!found.is_empty());
                wrong.extend(story.judge(&found).err().map(|error| format!("round {round}: {error}")));
            }
        }
        child.signal("CONT");
    }
    child.kill();
    reader.join().unwrap();
    println!(
        "{ROUNDS} power losses, {} clean ends, {held} with entries, {unusable} unusable copies",
        story.closes
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(unusable * 4 < ROUNDS, "{unusable} copies are no file systems");
    assert!(story.closes > 10 && held > 0, "{} clean ends, {held} times there was something", story.closes);
}
