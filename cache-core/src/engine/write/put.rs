//! Writing a value that the caller has at hand.

use crate::codec::peek;
use crate::engine::remove::unfinished::Unfinished;
use crate::engine::serving::Serving;
use crate::engine::write::far_write::FarWrite;
use crate::engine::write::land::Landing;
use crate::engine::write::over::Over;
use crate::engine::{Ask, Engine, What};
use crate::entry::Reason;
use crate::error::Result;
use crate::port::backend::{DeleteOptions, SetCondition};
use crate::port::near::Held;
use crate::stamp::Scope;
use crate::time::Life;

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a write that was not stored leaves no older value either"]
#[non_exhaustive]
pub enum Written {
    /// In every tier that there is.
    Stored,
    /// Something was there already, and was kept.
    Kept,
    /// Only in this process: the byte tier could not take it.
    OnlyHere(Reason),
    /// Nowhere; the older value is gone too.
    Rejected(Reason),
}

impl Written {
    /// Whether a read in this process can find it.
    #[must_use]
    pub fn is_stored(self) -> bool {
        matches!(self, Self::Stored | Self::OnlyHere(_))
    }
}

impl Engine {
    /// Stores a value in every tier. A load of the same key that is under way is overtaken: the set wins.
    ///
    /// # Errors
    /// A ttl of zero; when the manager fails closed also every tier that did not take it.
    pub(crate) async fn put(&self, ask: &Ask<'_>, held: Held, condition: SetCondition) -> Result<Written> {
        let life = self.life(ask, false)?;
        if !self.is_enabled() {
            return Ok(Written::Rejected(Reason::Disabled));
        }
        self.check_sealed_write(ask)?;
        self.settle().await;
        let tokens = match self.tokens_at(ask, None).await {
            Ok(tokens) => tokens,
            Err(reason) => return self.reject(ask, condition, reason).await,
        };
        let ask = &ask.under(&tokens);
        let _gate = self.gate.set(ask.key).await;
        if condition == SetCondition::IfAbsent && self.holds_alone(ask) {
            return Ok(Written::Kept);
        }
        self.replace(ask, Some(held), life, condition).await
    }

    /// A value that may be stored nowhere leaves no older one.
    async fn reject(&self, ask: &Ask<'_>, condition: SetCondition, reason: Reason) -> Result<Written> {
        self.not_stored(ask.space, "all", reason);
        if condition == SetCondition::Always {
            let _journalled = self.invalidate(What::Key(ask.key)).await?;
        }
        Ok(Written::Rejected(reason))
    }

    /// Writes a value, or the memory of its absence, over what is there. The caller is alone in the key's gate.
    pub(super) async fn replace(
        &self,
        ask: &Ask<'_>,
        value: Option<Held>,
        life: Life,
        condition: SetCondition,
    ) -> Result<Written> {
        let unfinished = match condition {
            SetCondition::Always | SetCondition::IfLease(_) => Unfinished::owed(self, What::Key(ask.key)),
            _ => Unfinished::optional(self, What::Key(ask.key)),
        };
        self.stamps.bump(Scope::Key(ask.key));
        self.forget_loads(ask.key);
        let over = Over::Older(condition);
        let mut far = self.write_far(ask, value.as_ref(), life, over).await;
        let leased = matches!(condition, SetCondition::IfLease(_));
        if matches!(far, FarWrite::Refused) && !leased && self.remove_void(ask).await {
            far = self.write_far(ask, value.as_ref(), life, over).await;
        }
        if let FarWrite::Aside(_) = far {
            self.journal.key(ask.key);
        }
        // A reader that saw the older far value before it was replaced must not promote it afterwards.
        self.stamps.bump(Scope::Key(ask.key));
        self.parts.near.remove(ask.key);
        unfinished.finish();
        let written = self.judge(ask, far.clone())?;
        if written.is_stored() {
            let landing = Landing {
                born: self.stamps.born(),
                life,
                stored_bytes: far.bytes(),
                only_here: !far.is_stored(),
            };
            self.insert_near(ask, value, landing);
        }
        match written {
            Written::OnlyHere(reason) if self.parts.near.entry(ask.key.near()).is_none() => {
                Ok(Written::Rejected(reason))
            }
            written => Ok(written),
        }
    }

    /// Removes a frame that is no value: kept only to answer stale, overtaken, or the memory of absence. To a condition
    /// it is not there.
    pub(super) async fn remove_void(&self, ask: &Ask<'_>) -> bool {
        if ask.key.is_foreign() {
            return false;
        }
        let (Serving::Primary(tier) | Serving::Fallback(tier)) = self.serving() else { return false };
        let Ok(Some(bytes)) = tier.backend.get(ask.key).await else { return false };
        let wall = self.parts.clock.wall();
        let none = peek(&bytes).is_some_and(|header| header.negative || header.deadlines.fresh_until <= wall);
        let void = none || self.is_overtaken(ask, tier, &bytes).await;
        void && tier.backend.delete(ask.key, DeleteOptions::if_unchanged(bytes)).await.unwrap_or(false)
    }

    /// Whether the near tier is the only one that can be asked, and has a fresh value.
    fn holds_alone(&self, ask: &Ask<'_>) -> bool {
        let alone = !ask.leaves_the_process()
            || !self.parts.tiers.exist()
            || matches!(self.serving(), Serving::Nothing(_));
        alone && self.value_near(ask.key).is_some()
    }

    fn judge(&self, ask: &Ask<'_>, far: FarWrite) -> Result<Written> {
        match far {
            FarWrite::NotAsked | FarWrite::Stored(_) | FarWrite::Aside(_) => Ok(Written::Stored),
            FarWrite::Refused => Ok(Written::Kept),
            FarWrite::Failed(_, error) if self.fails_closed(ask) => Err(error),
            FarWrite::Failed(reason @ (Reason::TooLarge | Reason::Unencodable), _) => {
                Ok(Written::Rejected(reason))
            }
            FarWrite::Failed(reason, _) => Ok(Written::OnlyHere(reason)),
        }
    }
}
