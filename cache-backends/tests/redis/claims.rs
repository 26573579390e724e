//! Claims as the server sees them.

use std::time::Duration;

use cache_core::error::ErrorKind;
use cache_core::key::CacheKey;
use cache_core::port::backend::{CacheBackend, ClaimId, ClaimOptions, ClaimOutcome};

use crate::support::{Kind, backend, on_both_servers, outsider, server, shop};

on_both_servers! {
    a_claim_is_one_hash_that_outlives_it_by_a_minute
    numbers_grow_though_the_server_forgot_them
    a_script_that_the_server_forgot_is_sent_again
    what_is_no_group_is_left_alone
    members_that_ended_make_room_in_a_full_group
}

const LONG: Duration = Duration::from_secs(300);

fn slots(name: &str) -> CacheKey {
    CacheKey::of_slots(&shop(), name).unwrap()
}

fn id(member: &str) -> ClaimId {
    ClaimId::new(member, 7)
}

fn fence(outcome: ClaimOutcome) -> u64 {
    let ClaimOutcome::Held { fence } = outcome else { panic!("{outcome:?}") };
    fence
}

async fn a_claim_is_one_hash_that_outlives_it_by_a_minute(kind: Kind) {
    let server = server(kind);
    let (redis, mut outsider) = (backend(&server), outsider(&server));
    let report = CacheKey::of_claim(&shop(), "report:7").unwrap();
    redis.claim(&report, id("report:7"), ClaimOptions::new(LONG)).await.unwrap();
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query(&mut outsider).unwrap();
    assert_eq!(keys, ["shop:c:k:report:7"]);
    let mut left = || redis::cmd("PTTL").arg(&keys).query::<i64>(&mut outsider).unwrap();
    assert!((330_000..=360_000).contains(&left()));
    assert!(redis.renew_claim(&report, id("report:7"), 2 * LONG).await.unwrap());
    assert!((630_000..=660_000).contains(&left()));
    assert!(redis.release_claim(&report, id("report:7")).await.unwrap());
    assert!((30_000..=60_000).contains(&left()));
}

async fn numbers_grow_though_the_server_forgot_them(kind: Kind) {
    let server = server(kind);
    let redis = backend(&server);
    let terms = ClaimOptions::new(LONG);
    let before = fence(redis.claim(&slots("user:7"), id("a"), terms.clone()).await.unwrap());
    let _: () = redis::cmd("FLUSHALL").query(&mut outsider(&server)).unwrap();
    assert!(!redis.renew_claim(&slots("user:7"), id("a"), LONG).await.unwrap(), "the claim is lost");
    let after = fence(redis.claim(&slots("user:7"), id("b"), terms).await.unwrap());
    assert!(after > before, "{after} after {before}");
}

async fn a_script_that_the_server_forgot_is_sent_again(kind: Kind) {
    let server = server(kind);
    let redis = backend(&server);
    for member in ["a", "b"] {
        let _: () = redis::cmd("SCRIPT").arg("FLUSH").query(&mut outsider(&server)).unwrap();
        let terms = ClaimOptions::new(LONG).at_most(2);
        fence(redis.claim(&slots("user:7"), id(member), terms).await.unwrap());
    }
    assert_eq!(redis.claims(&slots("user:7")).await.unwrap().len(), 2);
}

async fn what_is_no_group_is_left_alone(kind: Kind) {
    let server = server(kind);
    let (redis, mut outsider) = (backend(&server), outsider(&server));
    let text = slots("user:7").as_str().to_owned();
    let _: () = redis::cmd("SET").arg(&text).arg("theirs").query(&mut outsider).unwrap();
    let refused = [
        redis.claim(&slots("user:7"), id("a"), ClaimOptions::new(LONG)).await.map(drop),
        redis.renew_claim(&slots("user:7"), id("a"), LONG).await.map(drop),
        redis.release_claim(&slots("user:7"), id("a")).await.map(drop),
        redis.claims(&slots("user:7")).await.map(drop),
    ];
    for answer in refused {
        let error = answer.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
        assert!(!error.to_string().contains("user:7"), "{error}");
    }
    assert_eq!(redis::cmd("GET").arg(&text).query::<String>(&mut outsider).unwrap(), "theirs");
}

async fn members_that_ended_make_room_in_a_full_group(kind: Kind) {
    let server = server(kind);
    let redis = backend(&server);
    let short = ClaimOptions::new(Duration::from_millis(1)).at_most(3);
    for member in ["a", "b", "c"] {
        fence(redis.claim(&slots("user:7"), id(member), short.clone()).await.unwrap());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let fields =
        || redis::cmd("HLEN").arg(slots("user:7").as_str()).query::<u64>(&mut outsider(&server)).unwrap();
    assert_eq!(fields(), 4, "ended members wait for somebody who needs their room");
    fence(redis.claim(&slots("user:7"), id("d"), ClaimOptions::new(LONG).at_most(3)).await.unwrap());
    assert_eq!((fields(), redis.claims(&slots("user:7")).await.unwrap().len()), (2, 1));
}
