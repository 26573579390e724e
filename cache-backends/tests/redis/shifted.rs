//! Answers that belong to other questions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
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
    shift(&proxy, &backend).await;
    let connections = proxy.accepted();
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
                    let is_wrong =
                        found(&backend, n).await.is_some_and(|found| found != frame(&n.to_string()));
                    wrong.fetch_add(u32::from(is_wrong), Ordering::SeqCst);
                }
            })
        })
        .collect();
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

/// Has the proxy leave one answer out, until that shows: somebody else's was all that came.
async fn shift(proxy: &Proxy, backend: &Arc<RedisBackend>) {
    for _ in 0..20 {
        // Connected, with no greeting on its way that could be left out instead.
        assert_eq!(found(backend, 0).await, Some(frame("0")));
        proxy.set(Fault::Omit).await;
        let first = tokio::spawn({
            let backend = Arc::clone(backend);
            async move { found(&backend, 0).await }
        });
        // The answer that is left out has to be this one, and alone.
        sleep(Duration::from_millis(50)).await;
        proxy.set(Fault::None).await;
        let second = tokio::spawn({
            let backend = Arc::clone(backend);
            async move { found(&backend, 1).await }
        });
        if first.await.unwrap() == Some(frame("1")) {
            return;
        }
        second.await.unwrap();
    }
    panic!("no answer went to another question");
}

/// As a batch of one, which is not gathered with others.
async fn found(backend: &RedisBackend, n: u32) -> Option<Bytes> {
    let [found] = backend.get_many(&[key(&n.to_string())]).await.ok()?.try_into().ok()?;
    found
}
