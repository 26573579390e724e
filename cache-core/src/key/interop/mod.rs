//! Names that another cache gives: interop/v1 of cachekit, `namespace:operation:digest`.
//!
//! Promise: the same arguments have the same key in every language that speaks the protocol, and arguments without a
//! canonical form have none. Such a key is whole as it is: no namespace of larder is put in front of it. Invariant:
//! what is hashed is what the near tier compares, so one physical key is one near key. Read on in [`canonical`] (the
//! bytes), [`segment`] (what a name may look like), [`part`] (an argument of a cached function).

mod canonical;
mod marks;
mod part;
mod segment;

pub use marks::{Binary, DateTime, Set};
pub use part::InteropPart;
pub use segment::segment_problem;

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};
use serde::Serialize;

use super::{CacheKey, SpaceName, StoredParts, escape};
use crate::error::{Error, ErrorKind, Result};

/// A namespace and an operation, checked: what keys of one function begin with.
///
/// # Errors
/// [`ErrorKind::Config`] for what the protocol does not allow in a key, with the reason.
pub(super) fn name(namespace: &str, operation: &str) -> Result<String> {
    for (what, held, is_namespace) in [("namespace", namespace, true), ("operation", operation, false)] {
        if let Some(problem) = segment_problem(held, is_namespace) {
            return Err(Error::new(ErrorKind::Config, format!("{what} holds {held:?}, which {problem}"))
                .with_fix("use 1 to 64 of a-z 0-9 . _ -, e.g. \"shop\" and \"user.get\""));
        }
    }
    Ok(format!("{namespace}:{operation}"))
}

/// The text of a key: `args` are the canonical documents of the arguments, each with its length in front.
pub(super) fn text(name: &str, args: &[u8]) -> String {
    let mut count = 0;
    let mut each = StoredParts::new(args);
    while each.bytes().is_some() {
        count += 1;
    }
    let mut root = Vec::with_capacity(args.len() + 5);
    canonical::array_header(&mut root, count);
    let mut each = StoredParts::new(args);
    while let Some(arg) = each.bytes() {
        root.extend_from_slice(arg);
    }
    of_canonical(name, &root)
}

fn of_canonical(name: &str, root: &[u8]) -> String {
    let mut text = String::with_capacity(name.len() + 65);
    text.push_str(name);
    text.push(':');
    text.extend(
        Blake2b::<U32>::digest(root)
            .iter()
            .flat_map(|byte| escape::hex(*byte))
            .map(|digit| digit.to_ascii_lowercase()),
    );
    text
}

impl CacheKey {
    /// The key of an interop/v1 entry of cachekit: `namespace:operation:` and the BLAKE2b-256 of the canonical
    /// MessagePack of the arguments, which are a tuple (or another sequence): `&(42, "hello")`, `&[(); 0]` for none.
    ///
    /// It is what stands in the store, without a larder namespace. Every verb that takes a key reads and writes under it
    /// plain MessagePack, as the other SDKs do.
    ///
    /// ```
    /// # use cache_core::key::CacheKey;
    /// let key = CacheKey::cachekit("users", "get_user", &(42,))?;
    /// assert_eq!(
    ///     key.as_str(),
    ///     "users:get_user:61598716255080080f6456eb065c2e51badfaa4320b0efe97469c29cffee8875"
    /// );
    /// # Ok::<(), cache_core::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for a name that the protocol does not allow; [`ErrorKind::Key`] for arguments without a
    /// canonical form: NaN, an infinity, an integer beyond 64 bits, a map with keys that are no text.
    pub fn cachekit(namespace: &str, operation: &str, args: &impl Serialize) -> Result<Self> {
        let name = name(namespace, operation)?;
        let root = canonical::of(args).map_err(|refusal| {
            Error::new(ErrorKind::Key, refusal.to_string())
                .with_fix("pass arguments that every language can write alike")
        })?;
        if !matches!(root.first(), Some(0x90..=0x9f | 0xdc | 0xdd)) {
            return Err(Error::new(ErrorKind::Key, "the arguments are no tuple, array or sequence")
                .with_fix("pass them as a tuple: `&(42,)` for one, `&[(); 0]` for none"));
        }
        Ok(Self::foreign(&of_canonical(&name, &root)))
    }
}

impl SpaceName {
    /// The keyspace of interop/v1 entries of cachekit.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for a name that the protocol does not allow.
    pub fn cachekit(namespace: &str, operation: &str) -> Result<Self> {
        Ok(Self::foreign(&name(namespace, operation)?))
    }
}
