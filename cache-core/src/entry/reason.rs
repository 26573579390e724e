//! Why a read was not a fresh hit.

/// Why a read was not a fresh hit, or a value was not stored. Every one reaches the recorder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// Nothing is stored under the key.
    Absent,
    /// What is stored has reached its deadline.
    Expired,
    /// What is stored was invalidated after its load had begun.
    Invalidated,
    /// One of its tags was invalidated, or the tag's marker was evicted.
    TagChanged,
    /// It was stored without a tag that the reader names.
    TagsDiffer,
    /// The markers of its tags cannot be read.
    TagUnknown,
    /// It has more tags than an entry can have.
    TooManyTags,
    /// The bytes are no frame, or are cut short.
    Malformed,
    /// The checksum does not match.
    Checksum,
    /// The frame is sealed, and does not open: it was changed, or belongs to another place.
    NotAuthentic,
    /// The frame is sealed under a master key that this process does not hold.
    UnknownKey,
    /// The frame is in clear where only sealed ones are believed.
    NotSealed,
    /// The frame is sealed, and the keyspace asked for is not.
    Sealed,
    /// The keyspace is sealed, and the manager has no master key.
    NoMasterKey,
    /// The frame belongs to another key.
    WrongKey,
    /// The frame was written under another schema.
    WrongSchema,
    /// The frame was written in another format, or by a newer version of the frame.
    WrongFormat,
    /// The payload claims more than the bounds allow.
    Bounds,
    /// The payload is not a value of the type asked for.
    Undecodable,
    /// The tier did not answer in time.
    TimedOut,
    /// The tier cannot be reached, or answered with an error.
    TierError,
    /// Too many calls of the tier, or detached loads, are under way: this one was not begun.
    Overloaded,
    /// The tier is in quarantine until its journal has been applied.
    Quarantined,
    /// The entry is larger than the tier takes.
    TooLarge,
    /// The value cannot be encoded.
    Unencodable,
    /// The key has a sensitive part, and the manager has no secret that other processes know.
    NoKeySecret,
    /// The lease of the load had ended: another process removed, replaced or filled the key meanwhile.
    LeaseLost,
    /// The manager was shut down, or the runtime ended, while a write was under way that nobody waited for.
    CutOff,
    /// The condition refused to store the value.
    Refused,
    /// The value was given a life of zero.
    ZeroTtl,
    /// The value is stale and is being refreshed.
    Revalidating,
    /// The load failed.
    LoadFailed,
    /// The key is left alone for a while, because its loads failed.
    BacksOff,
    /// An argument has no form in the key (a NaN, where another cache reads the key too), so the call is not cached.
    NoKey,
    /// The options of the function cannot be kept, so it is not cached.
    Misconfigured,
    /// The call went round the cache, or was to load anew whatever is stored.
    Bypassed,
    /// The cache is switched off.
    Disabled,
}

impl Reason {
    /// A short, stable name for metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Expired => "expired",
            Self::Invalidated => "invalidated",
            Self::TagChanged => "tag_changed",
            Self::TagsDiffer => "tags_differ",
            Self::TagUnknown => "tag_unknown",
            Self::TooManyTags => "too_many_tags",
            Self::Malformed => "malformed",
            Self::Checksum => "checksum",
            Self::NotAuthentic => "not_authentic",
            Self::UnknownKey => "unknown_key",
            Self::NotSealed => "not_sealed",
            Self::Sealed => "sealed",
            Self::NoMasterKey => "no_master_key",
            Self::WrongKey => "wrong_key",
            Self::WrongSchema => "wrong_schema",
            Self::WrongFormat => "wrong_format",
            Self::Bounds => "bounds",
            Self::Undecodable => "undecodable",
            Self::TimedOut => "timed_out",
            Self::TierError => "tier_error",
            Self::Quarantined => "quarantined",
            Self::TooLarge => "too_large",
            Self::Unencodable => "unencodable",
            Self::NoKeySecret => "no_key_secret",
            Self::LeaseLost => "lease_lost",
            Self::CutOff => "cut_off",
            Self::Refused => "refused",
            Self::ZeroTtl => "zero_ttl",
            Self::Revalidating => "revalidating",
            Self::LoadFailed => "load_failed",
            Self::BacksOff => "backs_off",
            Self::Overloaded => "overloaded",
            Self::NoKey => "no_key",
            Self::Misconfigured => "misconfigured",
            Self::Bypassed => "bypassed",
            Self::Disabled => "disabled",
        }
    }

    /// Whether stored bytes of this kind should be removed, so that the next read does not stumble again.
    #[must_use]
    pub const fn heals(self) -> bool {
        matches!(
            self,
            Self::Malformed
                | Self::Checksum
                | Self::TagChanged
                | Self::NotAuthentic
                | Self::NotSealed
                | Self::WrongKey
                | Self::Bounds
                | Self::Undecodable
        )
    }
}
