//! Keys built by hand, for direct calls.

use std::fmt;

use super::cache_key::empty_key;
use super::standard::KeySegments;
use super::{CacheKey, IntoKey, KeyPart, Namespace, PartWriter};
use crate::error::Result;

/// Joins typed parts to a key so that the result is injective: `("a:b", "c")` and `("a", "b:c")` differ.
///
/// ```
/// # use cache_core::key::KeyBuilder;
/// let key = KeyBuilder::new("user")?.part(&7_u64).part("avatar");
/// assert_eq!(key.to_string(), "user:7:avatar");
/// # Ok::<(), cache_core::error::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeyBuilder(String);

impl KeyBuilder {
    /// Begins with a name; its colons separate segments.
    ///
    /// # Errors
    /// [`ErrorKind::Key`](crate::error::ErrorKind::Key) when it is empty.
    pub fn new(name: &str) -> Result<Self> {
        if name.is_empty() {
            return Err(empty_key());
        }
        let mut writer = PartWriter::for_name(name);
        writer.name(name);
        Ok(Self(writer.finish().1))
    }

    /// Appends a part as the next segment.
    #[must_use]
    pub fn part(self, part: &(impl KeyPart + ?Sized)) -> Self {
        let mut writer = PartWriter::after(&self.0);
        writer.segment(part);
        Self(writer.finish().1)
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }
}

impl fmt::Display for KeyBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl IntoKey for KeyBuilder {
    fn into_key(self, namespace: &Namespace) -> Result<CacheKey> {
        Ok(CacheKey::of_text(namespace, &self.0))
    }
}

impl IntoKey for &KeyBuilder {
    fn into_key(self, namespace: &Namespace) -> Result<CacheKey> {
        Ok(CacheKey::of_text(namespace, &self.0))
    }
}

/// [`KeyBuilder`] in one call: `build_cache_key("user", &(7_u64, "avatar"))?`.
///
/// # Errors
/// [`ErrorKind::Key`](crate::error::ErrorKind::Key) when the name is empty.
pub fn build_cache_key(name: &str, parts: &impl KeySegments) -> Result<KeyBuilder> {
    let mut writer = PartWriter::after(&KeyBuilder::new(name)?.0);
    parts.write_segments(&mut writer);
    Ok(KeyBuilder(writer.finish().1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(parts: &impl KeySegments) -> String {
        build_cache_key("f", parts).unwrap().to_string()
    }

    #[test]
    fn values_that_differ_have_keys_that_differ() {
        let keys = [
            key(&()),
            key(&(1_u64,)),
            key(&(1_i32,)),
            key(&(1_u8,)),
            key(&("1",)),
            key(&("",)),
            key(&(None::<&str>,)),
            key(&(Some("None"),)),
            key(&(Some("~"),)),
            key(&(Some(None::<u8>),)),
            key(&("a:b", "c")),
            key(&("a", "b:c")),
            key(&(("a", "b"), "c")),
            key(&("a", ("b", "c"))),
            key(&(true,)),
            key(&("true",)),
            key(&('1',)),
            key(&(vec!["a", "b"],)),
            key(&(vec!["a,b"],)),
            key(&(("a", "b"),)),
            key(&(Vec::<u8>::new(),)),
            key(&((),)),
            key(&("1", "")),
            key(&("%31",)),
        ];
        let distinct: std::collections::HashSet<_> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len(), "{keys:#?}");
    }

    #[test]
    fn equal_questions_have_one_key() {
        assert_eq!(key(&(0.0_f64, f64::NAN)), key(&(-0.0_f64, -f64::NAN)));
        assert_eq!(key(&("a".to_owned(),)), key(&(std::borrow::Cow::Borrowed("a"),)));
    }

    #[test]
    fn short_keys_are_readable_and_long_ones_bounded() {
        assert_eq!(key(&(7_u64, "ann", Some(-3_i8))), "f:7:ann:-3i8");
        let long = key(&("x".repeat(10_000), "tail"));
        assert!(long.len() < 90 && long.ends_with(":tail"), "{long}");
        assert_ne!(long, key(&("x".repeat(10_001), "tail")));
        let many =
            key(&(vec![1_u64; 10_000], "a".repeat(120), "b".repeat(120), "c".repeat(120), "d".repeat(120)));
        assert!(many.len() <= 600, "{}", many.len());
        assert!(KeyBuilder::new("").is_err());
    }
}
