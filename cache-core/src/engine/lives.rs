//! How long an entry lives.

use super::{Ask, Engine};
use crate::error::Result;
use crate::key::SpaceId;
use crate::time::{Life, Ttl};

impl Engine {
    /// How long a value of this question is to live: its ttl, spread.
    ///
    /// # Errors
    /// `Ttl` when it is zero.
    pub(super) fn life(&self, ask: &Ask<'_>, negative: bool) -> Result<Life> {
        let life = self.exact_life(ask, negative)?;
        Ok(self.parts.jitter.spread(life, ask.space.policy.jitter))
    }

    /// The longest life that an entry of this question can have been given.
    pub(super) fn longest_life(&self, ask: &Ask<'_>) -> Life {
        match ask.ttl {
            Ttl::Default if ask.space.name.id() == SpaceId::DIRECT => Life::Forever,
            _ => self
                .exact_life(ask, false)
                .map_or(Life::Forever, |life| self.parts.jitter.longest(life, ask.space.policy.jitter)),
        }
    }

    pub(super) fn exact_life(&self, ask: &Ask<'_>, negative: bool) -> Result<Life> {
        let policy = &ask.space.policy;
        let life = policy.ttl.resolve(self.parts.default_ttl)?;
        match policy.negative_ttl {
            Some(ttl) if negative => ttl.resolve(life),
            _ => ask.ttl.resolve(life),
        }
    }
}
