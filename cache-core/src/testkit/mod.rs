//! For tests, ours and those of people who write backends.
//!
//! [`conformance`] says what a backend promises and checks it; [`map`] is the smallest backend that keeps every
//! promise; [`faulty`] makes any backend misbehave on demand, [`chaos`] at random, [`proxy`] breaks the network before a
//! server; [`time`] steers the clock; [`server`] starts real servers; [`recorder`] keeps the events of a manager. Nothing here is meant for production: a broken promise is a panic with a sentence.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

pub mod chaos;
pub mod conformance;
pub mod faulty;
pub mod map;
pub mod proxy;
pub mod recorder;
pub mod server;
pub mod time;

pub use crate::port::backend::Verb;
pub use chaos::ChaosLayer;
pub use faulty::{FaultyBackend, Hold};
pub use map::MapBackend;
pub use proxy::{Fault, Proxy};
pub use recorder::{Recorded, RecordingRecorder};
pub use server::RedisServer;
pub use time::{ManualTime, TokioTime};
