//! All that is known of a cached function by the types it mentions, in one value that names none of them.

use std::any::Any;

use super::Judge;
use crate::engine::{Hold, LocalValues, Recipe, Shape, Share, Storable, StoredValues, Values, Verdict};

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
}

/// [`Kind`] of the choices that the macro made by type.
#[derive(Debug, Clone, Copy)]
struct Chosen<S, H, F, J> {
    shape: S,
    hold: H,
    share: F,
    values: &'static dyn Values,
    judge: J,
}

/// A kind of its parts.
#[inline]
pub fn kind<S, H, F, W, J>(
    shape: S,
    hold: H,
    share: F,
    reach: W,
    judge: J,
) -> impl Kind<Ret = S::Ret, Val = S::Val>
where
    S: Shape<Val: Send> + Send + Sync,
    H: Hold<S::Val> + Send + Sync,
    F: Share<S::Ret> + Send + Sync,
    W: Reach<H::Inner>,
    J: Judge<S::Val>,
{
    Chosen { shape, hold, share, values: reach.values(), judge }
}

impl<S, H, F, J> Kind for Chosen<S, H, F, J>
where
    S: Shape<Val: Send> + Send + Sync,
    H: Hold<S::Val> + Send + Sync,
    F: Share<S::Ret> + Send + Sync,
    J: Judge<S::Val>,
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
}

/// What the engine does with the results of a kind.
#[allow(clippy::type_complexity, reason = "every part is an associated type")]
pub(super) fn recipe<K: Kind>(
    kind: K,
) -> Recipe<K::Shape, K::Hold, K::Share, impl FnOnce(&K::Val) -> Verdict> {
    Recipe {
        shape: kind.shape(),
        hold: kind.hold(),
        share: kind.share(),
        judge: move |value: &K::Val| kind.judge(value),
        on_trouble: |_| None,
    }
}

/// Which tiers values reach.
pub trait Reach<T> {
    /// How values are encoded for them.
    fn values(self) -> &'static dyn Values;
}

/// Every tier.
#[derive(Debug, Clone, Copy)]
pub struct EveryTier;

/// The near tier alone (`#[cached(local)]`).
#[derive(Debug, Clone, Copy)]
pub struct NearTier;

impl<T: Storable> Reach<T> for EveryTier {
    #[inline]
    fn values(self) -> &'static dyn Values {
        StoredValues::<T>::of()
    }
}

impl<T: Any + Send + Sync> Reach<T> for NearTier {
    #[inline]
    fn values(self) -> &'static dyn Values {
        LocalValues::<T>::of()
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
