//! What a verb of [`CacheBackend`](super::CacheBackend) is told, and what a backend says about itself.

use std::time::Duration;

use bytes::Bytes;

use crate::time::Life;

/// What a backend is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackendInfo {
    /// A short name for reports and metrics.
    pub name: &'static str,
    /// Its kind.
    pub kind: BackendKind,
    /// What it can do.
    pub capability: Capability,
}

impl BackendInfo {
    /// A backend of a kind with no special capability.
    #[must_use]
    pub const fn new(name: &'static str, kind: BackendKind) -> Self {
        let capability = Capability {
            persistent: false,
            shared: false,
            leases: false,
            claims: false,
            health: false,
            stores: true,
        };
        Self { name, kind, capability }
    }

    /// Its entries survive a restart of this process.
    #[must_use]
    pub const fn persistent(mut self) -> Self {
        self.capability.persistent = true;
        self
    }

    /// Other processes see the same entries.
    #[must_use]
    pub const fn shared(mut self) -> Self {
        self.capability.shared = true;
        self
    }

    /// It offers `health`.
    #[must_use]
    pub const fn reporting(mut self) -> Self {
        self.capability.health = true;
        self
    }

    /// It offers leases.
    #[must_use]
    pub const fn leasing(mut self) -> Self {
        self.capability.leases = true;
        self
    }

    /// It offers claims.
    #[must_use]
    pub const fn claiming(mut self) -> Self {
        self.capability.claims = true;
        self
    }
}

/// What a backend can do beyond the plain verbs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capability {
    /// Entries survive a restart of this process.
    pub persistent: bool,
    /// Other processes see the same entries.
    pub shared: bool,
    /// `acquire_lease`, `renew_lease`, `release_lease` and `SetCondition::IfLease`.
    pub leases: bool,
    /// `claim`, `renew_claim`, `release_claim` and `claims`.
    pub claims: bool,
    /// `health`.
    pub health: bool,
    /// It keeps what is set. Only the null backend does not.
    pub stores: bool,
}

/// The kinds of backends, for configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BackendKind {
    /// In this process.
    Memory,
    /// A Redis or Valkey server.
    Redis,
    /// A directory of this machine.
    Disk,
    /// Nothing.
    Null,
    /// A user's own.
    Custom,
}

/// When a store gives an entry back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Expiry {
    /// Not by itself.
    #[default]
    Never,
    /// After this long; exact to the millisecond.
    After(Duration),
    /// When the entry that is replaced would have been.
    Keep,
}

impl From<Life> for Expiry {
    fn from(life: Life) -> Self {
        life.duration().map_or(Self::Never, Self::After)
    }
}

/// When a `set` takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SetCondition {
    /// Whatever is there.
    #[default]
    Always,
    /// Only when nothing is there.
    IfAbsent,
    /// Only while the frame there has this [`fingerprint`](super::fingerprint). A store that cannot compare says
    /// `Unsupported`.
    IfUnchanged(u128),
    /// Only while this lease is held (`Capability::leases`); the lease ends with it.
    IfLease(u128),
}

/// How a frame is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SetOptions {
    /// When the store gives it back.
    pub expiry: Expiry,
    /// When the set takes place.
    pub condition: SetCondition,
}

impl SetOptions {
    /// Sets the expiry.
    #[must_use]
    pub fn expiring(mut self, expiry: impl Into<Expiry>) -> Self {
        self.expiry = expiry.into();
        self
    }

    /// Sets the condition.
    #[must_use]
    pub fn when(mut self, condition: SetCondition) -> Self {
        self.condition = condition;
        self
    }
}

/// When a `delete` takes place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum DeleteCondition {
    /// Whatever is there.
    #[default]
    Always,
    /// Only while exactly these bytes are there: what heals a damaged entry must not remove its successor.
    IfUnchanged(Bytes),
}

/// How a frame is removed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct DeleteOptions {
    /// When the delete takes place.
    pub condition: DeleteCondition,
}

impl DeleteOptions {
    /// Only while exactly these bytes are there.
    #[must_use]
    pub fn if_unchanged(frame: Bytes) -> Self {
        Self { condition: DeleteCondition::IfUnchanged(frame) }
    }
}

/// How long a frame is still kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remaining {
    /// There is none.
    Missing,
    /// There is one, but the store does not know its life.
    Unknown,
    /// Until it is removed.
    Forever,
    /// This long.
    For(Duration),
}
