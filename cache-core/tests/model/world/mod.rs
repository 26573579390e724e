//! A cache, what can happen to it, and the model beside it.

mod books;
mod open;
mod reads;
mod writes;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use cache_core::key::KeyPattern;
use cache_core::manager::{CacheManager, LoadError};
use cache_core::port::clock::Clock;
use cache_core::port::near::NearStore;
use cache_core::testkit::{FaultyBackend, TokioTime};
use cache_core::time::Ttl;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::common;
use super::model::{Model, Version};
use super::ops::{COUNTER, KEYS, Key, Millis, Op, PATTERNS, TAGS, Tiers};

type Checked = Result<(), String>;

pub(crate) struct World {
    cache: CacheManager,
    near: Arc<dyn NearStore>,
    primary: Arc<FaultyBackend>,
    fallback: Arc<FaultyBackend>,
    tiers: Tiers,
    model: Model,
    open: Vec<Open>,
    next: Version,
    trouble: Trouble,
    /// No tier was ever in trouble, and the cache never off: every answer is known.
    serene: bool,
    reads: u64,
    loads: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct Trouble {
    down: bool,
    fails_writes: bool,
    loses_answers: bool,
}

/// A load that has read its source.
struct Open {
    key: Key,
    life: Millis,
    version: Version,
    /// Its key was changed since it began.
    overtaken: bool,
    /// Somebody tried to change its key: it may be stored or not.
    doubtful: bool,
    go: Arc<Notify>,
    task: JoinHandle<Result<String, LoadError<String>>>,
}

/// A value of a version; a huge one fits into no frame.
fn text(version: Version, huge: bool) -> String {
    if huge { format!("{version}:{}", "x".repeat(1_000)) } else { version.to_string() }
}

fn version(text: &str) -> Version {
    text.split(':').next().unwrap().parse().unwrap()
}

fn life(millis: Millis) -> Ttl {
    Ttl::millis(millis)
}

impl World {
    pub(crate) fn new(tiers: &Tiers) -> Self {
        let (near, primary, fallback) = (common::near(), common::faulty(), common::faulty());
        let mut builder = CacheManager::builder()
            .jitter(0.0)
            .max_entry_bytes(500)
            .background_writes(tiers.behind)
            .clock(Clock::source(Arc::new(TokioTime::new())));
        builder = if tiers.near { builder.near(Arc::clone(&near)) } else { builder.no_near() };
        if tiers.primary {
            builder = builder.primary(Arc::clone(&primary));
        }
        if tiers.fallback {
            builder = builder.fallback(Arc::clone(&fallback));
        }
        if let Some(bound) = tiers.near_ttl.filter(|_| tiers.primary) {
            builder = builder.near_ttl(Duration::from_millis(bound));
        }
        Self {
            cache: builder.build().unwrap(),
            near,
            primary,
            fallback,
            tiers: tiers.clone(),
            model: Model::default(),
            open: Vec::new(),
            next: 0,
            trouble: Trouble::default(),
            serene: !tiers.behind,
            reads: 0,
            loads: Arc::default(),
        }
    }

    pub(crate) async fn run(&mut self, op: &Op) -> Checked {
        match op.clone() {
            Op::Get(key) => self.get(key).await,
            Op::Set { key, life, huge } => self.set(key, life, huge).await,
            Op::Add { key, life } => self.add(key, life).await,
            Op::GetOrLoad { key, life, fails } => self.get_or_load(key, life, fails).await,
            Op::Batch { keys, life, absent, remember, max_batch } => {
                self.batch(keys, life, absent, remember, max_batch).await
            }
            Op::Take(key) => self.take(key).await,
            Op::Delete(key) => {
                let outcome = self.cache.delete(KEYS[key]).await;
                self.removed(&[key], outcome)
            }
            Op::Expire(key) => {
                let outcome = self.cache.expire(KEYS[key]).await;
                self.removed(&[key], outcome)
            }
            Op::DeleteMany(keys) => {
                let outcome = self.cache.delete_many(keys.iter().map(|key| KEYS[*key])).await;
                self.removed(&keys, outcome)
            }
            Op::DeletePattern(pattern) => {
                let outcome = self.cache.delete_pattern(PATTERNS[pattern]).await;
                let pattern = KeyPattern::parse(PATTERNS[pattern]).unwrap();
                let keys: Vec<Key> = (0..KEYS.len()).filter(|key| pattern.matches(KEYS[*key])).collect();
                let counted = pattern.matches(COUNTER);
                self.removed_with_counter(&keys, counted, outcome)
            }
            Op::InvalidateTag(tag) => self.invalidate_tag(tag).await,
            Op::Clear => {
                let outcome = self.cache.clear().await;
                self.removed_with_counter(&(0..KEYS.len()).collect::<Vec<_>>(), true, outcome)
            }
            Op::Life(key) => self.life(key).await,
            Op::Increment(by) => self.increment(by).await,
            Op::DeleteCounter => {
                let outcome = self.cache.delete(COUNTER).await;
                self.removed_with_counter(&[], true, outcome)
            }
            Op::Begin { key, life } => self.begin(key, life).await,
            Op::Finish(index) => self.finish(index).await,
            Op::Abort(index) => self.abort(index).await,
            Op::Advance(by) => {
                tokio::time::advance(Duration::from_millis(by)).await;
                self.model.advance(by);
                Ok(())
            }
            Op::PrimaryDown(on) => {
                self.primary.down(on);
                self.troubled(|trouble| trouble.down = on)
            }
            Op::PrimaryFailsWrites(on) => {
                self.primary.fail_writes(on);
                self.troubled(|trouble| trouble.fails_writes = on)
            }
            Op::PrimaryLosesAnswers(on) => {
                self.primary.lose_answers(on);
                self.troubled(|trouble| trouble.loses_answers = on)
            }
            Op::FallbackDown(on) => {
                self.fallback.down(on);
                self.troubled(|_| ())
            }
            Op::FallbackFailsWrites(on) => {
                self.fallback.fail_writes(on);
                self.troubled(|_| ())
            }
            Op::FallbackLosesAnswers(on) => {
                self.fallback.lose_answers(on);
                self.troubled(|_| ())
            }
            Op::Enable(on) => self.enable(on),
        }
    }

    /// Ends what is open, heals every tier, and looks at the books.
    pub(crate) async fn close(mut self) -> Checked {
        while !self.open.is_empty() {
            self.finish(0).await?;
        }
        self.primary.down(false);
        self.primary.fail_writes(false);
        self.primary.lose_answers(false);
        self.fallback.down(false);
        self.fallback.fail_writes(false);
        self.fallback.lose_answers(false);
        for round in 0..2 {
            for key in 0..KEYS.len() {
                self.get(key).await.map_err(|problem| format!("{problem}, in round {round} at the end"))?;
            }
        }
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        let left = self.cache.stats().writing;
        if left > 0 {
            return Err(format!("{left} writes of the byte tier are left"));
        }
        self.books()
    }

    /// Whether a value that is stored now has to be found.
    fn is_calm(&self) -> bool {
        let Trouble { down, fails_writes, loses_answers } = self.trouble;
        let health = self.cache.health_now();
        let in_trouble =
            down || fails_writes || loses_answers || health.journal_pending || health.on_fallback;
        let certain = !self.tiers.primary || !in_trouble && !self.tiers.behind;
        self.cache.is_enabled() && certain
    }

    fn troubled(&mut self, change: impl FnOnce(&mut Trouble)) -> Checked {
        change(&mut self.trouble);
        if self.tiers.primary {
            self.serene = false;
            self.model.doubt();
            // The tokens that a load began under may be those of another tier.
            let tagged = self.tiers.tagged;
            self.open.iter_mut().for_each(|open| open.doubtful |= tagged);
        }
        Ok(())
    }

    /// The tags of a key.
    fn tags(&self, key: Key) -> Vec<&'static str> {
        let has =
            |(tag, keys): (&'static str, &[Key])| (self.tiers.tagged && keys.contains(&key)).then_some(tag);
        TAGS.into_iter().filter_map(has).collect()
    }

    fn next(&mut self) -> Version {
        self.next += 1;
        self.next
    }

    /// A read that cannot answer while the cache is off.
    fn judge(&self, key: Key, answer: Option<Version>) -> Checked {
        if self.cache.is_enabled() { self.model.judge(key, answer) } else { none(answer) }
    }

    fn overtake(&mut self, key: Key) {
        self.open.iter_mut().filter(|open| open.key == key).for_each(|open| open.overtaken = true);
    }

    /// Whether a call would wait for a load that only this test can end.
    async fn is_loading(&self, key: Key) -> bool {
        self.cache.explain(KEYS[key]).await.unwrap().loading
    }

    fn enable(&mut self, on: bool) -> Checked {
        if on && !self.cache.is_enabled() {
            for key in 0..KEYS.len() {
                self.overtake(key);
                self.model.remove(key);
            }
        }
        self.serene = false;
        self.model.doubt();
        self.cache.set_enabled(on);
        Ok(())
    }
}

fn none(answer: Option<Version>) -> Checked {
    answer.map_or(Ok(()), |version| Err(format!("answered {version} where there is nothing")))
}

fn expect(holds: bool, problem: &str) -> Checked {
    if holds { Ok(()) } else { Err(problem.to_owned()) }
}

fn shown(error: impl std::fmt::Display) -> String {
    format!("failed: {error}")
}
