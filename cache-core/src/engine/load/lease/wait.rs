//! One load for all processes: waiting for the load of another one.
//!
//! Promise: while another process holds the lease of a key, this one waits for its value or for the end of the lease,
//! no longer than the lease time, then loads by itself. A holder that died, a lease that was lost and a tier that went
//! away cost that much at most; who asks may stop waiting earlier.

use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use super::Lease;
use crate::engine::look::found::Look;
use crate::engine::renew::stale::Stale;
use crate::engine::{Ask, Engine, Found};
use crate::policy::{SingleFlight, poll_pause};

/// What a leader may do.
#[derive(Debug)]
pub(in crate::engine) enum Permit {
    /// Load, as one who began at this generation.
    Load(u64, Option<Lease>),
    /// Answer with what another process has stored meanwhile.
    Found(Found),
}

impl Engine {
    /// How loads of a keyspace are shared.
    pub(in crate::engine) fn single_flight(&self, ask: &Ask<'_>) -> SingleFlight {
        let own = ask.space.policy.single_flight;
        own.or(self.parts.policy.single_flight).unwrap_or_default()
    }

    /// Takes the lease for a load; where loads are shared among processes, waits for another's. `older` is what is to be
    /// replaced.
    pub(in crate::engine) async fn permit(&self, ask: &Ask<'_>, born: u64, older: Option<&Stale>) -> Permit {
        let waits = self.single_flight(ask) == SingleFlight::Distributed && Handle::try_current().is_ok();
        let (mut born, mut round) = (born, 0);
        let until = Instant::now() + self.parts.lease_time;
        loop {
            let lease = self.lease(ask).await;
            let Some(held) = lease.as_ref().filter(|_| waits) else { return Permit::Load(born, lease) };
            // What was looked for before may have been stored since.
            if let Some(found) = self.stored_since(ask, born, older).await {
                return Permit::Found(found);
            }
            let left = until.saturating_duration_since(Instant::now());
            if held.is_own() || left.is_zero() {
                return Permit::Load(born, lease);
            }
            sleep(poll_pause(round, self.parts.jitter.draw()).min(left)).await;
            (born, round) = (self.stamps.born(), round + 1);
        }
    }

    /// Takes the lease for a refresh, which waits for nobody: `None` when another process refreshes.
    pub(in crate::engine) async fn permit_refresh(
        &self,
        ask: &Ask<'_>,
        born: u64,
        older: &Stale,
    ) -> Option<Permit> {
        let lease = self.lease(ask).await;
        if self.single_flight(ask) != SingleFlight::Distributed {
            return Some(Permit::Load(born, lease));
        }
        let Some(held) = &lease else { return Some(Permit::Load(born, None)) };
        match self.stored_since(ask, born, Some(older)).await {
            Some(found) => Some(Permit::Found(found)),
            None => held.is_own().then_some(Permit::Load(born, lease)),
        }
    }

    /// A fresh entry in the byte tier, newer than the one that is to be replaced. A key without an entry is asked about
    /// cheaply, and is no miss of anybody.
    async fn stored_since(&self, ask: &Ask<'_>, born: u64, older: Option<&Stale>) -> Option<Found> {
        let primary = self.parts.tiers.primary();
        if !primary.backend.exists(ask.key).await.unwrap_or(false) {
            return None;
        }
        match (self.look_far(ask, born).await.ok()?, older) {
            (Look::Fresh(found), Some(older)) => self.is_newer(&found, older).then_some(found),
            (Look::Fresh(found), None) => Some(found),
            _ => None,
        }
    }
}
