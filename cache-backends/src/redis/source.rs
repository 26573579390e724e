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

/// A server, and the failover that made it the one to use.
#[derive(Clone)]
pub(super) struct Named {
    pub(super) address: Address,
    #[cfg_attr(not(feature = "redis-sentinel"), allow(dead_code, reason = "only sentinels have failovers"))]
    pub(super) epoch: u64,
}

#[cfg(feature = "redis-sentinel")]
impl Named {
    fn replaces(&self, other: &Self) -> bool {
        self.epoch > other.epoch && self.address.to_string() != other.address.to_string()
    }
}

impl Source {
    /// The server to connect to now.
    async fn resolve(&self, limit: Duration) -> Result<Named> {
        let _ = limit;
        match self {
            Self::Fixed(address) => Ok(Named { address: address.clone(), epoch: 0 }),
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
    ) -> Result<(Connection, Named)> {
        let named = self.resolve(limit).await?;
        let connection = Connection::make(&named.address, limit, number, lost).await?;
        #[cfg(feature = "redis-sentinel")]
        if let Self::Sentinel(_) = self {
            check_role(&connection, &named.address, limit).await?;
        }
        Ok((connection, named))
    }

    /// Waits until the sentinels name another server than this, after a later failover: one that was cut off from the
    /// others goes on naming an earlier one.
    pub(super) async fn moved_from(&self, current: &Named, limit: Duration) {
        match self {
            Self::Fixed(_) => std::future::pending().await,
            #[cfg(feature = "redis-sentinel")]
            Self::Sentinel(_) => loop {
                tokio::time::sleep(WATCH).await;
                if self.resolve(limit).await.is_ok_and(|named| named.replaces(current)) {
                    return;
                }
            },
        }
        let _ = (current, limit);
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
