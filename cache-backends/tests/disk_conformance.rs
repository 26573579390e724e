//! The disk backend keeps every promise.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use cache_backends::disk::{DiskBackend, DiskBuilder};
use cache_core::port::clock::Clock;
use cache_core::testkit::ManualTime;
use cache_core::testkit::conformance::Subject;

mod by_default {
    use super::*;
    cache_core::larder_conformance!(subject(|builder| builder).refusing((64 << 20) + 1));
}

/// Segments are sealed, compacted and dropped all the time.
mod in_little_room {
    use super::*;
    cache_core::larder_conformance!(
        subject(|builder| builder.max_bytes(32 << 20).segment_bytes(64 << 10)).refusing((4 << 20) + 1)
    );
}

mod by_a_steered_clock {
    use super::*;
    cache_core::larder_conformance!(steered());
}

fn subject(options: impl FnOnce(DiskBuilder) -> DiskBuilder) -> Subject {
    let home = tempfile::tempdir().unwrap();
    Subject::new(options(DiskBackend::builder(home.path().join("cache"))).open().unwrap()).keeping(home)
}

fn steered() -> Subject {
    let time = Arc::new(ManualTime::new());
    let clock = Clock::source(Arc::clone(&time) as _);
    subject(|builder| builder.clock(clock)).steered(move |by| {
        time.advance(by);
        std::future::ready(())
    })
}
