//! What a claim is: who holds it, on what terms, and what others may see of it.
//!
//! A claim is a member of a group, held by whoever knows its token until it is released or its life ends. An
//! exclusive claim is the only member of a group of its own; a slot is one of at most so many. [`table`] keeps them
//! for a store that one process has to itself.

mod group;
mod record;
mod table;

pub use table::ClaimTable;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::error::{Error, ErrorKind, Result};

/// The most bytes that a claim carries.
pub const MAX_CLAIM_PAYLOAD: usize = 4 << 10;
/// The most live members of a group.
pub const MAX_CLAIM_LIMIT: u32 = 1_000;
/// The most bytes of a member's name.
pub const MAX_CLAIM_MEMBER: usize = 1 << 10;

/// Which claim, and the proof that it is one's own. Cloning is a reference count.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClaimId {
    /// Who it is within its group.
    pub member: Arc<str>,
    /// Known to its holder only, and never used twice.
    pub token: u128,
}

impl ClaimId {
    /// A member and the token that its holder made up.
    #[must_use]
    pub fn new(member: impl Into<Arc<str>>, token: u128) -> Self {
        Self { member: member.into(), token }
    }
}

/// Shows neither: members may name people, and who knows the token can end the claim.
impl fmt::Debug for ClaimId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClaimId(..)")
    }
}

/// The terms of a claim.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClaimOptions {
    /// How many members of the group may be alive, this one included.
    pub limit: u32,
    /// After how long it ends by itself; exact to the millisecond, by the store's own clock.
    pub life: Duration,
    /// What others can read of it while it lives.
    pub payload: Bytes,
}

impl ClaimOptions {
    /// The only member of its group, for this long, with nothing to read.
    #[must_use]
    pub fn new(life: Duration) -> Self {
        Self { limit: 1, life, payload: Bytes::new() }
    }

    /// One of at most so many.
    #[must_use]
    pub fn at_most(mut self, limit: u32) -> Self {
        self.limit = limit;
        self
    }

    /// With something to read.
    #[must_use]
    pub fn carrying(mut self, payload: impl Into<Bytes>) -> Self {
        self.payload = payload.into();
        self
    }

    /// What every backend refuses, before it does anything.
    ///
    /// # Errors
    /// `Config` for a limit of 0 or more than [`MAX_CLAIM_LIMIT`], `Ttl` for a life of 0 or without an end,
    /// `TooLarge` for a payload of more than [`MAX_CLAIM_PAYLOAD`] bytes, `Key` for a member's name of more than
    /// [`MAX_CLAIM_MEMBER`] bytes.
    pub fn check(&self, id: &ClaimId) -> Result<()> {
        let (payload, member) = (self.payload.len(), id.member.len());
        let error = if !(1..=MAX_CLAIM_LIMIT).contains(&self.limit) {
            Error::new(ErrorKind::Config, format!("the limit holds {}", self.limit))
                .with_fix(format!("give 1 to {MAX_CLAIM_LIMIT}"))
        } else if self.life.is_zero() || self.life == Duration::MAX {
            Error::new(
                ErrorKind::Ttl,
                "a claim needs a life above zero and with an end, or it could never heal",
            )
            .with_fix("give the time after which its holder must be dead, and renew it while it is not")
        } else if payload > MAX_CLAIM_PAYLOAD {
            Error::new(ErrorKind::TooLarge, format!("the payload has {payload} bytes"))
                .with_fix(format!("carry at most {MAX_CLAIM_PAYLOAD}; keep the rest in an entry of its own"))
        } else if member > MAX_CLAIM_MEMBER {
            Error::new(ErrorKind::Key, format!("the member's name has {member} bytes"))
                .with_fix(format!("name it with at most {MAX_CLAIM_MEMBER}"))
        } else {
            return Ok(());
        };
        Err(error.during("claim"))
    }
}

/// Says how large the payload is, not what is in it.
impl fmt::Debug for ClaimOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimOptions")
            .field("limit", &self.limit)
            .field("life", &self.life)
            .field("payload_bytes", &self.payload.len())
            .finish()
    }
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClaimOutcome {
    /// It is held now.
    Held {
        /// Larger than that of every earlier claim of the group.
        fence: u64,
    },
    /// This member is claimed already.
    Taken,
    /// As many members as may be are claimed already.
    Full,
}

/// A live claim, as everybody may see it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LiveClaim {
    /// Who it is within its group.
    pub member: Arc<str>,
    /// Its fencing number.
    pub fence: u64,
    /// How long it goes on unless it is renewed.
    pub left: Duration,
    /// What it carries.
    pub payload: Bytes,
}

impl LiveClaim {
    /// A claim that a store holds.
    #[must_use]
    pub fn new(member: impl Into<Arc<str>>, fence: u64, left: Duration, payload: Bytes) -> Self {
        Self { member: member.into(), fence, left, payload }
    }
}

/// Shows neither the member nor what it carries: both may name people.
impl fmt::Debug for LiveClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveClaim")
            .field("fence", &self.fence)
            .field("left", &self.left)
            .field("payload_bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_that_cannot_be_kept_are_refused_with_the_fix() {
        let (id, second) = (ClaimId::new("report:7", 1), Duration::from_secs(1));
        let terms = ClaimOptions::new(second);
        assert!(terms.check(&id).is_ok());
        assert!(
            terms.clone().carrying(vec![0; MAX_CLAIM_PAYLOAD]).at_most(MAX_CLAIM_LIMIT).check(&id).is_ok()
        );
        for (terms, kind, text) in [
            (terms.clone().at_most(0), ErrorKind::Config, "claim: the limit holds 0; give 1 to 1000"),
            (terms.clone().at_most(1_001), ErrorKind::Config, "claim: the limit holds 1001; give 1 to 1000"),
            (ClaimOptions::new(Duration::ZERO), ErrorKind::Ttl, "claim: a claim needs a life above zero"),
            (ClaimOptions::new(Duration::MAX), ErrorKind::Ttl, "with an end"),
            (
                terms.clone().carrying(vec![0; MAX_CLAIM_PAYLOAD + 1]),
                ErrorKind::TooLarge,
                "claim: the payload has 4097 bytes; carry at most 4096",
            ),
        ] {
            let error = terms.check(&id).unwrap_err();
            assert_eq!(error.kind(), kind);
            assert!(error.to_string().contains(text), "{error}");
        }
        let long = ClaimId::new("x".repeat(MAX_CLAIM_MEMBER + 1), 1);
        assert_eq!(terms.check(&long).unwrap_err().kind(), ErrorKind::Key);
    }
}
