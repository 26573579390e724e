//! Claims: who holds something, and nobody else.
//!
//! Promise: nobody is told that they hold what they may not hold. Only the primary is asked, never the fallback and
//! never a near copy, whatever the fail mode; trouble is an error, and an outcome that is not known is *not held*:
//! what may have been claimed is given back ([`undo`]). What is held is [`holding`]'s business.

mod holding;
mod undo;

pub(crate) use holding::Holding;
pub(super) use undo::Undone;

use std::sync::Arc;

use crate::chance::new_token;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::key::CacheKey;
use crate::port::backend::{ClaimId, ClaimOptions, ClaimOutcome, LiveClaim};
use crate::tier::Tier;

/// What became of a claim.
#[derive(Debug)]
pub(crate) enum Claimed {
    Held(Arc<Holding>),
    Taken,
    Full,
}

impl Engine {
    /// Claims a member of a group.
    ///
    /// # Errors
    /// `Unavailable` when the cache is off or the primary cannot be reached, `Unsupported` when it offers no claims,
    /// `Timeout` when the answer came too late to be worth anything; what the terms are refused with.
    pub(crate) async fn claim(
        self: &Arc<Self>,
        group: CacheKey,
        member: Arc<str>,
        options: ClaimOptions,
    ) -> Result<Claimed> {
        let keeper = self.keeper_of_claims("claim")?;
        let id = ClaimId::new(member, new_token());
        options.check(&id)?;
        let hold = Holding::asking(self, group, id, options.life);
        let unknown = hold.unknown();
        match keeper.backend.claim(hold.group(), hold.id().clone(), options).await {
            Ok(ClaimOutcome::Held { fence }) => {
                let hold = hold.granted(fence)?;
                unknown.known();
                Ok(Claimed::Held(hold))
            }
            Ok(refused) => {
                unknown.known();
                Ok(if refused == ClaimOutcome::Full { Claimed::Full } else { Claimed::Taken })
            }
            Err(error) => {
                if changed_nothing(error.kind()) {
                    unknown.known();
                }
                self.tier_failed(keeper, "claim", &error);
                Err(error)
            }
        }
    }

    /// The live claims of a group.
    ///
    /// # Errors
    /// As for [`Engine::claim`].
    pub(crate) async fn claims(&self, group: &CacheKey) -> Result<Vec<LiveClaim>> {
        let keeper = self.keeper_of_claims("claims")?;
        let listed = keeper.backend.claims(group).await;
        listed.inspect_err(|error| self.tier_failed(keeper, "claims", error))
    }

    /// The only tier that is asked. The journal owes it data, never claims: no quarantine keeps from it.
    fn keeper_of_claims(&self, verb: &'static str) -> Result<Tier<'_>> {
        let primary = self.parts.tiers.primary();
        let error = if !self.is_enabled() {
            Error::new(ErrorKind::Unavailable, "the cache is off, and holds no claims")
                .with_fix("switch it on, or do without exclusion knowingly")
        } else if !primary.backend.info().capability.claims {
            Error::new(ErrorKind::Unsupported, format!("the primary ({}) keeps no claims", primary.name))
                .with_fix("name a primary that does, e.g. .primary(MemoryBackend::new()) for one process")
        } else if !primary.backend.is_available() {
            Error::new(ErrorKind::Unavailable, format!("the primary ({}) cannot be reached", primary.name))
                .with_fix("try again later: the fallback never answers for claims")
        } else {
            return Ok(primary);
        };
        Err(error.during(verb))
    }
}

/// Whether a claim that failed with this was certainly not made.
fn changed_nothing(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Unsupported
            | ErrorKind::Refused
            | ErrorKind::Config
            | ErrorKind::Ttl
            | ErrorKind::Key
            | ErrorKind::TooLarge
    )
}
