//! `kill -9` of a real process at any moment, and what it would leave at chosen ones.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cache_backends::DiskBackend;

use cache_core::port::backend::{CacheBackend, DeleteOptions};

use crate::child::{Child, KEYS, MAX_BYTES, Role};
use crate::support::{Dice, Hands, files, frame, millis, nth, put, version_of};

const ROUNDS: u64 = 200;
/// A run is repeated with the seed that it printed.
const SEED: &str = "LARDER_TEST_SEED";

/// What was acknowledged last for a key: a version, and whether it was set or removed.
type Acknowledged = HashMap<u64, (u64, bool)>;

fn parse(line: &str) -> Option<(u64, (u64, bool))> {
    let (sign, rest) = line.split_at_checked(1)?;
    let (key, version) = rest.split_once(' ')?;
    Some((key.parse().ok()?, (version.parse().ok()?, sign == "+")))
}

/// One life of a writing child: it is killed after a random while; what it had acknowledged.
fn one_life(dir: &std::path::Path, seed: u64, acknowledged: &mut Acknowledged) -> usize {
    let mut child = Child::start_seeded(Role::Write, dir, seed);
    let mut lines = child.lines();
    // The harness of the child prints before it does.
    assert!(lines.any(|line| line.ends_with("ready")), "the child could not open the directory");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let reader = std::thread::spawn({
        let seen = Arc::clone(&seen);
        move || lines.for_each(|line| seen.lock().unwrap().extend(parse(&line)))
    });
    std::thread::sleep(Duration::from_micros(1_000 + Dice::new(seed * 77 + 5).below(30_000)));
    child.kill();
    reader.join().unwrap();
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    let count = seen.len();
    acknowledged.extend(seen);
    count
}

/// Another one in every run, unless it is said.
fn seed() -> u64 {
    let said = std::env::var(SEED).ok().and_then(|seed| seed.parse().ok());
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let seed = said.unwrap_or(u64::from(since.subsec_nanos()) / 1_000);
    println!("to repeat the run: {SEED}={seed}");
    seed
}

#[tokio::test]
async fn a_killed_process_leaves_old_or_new_values_never_wrong_ones() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("d");
    let (seed, mut acknowledged, mut changes, mut held) = (seed(), Acknowledged::new(), 0, 0);
    for round in 1..=ROUNDS {
        changes += one_life(&dir, seed + round, &mut acknowledged);
        // Now and then opened twice: what the first opening repairs must be what the second finds.
        for opening in 0..if round % 10 == 0 { 2 } else { 1 } {
            let what = format!("seed {seed}, round {round}.{opening}");
            held += check(&dir, &acknowledged, &what).await;
        }
    }
    assert!(changes > 4_000, "only {changes} changes were acknowledged: nothing was shown");
    assert!(held > ROUNDS * KEYS / 10, "only {held} entries were found again: they are lost");
}

/// Every key holds what was acknowledged last, something newer, or nothing; how many hold something.
async fn check(dir: &std::path::Path, acknowledged: &Acknowledged, what: &str) -> u64 {
    let backend = DiskBackend::builder(dir).max_bytes(MAX_BYTES).open().unwrap();
    let mut held = 0;
    for (n, (version, was_set)) in acknowledged {
        match version_of(&backend, *n).await {
            // A newer change that was not printed may be a removal; only a lost entry is a fault.
            None => continue,
            // The last change may have been made and not printed: newer is fine, older never is.
            Some(found) if found > *version => {}
            Some(found) => assert!(found == *version && *was_set, "{what}, {n}: {found} for {version}"),
        }
        held += 1;
    }
    backend.settle().await;
    assert_eq!(backend.usage().unwrap().damaged, 0, "{what}");
    held
}

/// What the children write fits the bound, so nothing that was acknowledged and not removed may be missing.
#[tokio::test]
async fn a_killed_process_loses_nothing_that_was_acknowledged() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("d");
    let mut acknowledged = Acknowledged::new();
    for round in 1..=4 {
        one_life(&dir, 1_000 + round, &mut acknowledged);
        let backend = DiskBackend::builder(&dir).max_bytes(MAX_BYTES).open().unwrap();
        backend.settle().await;
        let evicted = backend.usage().unwrap().evicted;
        let mut missing = 0;
        for (n, (_, was_set)) in &acknowledged {
            missing += u64::from(*was_set && version_of(&backend, *n).await.is_none());
        }
        // At most one change per task of the child was made and not printed.
        assert!(missing <= 3 + evicted, "round {round}: {missing} of {} are missing", acknowledged.len());
    }
}

/// The files as a process leaves them that dies right now.
fn image(dir: &std::path::Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for path in files(dir, "") {
        std::fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    copy
}

#[tokio::test]
async fn what_was_removed_after_the_last_hint_is_not_counted_for_long() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("d");
    let backend = DiskBackend::open(&dir).unwrap();
    for n in 0..100 {
        put(&backend, n, 1, 100).await;
    }
    backend.disconnect().await.unwrap();
    backend.connect().await.unwrap();
    for n in 0..40 {
        assert!(backend.delete(&nth(n), DeleteOptions::default()).await.unwrap());
    }
    put(&backend, 200, 1, 100).await;
    let died = image(&dir);
    let again = DiskBackend::open(died.path()).unwrap();
    for n in 0..20 {
        assert_eq!(version_of(&again, n).await, None);
    }
    again.settle().await;
    let usage = again.usage().unwrap();
    assert_eq!((usage.entries, usage.damaged), (61, 0));
    assert_eq!(version_of(&again, 200).await, Some(1));
}

/// Between writing the new record and killing the old one there is a moment with two.
#[tokio::test]
async fn of_two_live_records_the_later_one_holds_and_the_other_never_returns() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("d");
    let backend = DiskBackend::open(&dir).unwrap();
    put(&backend, 7, 1, 100).await;
    put(&backend, 7, 2, 100).await;
    let died = image(&dir);
    let segment = died.path().join("00000001.seg");
    let mut bytes = std::fs::read(&segment).unwrap();
    assert_eq!(bytes[16], 0x5A, "the first record begins behind a header of 16 bytes, and has been killed");
    bytes[16] = 0xA5;
    std::fs::write(&segment, bytes).unwrap();
    let again = DiskBackend::open(died.path()).unwrap();
    assert_eq!(version_of(&again, 7).await, Some(2));
    assert!(again.delete(&nth(7), DeleteOptions::default()).await.unwrap());
    let died_again = image(died.path());
    let third = DiskBackend::open(died_again.path()).unwrap();
    assert_eq!(version_of(&third, 7).await, None);
}

#[tokio::test]
async fn a_torn_tail_is_cut_and_written_over() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("d");
    let backend = DiskBackend::open(&dir).unwrap();
    for n in 0..10 {
        put(&backend, n, 1, 1_000).await;
    }
    let whole = std::fs::metadata(dir.join("00000001.seg")).unwrap().len();
    for cut in [1, 39, 60, 500, 1_000] {
        let died = image(&dir);
        let segment = std::fs::OpenOptions::new().write(true).open(died.path().join("00000001.seg")).unwrap();
        segment.set_len(whole - cut).unwrap();
        for round in 2..4 {
            let again = DiskBackend::open(died.path()).unwrap();
            for n in 0..9 {
                assert_eq!(version_of(&again, n).await, Some(1), "cut by {cut}");
            }
            assert_eq!(version_of(&again, 9).await, (round == 3).then_some(2), "cut by {cut}");
            put(&again, 9, 2, 1_000).await;
        }
    }
}

#[tokio::test]
async fn what_was_swept_does_not_return_with_a_clock_that_is_set_back() {
    let (home, hands) = (tempfile::tempdir().unwrap(), Hands::new());
    let dir = home.path().join("d");
    let backend = DiskBackend::builder(&dir).clock(hands.clock()).open().unwrap();
    for n in 0..5 {
        backend.set(&nth(n), frame(n, 1, 100), millis(5_000)).await.unwrap();
    }
    hands.advance(5_000);
    assert_eq!(version_of(&backend, 0).await, None);
    backend.settle().await;
    assert_eq!(backend.usage().unwrap().entries, 0);
    hands.turn_back(4_000);
    let died = image(&dir);
    let again = DiskBackend::builder(died.path()).clock(hands.clock()).open().unwrap();
    for n in 0..5 {
        assert_eq!(version_of(&again, n).await, None);
    }
}
