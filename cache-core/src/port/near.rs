//! The typed heart: live values of this process.

use std::any::{Any, type_name};
use std::fmt::Debug;
use std::sync::Arc;

use crate::entry::Validator;
use crate::error::Result;
use crate::key::{CacheKey, NearProbe};
use crate::time::Tick;

/// A live value, whatever its type.
pub type Held = Arc<dyn Any + Send + Sync>;

/// A live value with all that a hit has to judge.
#[derive(Debug, Clone)]
pub struct NearEntry {
    /// The value.
    pub value: Held,
    /// The rest: `Copy`, beside the value, so that a hit touches one place.
    pub meta: NearMeta,
    /// What tells the value's source which one this is. One pointer, looked at when the value is refreshed.
    pub validator: Option<Validator>,
}

/// What a hit judges an entry by. Small, so that a store can copy it where a hit is quick.
#[derive(Debug, Clone, Copy)]
pub struct Judged {
    /// Served without another look before this.
    pub fresh_until: Tick,
    /// The generation counter, read before the value's load began.
    pub born: u64,
    /// The stamp cells of the key, its keyspace and its tags.
    pub cells: [u16; 6],
    /// The entry remembers that there is no value.
    pub negative: bool,
}

/// What is known about an entry besides its value.
#[derive(Debug, Clone, Copy)]
pub struct NearMeta {
    /// Served without another look before this: the sooner of the end of its freshness and its refresh point. All
    /// that a hit compares.
    pub fresh_until: Tick,
    /// What is judged when that has been reached.
    pub times: Times,
    /// The generation counter, read before the value's load began.
    pub born: u64,
    /// The stamp cells of the key, its keyspace and its tags.
    pub cells: [u16; 6],
    /// Approximate bytes, key included.
    pub weight: u32,
    /// The entry remembers that there is no value.
    pub negative: bool,
    /// The entry is in no byte tier.
    pub only_here: bool,
    /// What the value is.
    pub kind: &'static HeldKind,
}

impl NearMeta {
    /// What a hit looks at.
    #[inline]
    #[must_use]
    pub fn judged(&self) -> Judged {
        let Self { fresh_until, born, cells, negative, .. } = *self;
        Judged { fresh_until, born, cells, negative }
    }
}

/// When an entry was stored, and what ends when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// When the value was stored.
    pub created: Tick,
    /// This copy is trusted before this; never later than `expires`.
    pub trusted_until: Tick,
    /// Its life ends: stale windows begin here.
    pub expires: Tick,
    /// A store keeps it until then; never before `expires`.
    pub kept_until: Tick,
}

impl Times {
    /// Stored now, and good for nothing after this.
    #[must_use]
    pub const fn until(now: Tick, end: Tick) -> Self {
        Self { created: now, trusted_until: end, expires: end, kept_until: end }
    }
}

/// What is known about the type of a held value.
#[derive(Debug)]
pub struct HeldKind {
    /// Its name, for errors.
    pub name: fn() -> &'static str,
    /// Boxes a shared handle (`Arc<T>` as `Box<dyn Any>`), for callers that ask for `Arc<T>` of what was stored
    /// as `T`. `None` when the value is of another type.
    pub share: fn(&Held) -> Option<Box<dyn Any>>,
}

impl HeldKind {
    /// Of a type.
    #[must_use]
    pub const fn of<T: Any + Send + Sync>() -> &'static Self {
        const { &Self { name: type_name::<T>, share: share::<T> } }
    }
}

fn share<T: Any + Send + Sync>(held: &Held) -> Option<Box<dyn Any>> {
    Arc::clone(held).downcast::<T>().ok().map(|shared| Box::new(shared) as Box<dyn Any>)
}

/// A bounded store of live values. Synchronous: a hit never waits.
///
/// It decides only what to keep. Whether an entry may be served is judged by the engine.
pub trait NearStore: Debug + Send + Sync + 'static {
    /// The value of an entry that is `wanted`, found without building the key. Must not allocate.
    ///
    /// `wanted` judges in place, since copying what it judges by costs more than judging: it may be
    /// asked under a lock, and must not use the store. Asked more than once, its last answer counts.
    fn get(&self, probe: &dyn NearProbe, wanted: &mut dyn FnMut(&Judged) -> bool) -> Option<Held>;

    /// The whole entry under a key, whatever it is.
    fn entry(&self, probe: &dyn NearProbe) -> Option<NearEntry>;

    /// [`NearStore::entry`] for people who look: where the store can, the entry counts as no more wanted than before.
    fn peek(&self, probe: &dyn NearProbe) -> Option<NearEntry> {
        self.entry(probe)
    }

    /// Stores an entry, replacing the older one, and gives room of expired ones back; tells which others it
    /// `evicted` before they had ended.
    fn insert(&self, key: &CacheKey, entry: NearEntry, now: Tick, evicted: &mut dyn FnMut(&CacheKey));

    /// Removes an entry; the removed one.
    fn remove(&self, key: &CacheKey) -> Option<NearEntry>;

    /// Removes the entries that are `unwanted` (which may be asked more than once of one) and hands each over.
    fn remove_where(
        &self,
        unwanted: &dyn Fn(&CacheKey, &NearEntry) -> bool,
        removed: &mut dyn FnMut(NearEntry),
    );

    /// How many entries are held, expired ones included until they are swept.
    fn len(&self) -> usize;

    /// Whether nothing is held.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Approximate bytes held.
    fn weight(&self) -> u64;

    /// What it holds at most.
    fn bounds(&self) -> Bounds {
        Bounds::default()
    }
}

/// What a near store holds at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Entries.
    pub entries: u64,
    /// Approximate bytes.
    pub bytes: u64,
}

impl Default for Bounds {
    /// No bounds that the store knows of.
    fn default() -> Self {
        Self { entries: u64::MAX, bytes: u64::MAX }
    }
}

/// What can be a near tier: a store, or the configuration of one.
pub trait IntoNear {
    /// The store.
    ///
    /// # Errors
    /// `Config` when the configuration is wrong.
    fn into_near(self) -> Result<Arc<dyn NearStore>>;
}

impl IntoNear for Arc<dyn NearStore> {
    fn into_near(self) -> Result<Arc<dyn NearStore>> {
        Ok(self)
    }
}

/// The near store that holds nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoNear;

#[deny(clippy::missing_trait_methods)]
impl NearStore for NoNear {
    fn get(&self, _: &dyn NearProbe, _: &mut dyn FnMut(&Judged) -> bool) -> Option<Held> {
        None
    }

    fn entry(&self, _: &dyn NearProbe) -> Option<NearEntry> {
        None
    }

    fn peek(&self, _: &dyn NearProbe) -> Option<NearEntry> {
        None
    }

    fn insert(&self, _: &CacheKey, _: NearEntry, _: Tick, _: &mut dyn FnMut(&CacheKey)) {}

    fn remove(&self, _: &CacheKey) -> Option<NearEntry> {
        None
    }

    fn remove_where(&self, _: &dyn Fn(&CacheKey, &NearEntry) -> bool, _: &mut dyn FnMut(NearEntry)) {}

    fn len(&self) -> usize {
        0
    }

    fn is_empty(&self) -> bool {
        true
    }

    fn weight(&self) -> u64 {
        0
    }

    fn bounds(&self) -> Bounds {
        Bounds { entries: 0, bytes: 0 }
    }
}
