//! Every layer is transparent over real stores too: memory and disk by a steered clock, Redis and Valkey as they are.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use cache_backends::disk::DiskBackend;
use cache_backends::memory::MemoryBackend;
use cache_backends::redis::RedisBackend;
use cache_core::layer::{
    BreakerLayer, BulkheadConfig, BulkheadLayer, Layer, Layered, Limits, MeterLayer, Resilience, RetryConfig,
    RetryLayer, TimeoutLayer, TraceLayer,
};
use cache_core::port::backend::CacheBackend;
use cache_core::port::clock::Clock;
use cache_core::testkit::conformance::{Subject, run};
use cache_core::testkit::{ChaosLayer, ManualTime, RedisServer};

/// Limits that a busy test machine does not reach: these tests are about answers, not about time.
fn patient() -> Limits {
    Limits::all(Duration::from_secs(60))
}

fn bulkhead() -> BulkheadConfig {
    BulkheadConfig::default().wait(Duration::from_secs(60))
}

fn each() -> Vec<Arc<dyn Layer>> {
    vec![
        Arc::new(TimeoutLayer::new(patient()).unwrap()),
        Arc::new(RetryLayer::new(RetryConfig::default().limits(patient())).unwrap()),
        Arc::new(BreakerLayer::default()),
        Arc::new(BulkheadLayer::new(bulkhead()).unwrap()),
        Arc::new(MeterLayer::new()),
        Arc::new(TraceLayer),
        Arc::new(ChaosLayer::seeded(7)),
        Arc::new(all()),
    ]
}

fn all() -> Resilience {
    Resilience::builder().limits(patient()).bulkhead(bulkhead()).traced().build().unwrap()
}

fn steered(backend: impl FnOnce(Clock) -> Arc<dyn CacheBackend>) -> Subject {
    let time = Arc::new(ManualTime::new());
    let clock = Clock::source(Arc::clone(&time) as _);
    Subject::new(backend(clock)).steered(move |by| {
        time.advance(by);
        std::future::ready(())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_behind_each_layer_and_behind_all() {
    for layer in each() {
        let subject = steered(|clock| layer.wrap(Arc::new(MemoryBackend::builder().clock(clock).build())));
        run(&subject.refusing((8 << 20) + 1)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disk_behind_each_layer_and_behind_all() {
    for layer in each() {
        let home = tempfile::tempdir().unwrap();
        let builder = DiskBackend::builder(home.path().join("cache"));
        let subject = steered(|clock| layer.wrap(Arc::new(builder.clock(clock).open().unwrap())));
        run(&subject.refusing((64 << 20) + 1).keeping(home)).await;
    }
}

async fn a_server_behind_all(server: RedisServer) {
    let long = Duration::from_secs(2);
    let builder = RedisBackend::builder(server.url()).connect_timeout(long).read_timeout(long);
    let backend = builder.write_timeout(long).build().unwrap().layered(&all());
    run(&Subject::new(backend).refusing((1 << 20) + 1).keeping(server)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_behind_all_layers() {
    a_server_behind_all(RedisServer::start()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn valkey_behind_all_layers() {
    a_server_behind_all(RedisServer::valkey()).await;
}
