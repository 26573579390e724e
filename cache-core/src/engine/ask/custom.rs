//! Values in a stored form of the user's own: chosen with their type, so that the two are compiled together.

use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;

use super::values::held_as;
use crate::codec::{Beside, Codec, CustomFormat, Envelope, Format, Frame, Place};
use crate::engine::{Storable, StoredValues, Values};
use crate::entry::Reason;
use crate::error::Result;
use crate::port::near::{Held, HeldKind};

/// Values of `T` that byte tiers hold as `F` writes them.
pub(crate) struct CustomValues<T, F>(PhantomData<fn() -> (T, F)>);

impl<T: Storable, F: CustomFormat> CustomValues<T, F> {
    pub(crate) fn of() -> &'static dyn Values {
        const { &Self(PhantomData) }
    }

    /// All but the form.
    fn plain() -> &'static dyn Values {
        StoredValues::<T>::of()
    }
}

impl<T: Storable, F: CustomFormat> Values for CustomValues<T, F> {
    fn kind(&self) -> &'static HeldKind {
        Self::plain().kind()
    }

    fn size(&self) -> usize {
        Self::plain().size()
    }

    fn are_stored(&self) -> bool {
        true
    }

    fn encode(
        &self,
        codec: &Codec,
        place: Place<'_>,
        value: Option<&Held>,
        _: Format,
        envelope: &Envelope,
        beside: Beside<'_>,
    ) -> Result<Bytes> {
        codec.encode_as::<F, T>(place, held_as(value, self.kind())?, envelope, beside)
    }

    fn decode(&self, frame: &Frame) -> Result<Held, Reason> {
        frame.decode_as::<F, T>().map(|value| Arc::new(value) as Held)
    }

    fn accept(&self, held: &Held) -> bool {
        Self::plain().accept(held)
    }

    fn adopt(&self, kind: &HeldKind, held: &Held) -> Option<Held> {
        Self::plain().adopt(kind, held)
    }

    fn of_counter(&self, value: i64) -> Option<Held> {
        Self::plain().of_counter(value)
    }
}

impl<T, F> fmt::Debug for CustomValues<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CustomValues<{}, {}>", type_name::<T>(), type_name::<F>())
    }
}
