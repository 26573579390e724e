//! Wiring a manager: the one constructor where collaborators meet.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use super::CacheManager;
use super::keys::Keys;
use crate::codec::{Codec, Compression, MAX_ENTRY_BYTES};
use crate::engine::{Engine, Parts, Policy, no_master_key};
use crate::error::{Error, ErrorKind, Result};
use crate::key::{KeySecret, Namespace};
use crate::policy::{FailMode, Jitter, SingleFlight};
use crate::port::backend::{CacheBackend, NullBackend};
use crate::port::clock::Clock;
use crate::port::near::{IntoNear, NearStore, NoNear};
use crate::port::recorder::{NoRecorder, Recorder};
use crate::port::spawn::{Spawner, TokioSpawner};
use crate::tier::Tiers;
use crate::time::Life;

/// How long a near copy of what other processes can change is trusted, unless said otherwise.
const NEAR_TTL_OF_SHARED: Duration = Duration::from_secs(5);
const DEFAULT_TTL: Duration = Duration::from_secs(300);
/// Loads that go on without a caller, at a time.
const MAX_DETACHED_LOADS: usize = 1_000;
/// How long a lease outlives the process that holds it.
const LEASE_TIME: Duration = Duration::from_secs(10);
const LEASE_TIMES: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(3_600);
const DEFAULT_JITTER: f64 = 0.15;

/// The parts of a manager. Every wrong one is reported by [`Builder::build`], all at once.
#[must_use = "a builder does nothing until `build`"]
pub struct Builder {
    namespace: Result<Namespace>,
    key_secret: Option<Result<KeySecret>>,
    pub(super) keys: Keys,
    near: Arc<dyn NearStore>,
    primary: Option<Arc<dyn CacheBackend>>,
    fallback: Option<Arc<dyn CacheBackend>>,
    has_near: bool,
    policy: Policy,
    max_detached_loads: usize,
    lease_time: Duration,
    default_ttl: Duration,
    near_ttl: Option<Duration>,
    jitter: f64,
    jitter_seed: u64,
    compression: Compression,
    max_entry_bytes: usize,
    fail_mode: FailMode,
    enabled: bool,
    clock: Option<Clock>,
    recorder: Arc<dyn Recorder>,
    spawner: Arc<dyn Spawner>,
    problems: Vec<String>,
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
            lease_time: LEASE_TIME,
            default_ttl: DEFAULT_TTL,
            near_ttl: None,
            jitter: DEFAULT_JITTER,
            jitter_seed: crate::key::NearProbe::hash(&crate::key::NearKey::direct("jitter")),
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

    /// How long the lease of a load outlives its process: a load over a shared primary holds one, and renews it each
    /// third of this time while it runs. It is also the longest that [`SingleFlight::Distributed`] waits for the load of
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

    /// Makes the spread of lives repeatable, for tests.
    pub fn jitter_seed(mut self, seed: u64) -> Self {
        self.jitter_seed = seed;
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

    /// Wires the manager. Touches no server and no file.
    ///
    /// # Errors
    /// `Config`, naming every problem.
    pub fn build(mut self) -> Result<CacheManager> {
        let namespace = self.keep(|builder| builder.namespace.clone());
        let key_secret = self.keep(|builder| builder.key_secret.clone().transpose());
        let default_ttl =
            self.keep(|builder| Life::new(builder.default_ttl).map_err(|error| named("default_ttl", &error)));
        let near_ttl = self.keep(|builder| {
            builder.near_ttl.map(Life::new).transpose().map_err(|error| named("near_ttl", &error))
        });
        let jitter = self.keep(|builder| Jitter::new(builder.jitter, builder.jitter_seed));
        self.keep(|builder| builder.policy.check().map_err(|error| named("policy", &error)));
        let sealer = self.keep(|builder| builder.keys.sealer());
        self.check_tiers();
        self.check_sealing(matches!(sealer, Some(None)));
        self.check_sizes();
        self.check_leases();
        let (Some(namespace), Some(key_secret), Some(default_ttl), Some(near_ttl), Some(jitter), true) =
            (namespace, key_secret, default_ttl, near_ttl, jitter, self.problems.is_empty())
        else {
            return Err(self.report());
        };
        let primary = self.primary.unwrap_or_else(|| Arc::new(NullBackend));
        let tiers = Tiers::new(primary, self.fallback.unwrap_or_else(|| Arc::new(NullBackend)));
        Ok(CacheManager::of(Engine::new(Parts {
            namespace: match key_secret {
                Some(secret) => namespace.with_secret(secret),
                None => namespace,
            },
            near: self.near,
            near_ttl: near_ttl.or(tiers.shared().then_some(Life::For(NEAR_TTL_OF_SHARED))),
            tiers,
            sealer: sealer.flatten(),
            codec: Codec { compression: self.compression, max_entry_bytes: self.max_entry_bytes },
            clock: self.clock.unwrap_or_default(),
            recorder: self.recorder,
            spawner: self.spawner,
            policy: self.policy,
            max_detached_loads: self.max_detached_loads,
            lease_time: self.lease_time,
            default_ttl,
            jitter,
            fail_mode: self.fail_mode,
            enabled: self.enabled,
        })))
    }

    /// Takes a part, or notes what is wrong with it.
    fn keep<T>(&mut self, part: impl FnOnce(&Self) -> Result<T>) -> Option<T> {
        match part(self) {
            Ok(part) => Some(part),
            Err(error) => {
                self.problems.push(error.to_string());
                None
            }
        }
    }

    fn check_tiers(&mut self) {
        if !self.has_near && self.primary.is_none() {
            self.problems.push("there is no tier; add .near(Near::mib(64)) or .primary(..)".to_owned());
        }
        if self.fallback.is_some() && self.primary.is_none() {
            self.problems.push(
                "there is a fallback but no primary; name the primary, or make the fallback it".to_owned(),
            );
        }
        let holds_nothing = self.primary.as_ref().is_some_and(|primary| !primary.info().capability.stores);
        if (self.fail_mode == FailMode::Closed || self.policy.is_sealed()) && holds_nothing {
            self.problems.push(
                "a manager that fails closed cannot stand on a null backend; name a real primary".to_owned(),
            );
        }
    }

    fn check_sealing(&mut self, has_no_key: bool) {
        if !self.policy.is_sealed() {
            return;
        }
        if has_no_key {
            self.problems.push(format!("policy: {}", no_master_key()));
        }
        if self.primary.is_none() && !self.policy.near_too {
            self.problems.push(
                "policy: a secure manager keeps nothing in the near tier; name a primary, or say near_too"
                    .to_owned(),
            );
        }
    }

    fn check_sizes(&mut self) {
        let bytes = self.max_entry_bytes;
        if !(1..=MAX_ENTRY_BYTES).contains(&bytes) {
            self.problems.push(format!("max_entry_bytes holds {bytes}; give 1 to {} bytes", MAX_ENTRY_BYTES));
        }
    }

    fn check_leases(&mut self) {
        let (time, capability) = (self.lease_time, self.primary.as_ref().map(|it| it.info().capability));
        if !LEASE_TIMES.contains(&time) {
            self.problems.push(format!("lease_time holds {time:?}; give 100 ms to an hour, e.g. 10 s"));
        }
        if self.policy.single_flight == Some(SingleFlight::Distributed)
            && capability.is_some_and(|can| can.shared && !can.leases)
        {
            self.problems.push(
                "single_flight holds Distributed, but the primary, which others share, offers no leases; use Local"
                    .to_owned(),
            );
        }
    }

    fn report(&self) -> Error {
        let problems: Vec<String> = self
            .problems
            .iter()
            .enumerate()
            .map(|(index, problem)| format!("({}) {problem}", index + 1))
            .collect();
        Error::new(ErrorKind::Config, problems.join("; ")).during("build")
    }
}

fn named(option: &str, error: &Error) -> Error {
    Error::new(error.kind(), format!("{option}: {error}"))
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
