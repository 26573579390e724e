//! All that is known of a cached function by the types it mentions, in one value that names none of them.

use super::failures::{EveryFailure, Silent};
use super::{Always, Judge, NamesTags, NoTags, StaleIf, Trouble};
use crate::engine::{Hold, LocalValues, Recipe, Shape, Share, Storable, StoredValues, Values, Verdict};
use crate::error::Error;
use crate::key::Tag;

/// What a return type means, how its values are held, shared, stored and judged.
pub trait Kind: Copy {
    /// What the function returns.
    type Ret;
    /// What is stored of it.
    type Val: Send;
    /// How the one carries the other.
    type Shape: Shape<Ret = Self::Ret, Val = Self::Val> + Send + Sync;
    /// How values are held in the near tier.
    type Hold: Hold<Self::Val> + Send + Sync;
    /// How failures reach followers.
    type Share: Share<Self::Ret> + Send + Sync;

    /// How the return type carries the value.
    fn shape(self) -> Self::Shape;
    /// How values are held.
    fn hold(self) -> Self::Hold;
    /// How failures reach followers.
    fn share(self) -> Self::Share;
    /// How values are encoded.
    fn values(self) -> &'static dyn Values;
    /// What becomes of a value.
    fn judge(self, value: &Self::Val) -> Verdict;

    /// Whether values name tags.
    fn names_tags(self) -> bool {
        false
    }

    /// The tags that a value names.
    fn tags(self, _value: &Self::Val) -> Vec<Tag> {
        Vec::new()
    }

    /// Whether a failure may be answered with a stale value.
    fn stale_will_do(self, _failed: &Self::Ret) -> bool {
        true
    }

    /// The result that carries trouble of the cache: a limit that was reached. A type that cannot say it is not
    /// bound by limits.
    fn trouble(self, _error: Error) -> Option<Self::Ret> {
        None
    }
}

/// [`Kind`] of the choices that the macro made by type.
#[derive(Debug, Clone, Copy)]
pub struct Chosen<S, H, F, J, T, I, G = NoTags> {
    shape: S,
    hold: H,
    share: F,
    values: &'static dyn Values,
    judge: J,
    trouble: T,
    stale_if: I,
    tags: G,
}

/// A kind whose values reach every tier.
#[inline]
pub fn stored<S, H, F>(shape: S, hold: &H, share: F) -> Chosen<S, H, F, Always, Silent, EveryFailure>
where
    S: Shape<Val: Send> + Send + Sync,
    H: Hold<S::Val, Inner: Storable> + Send + Sync,
    F: Share<S::Ret> + Send + Sync,
{
    Chosen::new(shape, *hold, share, StoredValues::<H::Inner>::of())
}

/// A kind whose values stay in the near tier (`#[cached(local)]`).
#[inline]
pub fn held<S, H, F>(shape: S, hold: &H, share: F) -> Chosen<S, H, F, Always, Silent, EveryFailure>
where
    S: Shape<Val: Send> + Send + Sync,
    H: Hold<S::Val> + Send + Sync,
    F: Share<S::Ret> + Send + Sync,
{
    Chosen::new(shape, *hold, share, LocalValues::<H::Inner>::of())
}

impl<S, H, F> Chosen<S, H, F, Always, Silent, EveryFailure> {
    #[inline]
    pub(super) fn new(shape: S, hold: H, share: F, values: &'static dyn Values) -> Self {
        Self {
            shape,
            hold,
            share,
            values,
            judge: Always,
            trouble: Silent,
            stale_if: EveryFailure,
            tags: NoTags,
        }
    }
}

impl<S, H, F, J, T, I, G> Chosen<S, H, F, J, T, I, G> {
    /// Says what becomes of a value.
    #[inline]
    pub fn judged<U>(self, judge: U) -> Chosen<S, H, F, U, T, I, G> {
        let Self { shape, hold, share, values, trouble, stale_if, tags, .. } = self;
        Chosen { shape, hold, share, values, judge, trouble, stale_if, tags }
    }

    /// Says how its result carries trouble of the cache: a limit that was reached.
    #[inline]
    pub fn limited<U>(self, trouble: U) -> Chosen<S, H, F, J, U, I, G> {
        let Self { shape, hold, share, values, judge, stale_if, tags, .. } = self;
        Chosen { shape, hold, share, values, judge, trouble, stale_if, tags }
    }

    /// Says which failures may be answered with a stale value.
    #[inline]
    pub fn stale_if<U>(self, stale_if: U) -> Chosen<S, H, F, J, T, U, G> {
        let Self { shape, hold, share, values, judge, trouble, tags, .. } = self;
        Chosen { shape, hold, share, values, judge, trouble, stale_if, tags }
    }

    /// Says which tags its values name.
    #[inline]
    pub fn tags_with<U>(self, tags: U) -> Chosen<S, H, F, J, T, I, U> {
        let Self { shape, hold, share, values, judge, trouble, stale_if, .. } = self;
        Chosen { shape, hold, share, values, judge, trouble, stale_if, tags }
    }
}

impl<S, H, F, J, T, I, G> Kind for Chosen<S, H, F, J, T, I, G>
where
    S: Shape<Val: Send> + Send + Sync,
    H: Hold<S::Val> + Send + Sync,
    F: Share<S::Ret> + Send + Sync,
    J: Judge<S::Val>,
    T: Trouble<S::Ret>,
    I: StaleIf<S::Ret>,
    G: NamesTags<S::Val>,
{
    type Ret = S::Ret;
    type Val = S::Val;
    type Shape = S;
    type Hold = H;
    type Share = F;

    #[inline]
    fn shape(self) -> S {
        self.shape
    }

    #[inline]
    fn hold(self) -> H {
        self.hold
    }

    #[inline]
    fn share(self) -> F {
        self.share
    }

    #[inline]
    fn values(self) -> &'static dyn Values {
        self.values
    }

    fn judge(self, value: &S::Val) -> Verdict {
        self.judge.judge(value)
    }

    fn stale_will_do(self, failed: &S::Ret) -> bool {
        self.stale_if.stale_will_do(failed)
    }

    fn names_tags(self) -> bool {
        G::SOME
    }

    fn tags(self, value: &S::Val) -> Vec<Tag> {
        self.tags.tags(value)
    }

    fn trouble(self, error: Error) -> Option<S::Ret> {
        self.trouble.trouble(error)
    }
}

/// What the engine does with the results of a kind.
#[derive(Clone, Copy)]
pub(super) struct Of<K>(pub(super) K);

impl<K: Kind> Recipe for Of<K> {
    type Ret = K::Ret;
    type Val = K::Val;
    type Shape = K::Shape;
    type Hold = K::Hold;
    type Share = K::Share;

    fn shape(&self) -> K::Shape {
        self.0.shape()
    }

    fn hold(&self) -> K::Hold {
        self.0.hold()
    }

    fn share(&self) -> K::Share {
        self.0.share()
    }

    fn judge(&self, value: &K::Val) -> Verdict {
        self.0.judge(value)
    }

    fn tags(&self, value: &K::Val) -> Vec<Tag> {
        self.0.tags(value)
    }

    fn stale_will_do(&self, failed: &K::Ret) -> bool {
        self.0.stale_will_do(failed)
    }

    fn trouble(&self, error: Error) -> Option<K::Ret> {
        self.0.trouble(error)
    }
}

/// A return type that can say that there is none.
#[diagnostic::on_unimplemented(
    message = "this function never says that there is no value",
    label = "`cache_none` and `negative_ttl` need a return type of `Option<T>` or `Result<Option<T>, E>`"
)]
pub trait SaysAbsent {}

impl<T> SaysAbsent for crate::engine::Optional<T> {}
impl<T, E> SaysAbsent for crate::engine::FallibleOptional<T, E> {}

/// Checks that absence can be remembered.
pub fn says_absent<S: SaysAbsent>(_: S) {}
