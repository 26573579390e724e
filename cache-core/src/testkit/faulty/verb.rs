//! The verbs of a backend, as tests name them.

/// A verb of [`CacheBackend`](crate::port::backend::CacheBackend).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
    ReleaseLease,
    Claim,
    RenewClaim,
    ReleaseClaim,
    Claims,
}

impl Verb {
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
            Self::ReleaseLease => "release_lease",
            Self::Claim => "claim",
            Self::RenewClaim => "renew_claim",
            Self::ReleaseClaim => "release_claim",
            Self::Claims => "claims",
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
        )
    }
}
