//! What was found far, kept near.

use std::time::Duration;

use bytes::Bytes;

use crate::codec::peek;
use crate::engine::look::found::Look;
use crate::engine::look::open::Opened;
use crate::engine::renew::stale::Stale;
use crate::engine::write::land::Landing;
use crate::engine::{Ask, Engine, Found};
use crate::entry::{Deadlines, Reason};
use crate::policy::Use;
use crate::port::near::NearEntry;
use crate::tier::Tier;
use crate::time::Life;

impl Engine {
    pub(super) async fn promote(
        &self,
        ask: &Ask<'_>,
        tier: Tier<'_>,
        born: u64,
        opened: Opened,
        bytes: &Bytes,
    ) -> Look {
        let _gate = self.gate.land(ask.key).await;
        self.admit(ask, tier, born, opened, bytes)
    }

    /// Puts a far entry into the near tier, unless it was invalidated while it was on its way: then it is none. The
    /// caller is in the key's gate.
    pub(in crate::engine) fn admit(
        &self,
        ask: &Ask<'_>,
        tier: Tier<'_>,
        born: u64,
        opened: Opened,
        bytes: &Bytes,
    ) -> Look {
        let (value, left, stored_bytes, validator) = match opened {
            Opened::Counter(value) => return Look::Fresh(Found::new(Some(value), tier.name, Duration::ZERO)),
            Opened::Frame { value, left, bytes, validator, .. } => (value, left, bytes, validator),
        };
        let (age, window) = self.age_and_window(ask, value.is_none(), bytes);
        if !self.may_land(ask, born) {
            return self.nothing(tier.name, Reason::Invalidated);
        }
        let times = self.times(ask, left, window, age);
        let landing = Landing { born, life: left, stored_bytes, only_here: false };
        self.keep_near(&ask.validated(validator.as_ref()), value.clone(), landing, times);
        Look::Fresh(Found::new(value, tier.name, age))
    }

    /// How old a frame is that has been checked, and how long it is kept after its expiry: as long as its writer
    /// said, at most as long as this reader would.
    fn age_and_window(&self, ask: &Ask<'_>, negative: bool, bytes: &Bytes) -> (Duration, Duration) {
        let own = if ask.key.is_foreign() { None } else { peek(bytes) };
        let Some(Deadlines { created, fresh_until, stale_until }) = own.map(|header| header.deadlines) else {
            return Default::default();
        };
        let window = stale_until.since(fresh_until).min(self.kept(ask, negative));
        (self.parts.clock.wall().since(created), window)
    }

    /// Keeps an expired far value near, so that the next caller finds it there; never over a newer one.
    pub(super) async fn promote_stale(&self, ask: &Ask<'_>, stale: &Stale, stored_bytes: usize) {
        let _alone = self.gate.set(ask.key).await;
        let newer = |entry: NearEntry| stale.times.expires <= entry.meta.times.expires && self.holds(&entry);
        if self.good_for(ask, stale) == Use::Nothing
            || self.parts.near.entry(ask.key.near()).is_some_and(newer)
        {
            return;
        }
        let landing = Landing { born: stale.born, life: Life::Forever, stored_bytes, only_here: false };
        let ask = &ask.validated(stale.validator.as_ref());
        self.keep_near(ask, Some(stale.value.clone()), landing, stale.times);
    }

    /// Whether an entry was not invalidated.
    fn holds(&self, entry: &NearEntry) -> bool {
        self.stamps.valid(&entry.meta.cells, entry.meta.born)
    }
}
