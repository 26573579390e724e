//! The verbs by name: what errors, meters and tests call them.

/// A verb of [`CacheBackend`](super::CacheBackend).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[allow(missing_docs)] // each is the method of the same name
pub enum Verb {
    Connect,
    Disconnect,
    Get,
    Set,
    GetAndDelete,
    Delete,
    Exists,
    DeletePattern,
    Clear,
    GetMany,
    SetMany,
    DeleteMany,
    Increment,
    Ttl,
    AcquireLease,
    RenewLease,
    ReleaseLease,
    Claim,
    RenewClaim,
    ReleaseClaim,
    Claims,
    Health,
}

impl Verb {
    /// Every verb, in the order of the enum.
    pub const ALL: [Self; 22] = [
        Self::Connect,
        Self::Disconnect,
        Self::Get,
        Self::Set,
        Self::GetAndDelete,
        Self::Delete,
        Self::Exists,
        Self::DeletePattern,
        Self::Clear,
        Self::GetMany,
        Self::SetMany,
        Self::DeleteMany,
        Self::Increment,
        Self::Ttl,
        Self::AcquireLease,
        Self::RenewLease,
        Self::ReleaseLease,
        Self::Claim,
        Self::RenewClaim,
        Self::ReleaseClaim,
        Self::Claims,
        Self::Health,
    ];

    /// The method's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Disconnect => "disconnect",
            Self::Get => "get",
            Self::Set => "set",
            Self::GetAndDelete => "get_and_delete",
            Self::Delete => "delete",
            Self::Exists => "exists",
            Self::DeletePattern => "delete_pattern",
            Self::Clear => "clear",
            Self::GetMany => "get_many",
            Self::SetMany => "set_many",
            Self::DeleteMany => "delete_many",
            Self::Increment => "increment",
            Self::Ttl => "ttl",
            Self::AcquireLease => "acquire_lease",
            Self::RenewLease => "renew_lease",
            Self::ReleaseLease => "release_lease",
            Self::Claim => "claim",
            Self::RenewClaim => "renew_claim",
            Self::ReleaseClaim => "release_claim",
            Self::Claims => "claims",
            Self::Health => "health",
        }
    }

    /// Whether it changes what is stored.
    #[must_use]
    pub const fn writes(self) -> bool {
        !matches!(
            self,
            Self::Connect
                | Self::Disconnect
                | Self::Get
                | Self::GetMany
                | Self::Exists
                | Self::Ttl
                | Self::Claims
                | Self::Health
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_whole_and_in_order() {
        assert!(Verb::ALL.iter().enumerate().all(|(index, verb)| *verb as usize == index));
        assert_eq!(Verb::ALL.last(), Some(&Verb::Health), "a verb was added: it belongs into the list");
    }
}
