//! A cluster: every key is found, wherever it lies, moves to or fails over to.

use std::sync::Arc;
use std::time::Duration;

use cache_backends::redis::RedisBackend;
use cache_core::error::ErrorKind;
use cache_core::key::{CacheKey, KeyPattern};
use cache_core::port::backend::{CacheBackend, DeleteOptions, Expiry, Remaining, SetCondition, SetOptions};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::servers::Kind;
use crate::servers::cluster::{ClusterServers, cluster_command};
use crate::support::{backend, frame, key, on_both_servers, patient, patient_builder, shop, timed, until};

on_both_servers! {
    every_key_is_found_from_any_server
    a_slot_that_moves_is_followed
    a_slot_that_moves_takes_fills_of_loads_that_began_meanwhile
    a_master_that_dies_is_replaced
}

const SLACK: Duration = Duration::from_millis(300);

fn keys(count: usize) -> Vec<CacheKey> {
    (0..count).map(|i| key(&format!("k:{i}"))).collect()
}

async fn every_key_is_found_from_any_server(kind: Kind) {
    let user = ["--user", "app", "on", ">c4n4ry", "~shop:*", "+@all"];
    let cluster = ClusterServers::start_with(kind, 0, &user);
    let backend = Arc::new(patient(&cluster.url_of(2).replace("//", "//app:c4n4ry@")));
    let keys = keys(600);
    let entries = keys.iter().map(|key| (key.clone(), frame(key.as_str()), SetOptions::default()));
    assert_eq!(backend.set_many(entries.collect()).await.unwrap(), vec![true; 600]);
    let sizes: Vec<usize> =
        (0..3).map(|server| redis::cmd("DBSIZE").query(&mut cluster.outsider(server)).unwrap()).collect();
    assert!(sizes.iter().all(|size| *size > 100) && sizes.iter().sum::<usize>() == 600, "{sizes:?}");
    let found = backend.get_many(&keys).await.unwrap();
    assert!(keys.iter().zip(found).all(|(key, found)| found == Some(frame(key.as_str()))));
    let mut readers = JoinSet::new();
    for key in keys.clone() {
        let backend = Arc::clone(&backend);
        readers.spawn(async move { backend.get(&key).await.unwrap() == Some(frame(key.as_str())) });
    }
    assert!(readers.join_all().await.into_iter().all(|right| right));
    assert_eq!(backend.increment(&key("n"), 7, Expiry::Never).await.unwrap(), 7);
    assert!(backend.delete(&keys[0], DeleteOptions::if_unchanged(frame(keys[0].as_str()))).await.unwrap());
    assert_eq!(backend.delete_many(&keys[..101]).await.unwrap(), 100);
    let pattern = KeyPattern::parse("k:*").unwrap().within(&shop());
    assert_eq!(backend.delete_pattern(&pattern).await.unwrap(), 499);
    assert_eq!(backend.clear(&shop()).await.unwrap(), 1);
    a_foreign_type_is_a_refusal_alone_and_absent_among_others(&cluster, &backend).await;
    a_standalone_backend_says_what_it_met(&cluster).await;
}

async fn a_foreign_type_is_a_refusal_alone_and_absent_among_others(
    cluster: &ClusterServers,
    backend: &RedisBackend,
) {
    let list = key("list");
    let holder = cluster.first_holder(slot(cluster, &list));
    redis::cmd("RPUSH").arg(list.as_str()).arg("x").exec(&mut cluster.outsider(holder)).unwrap();
    assert_eq!(backend.get(&list).await.unwrap_err().kind(), ErrorKind::Refused);
    assert_eq!(backend.get_many(&[list, key("absent")]).await.unwrap(), [None, None]);
}

async fn a_standalone_backend_says_what_it_met(cluster: &ClusterServers) {
    let standalone = backend(&cluster.servers[0]);
    let mut errors = Vec::new();
    for key in keys(20) {
        errors.extend(standalone.get(&key).await.err());
    }
    assert!(!errors.is_empty(), "a third of the keys at most lie on one server");
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Refused);
        let text = "is a node of a cluster; write redis+cluster://, with the feature redis-cluster";
        assert!(error.to_string().ends_with(text), "{error}");
    }
}

fn slot(cluster: &ClusterServers, key: &CacheKey) -> usize {
    cluster_command(&["KEYSLOT", key.as_str()]).query(&mut cluster.outsider(0)).unwrap()
}

/// While a slot is on its way its keys are on either server (`ASK`), afterwards on the new one (`MOVED`).
async fn a_slot_that_moves_is_followed(kind: Kind) {
    let cluster = ClusterServers::start(kind);
    let backend = patient(&cluster.url());
    let (slot, [here, there, counter]) = three_of_one_slot(&cluster);
    backend.set(&here, frame("1"), SetOptions::default()).await.unwrap();
    let from = cluster.first_holder(slot);
    let to = (from + 1) % 3;
    let (number, ids) = (slot.to_string(), [cluster.id(from), cluster.id(to)]);
    let command =
        |words: [&str; 4], server| cluster_command(&words).exec(&mut cluster.outsider(server)).unwrap();
    command(["SETSLOT", &number, "IMPORTING", &ids[0]], to);
    command(["SETSLOT", &number, "MIGRATING", &ids[1]], from);
    backend.set(&there, frame("2"), SetOptions::default()).await.unwrap();
    backend.set(&here, frame("1"), SetOptions::default()).await.unwrap();
    let many = vec![
        (here.clone(), frame("1"), SetOptions::default()),
        (there.clone(), frame("2"), SetOptions::default()),
    ];
    assert_eq!(backend.set_many(many).await.unwrap(), [true, true]);
    assert_eq!(backend.get(&here).await.unwrap(), Some(frame("1")));
    assert_eq!(backend.get(&there).await.unwrap(), Some(frame("2")));
    assert_eq!(backend.increment(&counter, 1, Expiry::Never).await.unwrap(), 1);
    let both = [here.clone(), there.clone()];
    assert_eq!(backend.get_many(&both).await.unwrap(), [Some(frame("1")), Some(frame("2"))]);
    let port = cluster.servers[to].port().to_string();
    let migrate = ["127.0.0.1", &port, here.as_str(), "0", "1000"];
    redis::cmd("MIGRATE").arg(&migrate).exec(&mut cluster.outsider(from)).unwrap();
    for server in [to, from, (from + 2) % 3] {
        command(["SETSLOT", &number, "NODE", &ids[1]], server);
    }
    for _ in 0..20 {
        assert_eq!(backend.get(&here).await.unwrap(), Some(frame("1")));
        assert_eq!(backend.get_many(&both).await.unwrap(), [Some(frame("1")), Some(frame("2"))]);
    }
    sleep(Duration::from_millis(300)).await;
    let moved_before = errors(&cluster, from, "MOVED");
    assert!(moved_before > 0, "nothing was redirected: this shows nothing");
    assert!(backend.delete(&here, DeleteOptions::default()).await.unwrap());
    assert_eq!(errors(&cluster, from, "MOVED"), moved_before, "the new layout is not used");
}

/// The lease of such a load is on the new server, and so is what it fills. What is refused is refused there too.
async fn a_slot_that_moves_takes_fills_of_loads_that_began_meanwhile(kind: Kind) {
    let cluster = ClusterServers::start(kind);
    let backend = patient(&cluster.url());
    let (slot, [old, new, ended]) = three_of_one_slot(&cluster);
    backend.set(&old, frame("1"), SetOptions::default()).await.unwrap();
    let life = Duration::from_secs(60);
    let leased =
        |token| SetOptions::default().expiring(Expiry::After(life)).when(SetCondition::IfLease(token));
    assert_eq!(backend.acquire_lease(&ended, 3, life).await.unwrap(), 3, "before the slot moves");
    let (from, to) = (cluster.first_holder(slot), (cluster.first_holder(slot) + 1) % 3);
    let (number, ids) = (slot.to_string(), [cluster.id(from), cluster.id(to)]);
    let command =
        |words: [&str; 4], server| cluster_command(&words).exec(&mut cluster.outsider(server)).unwrap();
    command(["SETSLOT", &number, "IMPORTING", &ids[0]], to);
    command(["SETSLOT", &number, "MIGRATING", &ids[1]], from);

    assert_eq!(backend.acquire_lease(&new, 1, life).await.unwrap(), 1);
    assert!(!backend.set(&new, frame("9"), leased(9)).await.unwrap(), "another's lease");
    assert!(backend.set(&new, frame("2"), leased(1)).await.unwrap());
    assert!(!backend.set(&new, frame("3"), leased(1)).await.unwrap(), "the lease ended with the fill");
    assert_eq!(backend.get(&new).await.unwrap(), Some(frame("2")));
    assert!(matches!(backend.ttl(&new).await.unwrap(), Remaining::For(left) if left <= life));

    assert!(backend.delete(&new, DeleteOptions::default()).await.unwrap());
    assert_eq!(backend.acquire_lease(&new, 4, life).await.unwrap(), 4);
    assert!(!backend.delete(&new, DeleteOptions::default()).await.unwrap());
    assert!(!backend.set(&new, frame("5"), leased(4)).await.unwrap(), "invalidated after the load began");

    // One server has the lease, or the older value, and another would have to take the new one.
    for key in [&ended, &old] {
        let token = backend.acquire_lease(key, 5, life).await.unwrap();
        let error = backend.set(key, frame("6"), leased(token)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    }
    assert_eq!(backend.get_many(&[ended, old]).await.unwrap(), [None, Some(frame("1"))]);
}

/// Keys that lie in the same slot by chance: a hash tag in a key of ours is text like any other.
fn three_of_one_slot(cluster: &ClusterServers) -> (usize, [CacheKey; 3]) {
    let keys = keys(20_000);
    let mut asked = redis::pipe();
    for key in &keys {
        asked.add_command(cluster_command(&["KEYSLOT", key.as_str()]));
    }
    let slots: Vec<usize> = asked.query(&mut cluster.outsider(0)).unwrap();
    let of = |slot| keys.iter().zip(&slots).filter(move |(_, of)| **of == slot).map(|(key, _)| key.clone());
    let slot = slots.iter().find(|slot| of(**slot).count() > 2).unwrap();
    (*slot, of(*slot).take(3).collect::<Vec<_>>().try_into().unwrap())
}

/// How often a server answered with this error.
fn errors(cluster: &ClusterServers, server: usize, code: &str) -> u64 {
    let stats: String = redis::cmd("INFO").arg("errorstats").query(&mut cluster.outsider(server)).unwrap();
    let line = stats.lines().find_map(|line| line.strip_prefix(&format!("errorstat_{code}:count=")));
    line.map_or(0, |count| count.trim().parse().unwrap())
}

/// Frozen, not dead: what the client library's own cluster connection never recovers from.
async fn a_master_that_dies_is_replaced(kind: Kind) {
    let cluster = ClusterServers::start_with(kind, 1, &[]);
    let backend = Arc::new(RedisBackend::new(cluster.url()).unwrap());
    backend.connect().await.unwrap();
    let keys = keys(30);
    for key in &keys {
        backend.set(key, frame("v"), SetOptions::default()).await.unwrap();
    }
    let victim = cluster.first_holder(slot(&cluster, &keys[0]));
    sleep(Duration::from_millis(100)).await;
    cluster.servers[victim].pause();
    let frozen = Instant::now();
    let mut slowest = Duration::ZERO;
    let mut whole = false;
    while !whole {
        assert!(frozen.elapsed() < Duration::from_secs(20), "the keys of the frozen master stay away");
        let mut failed = false;
        for key in &keys {
            let (answer, took) = timed(backend.get(key)).await;
            slowest = slowest.max(took);
            failed |= answer.is_err();
            let (answer, took) = timed(backend.set(key, frame("w"), SetOptions::default())).await;
            slowest = slowest.max(took);
            failed |= answer.is_err();
        }
        whole = !failed;
        sleep(Duration::from_millis(5)).await;
    }
    eprintln!("all keys were served after {:?}, the slowest call took {slowest:?}", frozen.elapsed());
    assert!(slowest < Duration::from_millis(250) + SLACK, "{slowest:?}");
    assert_ne!(cluster.holder(slot(&cluster, &keys[0]), (victim + 1) % 3), Some(victim));
    cluster.servers[victim].resume();
    sleep(Duration::from_millis(200)).await;
    for key in &keys {
        assert_eq!(backend.get(key).await.unwrap(), Some(frame("w")), "an old value of the old master");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_is_away_is_found_when_it_comes() {
    let mut cluster = ClusterServers::start(Kind::Redis);
    cluster.servers.iter_mut().for_each(|server| server.kill());
    let backend = RedisBackend::new(cluster.url()).unwrap();
    assert!(backend.is_available(), "nobody has tried yet");
    for _ in 0..10 {
        let (answer, took) = timed(backend.get(&key("a"))).await;
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::Unavailable);
        assert!(took < Duration::from_millis(100) + SLACK, "{took:?}");
    }
    assert!(!backend.is_available());
    cluster.servers.iter_mut().for_each(|server| server.restart());
    until(Duration::from_secs(10), || backend.is_available()).await;
    let began = Instant::now();
    while backend.set(&key("a"), frame("v"), SetOptions::default()).await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(10), "it is not used again");
        sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(backend.get(&key("a")).await.unwrap(), Some(frame("v")));
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    drop(backend);
    until(SLACK, || tasks() == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_a_cluster_is_named() {
    let server = crate::support::server(Kind::Redis);
    let url = format!("redis+cluster://127.0.0.1:{}", server.port());
    let backend = patient_builder(&url).build().unwrap();
    let error = backend.connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("see that they run with cluster-enabled"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_speaks_tls_with_every_server() {
    let cluster = ClusterServers::start_by_tls();
    let backend = patient(&cluster.url_by_tls());
    backend.connect().await.unwrap();
    let keys = keys(60);
    let entries = keys.iter().map(|key| (key.clone(), frame(key.as_str()), SetOptions::default()));
    assert_eq!(backend.set_many(entries.collect()).await.unwrap(), vec![true; 60]);
    for key in &keys {
        assert_eq!(backend.get(key).await.unwrap(), Some(frame(key.as_str())));
    }
    assert_eq!(backend.clear(&shop()).await.unwrap(), 60);
}
