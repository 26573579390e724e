//! What the layer does: tells `tracing`.

use std::sync::Arc;
use std::time::Instant;

use tracing::Instrument;

use crate::error::Result;
use crate::layer::{Answer, Around, Call, Layer, Wrapped};
use crate::port::backend::CacheBackend;

const TARGET: &str = "larder::trace";

/// Tells `tracing` of every call. Costs an atomic load per call while nobody subscribes.
#[derive(Debug, Clone, Copy, Default)]
pub struct TraceLayer;

impl Layer for TraceLayer {
    fn wrap(&self, inner: Arc<dyn CacheBackend>) -> Arc<dyn CacheBackend> {
        Wrapped::put(*self, inner)
    }
}

impl Around for TraceLayer {
    async fn call<'a, T: Send + 'a>(
        &'a self,
        call: Call<'a>,
        mut make: impl FnMut() -> Answer<'a, T> + Send + 'a,
    ) -> Result<T> {
        // The digest is only made where somebody listens.
        let span = tracing::debug_span!(
            target: TARGET,
            "cache",
            backend = call.backend,
            verb = call.verb.as_str(),
            key = call.key.map(tracing::field::display),
            keys = call.keys,
        );
        let began = Instant::now();
        let answered = async {
            let answer = make().await;
            report(answer.as_ref().err().map(|error| error.kind().as_str()), began);
            answer
        };
        answered.instrument(span).await
    }
}

fn report(error: Option<&'static str>, began: Instant) {
    let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    match error {
        None => tracing::debug!(target: TARGET, micros, "answered"),
        Some(error) => tracing::debug!(target: TARGET, micros, error, "failed"),
    }
}
