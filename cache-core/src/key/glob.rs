//! The one glob dialect: `*`, `?`, `[a-z]`, `[^a]`, and `\` to escape.

use super::escape::escape_into;
use crate::error::{Error, ErrorKind, Result};

/// One step of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Literal(char),
    /// A sign that a key holds as it is where it is the key's own, and escaped where it is a user's.
    Sign(char),
    AnyOne,
    AnyMany,
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Token {
    fn matches(&self, c: char) -> bool {
        match self {
            Self::Literal(literal) | Self::Sign(literal) => *literal == c,
            Self::AnyOne => true,
            Self::AnyMany => false,
            Self::Class { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated
            }
        }
    }
}

/// Reads a pattern.
pub(super) fn parse(text: &str) -> Result<Vec<Token>> {
    let mut tokens = Vec::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '*' if tokens.last() == Some(&Token::AnyMany) => {}
            '*' => tokens.push(Token::AnyMany),
            '?' => tokens.push(Token::AnyOne),
            '[' => tokens.push(class(&mut rest).ok_or_else(|| unreadable(text, "a [ is never closed"))?),
            '\\' => {
                let sign = rest.next().ok_or_else(|| unreadable(text, "it ends in \\"))?;
                push_literal(&mut tokens, sign, rest.as_str());
            }
            literal => push_literal(&mut tokens, literal, rest.as_str()),
        }
    }
    Ok(tokens)
}

/// A character that is meant literally, as keys hold it. A `%` with two hexadecimal digits behind it is an escape
/// already.
fn push_literal(tokens: &mut Vec<Token>, c: char, behind: &str) {
    let escape = behind.as_bytes().first_chunk::<2>();
    let is_escape = c == '%'
        && escape.is_some_and(|digits| digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'A'..=b'F')));
    match c {
        ':' => tokens.push(Token::Literal(c)),
        '(' | ')' | '[' | ']' | ',' | '~' => tokens.push(Token::Sign(c)),
        c if is_escape => tokens.push(Token::Literal(c)),
        c => tokens.extend(escaped(c).chars().map(Token::Literal)),
    }
}

fn escaped(c: char) -> String {
    let mut escaped = String::new();
    escape_into(&mut escaped, c.encode_utf8(&mut [0; 4]));
    escaped
}

/// Reads a class behind its `[`.
fn class(rest: &mut std::str::Chars<'_>) -> Option<Token> {
    let mut ranges: Vec<(char, char)> = Vec::new();
    let mut next = rest.next()?;
    let negated = next == '^';
    if negated {
        next = rest.next()?;
    }
    loop {
        match next {
            ']' => return Some(Token::Class { negated, ranges }),
            '-' if !ranges.is_empty() && !rest.as_str().starts_with(']') => {
                let high = literal(rest.next()?, rest)?;
                let last = ranges.last_mut()?;
                *last = (last.0.min(high), last.0.max(high));
            }
            c => {
                let c = literal(c, rest)?;
                ranges.push((c, c));
            }
        }
        next = rest.next()?;
    }
}

fn literal(c: char, rest: &mut std::str::Chars<'_>) -> Option<char> {
    if c == '\\' { rest.next() } else { Some(c) }
}

/// Whether the whole text matches. Takes `O(pattern x text)` at worst: one star is remembered at a time.
pub(super) fn matches(tokens: &[Token], text: &str) -> bool {
    let (mut tokens, mut text) = (tokens, text);
    let mut retry: Option<(&[Token], &str)> = None;
    loop {
        let mut chars = text.chars();
        match (tokens.split_first(), chars.next()) {
            (Some((Token::AnyMany, behind)), _) => {
                retry = Some((behind, text));
                tokens = behind;
                continue;
            }
            (None, None) => return true,
            (Some((Token::Sign(sign), behind)), Some('%')) if text.starts_with(&escaped(*sign)) => {
                (tokens, text) = (behind, text.get(escaped(*sign).len()..).unwrap_or_default());
                continue;
            }
            (Some((token, behind)), Some(c)) if token.matches(c) => {
                (tokens, text) = (behind, chars.as_str());
                continue;
            }
            _ => {}
        }
        let Some((behind, from)) = retry else { return false };
        let mut longer = from.chars();
        if longer.next().is_none() {
            return false;
        }
        retry = Some((behind, longer.as_str()));
        (tokens, text) = (behind, longer.as_str());
    }
}

fn unreadable(text: &str, why: &str) -> Error {
    Error::new(ErrorKind::Pattern, format!("cannot read the pattern {text:?}: {why}"))
        .with_fix("escape signs that are meant literally with \\, or use KeyPattern::escape")
}
