//! Entries whose name and form another cache gives (`CacheKey::is_foreign`).
//!
//! Promise: they are read and written as that cache does, and what its form cannot carry is done without or refused,
//! never pretended: no stale window, no tag, no lease, no remembered absence. How long one lives only its store
//! knows, so it is asked with every read. What cannot be read is a miss and is left where it is: others may read it.
//! Invariant: the fallback never has one, since nobody else writes there. The reasons are in
//! `docs/decisions/0020-entries-of-another-cache.md`.

use std::sync::Once;
use std::time::Duration;

use crate::engine::look::found::Look;
use crate::engine::look::open::Opened;
use crate::engine::serving::Serving;
use crate::engine::write::far_write::FarWrite;
use crate::engine::{Ask, Engine, Keyspace};
use crate::entry::Reason;
use crate::error::{Error, ErrorKind, Result};
use crate::key::CacheKey;
use crate::port::backend::Remaining;
use crate::tier::Tier;
use crate::time::Life;

/// How long a near copy is trusted whose life is not known: its store does not say, or was not asked.
pub(super) const UNTOLD: Life = Life::For(Duration::from_secs(1));

impl Engine {
    /// What the primary has.
    ///
    /// # Errors
    /// Only when the manager fails closed and the tier cannot be asked.
    pub(super) async fn look_far_foreign(&self, ask: &Ask<'_>, born: u64) -> Result<Look> {
        match self.serving() {
            Serving::Primary(tier) => self.far_foreign(ask, tier, born).await,
            Serving::Fallback(_) => self.nothing_served(ask, Reason::TierError),
            Serving::Nothing(reason) => self.nothing_served(ask, reason),
        }
    }

    /// One read of the bytes and of the life they have left, side by side.
    async fn far_foreign(&self, ask: &Ask<'_>, tier: Tier<'_>, born: u64) -> Result<Look> {
        let (bytes, kept) = tokio::join!(tier.backend.get(ask.key), tier.backend.ttl(ask.key));
        let bytes = match bytes {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                return Ok(self.nothing(tier.name, Reason::Absent));
            }
            Err(error) => return self.failed_read(ask, tier, error),
        };
        let read = if ask.tags.is_none() { self.open(ask, &bytes) } else { Err(Reason::TagsDiffer) };
        match read {
            Ok(opened) => {
                let opened = opened.living(life_of(kept).min(self.longest_life(ask)));
                Ok(self.promote(ask, tier, born, opened, &bytes).await)
            }
            Err(reason) => Ok(self.nothing(tier.name, reason)),
        }
    }

    /// Whether a call's arguments have no form in its key: it goes round the cache. Said loudly once.
    pub(crate) fn lacks_a_name(&self, space: &Keyspace, key: &CacheKey) -> bool {
        static ONCE: Once = Once::new();
        if !key.is_refused() {
            return false;
        }
        self.missed("all", Reason::NoKey);
        ONCE.call_once(|| {
            let function = space.name.as_str();
            tracing::error!(
                function,
                "an argument has no form in a key that another cache shares (NaN, an infinity, an integer beyond 64 \
                 bits, a map with keys that are no text): such calls are not cached"
            );
        });
        true
    }

    /// The primary cannot be written to: what is there is as old as it was, so it is to be removed.
    pub(in crate::engine) fn foreign_unreachable(&self, ask: &Ask<'_>) -> FarWrite {
        self.journal.key(ask.key);
        self.not_stored(ask.space, self.parts.tiers.primary().name, Reason::TierError);
        let error = Error::new(ErrorKind::Unavailable, "the primary tier cannot be reached").during("set");
        FarWrite::Failed(Reason::TierError, error)
    }
}

fn life_of(kept: Result<Remaining>) -> Life {
    match kept {
        Ok(Remaining::For(left)) => Life::For(left),
        Ok(Remaining::Forever) => Life::Forever,
        // It has ended between the two answers.
        Ok(Remaining::Missing) => Life::For(Duration::ZERO),
        Ok(Remaining::Unknown) | Err(_) => UNTOLD,
    }
}

impl Opened {
    /// The same with this life left.
    fn living(mut self, life: Life) -> Self {
        if let Self::Frame { left, .. } = &mut self {
            *left = life;
        }
        self
    }
}

/// A counter of another cache would be a value in its own form.
#[cold]
pub(in crate::engine) fn no_foreign_counter() -> Error {
    Error::new(ErrorKind::Unsupported, "counters have no form in another cache's entries")
        .during("increment")
        .with_fix("count under a key of your own, or keep a number with `set`")
}
