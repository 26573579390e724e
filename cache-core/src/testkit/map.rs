//! The smallest backend that keeps every promise: a `HashMap` under one lock.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::time::Instant;

use crate::error::{Error, Result};
use crate::key::{CacheKey, KeyPattern, Namespace};
use crate::port::backend::{
    BackendInfo, BackendKind, CacheBackend, DeleteCondition, DeleteOptions, Expiry, Remaining, SetCondition,
    SetOptions,
};

type Frames = HashMap<String, (Bytes, Option<Instant>)>;

/// A backend for tests and the pattern for one of your own: unbounded, its lives follow tokio's clock.
#[derive(Debug, Default)]
pub struct MapBackend(Mutex<Frames>);

impl MapBackend {
    /// Holds nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many frames are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.live().len()
    }

    /// Whether nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The frames, without those whose life has ended.
    fn live(&self) -> MutexGuard<'_, Frames> {
        let mut frames = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        frames.retain(|_, (_, deadline)| deadline.is_none_or(|deadline| now < deadline));
        frames
    }

    fn remove_all(&self, meant: impl Fn(&str) -> bool) -> u64 {
        let mut frames = self.live();
        let before = frames.len();
        frames.retain(|key, _| !meant(key));
        (before - frames.len()) as u64
    }
}

#[async_trait]
impl CacheBackend for MapBackend {
    fn info(&self) -> BackendInfo {
        BackendInfo::new("map", BackendKind::Custom)
    }

    fn is_available(&self) -> bool {
        true
    }

    async fn connect(&self) -> Result<()> {
        Ok(())
    }

    async fn disconnect(&self) -> Result<()> {
        Ok(())
    }

    async fn get(&self, key: &CacheKey) -> Result<Option<Bytes>> {
        tokio::task::consume_budget().await;
        Ok(self.live().get(key.as_str()).map(|(frame, _)| frame.clone()))
    }

    async fn set(&self, key: &CacheKey, frame: Bytes, options: SetOptions) -> Result<bool> {
        tokio::task::consume_budget().await;
        let mut frames = self.live();
        let older = frames.get(key.as_str()).map(|(_, deadline)| *deadline);
        match options.condition {
            SetCondition::IfAbsent if older.is_some() => return Ok(false),
            SetCondition::IfLease(_) => return Err(Error::unsupported("set if leased", "map")),
            _ => {}
        }
        let deadline = match options.expiry {
            Expiry::Never => None,
            Expiry::After(life) => Instant::now().checked_add(life),
            Expiry::Keep => older.flatten(),
        };
        frames.insert(key.as_str().to_owned(), (frame, deadline));
        Ok(true)
    }

    async fn get_and_delete(&self, key: &CacheKey) -> Result<Option<Bytes>> {
        tokio::task::consume_budget().await;
        Ok(self.live().remove(key.as_str()).map(|(frame, _)| frame))
    }

    async fn delete(&self, key: &CacheKey, options: DeleteOptions) -> Result<bool> {
        tokio::task::consume_budget().await;
        let mut frames = self.live();
        let meant = frames.get(key.as_str()).is_some_and(|(held, _)| match &options.condition {
            DeleteCondition::Always => true,
            DeleteCondition::IfUnchanged(frame) => held == frame,
        });
        Ok(meant && frames.remove(key.as_str()).is_some())
    }

    async fn exists(&self, key: &CacheKey) -> Result<bool> {
        tokio::task::consume_budget().await;
        Ok(self.live().contains_key(key.as_str()))
    }

    async fn delete_pattern(&self, pattern: &KeyPattern) -> Result<u64> {
        tokio::task::consume_budget().await;
        Ok(self.remove_all(|key| pattern.matches(key)))
    }

    async fn clear(&self, namespace: &Namespace) -> Result<u64> {
        tokio::task::consume_budget().await;
        Ok(self.remove_all(|key| key.starts_with(&namespace.data_prefix())))
    }

    async fn ttl(&self, key: &CacheKey) -> Result<Remaining> {
        tokio::task::consume_budget().await;
        Ok(match self.live().get(key.as_str()) {
            None => Remaining::Missing,
            Some((_, None)) => Remaining::Forever,
            Some((_, Some(deadline))) => Remaining::For(deadline.duration_since(Instant::now())),
        })
    }
}
