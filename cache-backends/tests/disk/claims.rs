//! Claims outlive their process, and not their life.

use std::path::Path;
use std::time::Duration;

use cache_backends::DiskBackend;
use cache_core::error::ErrorKind;
use cache_core::key::{CacheKey, Namespace};
use cache_core::port::backend::{CacheBackend, ClaimId, ClaimOptions, ClaimOutcome};

use crate::child::{Child, Role};
use crate::support::{Hands, put};

fn report() -> CacheKey {
    CacheKey::of_claim(&Namespace::default(), "report:7").unwrap()
}

fn slots() -> CacheKey {
    CacheKey::of_slots(&Namespace::default(), "user:7").unwrap()
}

fn id(member: &str, token: u128) -> ClaimId {
    ClaimId::new(member, token)
}

fn fence(outcome: ClaimOutcome) -> u64 {
    let ClaimOutcome::Held { fence } = outcome else { panic!("{outcome:?}") };
    fence
}

#[tokio::test]
async fn a_claim_survives_a_restart_and_ends_with_its_life() {
    let (home, hands) = (tempfile::tempdir().unwrap(), Hands::new());
    let open = || DiskBackend::builder(home.path().join("d")).clock(hands.clock()).open().unwrap();
    let terms = || ClaimOptions::new(Duration::from_secs(10)).at_most(2).carrying("for 7");
    let backend = open();
    let first = fence(backend.claim(&slots(), id("a", 1), terms()).await.unwrap());
    fence(backend.claim(&slots(), id("b", 2), terms()).await.unwrap());
    let before = backend.claims(&slots()).await.unwrap();
    backend.disconnect().await.unwrap();

    let backend = open();
    assert_eq!(backend.claims(&slots()).await.unwrap(), before);
    assert_eq!(backend.claim(&slots(), id("c", 3), terms()).await.unwrap(), ClaimOutcome::Full);
    assert!(backend.release_claim(&slots(), id("a", 1)).await.unwrap(), "the token still counts");
    hands.advance(9_000);
    assert!(backend.renew_claim(&slots(), id("b", 2), Duration::from_secs(5)).await.unwrap());
    drop(backend);

    hands.advance(4_999);
    let backend = open();
    let live = backend.claims(&slots()).await.unwrap();
    assert_eq!((live.len(), &*live[0].member, live[0].left), (1, "b", Duration::from_millis(1)));
    hands.advance(1);
    assert!(backend.claims(&slots()).await.unwrap().is_empty());
    let last =
        fence(backend.claim(&slots(), id("b", 4), ClaimOptions::new(Duration::from_secs(1))).await.unwrap());
    assert!(last > first + 1, "{last} after {first}");
}

#[tokio::test]
async fn a_flood_of_entries_drives_out_no_claim() {
    let home = tempfile::tempdir().unwrap();
    let backend = DiskBackend::builder(home.path().join("d")).max_bytes(1 << 20).open().unwrap();
    let terms = ClaimOptions::new(Duration::from_secs(300));
    fence(backend.claim(&report(), id("report:7", 1), terms.clone()).await.unwrap());
    for n in 0..5_000 {
        put(&backend, n, 1, 1_000).await;
    }
    assert!(backend.usage().unwrap().evicted > 3_000);
    assert_eq!(backend.claim(&report(), id("report:7", 2), terms).await.unwrap(), ClaimOutcome::Taken);
    assert!(backend.release_claim(&report(), id("report:7", 1)).await.unwrap());
}

/// A group of more than 8 KiB does not fit this directory.
#[tokio::test]
async fn a_claim_that_cannot_be_written_is_not_held() {
    let home = tempfile::tempdir().unwrap();
    let backend = DiskBackend::builder(home.path().join("d")).max_bytes(64 << 10).open().unwrap();
    let terms = ClaimOptions::new(Duration::from_secs(300)).at_most(9).carrying(vec![7; 4_000]);
    fence(backend.claim(&slots(), id("a", 1), terms.clone()).await.unwrap());
    fence(backend.claim(&slots(), id("b", 2), terms.clone()).await.unwrap());
    let refused = backend.claim(&slots(), id("c", 3), terms.clone()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::TooLarge);
    let live = backend.claims(&slots()).await.unwrap();
    assert_eq!(live.iter().map(|claim| &*claim.member).collect::<Vec<_>>(), ["a", "b"]);
    assert!(backend.release_claim(&slots(), id("a", 1)).await.unwrap());
    fence(backend.claim(&slots(), id("c", 4), terms).await.unwrap());
}

/// The child's part of the test below.
pub(crate) async fn claim_and_wait(dir: &Path) {
    let backend = DiskBackend::open(dir).unwrap();
    let terms = ClaimOptions::new(Duration::from_millis(1_500)).carrying("the child's");
    println!("held {}", fence(backend.claim(&report(), id("report:7", 1), terms).await.unwrap()));
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn the_claim_of_a_killed_process_heals_by_itself() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("d");
    let mut child = Child::start(Role::Claim, &dir);
    let held =
        child.lines().find_map(|line| Some(line.split_once("held ")?.1.parse::<u64>().unwrap())).unwrap();
    child.kill();
    let backend = DiskBackend::open(&dir).unwrap();
    let terms = ClaimOptions::new(Duration::from_secs(300));
    let early = backend.claim(&report(), id("report:7", 2), terms.clone()).await.unwrap();
    assert_eq!(early, ClaimOutcome::Taken, "the child is dead, but its claim is not");
    assert_eq!(backend.claims(&report()).await.unwrap()[0].payload, "the child's");
    while !backend.claims(&report()).await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(fence(backend.claim(&report(), id("report:7", 3), terms).await.unwrap()) > held);
}
