//! The near store: live values of this process, over `quick_cache` (the S3-FIFO family).
//!
//! Promise: a hit compares key parts and clones one `Arc`; what a thread asks for often it finds in its own front,
//! without a lock ([`front`]), the rest under one shard's read lock. A hit allocates nothing, but the first of a thread. The
//! store never holds more than its bounds, in bytes and in entries at once. Expired entries are given back by
//! inserts, without being read. `config` says how large it is; read on in `store`.

mod config;
mod front;
mod key;
mod store;
#[cfg(test)]
mod tests;

pub use config::Near;
pub use store::QuickNear;
