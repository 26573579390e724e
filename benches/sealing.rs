//! What does sealing cost, and by whom is it cheaper?
//!
//! `cargo bench --bench sealing`. Encodes a text into a frame and opens it again, in clear and sealed by both
//! implementations, then writes and reads it through a manager over the memory tier. All rows take turns in one run, so
//! that what else the machine does falls on all of them; the middle of the rounds is printed, and its ratio to the row in
//! clear. Runs with `--test` once and small, to see that all of it works.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use cache_core::codec::{Codec, Envelope, Format, Place, Provider, Sealer};
use cache_core::entry::Deadlines;
use cache_core::time::WallTime;
use larder::{Bytes, CacheKey, CacheManager, Keyring, MemoryBackend, Namespace, Policy, Ttl};

const ROUNDS: usize = 31;
const CODEC: Codec = Codec { max_entry_bytes: 1 << 20, compression: larder::Compression::None };

/// One way to do it: does it so often, and says how long each took.
type Way<'a> = Box<dyn FnMut(u32) -> Duration + 'a>;

/// Runs the ways by turns, and prints the middle of each.
fn compare(what: &str, times: u32, rounds: usize, ways: Vec<(&str, Way<'_>)>) {
    let (names, mut ways): (Vec<_>, Vec<_>) = ways.into_iter().unzip();
    let mut taken: Vec<Vec<Duration>> = vec![Vec::new(); ways.len()];
    for _ in 0..rounds {
        ways.iter_mut().zip(&mut taken).for_each(|(way, taken)| taken.push(way(times)));
    }
    let middle = |taken: &mut Vec<Duration>| {
        taken.sort();
        taken.get(taken.len() / 2).copied().unwrap_or_default().as_secs_f64() * 1e9
    };
    let clear = taken.first_mut().map_or(1.0, middle);
    for (name, taken) in names.into_iter().zip(&mut taken) {
        let took = middle(taken);
        println!("{what:<16} {name:<14} {took:>10.0} ns  x {:>5.2}", took / clear.max(1.0));
    }
}

fn timed(times: u32, mut work: impl FnMut()) -> Duration {
    let began = Instant::now();
    (0..times).for_each(|_| work());
    began.elapsed() / times
}

fn envelope() -> Envelope {
    let deadlines = Deadlines { created: WallTime(1), fresh_until: WallTime(2), stale_until: WallTime(2) };
    Envelope { schema: 0, deadlines, version: 1, immutable: false }
}

fn codec(size: &str, text: &str, times: u32, rounds: usize) {
    let key = CacheKey::direct(&Namespace::default(), "user:7").unwrap();
    let ring = Keyring::new([7; 32]).unwrap();
    let [rust, c] =
        [Provider::RustCrypto, Provider::Ring].map(|provider| Sealer::with(provider, &ring).unwrap());
    let places = [
        ("clear", Place::from(&key)),
        ("aes-gcm", Place::sealed(&key, &rust)),
        ("ring", Place::sealed(&key, &c)),
    ];
    let encode = |place| CODEC.encode(place, Some(text), Format::MessagePack, &envelope()).unwrap();
    let encoding = places.iter().map(|(name, place)| {
        let way = move |times| timed(times, || drop(black_box(encode(*place))));
        (*name, Box::new(way) as Way<'_>)
    });
    compare(&format!("encode {size}"), times, rounds, encoding.collect());
    let frames: Vec<Bytes> = places.iter().map(|(_, place)| encode(*place)).collect();
    let opening = places.iter().zip(&frames).map(|((name, place), frame)| {
        let way = move |times| timed(times, || drop(black_box(CODEC.open(*place, 0, frame).unwrap())));
        (*name, Box::new(way) as Way<'_>)
    });
    compare(&format!("open {size}"), times, rounds, opening.collect());
}

fn manager(size: &str, text: &str, times: u32, rounds: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let of = |policy| {
        let builder = CacheManager::builder().primary(MemoryBackend::new()).master_key([7; 32]);
        builder.policy(policy).build().unwrap()
    };
    let caches = [("clear", of(Policy::new())), ("sealed", of(Policy::secure()))];
    let set = async |cache: &CacheManager| {
        let _ = cache.set("user:7", text.to_owned(), Ttl::secs(3_600)).await.unwrap();
    };
    let rows = |read: bool| -> Vec<(&str, Way<'_>)> {
        let way = |cache| -> Way<'_> {
            let runtime = &runtime;
            Box::new(move |times| {
                runtime.block_on(async {
                    let began = Instant::now();
                    for _ in 0..times {
                        if read {
                            black_box(CacheManager::get::<String>(cache, "user:7").await.unwrap().unwrap());
                        } else {
                            set(cache).await;
                        }
                    }
                    began.elapsed() / times
                })
            })
        };
        caches.iter().map(|(name, cache)| (*name, way(cache))).collect()
    };
    compare(&format!("set {size}"), times, rounds, rows(false));
    compare(&format!("get {size}"), times, rounds, rows(true));
}

fn main() {
    let small = std::env::args().any(|arg| arg == "--test");
    for (size, bytes, times) in [("1 KiB", 1 << 10, 4_000), ("64 KiB", 64 << 10, 400)] {
        let text = "x".repeat(bytes);
        let (times, rounds) = if small { (2, 1) } else { (times, ROUNDS) };
        codec(size, &text, times, rounds);
        manager(size, &text, times, rounds);
    }
}
