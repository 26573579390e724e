//! `RedisBackend` against real servers, each test on Redis and on Valkey.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod claims;
mod impostor;
mod outage;
mod secrets;
mod support;
mod sweep;
mod verbs;
