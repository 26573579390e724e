//! The byte tier on a Redis or Valkey server.
//!
//! Promise: a server that is away costs a caller its deadline at most (about a microsecond once that is known), and never more
//! than the call: it is found again within about half a second of its return, without a restart and without
//! traffic. No type of the client library is visible outside, and no text shows a password.
//!
//! Invariant: how long a caller waits is decided here (`call`), never by the client library. One supervisor
//! (`supervisor`) owns the only connection (`connection`); every verb (`backend`) goes through `call`, which also
//! says what is sent twice. Start reading there.

mod address;
mod backend;
mod batch;
mod call;
mod claims;
mod config;
mod connection;
mod error;
mod phase;
mod reply;
mod scan;
mod scripts;
mod supervisor;

pub use backend::RedisBackend;
pub use config::RedisBackendBuilder;
