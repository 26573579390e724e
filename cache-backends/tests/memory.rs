//! The memory backend keeps every promise.

use std::sync::Arc;

use cache_backends::memory::{EvictionPolicy, MemoryBackend};
use cache_core::port::clock::Clock;
use cache_core::testkit::ManualTime;
use cache_core::testkit::conformance::Subject;

mod by_default {
    use super::*;
    cache_core::larder_conformance!(Subject::new(MemoryBackend::new()).refusing((8 << 20) + 1));
}

mod evicting_the_least_recent {
    use super::*;
    cache_core::larder_conformance!(
        Subject::new(MemoryBackend::builder().eviction(EvictionPolicy::Lru).max_entry_bytes(1 << 20).build())
            .refusing((1 << 20) + 1)
    );
}

mod by_a_steered_clock {
    use super::*;
    cache_core::larder_conformance!(steered());
}

fn steered() -> Subject {
    let time = Arc::new(ManualTime::new());
    let clock = Clock::source(Arc::clone(&time) as _);
    Subject::new(MemoryBackend::builder().clock(clock).build()).steered(move |by| {
        time.advance(by);
        std::future::ready(())
    })
}
