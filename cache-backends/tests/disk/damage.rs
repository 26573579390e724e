//! Files that others have changed: only misses, and never a value that was removed or replaced.

use cache_backends::DiskBackend;
use cache_core::port::backend::{CacheBackend, DeleteOptions};

use crate::support::{Dice, files, nth, put, version_of};

const ENTRIES: u64 = 200;

/// Every entry twice, the first version of it in older segments; every fifth is removed.
async fn fill(dir: &std::path::Path) -> DiskBackend {
    let backend = DiskBackend::builder(dir).max_bytes(1 << 20).open().unwrap();
    for version in 1..=2 {
        for n in 0..ENTRIES {
            put(&backend, n, version, if n % 50 == 7 { 20_000 } else { 400 }).await;
        }
    }
    for n in (0..ENTRIES).step_by(5) {
        assert!(backend.delete(&nth(n), DeleteOptions::default()).await.unwrap());
    }
    backend
}

/// Opens what is left; the number of entries that are still there.
async fn survivors(backend: &DiskBackend, what: &str) -> u64 {
    backend.connect().await.unwrap();
    let mut found = 0;
    for n in 0..ENTRIES {
        let version = version_of(backend, n).await;
        assert!(version.is_none() || (version == Some(2) && n % 5 != 0), "{what}: {n} is {version:?}");
        found += u64::from(version.is_some());
    }
    put(backend, 1, 2, 400).await;
    assert_eq!(version_of(backend, 1).await, Some(2), "{what}");
    found
}

#[tokio::test]
async fn truncated_and_flipped_files_are_misses_only() {
    let home = tempfile::tempdir().unwrap();
    let mut dice = Dice::new(4_711);
    for round in 0..48 {
        let dir = home.path().join(round.to_string());
        let backend = fill(&dir).await;
        backend.disconnect().await.unwrap();
        let with_hints = round % 3 != 0;
        if !with_hints {
            files(&dir, ".hint").iter().for_each(|path| std::fs::remove_file(path).unwrap());
        }
        let suffix = if with_hints && round % 4 == 1 { ".hint" } else { ".seg" };
        let victims = files(&dir, suffix);
        let victim = &victims[usize::try_from(dice.below(victims.len() as u64)).unwrap()];
        let mut bytes = std::fs::read(victim).unwrap();
        let at = usize::try_from(dice.below(bytes.len() as u64)).unwrap();
        if round % 2 == 0 {
            bytes.truncate(at);
        } else {
            bytes[at] ^= 1 << dice.below(8);
        }
        std::fs::write(victim, &bytes).unwrap();
        let what = format!("round {round}: {} changed at {at}", victim.display());
        let first = survivors(&backend, &what).await;
        backend.disconnect().await.unwrap();
        assert!(survivors(&backend, &what).await >= first, "{what}, opened again");
        assert!(first > 50, "{what}: only {first} left");
    }
}

#[tokio::test]
async fn one_flipped_bit_costs_one_entry() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("d");
    let backend = DiskBackend::open(&dir).unwrap();
    for n in 0..10 {
        put(&backend, n, 1, 400).await;
    }
    backend.disconnect().await.unwrap();
    let segment = &files(&dir, ".seg")[0];
    let mut bytes = std::fs::read(segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    std::fs::write(segment, &bytes).unwrap();
    backend.connect().await.unwrap();
    let mut missing = 0;
    for n in 0..10 {
        missing += u64::from(version_of(&backend, n).await.is_none());
    }
    assert_eq!((missing, backend.usage().unwrap().damaged, backend.usage().unwrap().entries), (1, 1, 9));
}

#[tokio::test]
async fn foreign_files_under_our_names_are_removed_and_others_are_left_alone() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("d");
    let backend = fill(&dir).await;
    backend.disconnect().await.unwrap();
    let mut dice = Dice::new(9);
    let noise: Vec<u8> = (0..50_000).map(|_| u8::try_from(dice.below(256)).unwrap()).collect();
    std::fs::write(dir.join("000000aa.seg"), &noise).unwrap();
    std::fs::write(dir.join("000000ab.seg"), b"").unwrap();
    std::fs::write(dir.join("000000ac.hint"), &noise).unwrap();
    std::fs::write(dir.join("unfinished.tmp"), &noise).unwrap();
    std::fs::write(dir.join("readme.seg"), &noise).unwrap();
    std::fs::create_dir(dir.join("000000ad.seg")).unwrap();
    // A segment under another number is not that segment.
    let oldest = files(&dir, "01.seg").first().cloned().unwrap_or_else(|| files(&dir, ".seg")[0].clone());
    std::fs::copy(oldest, dir.join("000000a0.seg")).unwrap();
    let hints: Vec<_> = files(&dir, ".hint");
    for hint in hints {
        std::fs::write(hint, &noise).unwrap();
    }
    assert_eq!(survivors(&backend, "noise").await, ENTRIES - ENTRIES / 5);
    backend.settle().await;
    for gone in ["000000aa.seg", "000000ab.seg", "000000ac.hint", "unfinished.tmp", "000000a0.seg"] {
        assert!(!dir.join(gone).exists(), "{gone}");
    }
    assert_eq!(std::fs::read(dir.join("readme.seg")).unwrap(), noise);
}
