//! Where a connection leads: to a fixed address, or to whatever the sentinels name at that moment.

use std::fmt;

use cache_core::error::Result;

use super::address::Address;
use super::config::Settings;

/// `Display` and `Debug` show neither user nor password.
#[derive(Clone)]
pub(super) enum Source {
    Fixed(Address),
}

impl Source {
    /// The server to connect to now.
    pub(super) async fn resolve(&self, _: &Settings) -> Result<Address> {
        match self {
            Self::Fixed(address) => Ok(address.clone()),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(address) => address.fmt(f),
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}
