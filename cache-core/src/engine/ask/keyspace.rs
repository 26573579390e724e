//! What a cached function wants of its cache.

use std::time::Duration;

use crate::codec::Format;
#[cfg(feature = "cachekit")]
use crate::error::Result;
use crate::key::SpaceName;
use crate::policy::{RefreshAhead, SingleFlight};
use crate::time::Ttl;

/// The options of a keyspace. What is not said is the manager's default.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Policy {
    /// How long a value is fresh.
    pub ttl: Ttl,
    /// How long absence is remembered; `None`: not at all.
    pub negative_ttl: Option<Ttl>,
    /// Spread of lives; `None`: the manager's.
    pub jitter: Option<f64>,
    /// Every value decides on its own life: `ttl` bounds nothing.
    pub varied: bool,
    /// How long a call may take, whatever it waits for.
    pub timeout: Option<Duration>,
    /// After how long a call takes a stale answer, if there is one, while the load goes on.
    pub soft_timeout: Option<Duration>,
    /// After how long a load is given up and its key is free.
    pub max_load_time: Option<Duration>,
    /// How long after its expiry a value answers at once, while one refresh runs.
    pub stale_while_revalidate: Option<Duration>,
    /// How long after its expiry a value answers in place of an error.
    pub stale_if_error: Option<Duration>,
    /// When a read begins a refresh ahead of the expiry.
    pub refresh_ahead: Option<RefreshAhead>,
    /// Who loads a key that many callers miss at once; `None`: the manager's, or [`SingleFlight::Local`].
    pub single_flight: Option<SingleFlight>,
    /// No stale window applies, whatever the manager's defaults.
    pub never_stale: bool,
    /// Whether callers do not wait until what was loaded is in the byte tiers; `None`: the manager's, or no.
    pub background_writes: Option<bool>,
    /// It has been found wrong: nothing is read or stored under it.
    pub(crate) refused: bool,
    /// Values are sealed in byte tiers.
    pub(super) sealed: bool,
    /// Sealed values may be held, in clear, in the near tier.
    pub(crate) near_too: bool,
    /// The key contains the version of what it names: a near copy needs no bound but its life.
    pub immutable: bool,
    /// Values never leave this process: near tier only.
    pub local: bool,
    /// The stored form.
    pub format: Format,
    /// The version of the stored form; part of every key.
    pub schema: u32,
}

impl Policy {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how long a value is fresh.
    #[must_use]
    pub fn ttl(mut self, ttl: Ttl) -> Self {
        self.ttl = ttl;
        self
    }

    /// Remembers absence for this long.
    #[must_use]
    pub fn negative_ttl(mut self, ttl: Ttl) -> Self {
        self.negative_ttl = Some(ttl);
        self
    }

    /// Sets the spread of lives.
    #[must_use]
    pub fn jitter(mut self, fraction: f64) -> Self {
        self.jitter = Some(fraction);
        self
    }

    /// Says that every value decides on its own life.
    #[must_use]
    pub fn varied(mut self) -> Self {
        self.varied = true;
        self
    }

    /// Bounds a call, whatever it waits for: another caller's load, the tiers, its own load. Late, it is answered
    /// by a stale value if it may, or by an error of kind `Timeout`.
    #[must_use]
    pub fn timeout(mut self, after: Duration) -> Self {
        self.timeout = Some(after);
        self
    }

    /// Answers with a stale value, if there is one, when a load takes longer. The load goes on: a detached one by
    /// itself, that of another caller anyway. A caller that runs its own attached load waits on.
    #[must_use]
    pub fn soft_timeout(mut self, after: Duration) -> Self {
        self.soft_timeout = Some(after);
        self
    }

    /// Ends a load that takes longer, and frees its key: those who wait for it get an error of kind `Timeout`.
    #[must_use]
    pub fn max_load_time(mut self, after: Duration) -> Self {
        self.max_load_time = Some(after);
        self
    }

    /// Lets an expired value answer at once for this long after its expiry, while one load refreshes it: in the
    /// background when loads are detached, else in the task of the first caller.
    #[must_use]
    pub fn stale_while_revalidate(mut self, window: Duration) -> Self {
        self.stale_while_revalidate = Some(window);
        self
    }

    /// Lets an expired value answer for this long after its expiry when its load fails, or takes too long. The key
    /// is then left alone for 1 s, doubling to 30 s.
    #[must_use]
    pub fn stale_if_error(mut self, window: Duration) -> Self {
        self.stale_if_error = Some(window);
        self
    }

    /// Refreshes a value that is read near the end of its life, before it expires: in the background when loads are
    /// detached, else in the task of the first caller.
    #[must_use]
    pub fn refresh_ahead(mut self, when: RefreshAhead) -> Self {
        self.refresh_ahead = Some(when);
        self
    }

    /// Says who loads a key that many callers miss at once.
    #[must_use]
    pub fn single_flight(mut self, who: SingleFlight) -> Self {
        self.single_flight = Some(who);
        self
    }

    /// Never answers with an expired value, whatever the manager's defaults: for what grants access.
    #[must_use]
    pub fn never_stale(mut self) -> Self {
        self.never_stale = true;
        self
    }

    /// Lets a caller go on when what was loaded for it is near, while a task writes it to the byte tier. Whatever invalidates or
    /// sets the key meanwhile waits for that write, and wins; a process that dies meanwhile loses it. For a load of one key, and
    /// its refreshes: `set`, batches and explicit refreshes are awaited.
    #[must_use]
    pub fn background_writes(mut self, on: bool) -> Self {
        self.background_writes = Some(on);
        self
    }

    /// Seals values in byte tiers (AES-256-GCM under the manager's master key), fails closed, and keeps no live value in
    /// the near tier. Implies [`Policy::never_stale`]. Without a master key nothing is stored or served.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        self.sealed = true;
        self.never_stale()
    }

    /// Whether values are sealed in byte tiers.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.sealed
    }

    /// Lets sealed values into the near tier too: this process's memory then holds them in clear.
    #[must_use]
    pub fn near_too(mut self) -> Self {
        self.near_too = true;
        self
    }

    /// Says that values under a key never change.
    #[must_use]
    pub fn immutable(mut self) -> Self {
        self.immutable = true;
        self
    }

    /// Keeps values in this process.
    #[must_use]
    pub fn local(mut self) -> Self {
        self.local = true;
        self
    }

    /// Sets the stored form. One of your own is said with the type of the values: `Keyspace::in_format`, `GetOrLoad::in_format`.
    #[must_use]
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// Sets the version of the stored form.
    #[must_use]
    pub fn schema(mut self, schema: u32) -> Self {
        self.schema = schema;
        self
    }
}

/// A named set of entries with one policy: what one cached function fills.
#[derive(Debug, Clone)]
pub struct Keyspace {
    /// What its keys begin with.
    pub name: SpaceName,
    /// What it wants.
    pub policy: Policy,
}

impl Keyspace {
    /// A keyspace named by hand.
    #[must_use]
    pub fn named(prefix: &str, policy: Policy) -> Self {
        Self { name: SpaceName::named(prefix, policy.schema).sealed(policy.sealed), policy }
    }

    /// A keyspace named after a function, its module and its type.
    #[must_use]
    pub fn of_path(path: &str, policy: Policy) -> Self {
        Self { name: SpaceName::of_path(path, policy.schema).sealed(policy.sealed), policy }
    }

    /// The keyspace of interop/v1 entries of cachekit: `namespace:operation:` and a digest of the arguments.
    ///
    /// # Errors
    /// `Config` for a name that the protocol does not allow, and for options that such entries cannot keep.
    #[cfg(feature = "cachekit")]
    pub fn cachekit(namespace: &str, operation: &str, policy: Policy) -> Result<Self> {
        policy.check_foreign(false, false)?;
        Ok(Self { name: SpaceName::cachekit(namespace, operation)?.sealed(policy.sealed), policy })
    }

    /// The keyspace of keys that are given as text.
    #[must_use]
    pub fn direct() -> Self {
        Self { name: SpaceName::direct(), policy: Policy::default() }
    }
}
