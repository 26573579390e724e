//! Writes and removals.

use std::collections::BTreeSet;

use cache_core::entry::Invalidated;
use cache_core::error::Result;
use cache_core::manager::Written;

use super::{Checked, Key, Millis, World, expect, life, shown, text, version};
use crate::model::Counter;
use crate::ops::{COUNTER, COUNTER_LIFE, KEYS, TAGS};

impl World {
    pub(super) async fn set(&mut self, key: Key, millis: Millis, huge: bool) -> Checked {
        let version = self.next();
        let (value, tags) = (text(version, huge), self.tags(key));
        let written = self.cache.set_tagged(KEYS[key], value, life(millis), tags).await.map_err(shown)?;
        if !self.cache.is_enabled() {
            return if written.is_stored() { Err("stored while it is off".to_owned()) } else { Ok(()) };
        }
        self.overtake(key);
        self.model.remove(key);
        if written.is_stored() {
            let calm = self.is_calm();
            self.model.set(key, version, millis, calm);
        } else if self.serene && !huge {
            return Err(format!("{written:?} while no tier is in trouble"));
        }
        if huge && self.tiers.primary && written == Written::Stored {
            return Err("a value that fits into no frame is said to be stored".to_owned());
        }
        Ok(())
    }

    pub(super) async fn invalidate_tag(&mut self, tag: usize) -> Checked {
        let (tag, keys) = TAGS[tag];
        let outcome = self.cache.invalidate_tags([tag]).await.map_err(shown)?;
        if !self.cache.is_enabled() {
            return expect(outcome == Invalidated::default(), "a tag was invalidated while it is off");
        }
        expect(outcome.removed == 0, "a tag counts nothing")?;
        expect(!self.serene || !outcome.journalled, "journalled while no tier is in trouble")?;
        let keys = if self.tiers.tagged { keys } else { &[] };
        for key in keys {
            self.overtake(*key);
            self.model.kill(*key);
        }
        Ok(())
    }

    pub(super) async fn add(&mut self, key: Key, millis: Millis) -> Checked {
        if self.tiers.tagged {
            return Ok(());
        }
        let version = self.next();
        let held = self.model.certain(key);
        let may_hold = self.model.may_hold(key);
        let added = self.cache.add(KEYS[key], text(version, false), life(millis)).await.map_err(shown)?;
        match (added, held) {
            (true, Some(held)) if self.cache.is_enabled() => return Err(format!("added over {held:?}")),
            (true, _) if !self.cache.is_enabled() => return Err("added while it is off".to_owned()),
            (false, None) if self.serene && !may_hold => return Err("not added to nothing".to_owned()),
            _ => {}
        }
        if added {
            self.overtake(key);
            self.model.remove(key);
            let calm = self.is_calm();
            self.model.set(key, version, millis, calm);
        } else {
            // An add that is refused may have overtaken loads all the same: they are not stored, which is a miss.
            self.open.iter_mut().filter(|open| open.key == key).for_each(|open| open.doubtful = true);
            if !self.is_calm() {
                self.model.doubt_key(key);
            }
        }
        Ok(())
    }

    pub(super) async fn take(&mut self, key: Key) -> Checked {
        let taken = self.cache.get_and_delete::<String>(KEYS[key]).await.map_err(shown)?;
        let calm = self.is_calm();
        match (self.cache.is_enabled(), taken.is_some() || calm) {
            (true, true) => self.overtake(key),
            // A primary that is away takes nothing, and overtakes nothing.
            (true, false) => {
                self.open.iter_mut().filter(|open| open.key == key).for_each(|open| open.doubtful = true);
            }
            (false, _) => {}
        }
        match taken {
            Some(value) => {
                self.judge(key, Some(version(&value)))?;
                self.model.remove(key);
            }
            None if calm => {
                self.judge(key, None)?;
                self.model.remove(key);
            }
            None => self.model.doubt_key(key),
        }
        Ok(())
    }

    pub(super) fn removed(&mut self, keys: &[Key], outcome: Result<Invalidated>) -> Checked {
        self.removed_with_counter(keys, false, outcome)
    }

    pub(super) fn removed_with_counter(
        &mut self,
        keys: &[Key],
        counter: bool,
        outcome: Result<Invalidated>,
    ) -> Checked {
        let outcome = outcome.map_err(shown)?;
        if !self.cache.is_enabled() {
            return expect(outcome == Invalidated::default(), "something was removed while it is off");
        }
        let distinct: BTreeSet<Key> = keys.iter().copied().collect();
        let is_held = |key: &Key| self.model.may_hold(*key) || self.model.is_dead(*key);
        let held = distinct.iter().filter(|key| is_held(key)).count() as u64;
        let certain = distinct.iter().filter(|key| self.model.certain(**key).is_some()).count() as u64;
        let counted = u64::from(counter && self.model.counter().is_some());
        for key in distinct {
            self.overtake(key);
            self.model.remove(key);
        }
        if counter {
            *self.model.counter() = self.serene.then_some(Counter { value: 0, until: 0 });
        }
        let least = certain + counted;
        if self.serene && !(least..=held + counted).contains(&outcome.removed) {
            return Err(format!("{outcome:?}, but {least} to {} were held", held + counted));
        }
        Ok(())
    }

    pub(super) async fn increment(&mut self, by: i64) -> Checked {
        let value = self.cache.increment(COUNTER, by, life(COUNTER_LIFE)).await.map_err(shown)?;
        if !self.cache.is_enabled() {
            return expect(value == by, "a counter counts while the cache is off");
        }
        let (serene, now) = (self.serene, self.model.now());
        let counter = self.model.counter();
        let until = counter.map_or(now + COUNTER_LIFE, |counter| counter.until);
        let should = counter.map_or(0, |counter| counter.value) + by;
        *counter = serene.then_some(Counter { value: should, until });
        expect(!serene || value == should, &format!("counted to {value}, should be {should}"))
    }
}
