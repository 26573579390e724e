//! Claims on the disk: the table of this process decides, a record per group outlives it.
//!
//! Promise: a claim that is held has been written. It survives a restart and the death of its process, and then ends
//! with its life like any other; a directory that starts empty (after a power cut), or that gave the record up for
//! room before the restart, has forgotten it. While the directory is open nothing forgets a claim: records are only read
//! for groups that the table does not know.
//!
//! Invariant: a group is changed under the gate of its record.

use std::time::Duration;

use cache_core::error::Result;
use cache_core::key::CacheKey;
use cache_core::port::backend::{ClaimId, ClaimOptions, ClaimOutcome, Expiry, LiveClaim, SetOptions};

use super::backend::DiskBackend;
use super::offload::run;
use super::store::{Name, Store};

/// What a member takes in a record beside its name and its payload.
const MEMBER: usize = 64;

impl DiskBackend {
    pub(super) async fn add_claim(
        &self,
        group: &CacheKey,
        id: ClaimId,
        options: ClaimOptions,
    ) -> Result<ClaimOutcome> {
        options.check(&id)?;
        let added = MEMBER + id.member.len() + options.payload.len();
        self.change(group, added, move |store, group| {
            let outcome = store.claims.claim(group, id.clone(), options)?;
            if matches!(outcome, ClaimOutcome::Held { .. }) {
                store.keep_claims(group).inspect_err(|_| {
                    store.claims.release(group, &id);
                })?;
            }
            Ok(outcome)
        })
        .await
    }

    pub(super) async fn prolong_claim(&self, group: &CacheKey, id: ClaimId, life: Duration) -> Result<bool> {
        self.change(group, MEMBER, move |store, group| {
            let renewed = store.claims.renew(group, &id, life)?;
            if renewed {
                store.keep_claims(group)?;
            }
            Ok(renewed)
        })
        .await
    }

    /// Needs no room: where the rest of the group cannot be written it is forgotten on the disk, not here.
    pub(super) async fn end_claim(&self, group: &CacheKey, id: ClaimId) -> Result<bool> {
        let store = self.ready().await?;
        let held = self.gate(&store, group).await?;
        let (bytes, group) = (store.record_bytes(group), group.clone());
        run(&store, bytes, move |store| {
            let _held = held;
            store.know_claims(&group)?;
            let released = store.claims.release(&group, &id);
            if released {
                let _written = store.keep_claims(&group);
            }
            Ok(released)
        })
        .await?
    }

    pub(super) async fn live_claims(&self, group: &CacheKey) -> Result<Vec<LiveClaim>> {
        let store = self.ready().await?;
        let held = self.gate(&store, group).await?;
        let (bytes, group) = (store.record_bytes(group), group.clone());
        run(&store, bytes, move |store| {
            let _held = held;
            store.know_claims(&group)?;
            Ok(store.claims.live(&group))
        })
        .await?
    }

    /// Changes a group and writes it, with room for `added` bytes more than it takes now.
    async fn change<T: Send + 'static>(
        &self,
        group: &CacheKey,
        added: usize,
        change: impl FnOnce(&Store, &CacheKey) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let store = self.ready().await?;
        let bytes = store.record_bytes(group) + added;
        let held = self.prepare(&store, group, bytes).await?;
        let group = group.clone();
        run(&store, bytes, move |store| {
            let _held = held;
            store.know_claims(&group)?;
            change(store, &group)
        })
        .await?
    }
}

impl Store {
    fn record_bytes(&self, group: &CacheKey) -> usize {
        let name = Name::of(group);
        self.find(name.fingerprint).map_or(0, |place| name.frame_bytes(&place))
    }

    /// Reads what an earlier process left of a group. A record that cannot be read is an error: nobody may take what
    /// somebody else may hold.
    fn know_claims(&self, group: &CacheKey) -> Result<()> {
        let name = Name::of(group);
        if self.claims.knows(group) {
            return Ok(());
        }
        let Some(place) = self.find(name.fingerprint) else { return Ok(()) };
        if let Some(bytes) = self.get(name, place)? {
            self.claims.restore(group, &bytes);
        }
        Ok(())
    }

    fn keep_claims(&self, group: &CacheKey) -> Result<()> {
        let name = Name::of(group);
        match self.claims.snapshot(group) {
            None => self.remove(name.fingerprint),
            Some((bytes, left)) => {
                self.set(name, &bytes, SetOptions::default().expiring(Expiry::After(left))).map(drop)
            }
        }
    }
}
