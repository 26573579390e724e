//! Meters: how often, how long, and what went wrong, per verb.
//!
//! Promise: every call that reaches the backend is counted exactly once, as answered, as failed by the kind of its error, or
//! as cancelled when its caller left; its latency falls into one bucket. Counting takes no lock and allocates nothing.

mod layer;
mod snapshot;
mod state;

pub use layer::MeterLayer;
pub use snapshot::{Latency, MeterSnapshot, VerbSnapshot};
