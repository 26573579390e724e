//! How long an entry lives.

use std::time::Duration;

use crate::engine::{Ask, Engine};
use crate::entry::Reason;
use crate::error::Result;
use crate::key::SpaceId;
use crate::policy::Windows;
use crate::time::{Life, Ttl};

impl Engine {
    /// How long a value of this question is to live: its ttl, spread.
    ///
    /// # Errors
    /// `Ttl` when it is zero.
    pub(super) fn life(&self, ask: &Ask<'_>, negative: bool) -> Result<Life> {
        let life = self.exact_life(ask, negative)?;
        Ok(self.parts.jitter.spread(life, ask.space.policy.jitter).min(self.parts.max_ttl))
    }

    /// [`Engine::life`] of a value that a loader gave; `None`, which is said, when it gave it none.
    pub(in crate::engine) fn life_of_loaded(
        &self,
        ask: &Ask<'_>,
        negative: bool,
        tier: &'static str,
    ) -> Option<Life> {
        match self.life(ask, negative) {
            Ok(life) => Some(life),
            Err(error) => {
                tracing::warn!(keyspace = ask.space.name.as_str(), %error, "a loaded value was not stored");
                self.not_stored(ask.space, tier, Reason::ZeroTtl);
                None
            }
        }
    }

    /// The longest life that an entry of this question can have been given.
    pub(in crate::engine) fn longest_life(&self, ask: &Ask<'_>) -> Life {
        let longest = match ask.ttl {
            Ttl::Default if ask.space.name.id() == SpaceId::DIRECT || ask.space.policy.varied => {
                Life::Forever
            }
            _ => self
                .exact_life(ask, false)
                .map_or(Life::Forever, |life| self.parts.jitter.longest(life, ask.space.policy.jitter)),
        };
        longest.min(self.parts.max_ttl)
    }

    pub(in crate::engine) fn exact_life(&self, ask: &Ask<'_>, negative: bool) -> Result<Life> {
        let policy = &ask.space.policy;
        let life = policy.ttl.resolve(self.parts.default_ttl)?;
        let life = match policy.negative_ttl {
            Some(ttl) if negative => ttl.resolve(life),
            _ => ask.ttl.resolve(life),
        };
        life.map(|life| life.min(self.parts.max_ttl))
    }

    /// How long after its expiry a value of this question may answer.
    pub(in crate::engine) fn windows(&self, ask: &Ask<'_>) -> Windows {
        let (own, usual) = (&ask.space.policy, &self.parts.policy);
        if own.never_stale || usual.never_stale || self.seals(ask) || ask.key.is_foreign() {
            return Windows::default();
        }
        let said = |own: Option<Duration>, usual: Option<Duration>| own.or(usual).unwrap_or_default();
        Windows {
            while_revalidate: said(own.stale_while_revalidate, usual.stale_while_revalidate),
            if_error: said(own.stale_if_error, usual.stale_if_error),
        }
    }

    /// How long an entry is kept after its expiry. Absence is not: it is cheap to ask again, and wrong to insist on.
    pub(in crate::engine) fn kept(&self, ask: &Ask<'_>, negative: bool) -> Duration {
        if negative { Duration::ZERO } else { self.windows(ask).longest() }
    }
}
