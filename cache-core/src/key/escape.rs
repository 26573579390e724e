//! The one escaping of user text in keys.

/// Appends text so that none of the key's own signs are left in it: they become `%XX`.
pub(super) fn escape_into(out: &mut String, text: &str) {
    for c in text.chars() {
        if is_sign(c) {
            let mut utf8 = [0; 4];
            for byte in c.encode_utf8(&mut utf8).bytes() {
                let [high, low] = hex(byte);
                out.extend(['%', high, low]);
            }
        } else {
            out.push(c);
        }
    }
}

/// Signs with a meaning in keys, patterns, cluster slots, logs, or none at all.
fn is_sign(c: char) -> bool {
    matches!(c, ':' | '{' | '}' | '*' | '?' | '[' | ']' | '\\' | '%' | '(' | ')' | ',' | '~')
        || c.is_control()
}

/// Whether a string would read as a value of another type, and so is written behind a `'`.
pub(super) fn needs_quote(text: &str) -> bool {
    match text.as_bytes().first() {
        None => true,
        Some(first) => {
            first.is_ascii_digit()
                || matches!(first, b'-' | b'+' | b'\'' | b'@')
                || matches!(text, "true" | "false")
        }
    }
}

/// The two hexadecimal digits of a byte.
pub(super) fn hex(byte: u8) -> [char; 2] {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0').to_ascii_uppercase();
    [digit(byte >> 4), digit(byte & 15)]
}
