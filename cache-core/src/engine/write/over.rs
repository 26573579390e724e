//! What a write to a byte tier goes over, and what it may leave behind when it fails.

use crate::error::{Error, ErrorKind};
use crate::port::backend::{SetCondition, SetOptions};

/// What a far write is to replace.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) enum Over {
    /// Nothing that must go: what a load did not find, or could not read, is as good as before when the write was not
    /// even begun.
    Nothing,
    /// The same, and the load holds this lease.
    Leased(u128),
    /// Perhaps an older value, under this condition.
    Older(SetCondition),
}

impl Over {
    /// The condition that the write has.
    pub(in crate::engine) fn options(self) -> SetOptions {
        SetOptions::default().when(match self {
            Self::Nothing => SetCondition::Always,
            Self::Leased(token) => SetCondition::IfLease(token),
            Self::Older(condition) => condition,
        })
    }

    /// The same for the fallback, which knows of no lease.
    pub(in crate::engine) fn aside(options: SetOptions) -> SetOptions {
        match options.condition {
            SetCondition::IfLease(_) => options.when(SetCondition::Always),
            _ => options,
        }
    }

    /// Whether a write that failed like this may have left an older value, or may still arrive.
    pub(in crate::engine) fn leaves_older(self, error: &Error) -> bool {
        match (self, error.kind()) {
            (_, ErrorKind::TooLarge) | (Self::Nothing | Self::Leased(_), ErrorKind::Overloaded) => false,
            (Self::Nothing | Self::Leased(_) | Self::Older(_), _) => true,
        }
    }
}
