//! What can happen to a cache.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};

/// One of the keys: `a:0 .. a:2`, `b:0 .. b:2`.
pub(crate) type Key = usize;
/// Milliseconds.
pub(crate) type Millis = u64;

pub(crate) const KEYS: [&str; 6] = ["a:0", "a:1", "a:2", "b:0", "b:1", "b:2"];
pub(crate) const COUNTER: &str = "count";
pub(crate) const COUNTER_LIFE: Millis = 1_000;
/// The tags, and the keys that have each.
pub(crate) const TAGS: [(&str, &[Key]); 5] =
    [("a", &[0, 1, 2]), ("b", &[3, 4, 5]), ("0", &[0, 3]), ("1", &[1, 4]), ("2", &[2, 5])];
pub(crate) const PATTERNS: [&str; 5] = ["a:*", "b:*", "*", "?:1", "nothing:*"];

#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) tiers: Tiers,
    pub(crate) ops: Vec<Op>,
}

#[derive(Debug, Clone)]
pub(crate) struct Tiers {
    pub(crate) near: bool,
    pub(crate) primary: bool,
    pub(crate) fallback: bool,
    pub(crate) near_ttl: Option<Millis>,
    /// What is set or loaded has the tags of its key: its letter, and its number.
    pub(crate) tagged: bool,
    /// Callers do not wait for the byte tier: what it holds is not certain, and all that is forbidden still is.
    pub(crate) behind: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Op {
    Get(Key),
    /// With a value that is larger than a frame may be.
    Set {
        key: Key,
        life: Millis,
        huge: bool,
    },
    Add {
        key: Key,
        life: Millis,
    },
    GetOrLoad {
        key: Key,
        life: Millis,
        fails: bool,
    },
    Batch {
        keys: Vec<Key>,
        life: Millis,
        absent: Option<Key>,
        remember: bool,
        max_batch: usize,
    },
    Take(Key),
    Delete(Key),
    Expire(Key),
    DeleteMany(Vec<Key>),
    DeletePattern(usize),
    InvalidateTag(usize),
    Clear,
    Life(Key),
    Increment(i64),
    DeleteCounter,
    /// A load that has read its source and stays open; ended by one of the next two.
    Begin {
        key: Key,
        life: Millis,
    },
    Finish(usize),
    Abort(usize),
    Advance(Millis),
    PrimaryDown(bool),
    PrimaryFailsWrites(bool),
    PrimaryLosesAnswers(bool),
    FallbackDown(bool),
    FallbackFailsWrites(bool),
    FallbackLosesAnswers(bool),
    Enable(bool),
}

pub(crate) fn case() -> impl Strategy<Value = Case> {
    (tiers(), vec(op(), 1..40)).prop_map(|(tiers, ops)| Case { tiers, ops })
}

fn tiers() -> impl Strategy<Value = Tiers> {
    let near_ttl = prop_oneof![Just(None), Just(Some(30))];
    let any = (any::<bool>(), any::<bool>(), any::<bool>(), near_ttl, any::<bool>(), any::<bool>());
    any.prop_map(|(near, primary, fallback, near_ttl, tagged, behind)| Tiers {
        near: near || !primary,
        primary,
        fallback: primary && fallback,
        near_ttl,
        tagged,
        behind: primary && behind,
    })
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => reads(),
        8 => writes(),
        5 => removals(),
        4 => open_loads(),
        3 => (1..120_u64).prop_map(Op::Advance),
        4 => troubles(),
    ]
}

fn key() -> impl Strategy<Value = Key> {
    0..KEYS.len()
}

fn keys() -> impl Strategy<Value = Vec<Key>> {
    vec(key(), 0..6)
}

fn life() -> impl Strategy<Value = Millis> {
    prop_oneof![Just(20_u64), Just(50), Just(100_000)]
}

fn reads() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => key().prop_map(Op::Get),
        2 => (key(), life(), any::<bool>()).prop_map(|(key, life, fails)| Op::GetOrLoad { key, life, fails }),
        2 => (keys(), life(), proptest::option::of(key()), any::<bool>(), 1..4_usize).prop_map(
            |(keys, life, absent, remember, max_batch)| Op::Batch { keys, life, absent, remember, max_batch },
        ),
        1 => key().prop_map(Op::Life),
    ]
}

fn writes() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (key(), life(), proptest::bool::weighted(0.1))
            .prop_map(|(key, life, huge)| Op::Set { key, life, huge }),
        2 => (key(), life()).prop_map(|(key, life)| Op::Add { key, life }),
        2 => key().prop_map(Op::Take),
        1 => (-3..4_i64).prop_map(Op::Increment),
    ]
}

fn removals() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => key().prop_map(Op::Delete),
        1 => key().prop_map(Op::Expire),
        2 => keys().prop_map(Op::DeleteMany),
        2 => (0..PATTERNS.len()).prop_map(Op::DeletePattern),
        2 => (0..TAGS.len()).prop_map(Op::InvalidateTag),
        1 => Just(Op::Clear),
        1 => Just(Op::DeleteCounter),
    ]
}

fn open_loads() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => (key(), life()).prop_map(|(key, life)| Op::Begin { key, life }),
        3 => (0..4_usize).prop_map(Op::Finish),
        1 => (0..4_usize).prop_map(Op::Abort),
    ]
}

fn troubles() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => any::<bool>().prop_map(Op::PrimaryDown),
        1 => any::<bool>().prop_map(Op::PrimaryFailsWrites),
        1 => any::<bool>().prop_map(Op::PrimaryLosesAnswers),
        2 => any::<bool>().prop_map(Op::FallbackDown),
        1 => any::<bool>().prop_map(Op::FallbackFailsWrites),
        1 => any::<bool>().prop_map(Op::FallbackLosesAnswers),
        1 => any::<bool>().prop_map(Op::Enable),
    ]
}
