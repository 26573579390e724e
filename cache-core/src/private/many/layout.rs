//! How the result of a batch lists its values: by place, or by id. Chosen by type, as in [`super::super::kinds`].

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;

use super::super::Ty;
use crate::engine::Shape;

/// The values of many ids in one collection.
#[diagnostic::on_unimplemented(
    message = "a batch of `{K}` cannot return this",
    label = "no list of values by id",
    note = "return `Vec<V>` or `Vec<Option<V>>` (in the order of the ids), `HashMap<K, V>`, `BTreeMap<K, V>` or `Vec<(K, V)>`, \
            by itself or as `Result<_, E>`"
)]
pub trait Layout<K>: Copy {
    /// The collection.
    type Many;
    /// One value.
    type Val;
    /// This layout. What is none has no such type, and the compiler says nothing more about what is done with it.
    type Fits;

    /// Itself.
    fn fits(self) -> Self::Fits;

    /// The value of each id, in their order; `None` when they do not fit together.
    fn take_apart(self, ids: &[K], many: Self::Many) -> Option<Vec<Option<Self::Val>>>;

    /// The collection; `None` when it cannot leave one out.
    fn put_together(self, values: Vec<(K, Option<Self::Val>)>) -> Option<Self::Many>;
}

/// A layout that can leave a value out.
#[diagnostic::on_unimplemented(
    message = "this batch never says that there is no value",
    label = "`cache_none` and `negative_ttl` need values that can be left out: `Vec<Option<V>>` or a map"
)]
pub trait LeavesOut: Copy {}

/// Stands for the ids and the result of a batch.
#[derive(Debug)]
pub struct Many<K, M>(PhantomData<fn() -> (K, M)>);

impl<K, M> Many<K, M> {
    /// Of a result of this shape.
    #[must_use]
    pub const fn of<S: Shape<Val = M>>(_: S) -> Self {
        Self(PhantomData)
    }
}

/// Checks that a result lists its values.
#[must_use]
pub fn listed<K, L: Layout<K>>(_: &Many<K, L::Many>, layout: L) -> L::Fits {
    layout.fits()
}

/// Stands for one value of a layout.
#[must_use]
pub const fn one_ty<K, L: Layout<K>>(_: &Many<K, L::Many>, _: L) -> Ty<L::Val> {
    Ty::new()
}

macro_rules! layouts {
    ($($(#[$doc:meta])* $name:ident: $level:ident for $ty:ty, <$($generic:ident),+>;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name<$($generic),+>(PhantomData<fn() -> ($($generic,)+)>);

        impl<$($generic),+> Clone for $name<$($generic),+> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<$($generic),+> Copy for $name<$($generic),+> {}

        impl<$($generic),+> $level for $ty {
            type Chosen = $name<$($generic),+>;

            fn larder_layout(&self) -> Self::Chosen {
                $name(PhantomData)
            }
        }
    )*};
}

macro_rules! levels {
    ($($(#[$doc:meta])* $level:ident;)*) => {$(
        $(#[$doc])*
        pub trait $level {
            /// The zero-sized choice.
            type Chosen;
            /// Chooses.
            fn larder_layout(&self) -> Self::Chosen;
        }
    )*};
}

levels! {
    /// First choice of five.
    LayoutPairs;
    /// Second choice of five.
    LayoutPlaces;
    /// Third choice of five.
    LayoutMap;
    /// Fourth choice of five.
    LayoutEach;
    /// Last choice of five: there is none.
    LayoutNone;
}

layouts! {
    /// `Vec<(K, V)>`: those that there are.
    Pairs: LayoutPairs for &&&&Many<K, Vec<(K, V)>>, <K, V>;
    /// `Vec<Option<V>>`: one place for each id.
    Places: LayoutPlaces for &&&Many<K, Vec<Option<V>>>, <K, V>;
    /// `HashMap<K, V>`: those that there are.
    Hashed: LayoutMap for &&Many<K, HashMap<K, V, S>>, <K, V, S>;
    /// `BTreeMap<K, V>`: those that there are.
    Sorted: LayoutMap for &&Many<K, BTreeMap<K, V>>, <K, V>;
    /// `Vec<V>`: a value for each id.
    Each: LayoutEach for &Many<K, Vec<V>>, <K, V>;
    /// Anything else.
    Unknown: LayoutNone for Many<K, M>, <K, M>;
}

impl<K, V> Layout<K> for Each<K, V> {
    type Many = Vec<V>;
    type Val = V;
    type Fits = Self;

    fn fits(self) -> Self {
        self
    }

    fn take_apart(self, ids: &[K], many: Vec<V>) -> Option<Vec<Option<V>>> {
        (many.len() == ids.len()).then(|| many.into_iter().map(Some).collect())
    }

    fn put_together(self, values: Vec<(K, Option<V>)>) -> Option<Vec<V>> {
        values.into_iter().map(|(_, value)| value).collect()
    }
}

impl<K, V> Layout<K> for Places<K, V> {
    type Many = Vec<Option<V>>;
    type Val = V;
    type Fits = Self;

    fn fits(self) -> Self {
        self
    }

    fn take_apart(self, ids: &[K], many: Vec<Option<V>>) -> Option<Vec<Option<V>>> {
        (many.len() == ids.len()).then_some(many)
    }

    fn put_together(self, values: Vec<(K, Option<V>)>) -> Option<Vec<Option<V>>> {
        Some(values.into_iter().map(|(_, value)| value).collect())
    }
}

macro_rules! by_id {
    ($($layout:ident<$($generic:ident),+> = $many:ty where {$($bounds:tt)*};)*) => {$(
        impl<$($generic),+> Layout<K> for $layout<$($generic),+>
        where
            $($bounds)*
        {
            type Many = $many;
            type Val = V;
            type Fits = Self;

            fn fits(self) -> Self {
                self
            }

            fn take_apart(self, ids: &[K], many: $many) -> Option<Vec<Option<V>>> {
                let mut by_id: HashMap<K, V> = many.into_iter().collect();
                Some(ids.iter().map(|id| by_id.remove(id)).collect())
            }

            fn put_together(self, values: Vec<(K, Option<V>)>) -> Option<$many> {
                Some(values.into_iter().filter_map(|(id, value)| Some((id, value?))).collect())
            }
        }

        impl<$($generic),+> LeavesOut for $layout<$($generic),+> {}
    )*};
}

by_id! {
    Pairs<K, V> = Vec<(K, V)> where { K: Hash + Eq };
    Hashed<K, V, S> = HashMap<K, V, S> where { K: Hash + Eq, S: BuildHasher + Default };
    Sorted<K, V> = BTreeMap<K, V> where { K: Hash + Ord };
}

impl<K, V> LeavesOut for Places<K, V> {}
