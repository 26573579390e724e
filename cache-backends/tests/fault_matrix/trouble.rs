//! What goes wrong, for how long, and how it ends.

use std::time::Duration;

use cache_core::testkit::{Fault, Proxy};

use crate::stand::Stand;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    Refused,
    Silent,
    Garbage,
    Reset,
    Delayed,
    Flapping,
    Stopped,
    Killed,
    /// Killed for good; a replica takes its place.
    Replaced,
}

impl Trouble {
    pub(crate) const OF_ONE_SERVER: [Self; 8] = [
        Self::Refused,
        Self::Silent,
        Self::Garbage,
        Self::Reset,
        Self::Delayed,
        Self::Flapping,
        Self::Stopped,
        Self::Killed,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Refused => "connections are refused",
            Self::Silent => "accepts, never answers",
            Self::Garbage => "answers garbage",
            Self::Reset => "resets in mid-reply",
            Self::Delayed => "answers 200 ms late",
            Self::Flapping => "flaps every 2 s",
            Self::Stopped => "server is stopped (SIGSTOP)",
            Self::Killed => "server is killed, restarted",
            Self::Replaced => "primary is killed, a replica takes over",
        }
    }

    /// Before its end begins: a failover lasts as long as it takes.
    pub(crate) fn lasts(self) -> Duration {
        match self {
            Self::Flapping => Duration::from_millis(9_500),
            Self::Replaced => Duration::ZERO,
            _ => Duration::from_secs(2),
        }
    }

    /// How many outages that is.
    pub(crate) fn outages(self) -> usize {
        if self == Self::Flapping { 3 } else { 1 }
    }

    /// Whether it is the connection that is in trouble, and not the server.
    pub(crate) fn is_of_the_network(self) -> bool {
        self.fault().is_some()
    }

    fn fault(self) -> Option<Fault> {
        match self {
            Self::Refused => Some(Fault::Refuse),
            Self::Silent => Some(Fault::Silence),
            Self::Garbage => Some(Fault::Garbage),
            Self::Reset => Some(Fault::Reset),
            Self::Delayed => Some(Fault::Delay(Duration::from_millis(200))),
            Self::Flapping => Some(Fault::Flap(Duration::from_secs(2))),
            Self::Stopped | Self::Killed | Self::Replaced => None,
        }
    }

    pub(crate) async fn begin(self, proxy: &Proxy, stand: &mut Stand) {
        match (self, self.fault()) {
            (_, Some(fault)) => proxy.set(fault).await,
            (Self::Stopped, _) => stand.server().pause(),
            _ => stand.server().kill(),
        }
    }

    pub(crate) async fn end(self, proxy: &Proxy, stand: &mut Stand) {
        match self {
            Self::Stopped => stand.server().resume(),
            Self::Killed => stand.server().restart(),
            Self::Replaced => stand.is_replaced().await,
            _ => proxy.set(Fault::None).await,
        }
    }
}
