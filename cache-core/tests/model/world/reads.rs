//! Reads, and loads that end at once.

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cache_core::manager::LoadError;
use cache_core::port::backend::Remaining;

use super::{Checked, Key, Millis, Version, World, expect, life, none, shown, text, version};
use crate::ops::KEYS;

impl World {
    pub(super) async fn get(&mut self, key: Key) -> Checked {
        self.reads += 1;
        let answer = self.cache.get::<String>(KEYS[key]).await.map_err(shown)?;
        self.judge(key, answer.as_deref().map(version))
    }

    pub(super) async fn get_or_load(&mut self, key: Key, millis: Millis, fails: bool) -> Checked {
        if self.cache.is_enabled() && self.is_loading(key).await {
            return Ok(());
        }
        self.reads += 1;
        let version_now = self.next();
        let ran = AtomicU64::new(0);
        let loader = || async {
            ran.fetch_add(1, Ordering::SeqCst);
            if fails { Err("away".to_owned()) } else { Ok(text(version_now, false)) }
        };
        let answer = self.cache.get_or_load(KEYS[key], loader).ttl(life(millis)).tags(self.tags(key)).await;
        let ran = ran.load(Ordering::SeqCst);
        if !self.cache.is_enabled() {
            return expect(ran == 1, "the loader did not run while the cache is off");
        }
        self.loads.fetch_add(ran, Ordering::SeqCst);
        match (ran, answer) {
            (0, Ok(value)) => self.judge(key, Some(version(&value))),
            (1, Err(LoadError::Loader(_))) if fails => self.model.judge(key, None),
            (1, Ok(value)) if version(&value) == version_now => {
                self.model.judge(key, None)?;
                let calm = self.is_calm();
                self.model.add(key, version_now, millis, calm);
                Ok(())
            }
            (ran, answer) => Err(format!("the loader ran {ran} times, and the answer is {answer:?}")),
        }
    }

    pub(super) async fn batch(
        &mut self,
        keys: Vec<Key>,
        millis: Millis,
        absent: Option<Key>,
        remember: bool,
        max_batch: usize,
    ) -> Checked {
        let mut keys = keys;
        if self.cache.is_enabled() {
            let mut free = Vec::new();
            for key in keys {
                if !self.is_loading(key).await {
                    free.push(key);
                }
            }
            keys = free;
        }
        let distinct: BTreeSet<Key> = keys.iter().copied().collect();
        self.reads += distinct.len() as u64;
        let versions: HashMap<Key, Version> = distinct.iter().map(|key| (*key, self.next())).collect();
        let (calls, asked) = (AtomicU64::new(0), Mutex::new(Vec::new()));
        let loader = |missing: Vec<Key>| {
            calls.fetch_add(1, Ordering::SeqCst);
            asked.lock().unwrap().extend(missing.iter().copied());
            let given = missing.into_iter().filter(|key| Some(*key) != absent);
            let values: Vec<_> = given.map(|key| (key, text(versions[&key], false))).collect();
            async move { Ok::<_, String>(values) }
        };
        let mut batch = self.cache.get_or_load_many(keys.clone(), loader).key_by(|key| KEYS[*key]);
        batch = batch.ttl(life(millis)).max_batch(max_batch).tags_by(|key| self.tags(*key));
        if remember {
            batch = batch.negative_ttl(life(millis));
        }
        let answers = batch.await.map_err(shown)?.into_values().map_err(shown)?;
        let (calls, asked) = (calls.load(Ordering::SeqCst), asked.into_inner().unwrap());
        expect(asked.len() as u64 <= calls * max_batch as u64, "a chunk was too large")?;
        expect(answers.len() == keys.len(), "an answer is missing")?;
        if !self.cache.is_enabled() {
            return expect(asked.len() == distinct.len(), "not every key was loaded while the cache is off");
        }
        self.loads.fetch_add(calls, Ordering::SeqCst);
        let calm = self.is_calm();
        for key in &asked {
            self.model.judge(*key, None)?;
            if Some(*key) != absent {
                self.model.add(*key, versions[key], millis, calm);
            } else if remember {
                self.model.absent(*key, millis);
            }
        }
        for (key, answer) in keys.iter().zip(answers) {
            if Some(*key) == absent && asked.contains(key) {
                none(answer.as_deref().map(version))?;
            } else {
                self.model.judge(*key, answer.as_deref().map(version))?;
            }
        }
        Ok(())
    }

    pub(super) async fn life(&mut self, key: Key) -> Checked {
        let left = self.cache.ttl(KEYS[key]).await.map_err(shown)?;
        match self.model.certain(key) {
            Some(stored) => {
                let should = Remaining::For(Duration::from_millis(stored.until - self.model.now()));
                expect(left == should, &format!("{left:?}, should be {should:?}"))
            }
            None if !self.cache.is_enabled() || !self.model.may_hold(key) => {
                expect(left == Remaining::Missing, &format!("{left:?} of nothing"))
            }
            None => Ok(()),
        }
    }
}
