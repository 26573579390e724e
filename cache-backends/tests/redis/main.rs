//! `RedisBackend` against real servers, each test on Redis and on Valkey.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod claims;
mod cluster;
mod gap;
mod gather;
mod health;
mod impostor;
mod outage;
mod permissions;
mod refusals;
mod secrets;
mod sentinel;
#[path = "../servers/mod.rs"]
mod servers;
mod shifted;
mod store_cost;
mod support;
mod sweep;
mod tls;
mod verbs;
