//! Deleting by pattern and by namespace: all that is meant, counted exactly, and nothing else.

use std::time::Duration;

use cache_core::error::ErrorKind;
use cache_core::key::{CacheKey, KeyPattern, Namespace};
use cache_core::port::backend::{CacheBackend, SetOptions};

use crate::support::{Kind, backend, frame, key, on_both_servers, outsider, server, shop};

on_both_servers! {
    a_pattern_removes_exactly_what_it_matches
    a_pattern_spares_siblings_and_other_namespaces
    a_pattern_sees_what_the_server_cannot_leave_out
    a_clear_stays_in_the_data_of_its_namespace
    a_hundred_thousand_keys_go_without_one_command_that_blocks
    a_lease_is_in_the_slot_of_its_key_whatever_braces_that_has
    an_empty_server_has_nothing_to_remove
}

/// Keys that are none of our business, one of them no text, two of them under our prefix.
const FOREIGN: [&[u8]; 7] = [
    b"user:1",
    b"shop:d:user:\xff\xfe",
    b"shop:d:\xff",
    b"shop:t:user:1",
    b"shop:l:user:1",
    b"shopd:user:1",
    b"\xff\x00\r\n",
];

fn plant(connection: &mut redis::Connection, keys: &[&[u8]]) {
    for key in keys {
        redis::cmd("SET").arg(*key).arg("foreign").exec(connection).unwrap();
    }
}

fn assert_there(connection: &mut redis::Connection, keys: &[&[u8]]) {
    let mut command = redis::cmd("EXISTS");
    keys.iter().for_each(|key| {
        command.arg(*key);
    });
    assert_eq!(command.query::<usize>(connection).unwrap(), keys.len());
}

async fn fill(backend: &impl CacheBackend, keys: impl Iterator<Item = CacheKey>) {
    let entries = keys.map(|key| (key, frame("v"), SetOptions::default())).collect();
    assert!(backend.set_many(entries).await.unwrap().into_iter().all(|stored| stored));
}

fn pattern(text: &str) -> KeyPattern {
    KeyPattern::parse(text).unwrap().within(&shop())
}

async fn a_pattern_removes_exactly_what_it_matches(kind: Kind) {
    let server = server(kind);
    let backend = backend(&server);
    let mut outsider = outsider(&server);
    plant(&mut outsider, &FOREIGN);
    fill(&backend, (0..1_500).map(|i| key(&format!("user:{i}")))).await;
    fill(&backend, (0..1_500).map(|i| key(&format!("other:{i}")))).await;
    assert_eq!(backend.delete_pattern(&pattern("user:*")).await.unwrap(), 1_500);
    assert_eq!(backend.delete_pattern(&pattern("user:*")).await.unwrap(), 0);
    assert_there(&mut outsider, &FOREIGN);
    let all: usize = redis::cmd("DBSIZE").query(&mut outsider).unwrap();
    assert_eq!(all, 1_500 + FOREIGN.len());
}

async fn a_pattern_spares_siblings_and_other_namespaces(kind: Kind) {
    let server = server(kind);
    let backend = backend(&server);
    let elsewhere = CacheKey::direct(&Namespace::new("shop2").unwrap(), "list:1").unwrap();
    let kept = [key("list-other:1"), key("lists:1"), key("list"), elsewhere];
    fill(&backend, kept.iter().cloned().chain([key("list:1"), key("list:2")])).await;
    assert_eq!(backend.delete_pattern(&pattern("list:*")).await.unwrap(), 2);
    assert_eq!(backend.get_many(&kept).await.unwrap(), vec![Some(frame("v")); 4]);
}

async fn a_pattern_sees_what_the_server_cannot_leave_out(kind: Kind) {
    let server = server(kind);
    let backend = backend(&server);
    let names = ["user:7:a", "user:77:a", "user:[x]:a", "user:x:a"];
    fill(&backend, names.iter().map(|name| key(name))).await;
    assert_eq!(backend.delete_pattern(&pattern("user:7:*")).await.unwrap(), 1);
    assert_eq!(backend.delete_pattern(&pattern("user:[^x]*:?")).await.unwrap(), 2);
    assert_eq!(backend.get(&key("user:x:a")).await.unwrap(), Some(frame("v")));
}

async fn a_clear_stays_in_the_data_of_its_namespace(kind: Kind) {
    let server = server(kind);
    let backend = backend(&server);
    let mut outsider = outsider(&server);
    plant(&mut outsider, &FOREIGN);
    let dashed = Namespace::new("a-b^c").unwrap();
    let near_miss = CacheKey::direct(&Namespace::new("a-b^d").unwrap(), "x").unwrap();
    let own = (0..1_234).map(|i| CacheKey::direct(&dashed, &format!("k:{i}")).unwrap());
    fill(&backend, own.chain([near_miss.clone(), key("kept")])).await;
    assert_eq!(backend.clear(&dashed).await.unwrap(), 1_234);
    assert_eq!(backend.get_many(&[near_miss, key("kept")]).await.unwrap(), vec![Some(frame("v")); 2]);
    assert_eq!(backend.clear(&shop()).await.unwrap(), 1);
    assert_there(&mut outsider, &FOREIGN);
}

async fn a_hundred_thousand_keys_go_without_one_command_that_blocks(kind: Kind) {
    let server = server(kind);
    let backend = backend(&server);
    let mut outsider = outsider(&server);
    plant(&mut outsider, &FOREIGN);
    let fill = r"for i = 1, 50000 do
        redis.call('SET', 'shop:d:list:' .. i, 'v'); redis.call('SET', 'shop:d:other:' .. i, 'v') end";
    redis::cmd("EVAL").arg(fill).arg(0).exec(&mut outsider).unwrap();
    redis::cmd("CONFIG").arg("RESETSTAT").exec(&mut outsider).unwrap();
    assert_eq!(backend.delete_pattern(&pattern("list:*")).await.unwrap(), 50_000);
    assert_eq!(backend.clear(&shop()).await.unwrap(), 50_000);
    assert_there(&mut outsider, &FOREIGN);
    let said: String = redis::cmd("INFO").arg("commandstats").query(&mut outsider).unwrap();
    let calls = |command: &str| -> u64 {
        let stat = said.split(&format!("cmdstat_{command}:calls=")).nth(1);
        stat.map_or(0, |rest| rest.split(',').next().unwrap().parse().unwrap())
    };
    for blocking in ["keys", "flushdb", "flushall", "del", "eval", "evalsha"] {
        assert_eq!(calls(blocking), 0, "{blocking}: {said}");
    }
    assert!(calls("scan") >= 200 && calls("unlink") >= 200, "five hundred at a time: {said}");
}

async fn a_lease_is_in_the_slot_of_its_key_whatever_braces_that_has(kind: Kind) {
    let server = server(kind);
    let backend = backend(&server);
    for name in ["user:7", "a{b}c:{}", "}{"] {
        let key = key(name);
        let data = key.as_str().to_owned();
        assert!(data.starts_with("shop:d:") && !data.contains(['{', '}']), "{data}");
        assert_eq!(backend.acquire_lease(&key, 7, Duration::from_secs(9)).await.unwrap(), 7);
        let mut keys: Vec<String> = redis::cmd("KEYS").arg("*").query(&mut outsider(&server)).unwrap();
        keys.sort();
        assert_eq!(keys, [format!("shop:l:{{{data}}}")]);
        assert!(backend.set(&key, frame("v"), SetOptions::default()).await.unwrap());
        let keys: Vec<String> = redis::cmd("KEYS").arg("*").query(&mut outsider(&server)).unwrap();
        assert_eq!(keys, [data], "a set ends the lease");
        assert_eq!(backend.clear(&shop()).await.unwrap(), 1);
    }
}

async fn an_empty_server_has_nothing_to_remove(kind: Kind) {
    let mut server = server(kind);
    let backend = backend(&server);
    assert_eq!(backend.delete_pattern(&pattern("*")).await.unwrap(), 0);
    assert_eq!(backend.clear(&shop()).await.unwrap(), 0);
    server.kill();
    assert_eq!(backend.clear(&shop()).await.unwrap_err().kind(), ErrorKind::Unavailable);
}
