//! **larder**: an embeddable async caching library.
//!
//! Put [`cached`] on an async fn and it gets a typed in-process hit that costs tens of nanoseconds, memory, disk
//! or Redis behind it, and a cache that is never wrong because of the cache and never the reason a call fails.
//!
//! This crate is the assembly ring: it re-exports what users need by the crate it comes from, reads configuration
//! ([`from_env`], [`connect`]) and keeps the managers that functions find by themselves ([`cache_manager`]).

mod config;
mod global;
#[cfg(feature = "metrics")]
pub mod metrics;

pub use cache_core::codec::{Compression, CustomFormat, Format, FormatError};
#[cfg(feature = "encrypt")]
pub use cache_core::codec::{IntoMasterKey, Keyring, MasterKey};
pub use cache_core::entry::{Deadlines, Freshness, Invalidated, Outcome, Reason, Status, Validator};
pub use cache_core::error::{Error, ErrorKind, Result, SharedError};
pub use cache_core::key::{CacheKey, IntoKey, KeyBuilder, KeyPart, KeyPattern, Namespace, build_cache_key};
#[doc(inline)]
pub use cache_core::layer;
pub use cache_core::layer::{Layer, Layered, Resilience};
pub use cache_core::manager::{
    Attached, BatchReply, Builder, Cache, CacheManager, Cached, Claim, ClaimInfo, ClaimRequest, ClaimResult,
    Counts, Detached, EntryReport, Explanation, GetOrLoad, GetOrLoadMany, Health, IntoPattern, KeepWarm,
    Keyspace, LoadError, LoadedMany, Outlook, Policy, Previous, Quarantine, Revalidating, Simple, Statistics,
    TierReport, Validating, WithStatus, Written,
};
pub use cache_core::policy::{FailMode, RefreshAhead, SingleFlight};
pub use cache_core::port::backend::{
    BackendHealth, BackendInfo, BackendKind, Bytes, CacheBackend, Capability, ClaimId, ClaimOptions,
    ClaimOutcome, ClaimTable, DeleteCondition, DeleteOptions, Expiry, LeaseTable, LiveClaim, NullBackend,
    Remaining, ServerHealth, SetCondition, SetOptions, fingerprint,
};
pub use cache_core::port::clock::{Clock, TimeSource};
pub use cache_core::port::near::{NearStore, NoNear};
pub use cache_core::port::recorder::{Event, NoRecorder, Recorder};
pub use cache_core::port::spawn::{NoSpawner, Spawner, Task, TokioSpawner};
pub use cache_core::time::{Life, Tick, Ttl, WallTime};

/// What a [`NearStore`] of your own stores, finds it by, and is asked.
pub mod near {
    pub use cache_core::key::{NearKey, NearProbe};
    pub use cache_core::port::near::{Bounds, Held, HeldKind, IntoNear, Judged, NearEntry, NearMeta, Times};
}

#[cfg(feature = "testkit")]
pub use cache_core::testkit;

#[cfg(feature = "disk")]
pub use cache_backends::DiskBackend;
pub use cache_backends::Near;
#[cfg(feature = "redis")]
pub use cache_backends::RedisBackend;
#[cfg(feature = "memory")]
pub use cache_backends::{EvictionPolicy, MemoryBackend};

#[cfg(feature = "macros")]
pub use cache_macros::{KeyPart, Outcome, cached, invalidate_cache};

pub use config::{Config, connect, from_env, register_default_caches};
pub use global::{cache, cache_manager, initialize_cache, register_cache, shutdown_cache};

/// What services share that use cachekit, whatever their language: `#[cached(interop = "cachekit", ..)]`, keys for the
/// verbs ([`CacheKey::cachekit`]), arguments whose meaning serde does not tell, and its bytes by themselves.
#[cfg(feature = "cachekit")]
pub mod cachekit {
    pub use cache_core::codec::interop::{
        FORMAT, MAX_BYTES, Rejection, Stored, check_document, decode, encode, open, store,
    };
    #[cfg(feature = "encrypt")]
    pub use cache_core::codec::interop::{SealedAs, SharedSealer};
    pub use cache_core::key::{Binary, DateTime, Set};
}

/// What expanded macros call. Not for people.
#[doc(hidden)]
pub mod private {
    pub use crate::global::{Global, Named};
    pub use cache_core::private::*;
}

/// Compiles and runs the code of the README and of the guide.
#[cfg(doctest)]
mod documents {
    macro_rules! pages {
        ($($name:ident $page:literal)*) => {$(
            #[doc = include_str!($page)]
            struct $name;
        )*};
    }

    pages! {
        Readme "../README.md"
        GettingStarted "../docs/guide/getting-started.md"
        Batches "../docs/guide/batches.md"
        Explain "../docs/guide/explain.md"
        Claims "../docs/guide/claims.md"
        Invalidation "../docs/guide/invalidation.md"
        Stampedes "../docs/guide/stampedes.md"
        Deadlines "../docs/guide/deadlines.md"
        Staleness "../docs/guide/staleness.md"
        Negative "../docs/guide/negative.md"
        Redis "../docs/guide/redis.md"
        Outages "../docs/guide/outages.md"
        Configuration "../docs/guide/configuration.md"
        Security "../docs/guide/security.md"
        Layers "../docs/guide/layers.md"
        Macros "../docs/guide/macros.md"
        Interop "../docs/guide/interop.md"
    }
}
