//! The byte tier on a Redis or Valkey server.
//!
//! Promise: a server that is away costs a caller its deadline at most (about a microsecond once that is known), and never more
//! than the call: it is found again within about half a second of its return, without a restart and without
//! traffic. No type of the client library is visible outside, and no text shows a password.
//!
//! Invariant: how long a caller waits is decided here (`call`), never by the client library.
//!
//! Reading order: `backend` says which command a verb is; `shape` knows which server a key belongs to; `node` is one
//! server, with a connection for reads and one for writes; `gather` lets single gets share round trips; `call` asks
//! within a deadline and says what is sent twice; `supervisor` makes the `connection`, and makes it again.

mod address;
mod backend;
mod batch;
mod call;
mod claims;
#[cfg(feature = "redis-cluster")]
mod cluster;
mod config;
mod connection;
mod dial;
mod echo;
mod error;
mod gather;
mod health;
mod leases;
mod node;
mod pause;
mod phase;
mod place;
mod reply;
mod scan;
mod scripts;
#[cfg(feature = "redis-sentinel")]
mod sentinel;
mod shape;
mod source;
mod supervisor;
mod tls;
#[cfg(any(feature = "redis-cluster", feature = "redis-sentinel"))]
mod together;

pub use backend::RedisBackend;
pub use config::RedisBackendBuilder;
