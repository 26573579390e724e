//! A value of any type, as the vectors have them.

use std::time::{Duration, UNIX_EPOCH};

use cache_core::key::{Binary, DateTime, Set};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

#[derive(Debug, Clone)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Value>),
    Map(Vec<(&'static str, Value)>),
    Members(Vec<Value>),
    /// Microseconds since 1970.
    Micros(i64),
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// `{k00: 0, k01: 1, ..}`
pub(crate) fn numbered(count: i128) -> Value {
    let key = |at: i128| -> &'static str { format!("k{at:02}").leak() };
    Value::Map((0..count).map(|at| (key(at), Value::Int(at))).collect())
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => match u128::try_from(*value) {
                Ok(value) => serializer.serialize_u128(value),
                Err(_) => serializer.serialize_i128(*value),
            },
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Bytes(value) => Binary(value).serialize(serializer),
            Self::List(values) => values.serialize(serializer),
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
            Self::Members(values) => Set(values).serialize(serializer),
            Self::Micros(micros) => {
                let distance = Duration::from_micros(micros.unsigned_abs());
                let at = if *micros < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance };
                // What is smaller than a microsecond is cut off, downwards.
                DateTime(at + Duration::from_nanos(999)).serialize(serializer)
            }
        }
    }
}
