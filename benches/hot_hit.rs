//! What does a hit cost through `#[cached]`, beside the engines and macros that people compare it with?
//!
//! `cargo bench --bench hot_hit`. Two questions, one after the other; every contender answers the same hot keys, rounds
//! are interleaved, and what is printed is the median over the rounds of each contender's time and of its ratio to larder
//! in the same round. A ratio above 1 means that larder is faster. Runs with `--test` once, to see that all contenders
//! answer.
#![allow(clippy::indexing_slicing, clippy::print_stdout, clippy::unwrap_used, missing_docs)]

mod common;

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::{Arc, LazyLock, RwLock};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::common::median;

const KEYS: u64 = 10_000;
const HOT: u64 = 1_000;
const ROUNDS: usize = 21;
const CALLS: u64 = 200_000;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct User {
    id: u64,
    name: String,
    email: String,
    city: String,
    street: String,
    zip: u32,
    age: u8,
    active: bool,
    score: f64,
    tags: Vec<String>,
}

impl User {
    fn of(id: u64) -> Self {
        let text = |what: &str| format!("{what}-{id}");
        let tags = vec![text("tag"); 2];
        Self {
            id,
            name: text("name"),
            email: text("mail"),
            city: text("city"),
            street: text("street"),
            tags,
            ..Self::default()
        }
    }
}

mod by_larder {
    use super::*;

    #[larder::cached(ttl = "1h")]
    pub(crate) async fn shared(id: u64) -> Arc<User> {
        Arc::new(User::of(id))
    }

    #[larder::cached(ttl = "never")]
    pub(crate) async fn shared_for_ever(id: u64) -> Arc<User> {
        Arc::new(User::of(id))
    }

    #[larder::cached(ttl = "1h")]
    pub(crate) async fn named(id: String) -> User {
        User::of(id.len() as u64)
    }

    #[larder::cached(ttl = "1h")]
    pub(crate) async fn named_shared(id: &str) -> Arc<User> {
        Arc::new(User::of(id.len() as u64))
    }
}

mod by_cached {
    use super::*;
    use cached::macros::concurrent_cached;

    #[concurrent_cached(max_size = 20_000)]
    pub(crate) async fn shared(id: u64) -> Arc<User> {
        Arc::new(User::of(id))
    }

    #[concurrent_cached(max_size = 20_000, ttl_secs = 3_600)]
    pub(crate) async fn shared_ttl(id: u64) -> Arc<User> {
        Arc::new(User::of(id))
    }

    #[concurrent_cached(max_size = 20_000)]
    pub(crate) async fn named(id: String) -> User {
        User::of(id.len() as u64)
    }

    #[concurrent_cached(max_size = 20_000, ttl_secs = 3_600)]
    pub(crate) async fn named_ttl(id: String) -> User {
        User::of(id.len() as u64)
    }
}

static FLOOR: LazyLock<RwLock<HashMap<u64, Arc<User>, foldhash::fast::RandomState>>> =
    LazyLock::new(RwLock::default);
static QUICK: LazyLock<quick_cache::sync::Cache<u64, Arc<User>>> =
    LazyLock::new(|| quick_cache::sync::Cache::new(20_000));
static MOKA: LazyLock<moka::sync::Cache<u64, Arc<User>>> = LazyLock::new(|| moka::sync::Cache::new(20_000));
static MOKA_NAMED: LazyLock<moka::sync::Cache<String, User>> =
    LazyLock::new(|| moka::sync::Cache::new(20_000));
static QUICK_NAMED: LazyLock<quick_cache::sync::Cache<String, User>> =
    LazyLock::new(|| quick_cache::sync::Cache::new(20_000));
static NAMES: LazyLock<Vec<String>> =
    LazyLock::new(|| (0..KEYS).map(|id| format!("customer-{id}")).collect());

fn name(id: u64) -> &'static String {
    &NAMES[usize::try_from(id).unwrap()]
}

/// Times one contender in ns per call, keys in a fixed scattered order.
macro_rules! time {
    ($calls:expr, |$id:ident| $answer:expr) => {{
        let began = Instant::now();
        for call in 0..$calls {
            let $id = call.wrapping_mul(7_919) % HOT;
            black_box($answer);
        }
        began.elapsed().as_nanos() as f64 / $calls as f64
    }};
}

type Round = Vec<(&'static str, f64)>;

async fn numbers(calls: u64) -> Round {
    vec![
        ("larder #[cached]", time!(calls, |id| by_larder::shared(id).await)),
        ("larder #[cached(ttl = never)]", time!(calls, |id| by_larder::shared_for_ever(id).await)),
        ("cached 4.1", time!(calls, |id| by_cached::shared(id).await)),
        ("cached 4.1 with ttl", time!(calls, |id| by_cached::shared_ttl(id).await)),
        ("bare moka::sync", time!(calls, |id| MOKA.get(&id).unwrap())),
        ("bare quick_cache", time!(calls, |id| QUICK.get(&id).unwrap())),
        ("RwLock<HashMap>: the floor", time!(calls, |id| FLOOR.read().unwrap().get(&id).cloned().unwrap())),
    ]
}

async fn names(calls: u64) -> Round {
    vec![
        ("larder #[cached]", time!(calls, |id| by_larder::named(name(id).clone()).await)),
        ("larder, handed out as Arc", time!(calls, |id| by_larder::named_shared(name(id)).await)),
        ("cached 4.1", time!(calls, |id| by_cached::named(name(id).clone()).await)),
        ("cached 4.1 with ttl", time!(calls, |id| by_cached::named_ttl(name(id).clone()).await)),
        ("bare moka::sync", time!(calls, |id| MOKA_NAMED.get(name(id)).unwrap())),
        ("bare quick_cache", time!(calls, |id| QUICK_NAMED.get(name(id)).unwrap())),
    ]
}

async fn fill() {
    for id in 0..KEYS {
        let user = Arc::new(User::of(id));
        FLOOR.write().unwrap().insert(id, Arc::clone(&user));
        QUICK.insert(id, Arc::clone(&user));
        MOKA.insert(id, Arc::clone(&user));
        QUICK_NAMED.insert(name(id).clone(), User::of(id));
        MOKA_NAMED.insert(name(id).clone(), User::of(id));
        let loads =
            (by_larder::shared(id).await, by_cached::shared(id).await, by_cached::shared_ttl(id).await);
        assert_eq!((loads.0.id, loads.1.id, loads.2.id), (id, id, id));
        assert_eq!(by_larder::shared_for_ever(id).await.id, id);
        let _ = (by_larder::named(name(id).clone()).await, by_cached::named(name(id).clone()).await);
        let _ = (by_larder::named_shared(name(id)).await, by_cached::named_ttl(name(id).clone()).await);
    }
}

/// Asks a question: one round to warm up, then those that count.
macro_rules! ask {
    ($question:expr, $round:ident, $rounds:expr, $calls:expr) => {{
        $round($calls).await;
        let mut all = Vec::new();
        for _ in 0..$rounds {
            all.push($round($calls).await);
        }
        print($question, &all);
    }};
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let only_a_test = std::env::args().any(|arg| arg == "--test");
    let (rounds, calls) = if only_a_test { (1, HOT) } else { (ROUNDS, CALLS) };
    fill().await;
    ask!("u64 -> Arc<User>", numbers, rounds, calls);
    ask!("String -> User, cloned", names, rounds, calls);
}

/// Prints what the rounds say, larder first.
fn print(question: &str, all: &[Round]) {
    println!("\n{question:<32} {:>8} {:>8} {:>16}", "ns", "least", "ratio to larder");
    for (index, (contender, _)) in all[0].iter().enumerate() {
        let ns = median(all.iter().map(|round| round[index].1).collect());
        let ratio = median(all.iter().map(|round| round[index].1 / round[0].1).collect());
        let least = all.iter().map(|round| round[index].1).fold(f64::INFINITY, f64::min);
        println!("{contender:<32} {ns:>8.1} {least:>8.1} {ratio:>16.2}");
    }
}
