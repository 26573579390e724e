//! What a method stands in, as its source file says: a macro on a method sees nothing around it.
//!
//! Only used to say one error instead of a dozen. Whoever cannot be asked (no file, another text than the compiler
//! reads) is no trait's `impl`, and the compiler finds out.

use proc_macro2::Ident;

/// Whether the method of this name stands in the `impl` of a trait.
pub(crate) fn is_impl_of_trait(method: &Ident) -> bool {
    source_before(method).is_some_and(|before| innermost(&before).is_some_and(|header| is_of_trait(&header)))
}

/// The text of the file up to a token.
fn source_before(token: &Ident) -> Option<String> {
    if !proc_macro::is_available() {
        return None;
    }
    let span = token.span().unwrap();
    let text = std::fs::read_to_string(span.local_file()?).ok()?;
    let lines = text.split_inclusive('\n').take(span.line().checked_sub(1)?).map(str::len).sum::<usize>();
    let line = text.get(lines..)?;
    let column = line.char_indices().nth(span.column().checked_sub(1)?)?.0;
    let here = line.get(column..)?;
    here.starts_with(&token.to_string()).then(|| text.get(..lines + column).map(str::to_owned)).flatten()
}

/// What stands before the innermost brace that is open at the end.
fn innermost(text: &str) -> Option<String> {
    let mut open = Vec::new();
    let mut header = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skipped = skipped(rest);
        if skipped > 0 {
            header.push(' ');
            rest = rest.get(skipped..).unwrap_or_default();
            continue;
        }
        match first {
            '{' => open.push(std::mem::take(&mut header)),
            '}' => {
                open.pop();
                header.clear();
            }
            ';' => header.clear(),
            other => header.push(other),
        }
        rest = rest.get(first.len_utf8()..).unwrap_or_default();
    }
    open.pop()
}

/// How long the comment, string or character at the beginning is; 0 when there is none.
fn skipped(text: &str) -> usize {
    let through = |end: &str, from: usize| {
        text.get(from..).and_then(|rest| rest.find(end)).map_or(text.len(), |at| from + at + end.len())
    };
    match text.as_bytes() {
        [b'/', b'/', ..] => through("\n", 0),
        [b'/', b'*', ..] => through("*/", 2),
        [b'r', b'"' | b'#', ..] => {
            raw(text).map_or(0, |hashes| through(&format!("\"{}", "#".repeat(hashes)), hashes + 2))
        }
        [b'"', ..] => escaped(text, '"'),
        [b'\'', b'\\', ..] => escaped(text, '\''),
        [b'\'', ..] => {
            let mut after = text.char_indices().skip(2);
            after.next().filter(|(_, c)| *c == '\'').map_or(0, |(at, _)| at + 1)
        }
        _ => 0,
    }
}

/// How many hashes a raw string has; `None` when it is none.
fn raw(text: &str) -> Option<usize> {
    let hashes = text.get(1..)?.find(|c| c != '#')?;
    text.get(1 + hashes..)?.starts_with('"').then_some(hashes)
}

/// The length of a quoted text with escapes.
fn escaped(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// `impl Trait for Type`, also with bounds of all lifetimes (`for<'a>`).
fn is_of_trait(header: &str) -> bool {
    let words: Vec<&str> = header.split_whitespace().collect();
    let starts = words.iter().rposition(|word| *word == "impl" || word.starts_with("impl<"));
    starts.is_some_and(|at| words.iter().skip(at).any(|word| *word == "for"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_of_the_innermost_block_is_found() {
        for (text, expected) in [
            ("impl Users for Pg { #[cached] async fn ", true),
            (
                "#[async_trait]\nunsafe impl<T: for<'a> Fn(&'a u8)> Users\nfor Pg<T>\nwhere T: Send {\n fn a() {}\n fn ",
                true,
            ),
            ("impl Pg { async fn ", false),
            ("impl<F: for<'a> Fn(&'a str)> Pg<F> { const X: char = '{'; fn ", false),
            ("impl Users for Pg {} impl Pg { fn a(&self) { \"impl A for B {\"; } fn ", false),
            ("// impl A for B {\nmod m { /* impl A for B { */ fn ", false),
            ("const RAW: &str = r#\"}\"# ; impl A for B { const C: &'static str = \"\\\"}\"; fn ", true),
            ("trait Users { fn ", false),
            ("fn ", false),
        ] {
            let header = innermost(text);
            assert_eq!(header.is_some_and(|header| is_of_trait(&header)), expected, "{text}");
        }
    }
}
