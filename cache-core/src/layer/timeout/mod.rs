//! Time-outs: no call is slower than its limit.
//!
//! Promise: a call that has not answered when its limit ends is dropped, and its caller gets a
//! [`Timeout`](crate::error::ErrorKind::Timeout) that names the verb and the limit; whether it happened is unknown. The
//! numbers are in [`Limits`](super::Limits), which the retry layer shares.

mod layer;

pub use layer::TimeoutLayer;
