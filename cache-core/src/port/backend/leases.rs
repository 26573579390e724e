//! Leases for a store that one process has to itself.
//!
//! A lease is the permission to fill a key: whoever removes or replaces the key ends it, and a fill under a lease that
//! has ended is refused. So what was loaded before an invalidation is never stored after it.
//!
//! Promise: every verb is one step under one lock, judged by one clock; what has ended counts for nothing, and gives
//! its memory back while others are taken. Invariant: the store asks and ends leases while it is alone with the key.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::key::CacheKey;
use crate::port::clock::Clock;
use crate::time::{Life, Tick};

/// Live leases in all; one takes its key and some fifty bytes.
const MAX_LEASES: usize = 1 << 16;
/// Fewer are not worth looking for what has ended.
const FEW: usize = 64;

/// The leases of one process. Cheap to make; nothing runs in the background.
#[derive(Debug)]
pub struct LeaseTable {
    clock: Clock,
    held: Mutex<Held>,
    /// How many there are: a store without loads pays one load of it per write.
    count: AtomicUsize,
}

#[derive(Debug)]
struct Held {
    by_key: HashMap<Box<str>, Lease>,
    sweep_at: usize,
}

#[derive(Debug, Clone, Copy)]
struct Lease {
    token: u128,
    ends: Tick,
}

impl LeaseTable {
    /// Judged by this clock.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        let held = Held { by_key: HashMap::new(), sweep_at: FEW };
        Self { clock, held: Mutex::new(held), count: AtomicUsize::new(0) }
    }

    /// [`CacheBackend::acquire_lease`](crate::port::backend::CacheBackend::acquire_lease).
    ///
    /// # Errors
    /// As [`check_lease_life`]; `Refused` while 65,536 leases are alive.
    pub fn acquire(&self, key: &CacheKey, token: u128, life: Duration) -> Result<u128> {
        check_lease_life(life)?;
        let (now, mut held) = (self.clock.tick(), self.locked());
        if let Some(lease) = held.live(key.as_str(), now) {
            return Ok(lease.token);
        }
        held.make_room(now)?;
        held.by_key.insert(key.as_str().into(), Lease { token, ends: now.after(Life::For(life)) });
        self.note(&held);
        Ok(token)
    }

    /// [`CacheBackend::renew_lease`](crate::port::backend::CacheBackend::renew_lease).
    ///
    /// # Errors
    /// As [`check_lease_life`].
    pub fn renew(&self, key: &CacheKey, token: u128, life: Duration) -> Result<bool> {
        check_lease_life(life)?;
        let (now, mut held) = (self.clock.tick(), self.locked());
        let lease = held.by_key.get_mut(key.as_str());
        let Some(lease) = lease.filter(|lease| lease.token == token && now < lease.ends) else {
            return Ok(false);
        };
        lease.ends = now.after(Life::For(life));
        Ok(true)
    }

    /// Ends a lease, if it is this one; whether it was and had not ended.
    pub fn release(&self, key: &CacheKey, token: u128) -> bool {
        let (now, mut held) = (self.clock.tick(), self.locked());
        let is_this = held.live(key.as_str(), now).is_some_and(|lease| lease.token == token);
        if is_this {
            held.by_key.remove(key.as_str());
            self.note(&held);
        }
        is_this
    }

    /// Whether a fill under this lease may be stored.
    #[must_use]
    pub fn holds(&self, key: &str, token: u128) -> bool {
        let (now, held) = (self.clock.tick(), self.locked());
        held.live(key, now).is_some_and(|lease| lease.token == token)
    }

    /// The key was removed or replaced: whoever loads it is too late.
    pub fn end(&self, key: &str) {
        if self.count.load(Ordering::Acquire) > 0 {
            let mut held = self.locked();
            held.by_key.remove(key);
            self.note(&held);
        }
    }

    /// [`LeaseTable::end`] for every key that is meant.
    pub fn end_where(&self, meant: impl Fn(&str) -> bool) {
        let mut held = self.locked();
        held.by_key.retain(|key, _| !meant(key));
        self.note(&held);
    }

    fn note(&self, held: &Held) {
        self.count.store(held.by_key.len(), Ordering::Release);
    }

    fn locked(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for LeaseTable {
    /// Judged by the machine's clock.
    fn default() -> Self {
        Self::new(Clock::system())
    }
}

impl Held {
    fn live(&self, key: &str, now: Tick) -> Option<Lease> {
        self.by_key.get(key).copied().filter(|lease| now < lease.ends)
    }

    fn make_room(&mut self, now: Tick) -> Result<()> {
        if self.by_key.len() >= self.sweep_at {
            self.by_key.retain(|_, lease| now < lease.ends);
            self.sweep_at = (2 * self.by_key.len()).clamp(FEW, MAX_LEASES);
        }
        if self.by_key.len() < MAX_LEASES {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Refused, format!("{MAX_LEASES} leases are alive"))
            .during("acquire_lease")
            .with_fix("load fewer keys at a time, or give leases shorter lives"))
    }
}

/// What every backend refuses before it does anything: a lease must have an end, or a dead holder would keep it.
///
/// # Errors
/// `Ttl` for a life of zero or without an end.
pub fn check_lease_life(life: Duration) -> Result<()> {
    if !life.is_zero() && life != Duration::MAX {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Ttl, format!("the life of a lease holds {life:?}"))
        .during("acquire_lease")
        .with_fix("give a time above zero, after which its holder must be dead"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::key::Namespace;
    use crate::testkit::ManualTime;

    const SECOND: Duration = Duration::from_secs(1);

    fn key(name: &str) -> CacheKey {
        CacheKey::direct(&Namespace::default(), name).unwrap()
    }

    fn steered() -> (Arc<ManualTime>, LeaseTable) {
        let time = Arc::new(ManualTime::new());
        (Arc::clone(&time), LeaseTable::new(Clock::source(time)))
    }

    #[test]
    fn a_lease_ends_on_the_nanosecond() {
        let (time, table) = steered();
        let user = key("user:7");
        assert_eq!(table.acquire(&user, 1, SECOND).unwrap(), 1);
        time.advance(SECOND - Duration::from_nanos(1));
        assert_eq!(table.acquire(&user, 2, SECOND).unwrap(), 1);
        assert!(table.holds(user.as_str(), 1) && !table.holds(user.as_str(), 2));
        time.advance(Duration::from_nanos(1));
        assert!(!table.holds(user.as_str(), 1) && !table.renew(&user, 1, SECOND).unwrap());
        assert!(!table.release(&user, 1));
        assert_eq!(table.acquire(&user, 2, SECOND).unwrap(), 2);
    }

    #[test]
    fn what_has_ended_gives_its_memory_back_and_too_many_are_refused() {
        let (time, table) = steered();
        for index in 0..MAX_LEASES {
            table.acquire(&key(&format!("user:{index}")), 1, SECOND).unwrap();
        }
        assert_eq!(table.acquire(&key("one more"), 1, SECOND).unwrap_err().kind(), ErrorKind::Refused);
        table.end(key("user:7").as_str());
        assert_eq!(table.acquire(&key("one more"), 1, SECOND).unwrap(), 1);
        time.advance(SECOND);
        assert_eq!(table.acquire(&key("later"), 1, SECOND).unwrap(), 1);
        assert_eq!(table.count.load(Ordering::Relaxed), 1);
    }
}
