//! Bodies, recursion, sizes, sending.

use std::sync::atomic::{AtomicU64, Ordering};

use larder::{CacheManager, cached};

use crate::{FAR, fresh};

#[cached(cache = FAR)]
async fn fib(n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    fib(n - 1).await + fib(n - 2).await
}

/// Forty loads deep. Where nothing is optimized, each takes some 40 KB of the 2 MiB of its thread.
#[tokio::test]
async fn recursion_works() {
    assert_eq!(fib(60).await, 1_548_008_755_920);
}

#[cached(cache = FAR)]
async fn asks_for_itself(id: u64) -> u64 {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    match RUNS.fetch_add(1, Ordering::Relaxed) {
        0 => asks_for_itself(id).await * 10,
        run => run + 1,
    }
}

#[tokio::test]
async fn a_body_that_asks_for_its_own_key_does_not_wait_for_itself() {
    let asked = tokio::time::timeout(std::time::Duration::from_secs(20), asks_for_itself(1));
    assert_eq!(asked.await, Ok(20));
}

#[cached(cache = FAR)]
async fn mutating(
    mut list: Vec<u64>,
    ref name: String,
    mut n: u64,
) -> Result<usize, std::num::ParseIntError> {
    let extra: u64 = name.parse()?;
    while n > 0 {
        n -= 1;
        list.push(extra);
    }
    Ok(list.len())
}

#[tokio::test]
async fn mutable_arguments_and_question_marks_work() {
    assert_eq!(mutating(vec![1], "7".to_owned(), 2).await.unwrap(), 3);
    assert_eq!(mutating_peek(vec![1], "7".to_owned(), 2).await, Some(Ok(3)));
    assert!(mutating(vec![1], "x".to_owned(), 2).await.is_err());
}

#[cached]
async fn small(id: u64) -> u64 {
    let buffer = [0_u8; 4_096];
    tokio::task::yield_now().await;
    id + u64::from(buffer[0])
}

#[test]
fn a_call_is_small_whatever_its_body_holds() {
    assert!(size_of_val(&small_uncached(1)) > 4_096);
    assert!(size_of_val(&small(1)) <= 32, "{}", size_of_val(&small(1)));
}

#[cached(key(name.trim(), list), skip(first))]
async fn generic<T: larder::KeyPart + Sync>(first: &T, name: &str, list: &[T]) -> std::sync::Arc<str> {
    let _ = first;
    format!("{name} {}", list.len()).into()
}

#[tokio::test]
async fn a_hit_allocates_nothing() {
    crate::switch_on();
    let list = [1_u64, 2, 3];
    for _ in 0..2 {
        assert_eq!((&*generic(&1, "a", &list).await, small(9).await), ("a 3", 9));
    }
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let counted = allocation_counter::measure(|| {
        for _ in 0..100 {
            assert!(std::pin::pin!(generic(&2, " a ", &list)).poll(&mut context).is_ready());
            assert!(std::pin::pin!(small(9)).poll(&mut context).is_ready());
        }
    });
    assert_eq!(counted.count_total, 0);
}

#[tokio::test]
async fn calls_can_be_sent() {
    let tasks: Vec<_> = (0..4).map(|_| tokio::spawn(fib(20))).collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), 6_765);
    }
    tokio::spawn(fib_refresh(3)).await.unwrap();
    tokio::spawn(fib_peek(3)).await.unwrap();
    assert!(tokio::spawn(fib_invalidate(3)).await.unwrap().is_ok());
}

#[cached(cache = cache, skip(cache))]
async fn shared_load(cache: CacheManager, id: u64) -> u64 {
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    drop(cache);
    id + fresh()
}

#[tokio::test]
async fn concurrent_calls_share_one_load() {
    let cache = crate::tiered();
    let calls: Vec<_> = (0..50).map(|_| tokio::spawn(shared_load(cache.clone(), 1))).collect();
    let mut values = std::collections::HashSet::new();
    for call in calls {
        values.insert(call.await.unwrap());
    }
    assert_eq!((values.len(), cache.stats().loads), (1, 1));
}

#[tokio::test]
async fn a_cache_that_is_off_is_as_if_it_were_not_there() {
    let cache = crate::tiered();
    let first = shared_load(cache.clone(), 1).await;
    cache.set_enabled(false);
    assert_ne!(shared_load(cache.clone(), 1).await, first);
    assert_ne!(shared_load_refresh(cache.clone(), 1).await, first);
    assert_eq!(shared_load_peek(cache.clone(), 1).await, None);
}
