//! Every layer is transparent: the backend behind it keeps every promise that it kept before.

use std::sync::Arc;
use std::time::Duration;

use cache_core::layer::{
    BreakerLayer, BulkheadConfig, BulkheadLayer, Layer, Limits, MeterLayer, Resilience, RetryConfig,
    RetryLayer, TimeoutLayer, TraceLayer,
};
use cache_core::testkit::MapBackend;
use cache_core::testkit::conformance::Subject;

/// Limits that a busy test machine does not reach.
fn patient() -> Limits {
    Limits::all(Duration::from_secs(60))
}

fn bulkhead() -> BulkheadConfig {
    BulkheadConfig::default().wait(Duration::from_secs(60))
}

fn behind(layer: &impl Layer) -> Subject {
    Subject::new(layer.wrap(Arc::new(MapBackend::leasing())))
}

fn everything() -> Resilience {
    Resilience::builder().limits(patient()).bulkhead(bulkhead()).traced().build().unwrap()
}

macro_rules! behind {
    ($($name:ident $layer:expr;)*) => {$(
        mod $name {
            use super::*;
            cache_core::larder_conformance!(behind(&$layer));
        }
    )*};
}

behind! {
    timeout TimeoutLayer::new(patient()).unwrap();
    retry RetryLayer::new(RetryConfig::default().limits(patient())).unwrap();
    breaker BreakerLayer::default();
    bulkhead_ BulkheadLayer::new(bulkhead()).unwrap();
    meter MeterLayer::new();
    trace TraceLayer;
    all_in_their_order everything();
}
