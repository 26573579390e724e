//! The stage of one promise: a backend, and a namespace of its own.

use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::Barrier;

use super::Subject;
use super::subject::Pass;
use crate::key::{CacheKey, IntoKey, KeyPattern, Namespace, build_cache_key};
use crate::port::backend::{CacheBackend, Expiry, SetOptions};

/// How many callers a promise about concurrency brings.
pub(super) const CROWD: usize = 100;
/// A life that no promise outlasts.
pub(super) const LONG: Duration = Duration::from_secs(300);
/// A life that ends while a promise waits for it.
pub(super) const SHORT: Duration = Duration::from_millis(40);
/// A life that a promise must act within, see [`Trial::promptly`].
pub(super) const PROMPT: Duration = Duration::from_millis(400);

const STEP: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_secs(20);

/// What a promise is checked with.
#[derive(Clone)]
pub struct Trial {
    /// The backend.
    pub backend: Arc<dyn CacheBackend>,
    /// A namespace that nothing was stored in before.
    pub namespace: Namespace,
    /// The size of a frame that the backend must refuse, when it has told.
    pub too_large: Option<usize>,
    pass: Option<Pass>,
}

impl Trial {
    /// A fresh stage for a backend.
    #[must_use]
    pub fn new(backend: Arc<dyn CacheBackend>, subject: &Subject) -> Self {
        let unheard_of = RandomState::new().build_hasher().finish();
        let namespace = Namespace::new(&format!("trial{unheard_of:016x}")).expect("a short name");
        Self { backend, namespace, too_large: subject.too_large, pass: subject.pass.clone() }
    }

    /// A key in this namespace; colons separate segments.
    pub fn key(&self, text: &str) -> CacheKey {
        CacheKey::direct(&self.namespace, text).expect("a key")
    }

    /// The key of `name` with one string as its part, whatever is in it.
    pub fn key_of(&self, name: &str, part: &str) -> CacheKey {
        let built = build_cache_key(name, &(part,)).expect("a key");
        built.into_key(&self.namespace).expect("a key")
    }

    /// A pattern over this namespace.
    #[must_use]
    pub fn pattern(&self, text: &str) -> KeyPattern {
        KeyPattern::parse(text).expect("a pattern").within(&self.namespace)
    }

    /// Stores a frame, without an expiry; it must be accepted.
    pub async fn put(&self, key: &CacheKey, frame: &Bytes) {
        self.put_for(key, frame, Expiry::Never).await;
    }

    /// Stores a frame; it must be accepted.
    pub async fn put_for(&self, key: &CacheKey, frame: &Bytes, expiry: Expiry) {
        let stored = self.backend.set(key, frame.clone(), SetOptions::default().expiring(expiry)).await;
        assert!(stored.expect("set"), "an unconditional set is never refused");
    }

    /// Stores many frames without an expiry.
    pub async fn put_all(&self, keys: &[CacheKey], frame: &Bytes) {
        for batch in keys.chunks(500) {
            let entries = batch.iter().map(|key| (key.clone(), frame.clone(), SetOptions::default()));
            let stored = self.backend.set_many(entries.collect()).await.expect("set_many");
            assert_eq!(stored, vec![true; batch.len()], "an unconditional set is never refused");
        }
    }

    /// What is held under a key.
    pub async fn held(&self, key: &CacheKey) -> Option<Bytes> {
        self.backend.get(key).await.expect("get")
    }

    /// Which of the keys hold something.
    pub async fn which_are_held(&self, keys: &[CacheKey]) -> Vec<bool> {
        let frames = self.backend.get_many(keys).await.expect("get_many");
        frames.iter().map(Option::is_some).collect()
    }

    /// Lets the backend's time pass.
    pub async fn pass(&self, time: Duration) {
        match &self.pass {
            Some(pass) => pass(time).await,
            None => tokio::time::sleep(time).await,
        }
    }

    /// Lets time pass until something holds. Stores have clocks of their own, so the end of a life is waited for
    /// generously and never assumed.
    pub async fn until<F: Future<Output = bool>>(&self, what: &str, mut holds: impl FnMut() -> F) {
        let mut waited = Duration::ZERO;
        while !holds().await {
            assert!(waited < PATIENCE, "waited in vain until {what}");
            self.pass(STEP).await;
            waited += STEP;
        }
    }

    /// Lets time pass until nothing is held under a key.
    pub async fn until_gone(&self, key: &CacheKey) {
        self.until("the frame's life ends", || async { self.held(key).await.is_none() }).await;
    }

    /// Does something that must be over before a life of `PROMPT` ends, again if the machine was too busy for it.
    pub async fn promptly<T, F: Future<Output = T>>(&self, mut act: impl FnMut() -> F) -> T {
        for _ in 0..10 {
            let start = Instant::now();
            let done = act().await;
            if start.elapsed() < PROMPT / 2 {
                return done;
            }
        }
        panic!("ten times, a few calls took longer than {:?}", PROMPT / 2)
    }

    /// Runs a hundred callers at once; their answers.
    pub async fn crowd<T, F>(&self, caller: impl Fn(Self, usize) -> F) -> Vec<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let start = Arc::new(Barrier::new(CROWD));
        let spawn = |index| {
            let (call, start) = (caller(self.clone(), index), Arc::clone(&start));
            tokio::spawn(async move {
                start.wait().await;
                call.await
            })
        };
        let calls: Vec<_> = (0..CROWD).map(spawn).collect();
        let mut answers = Vec::with_capacity(CROWD);
        for call in calls {
            answers.push(call.await.expect("a caller panicked"));
        }
        answers
    }

    /// Removes what a promise left behind: the store may be one that others use.
    pub(super) async fn tidy(&self) {
        let _ = self.backend.connect().await;
        let _ = self.backend.clear(&self.namespace).await;
    }
}

impl fmt::Debug for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trial").field("backend", &self.backend).field("namespace", &self.namespace).finish()
    }
}

/// A frame with a text in it. Like every frame, and unlike a counter, it does not begin with a digit.
pub(super) fn frame(text: &str) -> Bytes {
    Bytes::from(format!("frame of {text}"))
}
