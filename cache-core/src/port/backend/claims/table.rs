//! Claims for a store that one process has to itself.
//!
//! Promise: every verb is one step under one lock, judged by one clock; what has ended counts for nothing, and gives
//! its memory back while others claim. Invariant: fencing numbers only grow, and begin at the wall clock's
//! microseconds, so that a process that starts again goes on above those of its predecessor.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::group::{Group, Member};
use super::record::{self, Now};
use super::{ClaimId, ClaimOptions, ClaimOutcome, LiveClaim};
use crate::error::{Error, ErrorKind, Result};
use crate::key::CacheKey;
use crate::port::clock::Clock;
use crate::time::{Life, Tick};

/// Live claims in all. One takes some hundred bytes and its payload.
const MAX_CLAIMS: usize = 1 << 16;
/// Fewer are not worth looking for what has ended.
const FEW: usize = 64;

/// The claims of one process. Cheap to make; nothing runs in the background.
#[derive(Debug)]
pub struct ClaimTable {
    clock: Clock,
    groups: Mutex<Groups>,
}

#[derive(Debug)]
struct Groups {
    held: HashMap<CacheKey, Group>,
    /// Claims, ended ones that were not swept yet included.
    count: usize,
    sweep_at: usize,
    last_fence: u64,
}

impl ClaimTable {
    /// Judged by this clock.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        let groups = Groups { held: HashMap::new(), count: 0, sweep_at: FEW, last_fence: 0 };
        Self { clock, groups: Mutex::new(groups) }
    }

    /// [`CacheBackend::claim`](crate::port::backend::CacheBackend::claim).
    ///
    /// # Errors
    /// As [`ClaimOptions::check`]; `Refused` while 65,536 claims are alive.
    pub fn claim(&self, group: &CacheKey, id: ClaimId, options: ClaimOptions) -> Result<ClaimOutcome> {
        options.check(&id)?;
        let (now, mut groups) = (self.clock.tick(), self.locked());
        groups.make_room(now)?;
        let fence = groups.last_fence.saturating_add(1).max(self.clock.wall().0.saturating_mul(1_000));
        let ends = now.after(Life::For(options.life));
        let members = groups.visit(group, now);
        let outcome = if members.holds(&id.member) {
            ClaimOutcome::Taken
        } else if members.len() >= usize::try_from(options.limit).unwrap_or(usize::MAX) {
            ClaimOutcome::Full
        } else {
            members.add(Member { id, fence, ends, payload: options.payload });
            ClaimOutcome::Held { fence }
        };
        groups.settle(group);
        if outcome == (ClaimOutcome::Held { fence }) {
            (groups.count, groups.last_fence) = (groups.count + 1, fence);
        }
        Ok(outcome)
    }

    /// [`CacheBackend::renew_claim`](crate::port::backend::CacheBackend::renew_claim).
    ///
    /// # Errors
    /// As [`ClaimOptions::check`].
    pub fn renew(&self, group: &CacheKey, id: &ClaimId, life: Duration) -> Result<bool> {
        ClaimOptions::new(life).check(id).map_err(|error| error.during("renew_claim"))?;
        let (now, mut groups) = (self.clock.tick(), self.locked());
        let renewed = groups.visit(group, now).renew(id, now.after(Life::For(life)));
        groups.settle(group);
        Ok(renewed)
    }

    /// [`CacheBackend::release_claim`](crate::port::backend::CacheBackend::release_claim).
    pub fn release(&self, group: &CacheKey, id: &ClaimId) -> bool {
        let (now, mut groups) = (self.clock.tick(), self.locked());
        let released = groups.visit(group, now).remove(id);
        groups.settle(group);
        groups.count -= usize::from(released);
        released
    }

    /// [`CacheBackend::claims`](crate::port::backend::CacheBackend::claims).
    #[must_use]
    pub fn live(&self, group: &CacheKey) -> Vec<LiveClaim> {
        let (now, groups) = (self.clock.tick(), self.locked());
        groups.held.get(group).map(|members| members.live(now)).unwrap_or_default()
    }

    /// Whether it knows of a claim of this group, ended ones included. For a store that outlives its process: what
    /// is not known is to be read and [restored](Self::restore) first.
    #[must_use]
    pub fn knows(&self, group: &CacheKey) -> bool {
        self.locked().held.contains_key(group)
    }

    /// The live claims of a group as bytes to be stored, and how long they are worth keeping; `None` when there
    /// are none.
    #[must_use]
    pub fn snapshot(&self, group: &CacheKey) -> Option<(Vec<u8>, Duration)> {
        let (now, groups) = (self.now(), self.locked());
        let (bytes, longest) = record::write(groups.held.get(group)?, now);
        (!longest.is_zero()).then_some((bytes, longest))
    }

    /// Takes over what a [snapshot](Self::snapshot) of this group held and is still alive. Bytes that are no
    /// snapshot hold nothing.
    pub fn restore(&self, group: &CacheKey, bytes: &[u8]) {
        let (now, mut groups) = (self.now(), self.locked());
        for member in record::read(bytes, now) {
            groups.last_fence = groups.last_fence.max(member.fence);
            let members = groups.visit(group, now.tick);
            if !members.holds(&member.id.member) {
                members.add(member);
                groups.count += 1;
            }
        }
    }

    fn now(&self) -> Now {
        Now { tick: self.clock.tick(), wall: self.clock.wall() }
    }

    fn locked(&self) -> MutexGuard<'_, Groups> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for ClaimTable {
    /// Judged by the machine's clock.
    fn default() -> Self {
        Self::new(Clock::system())
    }
}

impl Groups {
    /// The live members of a group; to be settled after.
    fn visit(&mut self, group: &CacheKey, now: Tick) -> &mut Group {
        let members = self.held.entry(group.clone()).or_default();
        self.count -= members.drop_ended(now);
        members
    }

    /// Forgets a group that has become empty.
    fn settle(&mut self, group: &CacheKey) {
        if self.held.get(group).is_some_and(|members| members.len() == 0) {
            self.held.remove(group);
        }
    }

    fn make_room(&mut self, now: Tick) -> Result<()> {
        if self.count >= self.sweep_at {
            self.sweep(now);
        }
        if self.count < MAX_CLAIMS {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Refused, format!("{MAX_CLAIMS} claims are alive"))
            .during("claim")
            .with_fix("release them, give them shorter lives, or keep them on a server"))
    }

    fn sweep(&mut self, now: Tick) {
        self.held.retain(|_, members| {
            members.drop_ended(now);
            members.len() > 0
        });
        self.count = self.held.values().map(Group::len).sum();
        self.sweep_at = (2 * self.count).clamp(FEW, MAX_CLAIMS);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::key::Namespace;
    use crate::testkit::ManualTime;

    const SECOND: Duration = Duration::from_secs(1);

    fn group(name: &str) -> CacheKey {
        CacheKey::of_slots(&Namespace::default(), name).unwrap()
    }

    fn steered() -> (Arc<ManualTime>, ClaimTable) {
        let time = Arc::new(ManualTime::new());
        (Arc::clone(&time), ClaimTable::new(Clock::source(time)))
    }

    fn fence(outcome: Result<ClaimOutcome>) -> u64 {
        let Ok(ClaimOutcome::Held { fence }) = outcome else { panic!("not held: {outcome:?}") };
        fence
    }

    #[test]
    fn a_claim_ends_on_the_nanosecond_and_its_successor_has_a_larger_number() {
        let (time, table) = steered();
        let (user, first, second) = (group("user:7"), ClaimId::new("a", 1), ClaimId::new("a", 2));
        let before = fence(table.claim(&user, first.clone(), ClaimOptions::new(SECOND)));
        assert_eq!(before, time_micros(&time));
        time.advance(SECOND - Duration::from_nanos(1));
        assert_eq!(table.live(&user)[0].left, Duration::from_nanos(1));
        assert_eq!(
            table.claim(&user, second.clone(), ClaimOptions::new(SECOND)).unwrap(),
            ClaimOutcome::Taken
        );
        time.advance(Duration::from_nanos(1));
        assert!(table.live(&user).is_empty());
        assert!(!table.renew(&user, &first, SECOND).unwrap() && !table.release(&user, &first));
        assert!(fence(table.claim(&user, second.clone(), ClaimOptions::new(SECOND))) > before);
        assert!(!table.release(&user, &first) && table.release(&user, &second));
    }

    #[test]
    fn numbers_grow_though_the_clock_is_set_back() {
        let (time, table) = steered();
        let id = |token| ClaimId::new("a", token);
        let first = fence(table.claim(&group("g"), id(1), ClaimOptions::new(SECOND)));
        time.set_wall(crate::time::WallTime(5));
        assert!(table.release(&group("g"), &id(1)));
        assert_eq!(fence(table.claim(&group("g"), id(2), ClaimOptions::new(SECOND))), first + 1);
    }

    #[test]
    fn a_successor_takes_over_what_is_alive() {
        let (time, table) = steered();
        let user = group("user:7");
        let terms = ClaimOptions::new(SECOND).at_most(2);
        let first = fence(table.claim(&user, ClaimId::new("a", 1), terms.clone().carrying("for a")));
        fence(table.claim(&user, ClaimId::new("b", 2), ClaimOptions::new(2 * SECOND).at_most(2)));
        let (bytes, kept) = table.snapshot(&user).unwrap();
        assert_eq!((kept, table.snapshot(&group("nobody"))), (2 * SECOND, None));

        let next = ClaimTable::new(Clock::source(Arc::clone(&time) as _));
        next.restore(&user, &bytes);
        next.restore(&user, &bytes);
        assert!(next.knows(&user) && !next.knows(&group("nobody")));
        assert_eq!(next.live(&user), table.live(&user));
        assert_eq!(next.claim(&user, ClaimId::new("c", 3), terms.clone()).unwrap(), ClaimOutcome::Full);
        time.advance(SECOND);
        let last = fence(next.claim(&user, ClaimId::new("c", 3), terms));
        assert!(last > first + 1, "{last} after two claims since {first}");
        assert!(next.release(&user, &ClaimId::new("b", 2)) && !next.release(&user, &ClaimId::new("a", 1)));
    }

    #[test]
    fn what_has_ended_gives_its_memory_back_and_too_many_are_refused() {
        let (time, table) = steered();
        for index in 0..MAX_CLAIMS {
            let name = format!("user:{index}");
            fence(table.claim(&group(&name), ClaimId::new("a", 1), ClaimOptions::new(SECOND)));
        }
        let refused = table.claim(&group("one more"), ClaimId::new("a", 1), ClaimOptions::new(SECOND));
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Refused);
        assert!(table.release(&group("user:7"), &ClaimId::new("a", 1)));
        fence(table.claim(&group("one more"), ClaimId::new("a", 1), ClaimOptions::new(SECOND)));
        time.advance(SECOND);
        fence(table.claim(&group("later"), ClaimId::new("a", 1), ClaimOptions::new(SECOND)));
        let groups = table.locked();
        assert_eq!((groups.held.len(), groups.count), (1, 1));
    }

    fn time_micros(time: &Arc<ManualTime>) -> u64 {
        crate::port::clock::TimeSource::wall(time.as_ref()).0 * 1_000
    }
}
