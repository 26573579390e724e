//! Rust source as words and signs with their lines: comments, strings and character literals are left out.

/// A word (identifier, keyword, number) or one sign; `::` is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    pub(crate) line: usize,
}

/// Everything that is code.
pub(crate) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer { rest: source, line: 1 };
    let mut tokens = Vec::new();
    while !lexer.rest.is_empty() {
        let line = lexer.line;
        match lexer.next_kind() {
            Kind::Blank(length) => {
                lexer.take(length);
            }
            Kind::Code(length) => tokens.push(Token { text: lexer.take(length), line }),
        }
    }
    tokens
}

/// What comes next, and how many bytes it takes.
enum Kind {
    Blank(usize),
    Code(usize),
}

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Lexer<'a> {
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }

    fn next_kind(&self) -> Kind {
        let rest = self.rest;
        if rest.starts_with("//") {
            return Kind::Blank(rest.find('\n').unwrap_or(rest.len()));
        }
        if rest.starts_with("/*") {
            return Kind::Blank(block_comment(rest));
        }
        if let Some(length) = string(rest).or_else(|| character(rest)) {
            return Kind::Blank(length);
        }
        // The `r#` of a raw identifier is no part of its name.
        if rest.starts_with("r#") {
            return Kind::Blank(2);
        }
        match word(rest) {
            0 if rest.starts_with("::") => Kind::Code(2),
            0 => sign(rest),
            length => Kind::Code(length),
        }
    }
}

fn word(rest: &str) -> usize {
    rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len())
}

fn sign(rest: &str) -> Kind {
    let sign = rest.chars().next().unwrap_or_default();
    if sign.is_whitespace() { Kind::Blank(sign.len_utf8()) } else { Kind::Code(sign.len_utf8()) }
}

/// Comments nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0_u32;
    let mut at = 0;
    while let Some(tail) = rest.get(at..).filter(|tail| !tail.is_empty()) {
        if tail.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if tail.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += tail.chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// A string of any kind: `"..."`, `b"..."`, `c"..."`, `r#"..."#`, `br"..."`.
fn string(rest: &str) -> Option<usize> {
    let body = rest.trim_start_matches(['b', 'c']);
    let prefix = rest.len() - body.len();
    if prefix > 1 {
        return None;
    }
    if let Some(raw) = body.strip_prefix('r') {
        let unhashed = raw.trim_start_matches('#');
        let end = format!("\"{}", "#".repeat(raw.len() - unhashed.len()));
        let text = unhashed.strip_prefix('"')?;
        let close = text.find(&end).map_or(text.len(), |at| at + end.len());
        return Some(rest.len() - text.len() + close);
    }
    let text = body.strip_prefix('"')?;
    Some(prefix + 1 + escaped_until('"', text))
}

/// `'a'`, `'\n'`, `b'x'`; not the lifetime `'a`.
fn character(rest: &str) -> Option<usize> {
    let body = rest.strip_prefix('b').unwrap_or(rest);
    let text = body.strip_prefix('\'')?;
    let mut chars = text.chars();
    let is_literal = chars.next()? == '\\' || chars.next() == Some('\'');
    is_literal.then(|| rest.len() - text.len() + escaped_until('\'', text))
}

/// Bytes up to and with the closing quote.
fn escaped_until(quote: char, text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if c == quote && !escaped {
            return at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    text.len()
}
