//! The near store: live values of this process, over `quick_cache` (the S3-FIFO family).
//!
//! Promise: a hit compares key parts and clones one `Arc`, under one shard's read lock, and allocates nothing. (What a
//! thread asks for most does not come here: the engine has a front for it.) The store never holds more than its bounds, in bytes and in entries at once. Expired entries are given back by
//! inserts, without being read. `config` says how large it is; read on in `store`.

mod config;
mod key;
mod store;
#[cfg(test)]
mod tests;

pub use config::Near;
pub use store::QuickNear;
