//! `kill -9` of a real process at any moment.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cache_backends::DiskBackend;

use crate::child::{Child, KEYS, MAX_BYTES, Role};
use crate::support::{Dice, version_of};

const ROUNDS: u64 = 24;

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
    std::thread::sleep(Duration::from_micros(20_000 + Dice::new(seed * 77 + 5).below(150_000)));
    child.kill();
    reader.join().unwrap();
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    let count = seen.len();
    acknowledged.extend(seen);
    count
}

#[tokio::test]
async fn a_killed_process_leaves_old_or_new_values_never_wrong_ones() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("d");
    let (mut acknowledged, mut changes, mut held) = (Acknowledged::new(), 0, 0);
    for round in 1..=ROUNDS {
        changes += one_life(&dir, round, &mut acknowledged);
        // Opened twice: what the first opening repairs must be what the second finds.
        for opening in 0..2 {
            let backend = DiskBackend::builder(&dir).max_bytes(MAX_BYTES).open().unwrap();
            for n in 0..KEYS {
                let Some((version, was_set)) = acknowledged.get(&n) else { continue };
                match version_of(&backend, n).await {
                    // The last change may have been made and not printed: newer is fine, older never is.
                    Some(found) if found > *version => {}
                    Some(found) => {
                        assert!(found == *version && *was_set, "round {round}.{opening}, {n}: {found}")
                    }
                    // A newer change that was not printed may be a removal; only a lost entry is a fault.
                    None => {}
                }
                held += u64::from(version_of(&backend, n).await.is_some());
            }
            backend.settle().await;
            assert_eq!(backend.usage().unwrap().damaged, 0, "round {round}");
        }
    }
    assert!(changes > 5_000, "only {changes} changes were acknowledged: nothing was shown");
    assert!(held > ROUNDS * KEYS, "only {held} entries were found again: they are lost");
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
