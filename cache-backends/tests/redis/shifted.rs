//! Answers that belong to other questions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use cache_backends::redis::RedisBackend;
use cache_core::port::backend::{CacheBackend, SetOptions};
use cache_core::testkit::{Fault, Proxy};
use tokio::time::sleep;

use crate::support::{Kind, frame, key, server, until};

/// A proxy that lost one answer: every later one is another caller's, and each call is answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_come_one_too_late_end_with_their_connection() {
    let server = server(Kind::Redis);
    let proxy = Proxy::before(server.port()).await;
    let backend =
        Arc::new(RedisBackend::builder(proxy.url()).read_timeout(Duration::from_secs(2)).build().unwrap());
    for n in 0..8 {
        backend.set(&key(&n.to_string()), frame(&n.to_string()), SetOptions::default()).await.unwrap();
    }
    let wrong = Arc::new(AtomicU32::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    // Readers that overlap, so that the answer of one can go to another.
    let readers: Vec<_> = (0..8)
        .map(|n: u32| {
            let (backend, wrong, stop) = (Arc::clone(&backend), Arc::clone(&wrong), Arc::clone(&stop));
            tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    // Not in step: answers that come together are left out together, and then nobody gets another's.
                    sleep(Duration::from_millis(1 + u64::from(n % 3))).await;
                    // As a batch of one, which is not gathered with others.
                    let found = backend.get_many(&[key(&n.to_string())]).await;
                    let is_wrong = found.is_ok_and(|found| found != [Some(frame(&n.to_string()))]);
                    wrong.fetch_add(u32::from(is_wrong), Ordering::SeqCst);
                }
            })
        })
        .collect();
    sleep(Duration::from_millis(200)).await;
    let connections = proxy.accepted();
    proxy.set(Fault::Omit).await;
    sleep(Duration::from_millis(20)).await;
    proxy.set(Fault::None).await;
    until(Duration::from_secs(1), || wrong.load(Ordering::SeqCst) > 0).await;
    until(Duration::from_secs(4), || proxy.accepted() > connections).await;
    sleep(Duration::from_millis(300)).await;
    let before = wrong.load(Ordering::SeqCst);
    sleep(Duration::from_millis(300)).await;
    assert_eq!(wrong.load(Ordering::SeqCst), before, "it goes on");
    stop.store(true, Ordering::SeqCst);
    for reader in readers {
        reader.await.unwrap();
    }
}
