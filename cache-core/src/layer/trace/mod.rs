//! Traces: one span per call, for whoever subscribes.
//!
//! Promise: a span `cache` (level DEBUG, target `larder::trace`) with the backend, the verb and the shortened digest of the
//! key, and one event inside it when the call ends; never a key, a pattern or a value. Off unless it is asked for.

mod layer;

pub use layer::TraceLayer;
