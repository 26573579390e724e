//! What a cache may answer, and what it has to.
//!
//! Every value that is ever written has a version of its own. Per key the model keeps the versions that may be served
//! (those that were stored since the last change, each until its own end) and the one that has to be found while no
//! tier has been in trouble since it was stored.

use super::ops::{KEYS, Key, Millis};

pub(crate) type Version = u64;

#[derive(Debug, Default)]
pub(crate) struct Model {
    now: Millis,
    entries: [Entry; KEYS.len()],
    counter: Option<Counter>,
}

#[derive(Debug, Default, Clone)]
struct Entry {
    allowed: Vec<Stored>,
    certain: Option<Stored>,
    /// Something may be held that is no value: remembered absence.
    absence_until: Millis,
    /// Something may be held that is never served: a tag of it was invalidated.
    dead: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Stored {
    pub(crate) version: Version,
    pub(crate) until: Millis,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Counter {
    pub(crate) value: i64,
    pub(crate) until: Millis,
}

impl Model {
    pub(crate) fn now(&self) -> Millis {
        self.now
    }

    pub(crate) fn advance(&mut self, by: Millis) {
        self.now += by;
    }

    /// The only value from now on.
    pub(crate) fn set(&mut self, key: Key, version: Version, life: Millis, certain: bool) {
        self.remove(key);
        self.add(key, version, life, certain);
    }

    /// A value that was loaded: an older one that could not be asked is as good.
    pub(crate) fn add(&mut self, key: Key, version: Version, life: Millis, certain: bool) {
        let stored = Stored { version, until: self.now + life };
        let entry = &mut self.entries[key];
        entry.allowed.push(stored);
        entry.certain = certain.then_some(stored);
    }

    pub(crate) fn absent(&mut self, key: Key, life: Millis) {
        self.entries[key].absence_until = self.now + life;
        self.entries[key].certain = None;
    }

    /// None of the values of this key is served again.
    pub(crate) fn remove(&mut self, key: Key) {
        self.entries[key] = Entry::default();
    }

    /// The values of this key are never served again, and may lie there all the same.
    pub(crate) fn kill(&mut self, key: Key) {
        let dead = self.entries[key].dead || self.may_hold(key);
        self.entries[key] = Entry { dead, ..Entry::default() };
    }

    /// Whether something may be held that is never served.
    pub(crate) fn is_dead(&self, key: Key) -> bool {
        self.entries[key].dead
    }

    /// A tier is in trouble: nothing has to be found any more.
    pub(crate) fn doubt(&mut self) {
        (0..KEYS.len()).for_each(|key| self.doubt_key(key));
        self.counter = None;
    }

    pub(crate) fn doubt_key(&mut self, key: Key) {
        self.entries[key].certain = None;
    }

    /// The value that has to be found.
    pub(crate) fn certain(&self, key: Key) -> Option<Stored> {
        self.entries[key].certain.filter(|stored| self.now < stored.until)
    }

    /// Whether anything at all may be held.
    pub(crate) fn may_hold(&self, key: Key) -> bool {
        let entry = &self.entries[key];
        self.now < entry.absence_until || entry.allowed.iter().any(|stored| self.now < stored.until)
    }

    /// Judges a read.
    pub(crate) fn judge(&self, key: Key, answer: Option<Version>) -> Result<(), String> {
        let entry = &self.entries[key];
        let certain = self.certain(key);
        match answer {
            None if certain.is_some() => Err(format!("{} lost {certain:?}", KEYS[key])),
            None => Ok(()),
            Some(version) => {
                let allowed =
                    entry.allowed.iter().any(|stored| stored.version == version && self.now < stored.until);
                let other = certain.is_some_and(|stored| stored.version != version);
                if allowed && !other {
                    return Ok(());
                }
                Err(format!("{} answered {version} at {}, allowed is {entry:?}", KEYS[key], self.now))
            }
        }
    }

    /// The counter, if its value is known and it has not ended.
    pub(crate) fn counter(&mut self) -> &mut Option<Counter> {
        if self.counter.is_some_and(|counter| self.now >= counter.until) {
            self.counter = None;
        }
        &mut self.counter
    }
}
