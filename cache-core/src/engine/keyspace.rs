//! What a cached function wants of its cache.

use crate::codec::Format;
use crate::key::SpaceName;
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

    /// Sets the stored form.
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
        Self { name: SpaceName::named(prefix, policy.schema), policy }
    }

    /// A keyspace named after a function, its module and its type.
    #[must_use]
    pub fn of_path(path: &str, policy: Policy) -> Self {
        Self { name: SpaceName::of_path(path, policy.schema), policy }
    }

    /// The keyspace of keys that are given as text.
    #[must_use]
    pub fn direct() -> Self {
        Self { name: SpaceName::direct(), policy: Policy::default() }
    }
}
