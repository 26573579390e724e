//! A key as a pattern sees it: without the signs that tell types and schemas apart.
//!
//! A pattern is written by a person who thinks `user:7:*`, not `user:7i64:*`; so for matching only, the
//! quote of a string, the type of an integer and the schema segment are left out.

use std::borrow::Cow;

use super::{KeyPart, PartWriter};

/// Leaves out `'` before a string, the type behind an integer, and `@schema` segments. The first segment is a name,
/// never a part.
pub(super) fn untyped(key: &str) -> Cow<'_, str> {
    let (name, parts) = key.split_once(':').unwrap_or((key, ""));
    if parts.is_empty() || parts.split(':').all(|segment| plain(segment) == Some(segment)) {
        return Cow::Borrowed(key);
    }
    let plain: Vec<&str> = std::iter::once(name).chain(parts.split(':').filter_map(plain)).collect();
    Cow::Owned(plain.join(":"))
}

/// The text of one part alone, without its type.
pub(crate) fn text_of_part(part: &(impl KeyPart + ?Sized)) -> String {
    let mut writer = PartWriter::default();
    writer.segment(part);
    let (_, text) = writer.finish();
    let text = text.get(1..).unwrap_or_default();
    plain(text).unwrap_or(text).to_owned()
}

/// One segment without its type; `None` for a schema segment.
fn plain(segment: &str) -> Option<&str> {
    if let Some(quoted) = segment.strip_prefix('\'') {
        return Some(quoted);
    }
    if segment.strip_prefix('@').is_some_and(is_digits) {
        return None;
    }
    Some(integer(segment).unwrap_or(segment))
}

/// The digits of `7i64`, `-3i8`, `200u16`, ..
fn integer(segment: &str) -> Option<&str> {
    const TYPES: [&str; 11] =
        ["u8", "u16", "u32", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize"];
    let at = segment.find(['u', 'i'])?;
    let (number, kind) = segment.split_at_checked(at)?;
    let is_number = is_digits(number.strip_prefix('-').unwrap_or(number));
    (is_number && TYPES.contains(&kind)).then_some(number)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_schemas_are_left_out() {
        for (key, seen) in [
            ("user:7", "user:7"),
            ("user:7i64:x", "user:7:x"),
            ("user:@2:'7:-3i8", "user:7:-3"),
            ("user:@Admin:i8:7i65", "user:@Admin:i8:7i65"),
            ("user:':1.5f64", "user::1.5f64"),
        ] {
            assert_eq!(untyped(key), seen);
        }
    }
}
