//! Every layer is transparent: the backend behind it keeps every promise that it kept before, bare and behind
//! `Arc<dyn CacheBackend>` (`conformance::run` checks both, and names the promise that is broken).

use std::sync::Arc;
use std::time::Duration;

use cache_core::layer::{
    BreakerLayer, BulkheadLayer, Layer, MeterLayer, Resilience, RetryLayer, TimeoutLayer, TraceLayer,
};
use cache_core::testkit::conformance::{Subject, run};
use cache_core::testkit::{ChaosLayer, MapBackend};

/// Time is steered and stands still while a promise works, so the limits of the layers are the real ones.
async fn holds_behind(layer: &impl Layer) {
    let backend = layer.wrap(Arc::new(MapBackend::leasing()));
    run(&Subject::new(backend).steered(tokio::time::advance)).await;
}

macro_rules! transparent {
    ($($name:ident $layer:expr;)*) => {$(
        #[tokio::test(start_paused = true)]
        async fn $name() {
            holds_behind(&$layer).await;
        }
    )*};
}

transparent! {
    timeout TimeoutLayer::default();
    retry RetryLayer::default();
    breaker BreakerLayer::default();
    bulkhead BulkheadLayer::default();
    meter MeterLayer::new();
    trace TraceLayer;
    all_in_their_order Resilience::builder().traced().build().unwrap();
    all_of_them_twice Arc::new(Twice);
    chaos_at_rate_0 ChaosLayer::seeded(7).failing(0.0).losing(0.0).delaying(0.0, Duration::from_secs(9));
}

/// Nothing forbids it.
#[derive(Debug)]
struct Twice;

impl Layer for Twice {
    fn wrap(
        &self,
        inner: Arc<dyn cache_core::port::backend::CacheBackend>,
    ) -> Arc<dyn cache_core::port::backend::CacheBackend> {
        Resilience::new().wrap(Resilience::new().wrap(inner))
    }
}
