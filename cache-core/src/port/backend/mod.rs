//! The byte edge: what an implementor of a store writes.
//!
//! Promise: an opaque frame stored under a key comes back byte for byte until its life ends, it is removed, or
//! the store needs room. The conformance suite (`larder::testkit::conformance`) says the rest, one function per
//! promise. [`options`] carries the conditions, [`claims`] what a claim is, [`leases`] who may fill a key, [`null`] is the store that holds nothing.

mod claims;
mod counter;
mod forward;
mod health;
mod leases;
mod null;
mod options;
mod verb;

pub use claims::{
    ClaimId, ClaimOptions, ClaimOutcome, ClaimTable, LiveClaim, MAX_CLAIM_LIMIT, MAX_CLAIM_MEMBER,
    MAX_CLAIM_PAYLOAD,
};
pub use counter::{add_to_counter, counter_bytes, counter_sum, parse_counter};
pub use health::{BackendHealth, ServerHealth};
pub use leases::{LeaseTable, check_lease_life};
pub use null::NullBackend;
pub use options::{
    BackendInfo, BackendKind, Capability, DeleteCondition, DeleteOptions, Expiry, Remaining, SetCondition,
    SetOptions,
};
pub use verb::Verb;

pub use bytes::Bytes;

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use crate::error::{Error, Result};
use crate::key::{CacheKey, KeyPattern, Namespace};

/// What tells a frame from any other, for [`SetCondition::IfUnchanged`]: XXH3 of its bytes, 128 bits.
#[must_use]
pub fn fingerprint(frame: &[u8]) -> u128 {
    xxhash_rust::xxh3::xxh3_128(frame)
}

/// A store of opaque frames.
///
/// A backend that answers without waiting must consume tokio's cooperative budget
/// (`tokio::task::coop::consume_budget`), or busy readers starve every timer of the runtime. A verb that is not
/// offered returns [`ErrorKind::Unsupported`](crate::error::ErrorKind::Unsupported), never a pretended success.
/// A future dropped half-way leaves the key with its old value, its new value or nothing.
#[async_trait]
pub trait CacheBackend: Debug + Send + Sync + 'static {
    /// Name, kind and what it can do. Cheap, no I/O.
    fn info(&self) -> BackendInfo;

    /// Whether calls have a chance right now. No I/O: it reports what the last calls and probes found.
    fn is_available(&self) -> bool;

    /// Connects eagerly. Calls connect by themselves too; a server that is away is an error here, not a panic.
    async fn connect(&self) -> Result<()>;

    /// Lets go of connections, tasks and files. Later calls fail with `Unavailable` or connect anew.
    async fn disconnect(&self) -> Result<()>;

    /// The frame under a key, unless its life has ended.
    async fn get(&self, key: &CacheKey) -> Result<Option<Bytes>>;

    /// Stores a frame. `Ok(false)`: the condition did not hold and nothing changed. `TooLarge`: nothing is
    /// stored, and the older value is gone too.
    async fn set(&self, key: &CacheKey, frame: Bytes, options: SetOptions) -> Result<bool>;

    /// Takes the frame away: of any number of concurrent callers exactly one receives it.
    async fn get_and_delete(&self, key: &CacheKey) -> Result<Option<Bytes>>;

    /// Removes the frame; whether there was one (that met the condition).
    async fn delete(&self, key: &CacheKey, options: DeleteOptions) -> Result<bool>;

    /// Whether [`CacheBackend::get`] would find a frame.
    async fn exists(&self, key: &CacheKey) -> Result<bool>;

    /// Removes every frame that the pattern (already placed in its namespace) matches, and counts them exactly. Where that
    /// is [`Unsupported`](crate::error::ErrorKind::Unsupported), a manager clears its whole namespace instead.
    async fn delete_pattern(&self, pattern: &KeyPattern) -> Result<u64>;

    /// Removes every data key of a namespace, nothing else, and counts them.
    async fn clear(&self, namespace: &Namespace) -> Result<u64>;

    /// Many frames, in the order of the keys. By default one after the other.
    async fn get_many(&self, keys: &[CacheKey]) -> Result<Vec<Option<Bytes>>> {
        let mut frames = Vec::with_capacity(keys.len());
        for key in keys {
            frames.push(self.get(key).await?);
        }
        Ok(frames)
    }

    /// Stores many frames; one answer each, as [`CacheBackend::set`] gives it. By default one after the other.
    async fn set_many(&self, entries: Vec<(CacheKey, Bytes, SetOptions)>) -> Result<Vec<bool>> {
        let mut stored = Vec::with_capacity(entries.len());
        for (key, frame, options) in entries {
            stored.push(self.set(&key, frame, options).await?);
        }
        Ok(stored)
    }

    /// Removes many frames and counts those that were there. By default one after the other.
    async fn delete_many(&self, keys: &[CacheKey]) -> Result<u64> {
        let mut removed = 0;
        for key in keys {
            removed += u64::from(self.delete(key, DeleteOptions::default()).await?);
        }
        Ok(removed)
    }

    /// Adds to a counter and returns its new value. A missing counter begins at 0 and gets `expiry`; one that
    /// exists keeps its own. Counters are stored as decimal digits, not as frames.
    ///
    /// The default is atomic among the callers of this process only (it reads, adds and writes under a lock).
    async fn increment(&self, key: &CacheKey, by: i64, expiry: Expiry) -> Result<i64> {
        let _one_at_a_time = counter::lock(key).await;
        let held = self.get(key).await?;
        let value = add_to_counter(held.as_ref(), by)?;
        let expiry = if held.is_some() { Expiry::Keep } else { expiry };
        self.set(key, counter_bytes(value), SetOptions::default().expiring(expiry)).await?;
        Ok(value)
    }

    /// How long a frame is still kept. The default can only tell whether there is one.
    async fn ttl(&self, key: &CacheKey) -> Result<Remaining> {
        Ok(if self.exists(key).await? { Remaining::Unknown } else { Remaining::Missing })
    }

    /// Takes the lease of a key for a load (`Capability::leases`), unless somebody holds it: the token that holds it
    /// now. It ends with its life, with a fill under it, and with whatever removes or replaces the key: `delete`,
    /// `delete_many`, `delete_pattern`, `clear`, `get_and_delete`, and a `set` that is not under it. One atomic step.
    ///
    /// Its caller makes the token up, 128 random bits, and uses it once: a call that may have been carried out is never
    /// made again, or a late one would bring back a lease that was ended. [`LeaseTable`] does it all for a store of one
    /// process.
    async fn acquire_lease(&self, _key: &CacheKey, _token: u128, _life: Duration) -> Result<u128> {
        Err(Error::unsupported("acquire_lease", self.info().name))
    }

    /// Lets a lease live for this long from now on (`Capability::leases`); `false` when it is not this one any more,
    /// or has ended.
    async fn renew_lease(&self, _key: &CacheKey, _token: u128, _life: Duration) -> Result<bool> {
        Err(Error::unsupported("renew_lease", self.info().name))
    }

    /// Gives a lease back, if it is still this one (`Capability::leases`).
    async fn release_lease(&self, _key: &CacheKey, _token: u128) -> Result<bool> {
        Err(Error::unsupported("release_lease", self.info().name))
    }

    /// Claims a member of a group (`Capability::claims`), unless it is claimed or the group has
    /// `options.limit` live members. One atomic step; claims that have ended take no room. `group` is one of
    /// [`CacheKey::of_claim`] or [`CacheKey::of_slots`]; no data verb ever touches it.
    ///
    /// The fencing number grows with every claim of a group, over restarts and evictions too as long as the
    /// clock that it is taken from is not set back. [`ClaimTable`] does it all for a store of one process.
    async fn claim(&self, _group: &CacheKey, _id: ClaimId, _options: ClaimOptions) -> Result<ClaimOutcome> {
        Err(Error::unsupported("claim", self.info().name))
    }

    /// Lets a claim live for this long from now on (`Capability::claims`); `false` when it is not this one's any
    /// more, or has ended.
    async fn renew_claim(&self, _group: &CacheKey, _id: ClaimId, _life: Duration) -> Result<bool> {
        Err(Error::unsupported("renew_claim", self.info().name))
    }

    /// Ends a claim (`Capability::claims`), if it is still this one's; `false` when it is not, or has ended.
    async fn release_claim(&self, _group: &CacheKey, _id: ClaimId) -> Result<bool> {
        Err(Error::unsupported("release_claim", self.info().name))
    }

    /// The live claims of a group, oldest first (`Capability::claims`).
    async fn claims(&self, _group: &CacheKey) -> Result<Vec<LiveClaim>> {
        Err(Error::unsupported("claims", self.info().name))
    }

    /// What the servers behind it say about themselves (`Capability::health`). A round trip to each; an error when
    /// none answers.
    async fn health(&self) -> Result<BackendHealth> {
        Err(Error::unsupported("health", self.info().name))
    }
}
