//! What the conformance suite cannot see: bounds, reclaiming, and races between different verbs.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cache_core::error::ErrorKind;
use cache_core::key::{CacheKey, Namespace};
use cache_core::port::backend::{CacheBackend, DeleteOptions, Expiry, Remaining, SetCondition, SetOptions};
use cache_core::port::clock::Clock;
use cache_core::testkit::ManualTime;

use super::{EvictionPolicy, MemoryBackend};

fn key(id: u64) -> CacheKey {
    CacheKey::direct(&Namespace::default(), &format!("user:{id}")).unwrap()
}

fn frame(bytes: usize) -> Bytes {
    vec![b'x'; bytes].into()
}

async fn put(memory: &MemoryBackend, id: u64, bytes: usize) -> bool {
    memory.set(&key(id), frame(bytes), SetOptions::default()).await.unwrap()
}

#[tokio::test]
async fn a_flood_of_large_frames_stays_within_the_bytes() {
    for eviction in [EvictionPolicy::TinyLfu, EvictionPolicy::Lru] {
        let memory = MemoryBackend::builder().max_bytes(1 << 20).eviction(eviction).build();
        for id in 0..2_000 {
            let size = 1_000 + usize::try_from(id % 100).unwrap() * 1_200;
            put(&memory, id, size).await;
            let (_, bytes) = memory.frames.entries_and_bytes();
            let margin = (1 << 20) / 64;
            assert!(bytes <= (1 << 20) + margin, "{bytes} bytes after {id} sets, {eviction:?}");
        }
        let (entries, bytes) = memory.frames.entries_and_bytes();
        assert!(bytes > 1 << 19, "{bytes} bytes in {entries} entries");
    }
}

#[tokio::test]
async fn a_flood_of_small_frames_stays_within_the_entries() {
    for bound in [1, 3, 10, 100, 2_000] {
        let builder = MemoryBackend::builder().max_entries(bound);
        let memory = builder.eviction(EvictionPolicy::Lru).build();
        for id in 0..3 * bound {
            put(&memory, id, 0).await;
            if id % (1 + bound / 100) == 0 {
                let (entries, _) = memory.frames.entries_and_bytes();
                assert!(entries <= bound + bound / 64 + 1, "{entries} entries");
            }
        }
        assert_eq!((memory.len(), memory.frames.entries_and_bytes().0), (bound, bound));
        assert!(memory.get(&key(3 * bound - 1)).await.unwrap().is_some(), "the newest is kept");
    }
}

#[tokio::test]
async fn a_frame_takes_at_most_an_eighth() {
    let memory = MemoryBackend::builder().max_bytes(80_000).build();
    let room = 10_000 - key(7).as_str().len();
    assert!(put(&memory, 7, room).await);
    let error = memory.set(&key(7), frame(room + 1), SetOptions::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::TooLarge, Some("set")));
    assert!(memory.is_empty());

    let small = MemoryBackend::builder().max_entry_bytes(10).build();
    assert!(put(&small, 7, 10).await);
    let batch =
        [11, 5].map(|bytes| (key(bytes), frame(usize::try_from(bytes).unwrap()), SetOptions::default()));
    assert_eq!(small.set_many(batch.into()).await.unwrap_err().kind(), ErrorKind::TooLarge);
    assert!(small.exists(&key(5)).await.unwrap(), "a refused entry does not hold up the others");
    for nothing in [MemoryBackend::builder().max_bytes(0), MemoryBackend::builder().max_entries(0)] {
        let error = nothing.build().set(&key(7), Bytes::new(), SetOptions::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
    }
}

#[tokio::test]
async fn a_refused_add_of_a_large_frame_leaves_the_first_value() {
    let memory = MemoryBackend::builder().max_entry_bytes(10).build();
    assert!(put(&memory, 7, 3).await);
    let add = SetOptions::default().when(SetCondition::IfAbsent);
    assert!(!memory.set(&key(7), frame(11), add).await.unwrap());
    assert!(memory.exists(&key(7)).await.unwrap());
}

#[tokio::test]
async fn our_clock_judges_and_is_exact() {
    let time = Arc::new(ManualTime::new());
    let memory = MemoryBackend::builder().clock(Clock::source(time.clone())).build();
    let life = SetOptions::default().expiring(Expiry::After(Duration::from_millis(5)));
    assert!(memory.set(&key(7), frame(1), life).await.unwrap());
    time.advance(Duration::from_nanos(4_999_999));
    assert_eq!(memory.ttl(&key(7)).await.unwrap(), Remaining::For(Duration::from_nanos(1)));
    assert_eq!(memory.get(&key(7)).await.unwrap(), Some(frame(1)));
    time.advance(Duration::from_nanos(1));
    assert_eq!(memory.get(&key(7)).await.unwrap(), None);
    assert_eq!(memory.ttl(&key(7)).await.unwrap(), Remaining::Missing);
    assert_eq!(memory.len(), 1, "not reclaimed yet");
    assert_eq!(memory.get_and_delete(&key(7)).await.unwrap(), None);
    assert!(memory.is_empty());
}

#[tokio::test]
async fn the_expired_give_their_memory_back_without_being_read() {
    let time = Arc::new(ManualTime::new());
    let memory = MemoryBackend::builder().clock(Clock::source(time.clone())).build();
    let life = SetOptions::default().expiring(Expiry::After(Duration::from_millis(10)));
    for id in 0..800 {
        assert!(memory.set(&key(id), frame(1_000), life).await.unwrap());
    }
    time.advance(Duration::from_millis(10));
    assert_eq!(memory.len(), 800);
    for writes in 1..=100 {
        put(&memory, 1_000, 1_000).await;
        assert_eq!(memory.len(), 801 - 8 * writes, "eight per write: no write pays for all");
    }
}

#[tokio::test]
async fn as_many_are_listed_as_are_held_whatever_happens_to_entries() {
    let memory = MemoryBackend::builder().max_entries(500).build();
    let living = |secs| SetOptions::default().expiring(Expiry::After(Duration::from_secs(secs)));
    for round in 0..40_u64 {
        for id in 0..1_000 {
            assert!(
                memory
                    .set(&key(id + 100 * round), frame(10), living(60 + (id * 7 + round) % 500))
                    .await
                    .unwrap()
            );
        }
        for id in 0..100 {
            memory.get_and_delete(&key(id + 100 * round)).await.unwrap();
            memory.increment(&key(100_000 + id), 1, Expiry::After(Duration::from_secs(9))).await.unwrap();
        }
    }
    let entries = usize::try_from(memory.len()).unwrap();
    assert_eq!(memory.frames.deadlines.len(), entries);
    memory.clear(&Namespace::default()).await.unwrap();
    assert_eq!((memory.len(), memory.frames.deadlines.len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_listed_agrees_with_what_is_held_after_any_race() {
    let memory = MemoryBackend::builder().max_entries(150).eviction(EvictionPolicy::Lru).build();
    let racers: Vec<_> = (0..4_u64)
        .map(|racer| {
            let memory = memory.clone();
            tokio::spawn(async move {
                for step in 0..20_000_u64 {
                    let id = step.wrapping_mul(7 + racer) % 200;
                    let life = Expiry::After(Duration::from_micros(1 + step % 400 * 1_000));
                    match step % 5 {
                        0 => assert!(memory.delete(&key(id), DeleteOptions::default()).await.is_ok()),
                        1 => assert!(memory.get_and_delete(&key(id)).await.is_ok()),
                        _ => assert!(
                            memory
                                .set(&key(id), frame(10), SetOptions::default().expiring(life))
                                .await
                                .unwrap()
                        ),
                    }
                }
            })
        })
        .collect();
    for racer in racers {
        racer.await.unwrap();
    }
    let entries = usize::try_from(memory.len()).unwrap();
    assert_eq!(memory.frames.deadlines.len(), entries);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compare_and_delete_never_hits_a_successor() {
    let memory = MemoryBackend::new();
    let healer = memory.clone();
    let healing = tokio::spawn(async move {
        for _ in 0..200_000 {
            if let Some(seen) = healer.get(&key(7)).await.unwrap() {
                let damaged = seen.len() % 2 == 1;
                if damaged {
                    healer.delete(&key(7), DeleteOptions::if_unchanged(seen)).await.unwrap();
                }
            }
        }
    });
    while !healing.is_finished() {
        put(&memory, 7, 1).await;
        put(&memory, 7, 2).await;
        assert!(memory.exists(&key(7)).await.unwrap(), "a healthy frame was removed");
    }
    healing.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn increments_and_takes_lose_nothing() {
    let memory = MemoryBackend::new();
    let counter = memory.clone();
    let counting = tokio::spawn(async move {
        for _ in 0..50_000 {
            counter.increment(&key(7), 1, Expiry::Never).await.unwrap();
        }
    });
    let mut taken = 0;
    while !counting.is_finished() {
        taken += value(memory.get_and_delete(&key(7)).await.unwrap());
    }
    counting.await.unwrap();
    taken += value(memory.get_and_delete(&key(7)).await.unwrap());
    assert_eq!(taken, 50_000);
}

fn value(counter: Option<Bytes>) -> i64 {
    counter.map_or(0, |digits| std::str::from_utf8(&digits).unwrap().parse().unwrap())
}
