//! The tokens of an entry: seen to before its load, asked for when it lands, compared when it is found.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;

use super::AskedTags;
use super::known::Token;
use crate::codec::{Stamp, peek};
use crate::engine::serving::Serving;
use crate::engine::{Ask, Engine};
use crate::entry::Reason;
use crate::error::{Error, ErrorKind, Result};
use crate::key::{MAX_TAGS, Tag, TagId};
use crate::tier::Tier;
use crate::time::{Life, Tick};

/// How long a near copy is trusted where nobody said so: a remembered token too.
const TRUSTED: Duration = Duration::from_secs(5);

/// The tokens under which an entry is stored, or was found.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Tokens {
    pub(in crate::engine) stamps: Vec<Stamp>,
    /// Until then a near copy under them is trusted.
    pub(in crate::engine) until: Tick,
    /// Why no byte tier can take the entry.
    pub(in crate::engine) trouble: Option<(Reason, Error)>,
}

impl Tokens {
    /// Of an entry that has no tags, or is in no byte tier.
    fn none() -> Self {
        Self { stamps: Vec::new(), until: Tick::NEVER, trouble: None }
    }

    fn unknown(reason: Reason, error: Error) -> Self {
        Self { trouble: Some((reason, error)), ..Self::none() }
    }
}

/// The tokens that tags have now, of those that have one.
pub(in crate::engine) type Current = HashMap<TagId, Token, foldhash::fast::RandomState>;

impl Engine {
    fn has_tokens(&self, ask: &Ask<'_>) -> bool {
        !ask.tags.is_none() && ask.leaves_the_process() && self.parts.tiers.exist()
    }

    /// How long a near copy is trusted.
    fn trusted(&self) -> Duration {
        self.parts.near_ttl.and_then(Life::duration).unwrap_or(TRUSTED)
    }

    /// Sees to the markers of the tags that are known before a load. The generation that the load begins under.
    ///
    /// Trouble is recorded, and nothing else: what is loaded then is not stored in a byte tier.
    pub(in crate::engine) async fn prepare_tags(&self, ask: &Ask<'_>, born: u64) -> u64 {
        self.prepare_many(std::slice::from_ref(ask), born).await
    }

    /// [`Engine::prepare_tags`] of the entries of one load.
    pub(in crate::engine) async fn prepare_many(&self, asks: &[Ask<'_>], born: u64) -> u64 {
        let tagged = || asks.iter().filter(|ask| self.has_tokens(ask));
        let Some(first) = tagged().next() else { return born };
        let (Serving::Primary(tier) | Serving::Fallback(tier)) = self.serving() else { return born };
        let any = tagged().any(|ask| ask.tags.open).then_some(TagId::ANY);
        let mut tags: Vec<TagId> = tagged().flat_map(|ask| ask.tags.ids()).chain(any).collect();
        tags.sort_unstable();
        tags.dedup();
        if let Err(error) = self.tokens_lately(tier, &tags, Some(self.marker_life(first))).await {
            self.tier_failed(tier, "tags", &error);
        }
        let now = self.stamps.born();
        if asks.iter().all(|ask| self.may_land(ask, born)) { now } else { born }
    }

    fn marker_life(&self, ask: &Ask<'_>) -> Life {
        let life = self.exact_life(ask, false).unwrap_or(Life::Forever);
        life.plus(self.kept(ask, false))
    }

    /// The tokens of these tags, each remembered or read.
    async fn tokens_lately(
        &self,
        tier: Tier<'_>,
        tags: &[TagId],
        make: Option<Life>,
    ) -> Result<Vec<Option<Token>>> {
        // Half of it is left for a near copy.
        let (now, within) = (self.parts.clock.tick(), self.trusted() / 2);
        let lately: Vec<_> = tags.iter().map(|tag| self.known(tier).lately(*tag, now, within)).collect();
        let unknown: Vec<TagId> =
            tags.iter().zip(&lately).filter(|(_, known)| known.is_none()).map(|(tag, _)| *tag).collect();
        let mut read = self.read_markers(tier, &unknown, make).await?.into_iter();
        Ok(lately.into_iter().map(|known| known.or_else(|| read.next().flatten())).collect())
    }

    /// The tokens of an entry that is about to be stored. Of a value that was loaded since `born` they have to be older
    /// than that; of one that its caller has at hand (`None`) they are made if need be.
    ///
    /// # Errors
    /// The reason why it may not be stored anywhere.
    pub(in crate::engine) async fn tokens_at(
        &self,
        ask: &Ask<'_>,
        born: Option<u64>,
    ) -> Result<Tokens, Reason> {
        let tags = ask.tags.ids().len();
        if tags == 0 {
            return Ok(Tokens::none());
        }
        if ask.key.is_foreign() {
            return Err(Reason::Misconfigured);
        }
        self.tagging.names.note(ask.tags.all());
        if !self.has_tokens(ask) {
            return Ok(Tokens::none());
        }
        if tags > MAX_TAGS {
            return Err(Reason::TooManyTags);
        }
        let tier = match self.serving() {
            Serving::Primary(tier) | Serving::Fallback(tier) => tier,
            Serving::Nothing(reason) => {
                let error = Error::new(ErrorKind::Unavailable, "the primary tier cannot be reached");
                return Ok(Tokens::unknown(reason, error.during("tags")));
            }
        };
        match self.tokens_in(tier, ask, born).await {
            Ok(tokens) => tokens.ok_or(Reason::Invalidated),
            Err(error) => {
                self.tier_failed(tier, "tags", &error);
                Ok(Tokens::unknown(Reason::TagUnknown, error))
            }
        }
    }

    /// `None` when one of them has changed since.
    async fn tokens_in(&self, tier: Tier<'_>, ask: &Ask<'_>, born: Option<u64>) -> Result<Option<Tokens>> {
        let ids = |tags: &[Tag]| tags.iter().map(Tag::id).collect::<Vec<_>>();
        let (named, by_value) = (ids(ask.tags.named), ids(ask.tags.by_value));
        let make = Some(self.marker_life(ask));
        let mut tokens = self.tokens_lately(tier, &named, make.filter(|_| born.is_none())).await?;
        let born = born.unwrap_or(u64::MAX);
        let are_older = |tokens: &[Option<Token>]| {
            tokens.iter().all(|token| token.is_some_and(|token| token.since <= born))
        };
        if !are_older(&tokens) {
            return Ok(None);
        }
        if !by_value.is_empty() {
            tokens.extend(self.tokens_lately(tier, &by_value, make).await?);
            // Read after those of the value: had one of these been invalidated since the load began, this one were gone.
            let any = self.read_markers(tier, &[TagId::ANY], None).await?;
            if born != u64::MAX && !are_older(&any) {
                return Ok(None);
            }
        }
        let all: Option<Vec<_>> =
            named.into_iter().chain(by_value).zip(tokens).map(|(tag, token)| Some((tag, token?))).collect();
        Ok(all.map(|all| self.tokens(all.into_iter())))
    }

    fn tokens(&self, all: impl Iterator<Item = (TagId, Token)>) -> Tokens {
        let (mut stamps, mut oldest): (Vec<Stamp>, _) = (Vec::new(), Tick::NEVER);
        for (tag, Token { token, read, .. }) in all {
            if stamps.iter().all(|stamp| stamp.tag != tag) {
                stamps.push(Stamp { tag, token });
            }
            oldest = oldest.min(read);
        }
        let bounded = self.parts.near_ttl.is_some() && oldest != Tick::NEVER;
        let until = if bounded { oldest.after(Life::For(self.trusted())) } else { Tick::NEVER };
        Tokens { stamps, until, trouble: None }
    }

    /// Reads the tokens of the tags that a question names, while its entry is being read.
    pub(in crate::engine) async fn look_ahead(&self, ask: &Ask<'_>, tier: Tier<'_>) {
        let named = if self.has_tokens(ask) { ask.tags.ids() } else { Vec::new() };
        // Trouble is met again, and recorded, when the tokens are compared.
        let _ = self.tokens_lately(tier, &named, None).await;
    }

    /// The tokens that the tags of some frames have now. What is remembered counts as long as it agrees; where it does
    /// not, the frame may be the newer one.
    pub(in crate::engine) async fn current(&self, tier: Tier<'_>, stamps: &[Stamp]) -> Result<Current> {
        let (now, within) = (self.parts.clock.tick(), self.trusted() / 2);
        let (mut current, mut unknown) = (Current::default(), Vec::new());
        for stamp in stamps {
            match self.known(tier).lately(stamp.tag, now, within) {
                Some(known) if known.token == stamp.token => drop(current.insert(stamp.tag, known)),
                _ => unknown.push(stamp.tag),
            }
        }
        unknown.sort_unstable();
        unknown.dedup();
        let read = self.read_markers(tier, &unknown, None).await?;
        current.extend(unknown.into_iter().zip(read).filter_map(|(tag, read)| Some((tag, read?))));
        Ok(current)
    }

    /// Whether a frame may be served: it has the tags that the question names, and none of its tags was invalidated.
    ///
    /// # Errors
    /// Why not.
    pub(in crate::engine) fn compare(
        &self,
        ask: &Ask<'_>,
        stamps: &[Stamp],
        current: &Current,
    ) -> Result<Tokens, Reason> {
        let has = |tag: &Tag| stamps.iter().any(|stamp| stamp.tag == tag.id());
        if !ask.tags.named.iter().all(has) {
            return Err(Reason::TagsDiffer);
        }
        let stands = |stamp: &Stamp| {
            let token = current.get(&stamp.tag).filter(|current| current.token == stamp.token)?;
            Some((stamp.tag, *token))
        };
        let standing: Option<Vec<_>> = stamps.iter().map(stands).collect();
        standing.map(|all| self.tokens(all.into_iter())).ok_or(Reason::TagChanged)
    }

    /// Whether a frame that can be read has a tag that was invalidated. Trouble is no answer: it may have none.
    pub(in crate::engine) async fn is_overtaken(&self, ask: &Ask<'_>, tier: Tier<'_>, bytes: &Bytes) -> bool {
        // The schema is part of the key: whatever the frame's is, it is the writer's.
        let schema = peek(bytes).map_or(0, |header| header.schema);
        let Ok(frame) = self.parts.codec.open(self.place_of(ask.key, bytes), schema, bytes) else {
            return false;
        };
        let stamps: Vec<Stamp> = frame.stamps().take(MAX_TAGS).collect();
        let untagged = ask.tagged(AskedTags::default());
        matches!(self.vouch(&untagged, tier, &stamps).await, Ok(Err(_)))
    }

    /// [`Engine::compare`] of one frame.
    ///
    /// # Errors
    /// When the markers cannot be read.
    pub(in crate::engine) async fn vouch(
        &self,
        ask: &Ask<'_>,
        tier: Tier<'_>,
        stamps: &[Stamp],
    ) -> Result<Result<Tokens, Reason>> {
        if stamps.is_empty() && ask.tags.named.is_empty() {
            return Ok(Ok(Tokens::none()));
        }
        let current = self.current(tier, stamps).await?;
        Ok(self.compare(ask, stamps, &current))
    }
}
