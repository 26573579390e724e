//! Arguments whose meaning serde does not tell: sets, bytes and moments.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer};

/// By this name the canonical form knows a set. No type of anybody else is called so.
pub(super) const SET: &str = "larder::cachekit::Set";

/// A set: its members in the order of their canonical bytes, each once. Serde shows sets as sequences, so an
/// argument that is one says so: `cachekit::Set(&ids)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Set<T>(pub T);

impl<T: Serialize> Serialize for Set<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(SET, &self.0)
    }
}

/// Bytes, as `bytes` are in Python: one binary, no list of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binary<T>(pub T);

impl<T: AsRef<[u8]>> Serialize for Binary<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0.as_ref())
    }
}

/// A moment, as an aware `datetime` is in Python: seconds since 1970 with its microseconds, what is smaller cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateTime(pub SystemTime);

impl DateTime {
    /// Seconds since 1970. A number of microseconds and this division are what every SDK does, so it is exact.
    #[expect(clippy::cast_precision_loss, reason = "the protocol's own rounding")]
    fn seconds(self) -> f64 {
        let micros = |duration: Duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        let micros = match self.0.duration_since(UNIX_EPOCH) {
            Ok(after) => micros(after),
            Err(before) => {
                let before = before.duration();
                let rest = i64::from(!before.subsec_nanos().is_multiple_of(1000));
                micros(before).saturating_add(rest).saturating_neg()
            }
        };
        micros as f64 / 1e6
    }
}

impl Serialize for DateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.seconds())
    }
}
