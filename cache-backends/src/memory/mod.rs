//! The byte tier of this process, over moka; also the usual fallback of another tier.
//!
//! Promise: at most so many bytes and so many entries are held (writers settle what they added before they go
//! on); a deadline is judged by our clock, and what has ended gives its memory back while others write, a few entries
//! per write. Invariant: whoever changes a key holds
//! the lock of its stripe, so conditions, takers and counters are atomic. `config` says how large it is, `frames`
//! is the store, `backend` gives it the verbs.

mod backend;
mod config;
mod frames;
mod tables;
#[cfg(test)]
mod tests;

pub use backend::MemoryBackend;
pub use config::{EvictionPolicy, MemoryBuilder};
