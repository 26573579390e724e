//! The stores of **larder**: the near store of live values, and the byte tiers behind it.
//!
//! Every folder reads like the others: `mod` (the promise), `config` (how it is built), `backend` (the verbs),
//! `error`, and what is its own; `expiry` is shared by the stores in memory. Nothing here knows the engine; the ports of `cache-core` are all that is shared.

#[cfg(feature = "disk")]
pub mod disk;
mod expiry;
#[cfg(feature = "memory")]
pub mod memory;
pub mod near;
#[cfg(feature = "redis")]
pub mod redis;

#[cfg(feature = "disk")]
pub use disk::DiskBackend;
#[cfg(feature = "memory")]
pub use memory::{EvictionPolicy, MemoryBackend};
pub use near::Near;
#[cfg(feature = "redis")]
pub use redis::RedisBackend;
