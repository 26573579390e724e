//! A claim in a person's hands.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::Holding;
use crate::error::Result;
#[allow(unused_imports, reason = "named in the documentation")]
use crate::manager::CacheManager;

/// Something that this process holds, and nobody else does. Dropped, it is released in the background; where there
/// is no runtime any more it ends with its ttl.
///
/// **What it is not.** Between asking [`Claim::is_held`] and acting on the answer the process may be stopped for longer
/// than the ttl. Where two writers must never meet, hand [`Claim::fencing_token`] to the resource and let it refuse
/// a smaller one than it has seen. A server that loses its data (a restart without a dump, a failover to a replica
/// that lags, eviction) forgets claims too.
#[must_use = "a claim that is dropped is released"]
pub struct Claim(Arc<Holding>);

impl Claim {
    pub(super) fn of(holding: Arc<Holding>) -> Self {
        Self(holding)
    }

    /// What it was claimed as.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.0.id().member
    }

    /// Larger than that of every earlier claim of the same key (or group).
    #[must_use]
    pub fn fencing_token(&self) -> u64 {
        self.0.fence()
    }

    /// Whether it is certainly still held, as far as a clock can tell. No I/O.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.0.is_held()
    }

    /// How long it certainly goes on: its ttl from before it was asked for, less a hundredth and 2 ms. No I/O.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.0.remaining()
    }

    /// Lets it live for its ttl from now on; `false` when it has been lost. One round trip.
    ///
    /// # Errors
    /// As for [`CacheManager::claim`]; it is held as long as it was before, then.
    pub async fn renew(&self) -> Result<bool> {
        self.0.renew().await
    }

    /// Releases it; whether it was still held until now. One round trip.
    ///
    /// # Errors
    /// As for [`CacheManager::claim`]; it is tried again in the background, then.
    pub async fn release(self) -> Result<bool> {
        self.0.release().await
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Claim").field(&self.0).finish()
    }
}
