//! What a connection is doing: the state that callers and the supervising task share.

use std::sync::Arc;

use cache_core::error::Error;

use super::connection::Connection;

/// Every task that connects has a number; only the task whose number is here may change the phase, so one that
/// was overtaken changes nothing.
#[derive(Debug)]
pub(super) enum Phase {
    /// Nobody asked yet. The first call connects.
    Idle,
    /// A task makes its first attempt; callers wait for it within their own deadline.
    Dialing { task: u64, lost: bool },
    /// Connected.
    Up(Arc<Connection>),
    /// The last attempt failed and the task goes on trying; callers do not wait.
    Down { task: u64, error: Error },
}

impl Phase {
    /// Whether this task is the one at work.
    pub(super) fn is_work_of(&self, number: u64) -> bool {
        match self {
            Self::Dialing { task, .. } | Self::Down { task, .. } => *task == number,
            Self::Idle | Self::Up(_) => false,
        }
    }

    /// Whether this connection is the one in use.
    pub(super) fn is_connection(&self, number: u64) -> bool {
        matches!(self, Self::Up(connection) if connection.number() == number)
    }

    /// Whether a call has a chance now. What was never tried counts as available.
    pub(super) fn is_available(&self) -> bool {
        match self {
            Self::Idle | Self::Up(_) | Self::Dialing { lost: false, .. } => true,
            Self::Dialing { lost: true, .. } | Self::Down { .. } => false,
        }
    }
}
