//! Types that choose an implementation and hold nothing.

/// Declares zero-sized, `Copy` types over type parameters, whatever these are.
macro_rules! zero_sized {
    ($($(#[$doc:meta])* $name:ident<$($generic:ident),+>;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name<$($generic),+>(std::marker::PhantomData<fn() -> ($($generic,)+)>);

        impl<$($generic),+> $name<$($generic),+> {
            pub(crate) const fn new() -> Self {
                Self(std::marker::PhantomData)
            }
        }

        impl<$($generic),+> Clone for $name<$($generic),+> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<$($generic),+> Default for $name<$($generic),+> {
            fn default() -> Self {
                Self::new()
            }
        }

        impl<$($generic),+> Copy for $name<$($generic),+> {}
    )*};
}

pub(super) use zero_sized;
