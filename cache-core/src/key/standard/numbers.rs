//! Numbers.

use std::hash::Hasher;

use super::super::{KeyPart, PartWriter, StoredParts};

macro_rules! integers {
    ($($int:ident $feed:ident $suffix:literal,)*) => {$(
        impl KeyPart for $int {
            #[inline]
            fn feed<H: Hasher>(&self, state: &mut H) {
                state.$feed(*self);
            }

            #[inline]
            fn same(&self, stored: &mut StoredParts<'_>) -> bool {
                stored.take() == Some(self.to_le_bytes())
            }

            fn write(&self, out: &mut PartWriter) {
                out.number(self.to_le_bytes(), self, $suffix);
            }
        }
    )*};
}

integers! {
    u8 write_u8 "u8", u16 write_u16 "u16", u32 write_u32 "u32", u64 write_u64 "", u128 write_u128 "u128", usize write_usize "usize",
    i8 write_i8 "i8", i16 write_i16 "i16", i32 write_i32 "i32", i64 write_i64 "i64", i128 write_i128 "i128", isize write_isize "isize",
}

/// One value for every NaN, and one for both zeros: they mean the same question.
macro_rules! floats {
    ($($float:ident $bits:ident $feed:ident $suffix:literal,)*) => {$(
        impl KeyPart for $float {
            fn feed<H: Hasher>(&self, state: &mut H) {
                state.$feed(canonical::$float(*self).to_bits());
            }

            fn same(&self, stored: &mut StoredParts<'_>) -> bool {
                stored.take() == Some(canonical::$float(*self).to_bits().to_le_bytes())
            }

            fn write(&self, out: &mut PartWriter) {
                let value = canonical::$float(*self);
                if !value.is_finite() {
                    out.word("~");
                }
                out.number(value.to_bits().to_le_bytes(), value, $suffix);
            }
        }
    )*};
}

floats! { f32 u32 write_u32 "f32", f64 u64 write_u64 "f64", }

mod canonical {
    pub(super) fn f32(value: f32) -> f32 {
        if value.is_nan() { f32::NAN } else { value + 0.0 }
    }

    pub(super) fn f64(value: f64) -> f64 {
        if value.is_nan() { f64::NAN } else { value + 0.0 }
    }
}
