//! How the tiers are.

use crate::engine::Engine;

/// How the tiers of a manager are, as far as they know without I/O.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// The primary byte tier; `null` when there is none.
    pub primary: &'static str,
    /// Whether it says that it can be reached.
    pub primary_available: bool,
    /// The fallback byte tier; `null` when there is none.
    pub fallback: &'static str,
    /// Whether the fallback serves.
    pub on_fallback: bool,
    /// Whether the primary is owed an invalidation, and so is in quarantine.
    pub journal_pending: bool,
    /// The longest that a near copy of what others can change is trusted.
    pub near_ttl: Option<std::time::Duration>,
}

impl Engine {
    pub(super) fn health(&self) -> Health {
        let tiers = self.tiers();
        Health {
            primary: tiers.primary().name,
            primary_available: tiers.primary().backend.is_available(),
            fallback: tiers.fallback().name,
            on_fallback: tiers.exist() && tiers.on_fallback(),
            journal_pending: self.journal_pending(),
            near_ttl: self.near_ttl(),
        }
    }
}
