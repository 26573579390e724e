//! The servers of a row, and which of them is in trouble.

use std::time::{Duration, Instant};

use cache_core::testkit::RedisServer;
use tokio::time::sleep;

use crate::ground::Ground;
use crate::servers::cluster::ClusterServers;
use crate::servers::sentinel::SentinelServers;
use crate::servers::{Kind, start};

/// A replica takes over within two seconds, on a machine without other work.
const PATIENCE: Duration = Duration::from_secs(20);
/// The first master of three holds the slots below this one.
const SLOTS_OF_FIRST: u16 = 5_461;

pub(crate) enum Stand {
    One(RedisServer),
    Sentinels(SentinelServers),
    Cluster(Box<ClusterServers>),
}

impl Stand {
    pub(crate) fn of(ground: Ground) -> Self {
        match ground {
            Ground::Redis | Ground::Layered => Self::One(start(Kind::Redis, &[])),
            Ground::Valkey => Self::One(start(Kind::Valkey, &[])),
            Ground::Sentinels(kind) => Self::Sentinels(SentinelServers::start(kind)),
            Ground::Cluster(kind) => Self::Cluster(Box::new(ClusterServers::start_with(kind, 1, &[]))),
        }
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::One(server) => server.url(),
            Self::Sentinels(servers) => servers.url(),
            Self::Cluster(servers) => servers.url(),
        }
    }

    /// The one that is in trouble: the only one, the primary, the first master.
    pub(crate) fn server(&mut self) -> &mut RedisServer {
        match self {
            Self::One(server) => server,
            Self::Sentinels(servers) => &mut servers.servers[0],
            Self::Cluster(servers) => &mut servers.servers[0],
        }
    }

    /// Waits until another one has taken the place of the one that was killed, and the others say so.
    pub(crate) async fn is_replaced(&self) {
        let began = Instant::now();
        while !self.has_successor() {
            assert!(began.elapsed() < PATIENCE, "nobody takes over");
            sleep(Duration::from_millis(10)).await;
        }
    }

    fn has_successor(&self) -> bool {
        match self {
            Self::One(_) => true,
            Self::Sentinels(servers) => servers.have_a_successor(),
            Self::Cluster(servers) => servers.have_a_successor(),
        }
    }
}

/// Whether a key lies on the server that will be in trouble.
pub(crate) fn is_in_trouble(ground: Ground, key: &str) -> bool {
    !matches!(ground, Ground::Cluster(_)) || slot(key.as_bytes()) < SLOTS_OF_FIRST
}

/// CRC16 (XMODEM) of a key without a hash tag.
fn slot(key: &[u8]) -> u16 {
    let crc = key.iter().fold(0_u16, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    });
    crc % 16_384
}
