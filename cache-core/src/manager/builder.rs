//! What a manager is to be made of. It is wired in [`build`](super::build).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::keys::Keys;
use crate::codec::{Codec, Compression};
use crate::engine::Policy;
use crate::error::Result;
use crate::key::{KeySecret, Namespace};
use crate::policy::FailMode;
use crate::port::backend::CacheBackend;
use crate::port::clock::Clock;
use crate::port::near::{IntoNear, NearStore, NoNear};
use crate::port::recorder::{NoRecorder, Recorder};
use crate::port::spawn::{Spawner, TokioSpawner};

const DEFAULT_TTL: Duration = Duration::from_secs(300);
/// Loads that go on without a caller, at a time.
const MAX_DETACHED_LOADS: usize = 1_000;
/// Fills of byte tiers that nobody waits for, at a time: each holds a frame.
const MAX_BACKGROUND_WRITES: usize = 256;
/// How long a lease outlives the process that holds it.
const LEASE_TIME: Duration = Duration::from_secs(10);
const DEFAULT_JITTER: f64 = 0.15;

/// The parts of a manager. Every wrong one is reported by [`Builder::build`], all at once.
#[must_use = "a builder does nothing until `build`"]
pub struct Builder {
    pub(super) namespace: Result<Namespace>,
    pub(super) key_secret: Option<Result<KeySecret>>,
    pub(super) keys: Keys,
    pub(super) near: Arc<dyn NearStore>,
    pub(super) primary: Option<Arc<dyn CacheBackend>>,
    pub(super) fallback: Option<Arc<dyn CacheBackend>>,
    pub(super) has_near: bool,
    pub(super) policy: Policy,
    pub(super) max_detached_loads: usize,
    pub(super) background_writes: Option<bool>,
    pub(super) max_background_writes: usize,
    pub(super) lease_time: Duration,
    pub(super) default_ttl: Duration,
    pub(super) max_ttl: Duration,
    pub(super) near_ttl: Option<Duration>,
    pub(super) jitter: f64,
    pub(super) jitter_seed: Option<u64>,
    pub(super) compression: Compression,
    pub(super) max_entry_bytes: usize,
    pub(super) fail_mode: FailMode,
    pub(super) enabled: bool,
    pub(super) clock: Option<Clock>,
    pub(super) recorder: Arc<dyn Recorder>,
    pub(super) spawner: Arc<dyn Spawner>,
    pub(super) problems: Vec<String>,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            namespace: Ok(Namespace::default()),
            key_secret: None,
            keys: Keys::default(),
            near: Arc::new(NoNear),
            primary: None,
            fallback: None,
            has_near: false,
            policy: Policy::default(),
            max_detached_loads: MAX_DETACHED_LOADS,
            background_writes: None,
            max_background_writes: MAX_BACKGROUND_WRITES,
            lease_time: LEASE_TIME,
            default_ttl: DEFAULT_TTL,
            max_ttl: Duration::MAX,
            near_ttl: None,
            jitter: DEFAULT_JITTER,
            jitter_seed: None,
            compression: Compression::default(),
            max_entry_bytes: Codec::default().max_entry_bytes,
            fail_mode: FailMode::default(),
            enabled: true,
            clock: None,
            recorder: Arc::new(NoRecorder),
            spawner: Arc::new(TokioSpawner),
            problems: Vec::new(),
        }
    }

    /// The only prefix, on every physical key. 1 to 64 bytes; `larder` unless said.
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.namespace = Namespace::new(namespace);
        self
    }

    /// The secret under which `#[cached(sensitive(..))]` writes parts of keys: at least 16 random bytes, the same in every
    /// process that shares the tiers. Without one, entries with sensitive parts stay in the near tier. Another secret
    /// makes other keys: what is stored under the old ones is not found any more.
    pub fn key_secret(mut self, secret: impl AsRef<[u8]>) -> Self {
        self.key_secret = Some(KeySecret::new(secret));
        self
    }

    /// The near tier: live values of this process, e.g. `Near::mib(64)`.
    pub fn near(mut self, near: impl IntoNear) -> Self {
        match near.into_near() {
            Ok(near) => (self.near, self.has_near) = (near, true),
            Err(error) => self.problems.push(error.to_string()),
        }
        self
    }

    /// No near tier: every hit asks the byte tier and decodes.
    pub fn no_near(mut self) -> Self {
        (self.near, self.has_near) = (Arc::new(NoNear), false);
        self
    }

    /// The byte tier behind the near tier.
    pub fn primary(mut self, backend: impl CacheBackend) -> Self {
        self.primary = Some(Arc::new(backend));
        self
    }

    /// The byte tier that serves while the primary cannot be reached.
    pub fn fallback(mut self, backend: impl CacheBackend) -> Self {
        self.fallback = Some(Arc::new(backend));
        self
    }

    /// How long a value is fresh unless its keyspace or call says so. 300 s.
    pub fn default_ttl(mut self, ttl: Duration) -> Self {
        self.default_ttl = ttl;
        self
    }

    /// The longest life that anything is given here, whatever its keyspace, its call, its spread or another process says:
    /// `Ttl::Never` is this long then. No bound unless said. Claims are not bounded by it.
    pub fn max_ttl(mut self, ttl: Duration) -> Self {
        self.max_ttl = ttl;
        self
    }

    /// What every keyspace and call wants, unless it says so itself.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// How many loads may go on without a caller at a time: detached ones and background refreshes. Beyond it a
    /// detached load is answered by a stale value, or by an error of kind `Overloaded`. 1,000.
    pub fn max_detached_loads(mut self, most: usize) -> Self {
        self.max_detached_loads = most;
        self
    }

    /// Whether a caller does not wait until what was loaded for it is in the byte tier:
    /// [`Policy::background_writes`], for all keyspaces that do not say otherwise. Off.
    pub fn background_writes(mut self, on: bool) -> Self {
        self.background_writes = Some(on);
        self
    }

    /// How many of those writes may be under way at a time, each with its frame in memory. Beyond it the caller waits, as
    /// without them. 256.
    pub fn max_background_writes(mut self, most: usize) -> Self {
        self.max_background_writes = most;
        self
    }

    /// How long the lease of a load outlives its process: a load over a shared primary holds one, and renews it each
    /// third of this time while it runs. It is also the longest that [`Distributed`](crate::policy::SingleFlight::Distributed) waits for the load of
    /// another process. 10 s; from 100 ms to an hour.
    pub fn lease_time(mut self, time: Duration) -> Self {
        self.lease_time = time;
        self
    }

    /// How long a near copy is trusted at most. Needed where other processes change the same entries; 5 s over
    /// a shared primary unless said, no bound otherwise. Immutable keyspaces are exempt.
    pub fn near_ttl(mut self, ttl: Duration) -> Self {
        self.near_ttl = Some(ttl);
        self
    }

    /// Spread of lives, as a fraction from 0 to below 1. 0.15.
    pub fn jitter(mut self, fraction: f64) -> Self {
        self.jitter = fraction;
        self
    }

    /// Makes the spread of lives repeatable, for tests. By chance unless said, anew for each manager.
    pub fn jitter_seed(mut self, seed: u64) -> Self {
        self.jitter_seed = Some(seed);
        self
    }

    /// How payloads in byte tiers are compressed. Not at all unless said.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// The largest encoded entry, in bytes. 1 MiB.
    pub fn max_entry_bytes(mut self, bytes: usize) -> Self {
        self.max_entry_bytes = bytes;
        self
    }

    /// What trouble of a tier means to callers.
    pub fn fail_mode(mut self, mode: FailMode) -> Self {
        self.fail_mode = mode;
        self
    }

    /// Whether the cache is on. It can be switched at run time too.
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Where the time comes from. The machine's clock unless said.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Where events go.
    pub fn recorder(mut self, recorder: impl Recorder) -> Self {
        self.recorder = Arc::new(recorder);
        self
    }

    /// Who runs background tasks.
    pub fn spawner(mut self, spawner: impl Spawner) -> Self {
        self.spawner = Arc::new(spawner);
        self
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("near", &self.near)
            .field("primary", &self.primary)
            .field("fallback", &self.fallback)
            .field("default_ttl", &self.default_ttl)
            .field("problems", &self.problems)
            .finish_non_exhaustive()
    }
}
