//! Where a connection leads: to a fixed address, or to whatever the sentinels name at that moment.

use std::fmt;
use std::time::Duration;

use cache_core::error::Result;

use super::address::Address;
use super::connection::Connection;
#[cfg(feature = "redis-sentinel")]
use super::sentinel::{Sentinels, WATCH, check_role};

/// `Display` and `Debug` show neither user nor password.
#[derive(Clone)]
pub(super) enum Source {
    Fixed(Address),
    #[cfg(feature = "redis-sentinel")]
    Sentinel(Sentinels),
}

impl Source {
    /// The server to connect to now.
    pub(super) async fn resolve(&self, limit: Duration) -> Result<Address> {
        let _ = limit;
        match self {
            Self::Fixed(address) => Ok(address.clone()),
            #[cfg(feature = "redis-sentinel")]
            Self::Sentinel(sentinels) => sentinels.primary(limit).await,
        }
    }

    /// Connects to it, each step within the limit; also says where that was.
    pub(super) async fn connect(
        &self,
        limit: Duration,
        number: u64,
        lost: impl Fn() + Send + Sync + 'static,
    ) -> Result<(Connection, Address)> {
        let address = self.resolve(limit).await?;
        let connection = Connection::make(&address, limit, number, lost).await?;
        #[cfg(feature = "redis-sentinel")]
        if let Self::Sentinel(_) = self {
            check_role(&connection, &address, limit).await?;
        }
        Ok((connection, address))
    }

    /// Waits until what the sentinels name is another server than this.
    pub(super) async fn moved_from(&self, address: &Address, limit: Duration) {
        match self {
            Self::Fixed(_) => std::future::pending().await,
            #[cfg(feature = "redis-sentinel")]
            Self::Sentinel(_) => loop {
                tokio::time::sleep(WATCH).await;
                let named = self.resolve(limit).await;
                if named.is_ok_and(|named| named.to_string() != address.to_string()) {
                    return;
                }
            },
        }
        let _ = (address, limit);
    }

    /// Whether it may name another server one day.
    pub(super) fn is_moving(&self) -> bool {
        !matches!(self, Self::Fixed(_))
    }

    /// How many steps an attempt to connect has.
    pub(super) fn steps(&self) -> u32 {
        match self {
            Self::Fixed(_) => 1,
            #[cfg(feature = "redis-sentinel")]
            Self::Sentinel(_) => 4,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(address) => address.fmt(f),
            #[cfg(feature = "redis-sentinel")]
            Self::Sentinel(sentinels) => sentinels.fmt(f),
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}
