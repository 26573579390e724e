//! Patterns over keys, the same on every backend.

use std::fmt;
use std::fmt::Write;
use std::sync::Arc;

use super::escape::escape_into;
use super::glob::{self, Token};
use super::untyped::{text_of_part, untyped};
use super::{KeyPart, MAX_PART_BYTES, Namespace, SpaceName};
use crate::error::{Error, ErrorKind, Result};

/// A pattern that deletes keys: `user:*`, `report:[0-9]?:summary`.
///
/// It sees keys without their namespace and without the signs that tell types apart: `user:7:*` matches the
/// entries of `7_u64`, `7_i32` and `"7"`. User text inside a pattern goes through [`KeyPattern::escape`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPattern {
    text: Arc<str>,
    alternatives: Arc<[Vec<Token>]>,
    /// What a server is asked for: at least what the alternatives match.
    wide: Arc<[Token]>,
    /// `ns:d:`, once the pattern has been placed in a namespace.
    scope: Arc<str>,
}

const MAX_PATTERN_BYTES: usize = 256;
const MAX_STARS: usize = 8;

impl KeyPattern {
    /// Reads a pattern: `*` any text, `?` one character, `[a-z]`, `[^a]`, `\` makes the next sign literal,
    /// `%2A` is one that is escaped already.
    ///
    /// # Errors
    /// [`ErrorKind::Pattern`] when it is empty, cannot be read, has more than 8 stars or 256 bytes, or spells
    /// out more than 128 bytes of one part (such a part is stored as a digest and can only be named exactly).
    pub fn parse(text: &str) -> Result<Self> {
        let tokens = glob::parse(text)?;
        check(text, &tokens)?;
        Ok(Self::of(text, vec![tokens]))
    }

    fn of(text: &str, alternatives: Vec<Vec<Token>>) -> Self {
        let wide = alternatives.iter().min_by_key(|tokens| tokens.len()).cloned().unwrap_or_default();
        Self { text: text.into(), alternatives: alternatives.into(), wide: wide.into(), scope: "".into() }
    }

    /// Text for a pattern that matches exactly this one part, whatever is in it: `*` in it is a literal.
    #[must_use]
    pub fn escape(literal: &str) -> String {
        let mut escaped = String::with_capacity(literal.len());
        escape_into(&mut escaped, literal);
        escaped
    }

    /// Text for a pattern that matches exactly this one part, of whatever type.
    #[must_use]
    pub fn of_part(part: &(impl KeyPart + ?Sized)) -> String {
        let text = text_of_part(part);
        let mut escaped = String::with_capacity(text.len());
        text.chars().for_each(|c| push_literal(&mut escaped, c));
        escaped
    }

    /// Everything whose key begins with this text (colons separate segments; the rest is literal).
    ///
    /// # Errors
    /// [`ErrorKind::Pattern`] when it is empty: that would match everything.
    pub fn prefix(prefix: &str) -> Result<Self> {
        if prefix.is_empty() {
            return Err(Error::new(ErrorKind::Pattern, "an empty prefix would match every key")
                .with_fix("name a prefix, or use clear()"));
        }
        let mut literal: Vec<String> = prefix.split(':').map(Self::escape).collect();
        if let Some(last) = literal.last_mut() {
            last.push('*');
        }
        Self::parse(&literal.join(":"))
    }

    /// Everything of one entity: `property:7` and `property:7:*`.
    ///
    /// # Errors
    /// [`ErrorKind::Pattern`] when the name is empty.
    pub fn for_entity(name: &str, id: impl fmt::Display) -> Result<Self> {
        if name.is_empty() {
            return Err(Error::new(ErrorKind::Pattern, "an entity without a name is that of every keyspace")
                .with_fix("name the entity, as in for_entity(\"property\", 7)"));
        }
        let entity = format!("{}:{}", Self::escape(name), Self::escape(&id.to_string()));
        let (exact, below) = (glob::parse(&entity)?, glob::parse(&format!("{entity}:*"))?);
        check(&entity, &below)?;
        Ok(Self::of(&format!("{entity}(:*)"), vec![exact, below]))
    }

    /// Everything of a keyspace, whatever the schema.
    #[must_use]
    pub fn for_space(name: &SpaceName) -> Self {
        let name = untyped(name.as_str());
        let exact: Vec<Token> = name.chars().map(Token::Literal).collect();
        let below = exact.iter().cloned().chain([Token::Literal(':'), Token::AnyMany]).collect();
        Self::of(&format!("{name}(:*)"), vec![exact, below])
    }

    /// Everything of one user: `user:7`, `user:7:*`, and what `#[cached(user = ..)]` stores for this user under
    /// whatever name.
    ///
    /// # Errors
    /// Never for an id of up to 128 bytes.
    pub fn for_user(id: impl fmt::Display) -> Result<Self> {
        let entity = Self::for_entity("user", &id)?;
        let mut alternatives = entity.alternatives.to_vec();
        for below in ["", ":*"] {
            alternatives.push(glob::parse(&format!("*:~user:{}{below}", Self::escape(&id.to_string())))?);
        }
        let wide = [Token::AnyMany].into_iter().chain(entity.wide.iter().cloned()).collect();
        Ok(Self { wide, ..Self::of(&entity.text, alternatives) })
    }

    /// The same pattern over the data keys of a namespace.
    #[must_use]
    pub fn within(&self, namespace: &Namespace) -> Self {
        Self { scope: namespace.data_prefix().into(), ..self.clone() }
    }

    /// Every token of a namespace. (All other patterns are over its data keys.)
    #[must_use]
    pub fn of_tokens(namespace: &Namespace) -> Self {
        Self { scope: namespace.token_prefix().into(), ..Self::of("*", vec![vec![Token::AnyMany]]) }
    }

    /// Whether a physical key is meant.
    #[must_use]
    pub fn matches(&self, key: &str) -> bool {
        key.strip_prefix(&*self.scope).is_some_and(|relative| {
            let seen = untyped(relative);
            // What a person wrote may look like a sign: `flag:@2`, `item:7u8`.
            self.alternatives
                .iter()
                .any(|tokens| glob::matches(tokens, &seen) || glob::matches(tokens, relative))
        })
    }

    /// [`KeyPattern::matches`] for a key as a server sent it: one that is no UTF-8 is foreign, so it never matches.
    #[must_use]
    pub fn matches_bytes(&self, key: &[u8]) -> bool {
        std::str::from_utf8(key).is_ok_and(|key| self.matches(key))
    }

    /// A Redis glob that matches at least all that this pattern matches (a server cannot leave out types); what
    /// it returns is still filtered with [`KeyPattern::matches_bytes`].
    #[must_use]
    pub fn server_glob(&self) -> String {
        let mut glob = String::new();
        self.scope.chars().for_each(|c| push_literal(&mut glob, c));
        push_wider(&mut glob, &self.wide);
        cap_stars(glob)
    }
}

impl fmt::Display for KeyPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Widens a pattern for a server: a star wherever a key may carry a sign that patterns do not see (behind a
/// colon, behind a digit, at the end), and for what the server would match byte by byte.
fn push_wider(glob: &mut String, tokens: &[Token]) {
    let mut after_digit = false;
    for token in tokens {
        match token {
            Token::Literal(':') => {
                if after_digit {
                    push_star(glob);
                }
                glob.push(':');
                push_star(glob);
            }
            Token::Literal(c) => push_literal(glob, *c),
            Token::Sign(_) | Token::AnyOne | Token::AnyMany | Token::Class { .. } => push_star(glob),
        }
        after_digit = matches!(token, Token::Literal(c) if c.is_ascii_digit());
    }
    push_star(glob);
}

fn push_star(glob: &mut String) {
    if !glob.ends_with('*') || glob.ends_with("\\*") {
        glob.push('*');
    }
}

/// Cuts a glob behind its eighth star: servers before 6.2.7 match many stars in exponential time.
fn cap_stars(mut glob: String) -> String {
    let stars =
        glob.match_indices('*').filter(|(at, _)| !glob.get(..*at).is_some_and(|head| head.ends_with('\\')));
    if let Some((at, _)) = stars.collect::<Vec<_>>().get(MAX_STARS - 1) {
        glob.truncate(at + 1);
    }
    glob
}

fn push_literal(glob: &mut String, c: char) {
    if matches!(c, '*' | '?' | '[' | ']' | '^' | '-' | '\\') {
        glob.push('\\');
    }
    let _ = glob.write_char(c);
}

fn check(text: &str, tokens: &[Token]) -> Result<()> {
    let stars = tokens.iter().filter(|token| **token == Token::AnyMany).count();
    let longest_literal = tokens
        .split(|token| !matches!(token, Token::Literal(c) | Token::Sign(c) if *c != ':'))
        .map(|run| {
            run.iter()
                .map(|token| if let Token::Literal(c) | Token::Sign(c) = token { c.len_utf8() } else { 0 })
                .sum()
        })
        .max()
        .unwrap_or(0usize);
    let wrong = if text.is_empty() {
        "it is empty".to_owned()
    } else if text.len() > MAX_PATTERN_BYTES {
        format!("it has {} bytes, at most {MAX_PATTERN_BYTES} are allowed", text.len())
    } else if stars > MAX_STARS {
        format!("it has {stars} stars, at most {MAX_STARS} are allowed")
    } else if longest_literal > MAX_PART_BYTES {
        format!(
            "it spells out {longest_literal} bytes of one part, but parts above {MAX_PART_BYTES} are stored as a digest"
        )
    } else {
        return Ok(());
    };
    Err(Error::new(ErrorKind::Pattern, format!("pattern {:?}: {wrong}", shorten(text)))
        .with_fix("shorten it, or delete the keys by name"))
}

fn shorten(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{CacheKey, build_cache_key};

    fn meant(pattern: &KeyPattern, key: &str) -> bool {
        let shop = Namespace::new("shop").unwrap();
        pattern.within(&shop).matches(CacheKey::direct(&shop, key).unwrap().as_str())
    }

    #[test]
    fn the_dialect() {
        for (pattern, yes, no) in [
            ("user:*", "user:7", "users:7"),
            ("user:?", "user:7", "user:77"),
            ("user:[0-9]:x", "user:3:x", "user:a:x"),
            ("user:[^0-9]", "user:a", "user:3"),
            ("*:summary", "a:b:summary", "summary"),
            ("a*b*c", "aXbYbZc", "aXcYb"),
            ("list:*", "list:1", "list-other:1"),
            ("m\u{fc}*", "m\u{fc}ller", "muller"),
        ] {
            let pattern = KeyPattern::parse(pattern).unwrap();
            assert!(meant(&pattern, yes) && !meant(&pattern, no), "{pattern}");
        }
        for bad in ["", "a[b", "a\\", "*a*a*a*a*a*a*a*a*b", &"x".repeat(300), &"x".repeat(129)] {
            assert_eq!(KeyPattern::parse(bad).unwrap_err().kind(), ErrorKind::Pattern, "{bad}");
        }
    }

    #[test]
    fn user_text_matches_only_itself() {
        for id in ["*", "a?", "[a-z]", "\\", "a:b", "{x}", "%2A", "^", "-", "\u{0}", "7", "true"] {
            let pattern = KeyPattern::parse(&format!("user:{}:*", KeyPattern::escape(id))).unwrap();
            let shop = Namespace::default();
            let own = build_cache_key("user", &(id, "x")).unwrap();
            let own = super::super::IntoKey::into_key(own, &shop).unwrap();
            assert!(pattern.within(&shop).matches(own.as_str()), "{id}");
            assert!(!meant(&pattern, "user:other:x"), "{id}");
        }
    }

    #[test]
    fn patterns_do_not_see_types_or_schemas() {
        let pattern = KeyPattern::parse("user:7:*").unwrap();
        for key in ["user:7:a", "user:7i64:a", "user:'7:a", "user:@2:7u8:a"] {
            assert!(pattern.matches(key), "{key}");
        }
        assert!(!pattern.matches("user:77:a") && !pattern.matches("user:7"));
        let entity = KeyPattern::for_entity("property", 7).unwrap();
        assert!(
            entity.matches("property:7")
                && entity.matches("property:7i32:v1")
                && !entity.matches("property:70")
        );
        let user = KeyPattern::for_user(7).unwrap();
        for key in ["user:7", "user:7i32:x", "list:~user:7", "list:~tenant:3:~user:7i64:x", "list:~user:'7:x"]
        {
            assert!(user.matches(key), "{key}");
        }
        for key in ["user:77", "list:user:7", "list:~user:~", "list:~user:77:x", "list:~user:x:7"] {
            assert!(!user.matches(key), "{key}");
        }
        assert!(KeyPattern::prefix("").is_err() && KeyPattern::for_entity("", 7).is_err());
        assert!(KeyPattern::prefix("user:").unwrap().matches("user:7"));
    }

    #[test]
    fn a_server_is_asked_for_at_least_what_matches() {
        let shop = Namespace::new("shop").unwrap();
        for (pattern, glob) in
            [("user:*", "shop:d:user:*"), ("user:7:*", "shop:d:user:*7*:*"), ("a-b?c", "shop:d:a\\-b*c*")]
        {
            assert_eq!(KeyPattern::parse(pattern).unwrap().within(&shop).server_glob(), glob);
        }
        let user = KeyPattern::for_user(7).unwrap().within(&shop);
        assert_eq!(user.server_glob(), "shop:d:*user:*7*");
        let entity = KeyPattern::for_entity("property", 7).unwrap().within(&shop);
        assert_eq!(entity.server_glob(), "shop:d:property:*7*");
    }
}
