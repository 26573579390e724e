//! A hit through `#[cached]`: nothing is allocated, and the future is small.
#![allow(clippy::panic, clippy::unwrap_used)]

use std::sync::Arc;

use larder::cached;

#[cached(ttl = "1h", local)]
async fn shared(id: u64) -> Arc<String> {
    Arc::new(format!("value {id}"))
}

#[cached(ttl = "1h")]
async fn named(tenant: &str, id: Option<u64>) -> Result<Arc<String>, String> {
    Ok(Arc::new(format!("{tenant} {id:?}")))
}

#[tokio::test]
async fn a_hot_hit_does_not_allocate() {
    larder::cache_manager().set_enabled(true);
    assert_eq!(
        (shared(7).await, named("acme", Some(1)).await.unwrap()),
        (shared(7).await, named("acme", Some(1)).await.unwrap())
    );
    let counted = allocation_counter::measure(|| {
        for _ in 0..1_000 {
            let hit = std::pin::pin!(shared(7));
            assert!(ready(hit).len() == 7);
            let hit = std::pin::pin!(named("acme", Some(1)));
            assert!(ready(hit).unwrap().starts_with("acme"));
        }
    });
    assert_eq!(counted.count_total, 0);
}

/// A hit is ready when it is first polled.
fn ready<F: Future>(future: std::pin::Pin<&mut F>) -> F::Output {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.poll(&mut context) {
        std::task::Poll::Ready(output) => output,
        std::task::Poll::Pending => panic!("a hit waited"),
    }
}

#[test]
fn the_future_of_a_cached_function_is_small() {
    assert!(size_of_val(&shared(7)) <= 48, "{}", size_of_val(&shared(7)));
    assert!(size_of_val(&named("acme", None)) <= 96, "{}", size_of_val(&named("acme", None)));
}
