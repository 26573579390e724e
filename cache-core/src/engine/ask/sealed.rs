//! Which questions are about sealed entries, and what that asks of the tiers.
//!
//! Promise: what is sealed goes to byte tiers sealed or not at all, and into the near tier only where somebody said so.
//! Without a master key nothing of it is stored or served; who can be told gets an error.

use std::sync::Once;

use bytes::Bytes;

use crate::codec::{MAX_KEYS, Place, Sealer, peek};
use crate::engine::write::far_write::FarWrite;
use crate::engine::write::over::Over;
use crate::engine::{Ask, Engine, What};
use crate::entry::Reason;
use crate::error::{Error, ErrorKind, Result};
use crate::key::CacheKey;
use crate::policy::FailMode;

impl Engine {
    /// Whether what this question is about is sealed: its key, its keyspace or the whole manager says so. What was said
    /// to stay in this process has no bytes that could be.
    pub(in crate::engine) fn seals(&self, ask: &Ask<'_>) -> bool {
        let own = &ask.space.policy;
        let stays = own.local || !ask.values.are_stored();
        ask.key.is_sealed() || own.sealed || (self.parts.policy.sealed && !stays)
    }

    /// Whether it is an error when a tier cannot be told to remove this.
    pub(in crate::engine) fn closes_for(&self, what: What<'_>) -> bool {
        let named = match what {
            What::Key(key) => key.is_sealed(),
            What::Keys(keys) => keys.iter().any(CacheKey::is_sealed),
            _ => false,
        };
        let sealed = self.parts.policy.sealed || named;
        self.parts.fail_mode == FailMode::Closed || sealed
    }

    /// Whether live values may be kept in the near tier.
    pub(crate) fn may_keep_near(&self, ask: &Ask<'_>) -> bool {
        !self.seals(ask) || (self.parts.sealer.is_some() && self.says_near_too(ask))
    }

    fn says_near_too(&self, ask: &Ask<'_>) -> bool {
        let own = &ask.space.policy;
        let said_here = own.sealed || ask.key.is_sealed();
        own.near_too || (!said_here && self.parts.policy.near_too)
    }

    /// Where the frame of this question is stored.
    ///
    /// # Errors
    /// `Config` when it is to be sealed and there is no key.
    pub(in crate::engine) fn far_place<'a>(&'a self, ask: &Ask<'a>) -> Result<Place<'a>> {
        if !self.seals(ask) {
            return Ok(Place::from(ask.key));
        }
        self.parts.sealer.as_ref().map(|sealer| Place::sealed(ask.key, sealer)).ok_or_else(no_master_key)
    }

    /// Where these bytes may have been stored, for those who ask about them without a type.
    pub(in crate::engine) fn place_of<'a>(&'a self, key: &'a CacheKey, bytes: &Bytes) -> Place<'a> {
        let sealed = key.is_sealed() || self.parts.policy.sealed || Self::says_sealed(key, bytes);
        match self.parts.sealer.as_ref().filter(|_| sealed) {
            Some(sealer) => Place::sealed(key, sealer),
            None => Place::from(key),
        }
    }

    fn says_sealed(key: &CacheKey, bytes: &Bytes) -> bool {
        !key.is_foreign() && peek(bytes).is_some_and(|header| header.sealed)
    }

    /// Where what a claim carries is stored: sealed when the whole manager is, which then has a key.
    pub(crate) fn place_of_claim<'a>(&'a self, group: &'a CacheKey) -> Place<'a> {
        match self.parts.sealer.as_ref().filter(|_| self.parts.policy.sealed) {
            Some(sealer) => Place::sealed(group, sealer),
            None => Place::from(group),
        }
    }

    /// Whether it is to be sealed and there is no key. Said loudly once.
    pub(in crate::engine) fn lacks_a_key(&self, ask: &Ask<'_>) -> bool {
        static ONCE: Once = Once::new();
        let lacks = self.parts.sealer.is_none() && self.seals(ask);
        if lacks {
            ONCE.call_once(|| tracing::error!("{}", no_master_key()));
        }
        lacks
    }

    /// What is sealed cannot be used without a key.
    ///
    /// # Errors
    /// `Config`. A function whose result cannot say so loads.
    pub(in crate::engine) fn check_sealing(&self, ask: &Ask<'_>) -> Result<()> {
        if !self.lacks_a_key(ask) {
            return Ok(());
        }
        self.missed("far", Reason::NoMasterKey);
        Err(no_master_key())
    }

    /// [`Engine::check_sealing`] for a write, which needs somewhere to go too.
    ///
    /// # Errors
    /// `Config`. A function whose result cannot say so loads.
    pub(in crate::engine) fn check_sealed_write(&self, ask: &Ask<'_>) -> Result<()> {
        self.check_sealing(ask)?;
        let nowhere = self.seals(ask) && !self.parts.tiers.exist() && !self.says_near_too(ask);
        if nowhere { Err(nowhere_to_go()) } else { Ok(()) }
    }

    /// A value that has no key to be sealed under is not stored; nor is anything older left that it was to replace.
    pub(in crate::engine) async fn unsealable(&self, ask: &Ask<'_>, over: Over) -> FarWrite {
        if !matches!(over, Over::Nothing) {
            self.remove_older(ask).await;
        }
        self.not_stored(ask.space, "far", Reason::NoMasterKey);
        FarWrite::Failed(Reason::NoMasterKey, no_master_key())
    }

    /// How many sealed frames each master key has opened.
    pub(in crate::engine) fn opened_by_key(&self) -> [u64; MAX_KEYS] {
        self.parts.sealer.as_ref().map(Sealer::opened).unwrap_or_default()
    }
}

/// Nobody holds a key: said by who asks, and when a manager is built.
#[cold]
pub(crate) fn no_master_key() -> Error {
    let fix = if cfg!(feature = "encrypt") {
        "call Builder::master_key, or set CACHE_MASTER_KEY to 64 hexadecimal digits"
    } else {
        "this build cannot seal: enable larder's feature `encrypt`, then call Builder::master_key"
    };
    let held = "the keyspace is secure, and the manager has no master key: nothing is stored";
    Error::new(ErrorKind::Config, held).with_fix(fix)
}

#[cold]
fn nowhere_to_go() -> Error {
    Error::new(
        ErrorKind::Config,
        "the keyspace is secure, and the manager has no byte tier: nothing is stored",
    )
    .with_fix("name a primary, or let live values into the near tier: Policy::near_too")
}

/// A counter is decimal digits, so that a server can add to it: it cannot be sealed.
#[cold]
pub(in crate::engine) fn no_counter() -> Error {
    Error::new(ErrorKind::Unsupported, "counters cannot be sealed, and this keyspace is secure")
        .during("increment")
        .with_fix("count under a manager or keyspace that is not secure, or keep a number with `set`")
}
