//! What `#[cached]`, `#[invalidate_cache]` and `#[derive(KeyPart)]` do, from outside.

#![allow(
    dead_code,
    clippy::panic,
    clippy::unwrap_used,
    clippy::multiple_bound_locations,
    clippy::ptr_arg,
    clippy::toplevel_ref_arg,
    reason = "bodies are small, companions are not all called, and a broken stand is a failed test"
)]

mod attributes;
mod batches;
mod blocks;
mod checked;
mod companions;
mod detached;
mod flights;
mod formats;
mod generics;
mod groups;
mod hygiene;
mod invalidation;
mod key_part;
mod keys;
mod lints;
mod loads;
mod methods;
mod moments;
mod options;
mod results;
mod scopes;
mod sensitive;
mod shapes;
mod signatures;
mod strangers;
mod sync;
mod traits;
mod ways;

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use larder::{CacheManager, MemoryBackend, Near};

/// Numbers that never repeat: a value that comes twice was stored.
fn fresh() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A manager with a near tier over a byte tier.
fn tiered() -> CacheManager {
    let backend = MemoryBackend::builder().max_bytes(1 << 20).build();
    CacheManager::builder().near(Near::mib(1)).primary(backend).namespace("t").build().unwrap()
}

/// A manager whose every hit comes out of a byte tier.
fn far() -> CacheManager {
    let backend = MemoryBackend::builder().max_bytes(1 << 20).build();
    CacheManager::builder().no_near().primary(backend).namespace("t").build().unwrap()
}

/// One of each, for functions that name their cache.
static TIERED: LazyLock<CacheManager> = LazyLock::new(tiered);
static FAR: LazyLock<CacheManager> = LazyLock::new(far);

/// These tests are about the macros: the manager without set-up is on for them, also where `CACHE_ENABLED=false`.
fn switch_on() {
    larder::cache_manager().set_enabled(true);
}
