//! What becomes of a loaded value: `condition`, `ttl_with`, or neither.

use crate::engine::{Shape, Verdict};
use crate::time::Ttl;

/// Judges the values of a function.
pub trait Judge<V>: Copy {
    /// Whether the value is stored, and for how long.
    fn judge(self, value: &V) -> Verdict;
}

/// Every value is stored for the life of its keyspace.
#[derive(Debug, Clone, Copy)]
pub struct Always;

/// A value is stored when this says so.
#[derive(Debug, Clone, Copy)]
struct If<C>(C);

/// A value says itself for how long it is stored.
#[derive(Debug, Clone, Copy)]
struct For<L>(L);

impl<V> Judge<V> for Always {
    fn judge(self, _: &V) -> Verdict {
        Verdict::Keep(Ttl::Default)
    }
}

impl<V, C: Fn(&V) -> bool + Copy> Judge<V> for If<C> {
    fn judge(self, value: &V) -> Verdict {
        if (self.0)(value) { Verdict::Keep(Ttl::Default) } else { Verdict::Refuse }
    }
}

impl<V, L: Fn(&V) -> Ttl + Copy> Judge<V> for For<L> {
    fn judge(self, value: &V) -> Verdict {
        match (self.0)(value) {
            Ttl::After(life) if life.is_zero() => Verdict::Refuse,
            ttl => Verdict::Keep(ttl),
        }
    }
}

/// Both: the second is asked when the first lets the value pass.
impl<V, A: Judge<V>, B: Judge<V>> Judge<V> for (A, B) {
    fn judge(self, value: &V) -> Verdict {
        match self.0.judge(value) {
            Verdict::Keep(_) => self.1.judge(value),
            Verdict::Refuse => Verdict::Refuse,
        }
    }
}

/// A condition on the values of a shape: `fn(&T) -> bool`, `false` is returned to the caller and not stored.
#[inline]
pub fn condition<S: Shape, C: Fn(&S::Val) -> bool + Copy>(_: S, condition: C) -> impl Judge<S::Val> {
    If(condition)
}

/// The lives of the values of a shape: `fn(&T) -> Duration` (or `Ttl`), zero is returned to the caller and not stored.
#[inline]
pub fn ttl_with<S: Shape, T: Into<Ttl>>(_: S, life: impl Fn(&S::Val) -> T + Copy) -> impl Judge<S::Val> {
    For(move |value: &S::Val| life(value).into())
}
