//! The members of one group of claims, and nothing about where they are kept.

use std::time::Duration;

use bytes::Bytes;

use super::{ClaimId, LiveClaim};
use crate::time::{Life, Tick};

/// The members of a group, oldest first.
#[derive(Debug, Default)]
pub(super) struct Group(Vec<Member>);

/// One claim.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) id: ClaimId,
    pub(super) fence: u64,
    pub(super) ends: Tick,
    pub(super) payload: Bytes,
}

impl Group {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn members(&self) -> &[Member] {
        &self.0
    }

    pub(super) fn holds(&self, member: &str) -> bool {
        self.0.iter().any(|held| *held.id.member == *member)
    }

    pub(super) fn add(&mut self, member: Member) {
        self.0.push(member);
    }

    /// Whether it is there; it ends then instead.
    pub(super) fn renew(&mut self, id: &ClaimId, ends: Tick) -> bool {
        let held = self.0.iter_mut().find(|held| held.id == *id);
        held.map(|held| held.ends = ends).is_some()
    }

    /// Whether it was there.
    pub(super) fn remove(&mut self, id: &ClaimId) -> bool {
        let at = self.0.iter().position(|held| held.id == *id);
        at.map(|at| self.0.remove(at)).is_some()
    }

    /// How many have ended.
    pub(super) fn drop_ended(&mut self, now: Tick) -> usize {
        let before = self.0.len();
        self.0.retain(|held| now < held.ends);
        before - self.0.len()
    }

    pub(super) fn live(&self, now: Tick) -> Vec<LiveClaim> {
        let live = self.0.iter().filter_map(|held| Some((held, left(held, now)?)));
        live.map(|(held, left)| {
            LiveClaim::new(held.id.member.clone(), held.fence, left, held.payload.clone())
        })
        .collect()
    }
}

fn left(held: &Member, now: Tick) -> Option<Duration> {
    held.ends.remaining(now).map(|left| match left {
        Life::For(left) => left,
        Life::Forever => Duration::MAX,
    })
}
