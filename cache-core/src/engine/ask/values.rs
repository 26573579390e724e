//! Values whose type the engine does not know: a question, and how its values are encoded.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde::de::{DeserializeOwned, IntoDeserializer, value::Error as ValueError};

use crate::codec::{Beside, Codec, Envelope, Format, Frame, Place};
use crate::engine::tags::{AskedTags, Tokens};
use crate::engine::{Keyspace, Question};
use crate::entry::{Reason, Validator};
use crate::error::{Error, ErrorKind, Result};
use crate::key::CacheKey;
use crate::port::near::{Held, HeldKind};
use crate::time::Ttl;

/// One question to the engine: which key, under which policy, of which values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) key: &'a CacheKey,
    pub(crate) space: &'a Keyspace,
    pub(crate) values: &'static dyn Values,
    /// Overrides the keyspace's life for this one call.
    pub(crate) ttl: Ttl,
    /// The caller's result can carry an error of the cache.
    pub(crate) strict: bool,
    /// By which its entry can be invalidated together with others.
    pub(crate) tags: AskedTags<'a>,
    /// What tells the source of a value which one is stored, or was found.
    pub(in crate::engine) validator: Option<&'a Validator>,
}

impl<'a> Ask<'a> {
    pub(crate) fn new(key: &'a CacheKey, space: &'a Keyspace, values: &'static dyn Values) -> Self {
        let tags = AskedTags::default();
        Self { key, space, values, ttl: Ttl::Default, strict: false, tags, validator: None }
    }

    /// A direct call: with its own life, and with room for an error in its result.
    pub(crate) fn direct(
        key: &'a CacheKey,
        space: &'a Keyspace,
        values: &'static dyn Values,
        ttl: Ttl,
    ) -> Self {
        Self { ttl, strict: true, ..Self::new(key, space, values) }
    }

    /// The same question with another life, unless that is the default.
    pub(crate) fn living(self, ttl: Ttl) -> Self {
        if ttl == Ttl::Default { self } else { Self { ttl, ..self } }
    }

    /// The same question about an entry with these tags.
    pub(crate) fn tagged(self, tags: AskedTags<'a>) -> Self {
        Self { tags, ..self }
    }

    /// The same question about an entry under these tokens.
    pub(in crate::engine) fn under(self, tokens: &'a Tokens) -> Self {
        Self { tags: AskedTags { tokens: Some(tokens), ..self.tags }, ..self }
    }

    /// The same question about an entry with this validator.
    pub(in crate::engine) fn validated(self, validator: Option<&'a Validator>) -> Self {
        Self { validator, ..self }
    }

    /// The same question, for a load that outlives its caller.
    pub(crate) fn owned(self) -> Question<Keyspace> {
        Question::of(&self, self.space.clone())
    }

    /// Whether its values go to byte tiers.
    pub(crate) fn leaves_the_process(&self) -> bool {
        self.values.are_stored() && !self.space.policy.local && !self.key.stays_here()
    }
}

/// How the held values of one type are encoded and decoded.
pub trait Values: fmt::Debug + Send + Sync + 'static {
    /// What is known about the type.
    fn kind(&self) -> &'static HeldKind;

    /// The size of a value without what it points to.
    fn size(&self) -> usize;

    /// Whether byte tiers store them.
    fn are_stored(&self) -> bool;

    /// Encodes a value, or the memory of its absence.
    ///
    /// # Errors
    /// `Encode` or `TooLarge`.
    fn encode(
        &self,
        codec: &Codec,
        place: Place<'_>,
        value: Option<&Held>,
        format: Format,
        envelope: &Envelope,
        beside: Beside<'_>,
    ) -> Result<Bytes>;

    /// Decodes a value.
    ///
    /// # Errors
    /// The reason why the frame holds none of this type.
    fn decode(&self, frame: &Frame) -> Result<Held, Reason>;

    /// Whether a held value is of this type.
    fn accept(&self, held: &Held) -> bool;

    /// A held value of another type as one of this, when this is the `Arc` of that.
    fn adopt(&self, kind: &HeldKind, held: &Held) -> Option<Held>;

    /// The value of a counter, when this type can hold one.
    fn of_counter(&self, value: i64) -> Option<Held>;
}

/// Values that have a serde form.
pub(crate) struct StoredValues<T>(PhantomData<fn() -> T>);

/// Values that stay in this process.
pub(crate) struct LocalValues<T>(PhantomData<fn() -> T>);

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> StoredValues<T> {
    pub(crate) fn of() -> &'static dyn Values {
        const { &Self(PhantomData) }
    }
}

impl<T: Any + Send + Sync> LocalValues<T> {
    pub(crate) fn of() -> &'static dyn Values {
        const { &Self(PhantomData) }
    }
}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Values for StoredValues<T> {
    fn kind(&self) -> &'static HeldKind {
        HeldKind::of::<T>()
    }

    fn size(&self) -> usize {
        size_of::<T>()
    }

    fn are_stored(&self) -> bool {
        true
    }

    fn encode(
        &self,
        codec: &Codec,
        place: Place<'_>,
        value: Option<&Held>,
        format: Format,
        envelope: &Envelope,
        beside: Beside<'_>,
    ) -> Result<Bytes> {
        codec.encode_with(place, held_as::<T>(value, self.kind())?, format, envelope, beside)
    }

    fn decode(&self, frame: &Frame) -> Result<Held, Reason> {
        frame.decode::<T>().map(|value| Arc::new(value) as Held)
    }

    fn accept(&self, held: &Held) -> bool {
        held.is::<T>()
    }

    fn adopt(&self, kind: &HeldKind, held: &Held) -> Option<Held> {
        let shared = (kind.share)(held)?.downcast::<T>().ok()?;
        Some(Arc::new(*shared) as Held)
    }

    fn of_counter(&self, value: i64) -> Option<Held> {
        let number = IntoDeserializer::<ValueError>::into_deserializer(value);
        T::deserialize(number).ok().map(|value| Arc::new(value) as Held)
    }
}

impl<T: Any + Send + Sync> Values for LocalValues<T> {
    fn kind(&self) -> &'static HeldKind {
        HeldKind::of::<T>()
    }

    fn size(&self) -> usize {
        size_of::<T>()
    }

    fn are_stored(&self) -> bool {
        false
    }

    fn encode(
        &self,
        _: &Codec,
        _: Place<'_>,
        _: Option<&Held>,
        _: Format,
        _: &Envelope,
        _: Beside<'_>,
    ) -> Result<Bytes> {
        Err(foreign(self.kind()))
    }

    fn decode(&self, _: &Frame) -> Result<Held, Reason> {
        Err(Reason::Undecodable)
    }

    fn accept(&self, held: &Held) -> bool {
        held.is::<T>()
    }

    fn adopt(&self, _: &HeldKind, _: &Held) -> Option<Held> {
        None
    }

    fn of_counter(&self, _: i64) -> Option<Held> {
        None
    }
}

/// A held value as what it is encoded as.
pub(super) fn held_as<'h, T: 'static>(value: Option<&'h Held>, kind: &HeldKind) -> Result<Option<&'h T>> {
    value.map(|held| held.downcast_ref::<T>().ok_or_else(|| foreign(kind))).transpose()
}

fn foreign(kind: &HeldKind) -> Error {
    Error::new(ErrorKind::Encode, format!("a value that is no `{}` was to be encoded as one", (kind.name)()))
}

impl<T> fmt::Debug for StoredValues<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredValues<{}>", std::any::type_name::<T>())
    }
}

impl<T> fmt::Debug for LocalValues<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalValues<{}>", std::any::type_name::<T>())
    }
}
