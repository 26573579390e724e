//! The one glob dialect: `*`, `?`, `[a-z]`, `[^a]`, and `\` to escape.

use crate::error::{Error, ErrorKind, Result};

/// One step of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Literal(char),
    AnyOne,
    AnyMany,
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl Token {
    fn matches(&self, c: char) -> bool {
        match self {
            Self::Literal(literal) => *literal == c,
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
                tokens.push(Token::Literal(rest.next().ok_or_else(|| unreadable(text, "it ends in \\"))?))
            }
            literal => tokens.push(Token::Literal(literal)),
        }
    }
    Ok(tokens)
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
