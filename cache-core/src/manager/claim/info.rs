//! What everybody may see of a claim, and how what it carries is written.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::{Codec, Compression, Envelope, Format, Frame, Place};
use crate::entry::Deadlines;
use crate::error::{Error, ErrorKind, Result};
use crate::key::CacheKey;
use crate::port::backend::{LiveClaim, MAX_CLAIM_PAYLOAD};
use crate::time::{Life, WallTime};

/// How what a claim carries is written.
const CODEC: Codec = Codec { compression: Compression::None, max_entry_bytes: MAX_CLAIM_PAYLOAD };

/// A live claim of anybody. It cannot be released through this.
#[derive(Clone)]
pub struct ClaimInfo {
    group: CacheKey,
    claim: LiveClaim,
    /// What it carries, when it can be read here.
    carried: Option<Frame>,
}

impl ClaimInfo {
    pub(super) fn new(place: Place<'_>, group: &CacheKey, claim: LiveClaim) -> Self {
        let carried = CODEC.open(place, 0, &claim.payload).ok();
        Self { group: group.clone(), claim, carried }
    }

    /// What it was claimed as.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.claim.member
    }

    /// Its fencing token.
    #[must_use]
    pub fn fencing_token(&self) -> u64 {
        self.claim.fence
    }

    /// How long it goes on unless it is renewed or released, by the store's clock.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.claim.left
    }

    /// What it carries; `None` when it carries nothing, or something that is no `T`.
    #[must_use]
    pub fn payload<T: DeserializeOwned>(&self) -> Option<T> {
        self.carried.as_ref()?.decode().ok()
    }
}

impl fmt::Debug for ClaimInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClaimInfo").field(&self.group).field(&self.claim).finish()
    }
}

/// A frame without a life of its own: it is read as long as the claim is listed.
pub(super) fn encode<T: Serialize + ?Sized>(place: Place<'_>, payload: &T) -> Result<Bytes> {
    let deadlines = Deadlines::starting(WallTime(0), Life::Forever);
    let envelope = Envelope { schema: 0, deadlines, version: 0, immutable: false };
    let encoded = CODEC.encode(place, Some(payload), Format::MessagePack, &envelope);
    encoded.map_err(|error| match error.kind() {
        ErrorKind::TooLarge => Error::new(ErrorKind::TooLarge, "what a claim carries takes more than 4 KiB")
            .during("claim")
            .with_fix("carry what names it; keep the rest in an entry of its own"),
        _ => error,
    })
}
