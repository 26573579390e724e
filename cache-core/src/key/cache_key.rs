//! A whole key: what every byte tier, the bus and the lease see.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock};

use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128};

use super::{KeyBuilder, Namespace, NearKey, NearProbe, PartWriter, Parts, PartsProbe, SpaceName};
use crate::error::{Error, ErrorKind, Result};

/// A physical key: namespace, keyspace, schema and parts. Cloning is a reference count.
///
/// `Display` and `Debug` show a shortened digest, since keys may name people; [`CacheKey::as_str`] is the text.
#[must_use]
#[derive(Clone)]
pub struct CacheKey(Arc<Inner>);

struct Inner {
    text: Box<str>,
    relative_at: usize,
    fingerprint: u128,
    near: NearKey,
    nature: Nature,
}

/// What is known of a key but is not in its text.
#[derive(Debug, Clone, Copy, Default)]
struct Nature {
    /// It was written under a secret of this process: no byte tier can make sense of it.
    stays_here: bool,
    /// Its keyspace is sealed. Only known of a key that was made of parts.
    sealed: bool,
    /// Another cache gives the name, and reads and writes under it: no namespace is in front of it, and what is stored
    /// has that cache's form.
    foreign: bool,
    /// Its parts have no form, so it stands for nothing that could be stored.
    refused: bool,
}

/// The segment in front of a tenant.
const TENANT: &str = "~tenant";

impl CacheKey {
    /// The key of a call. Allocates; only a miss gets here.
    pub fn of_parts(namespace: &Namespace, space: &SpaceName, parts: &impl Parts) -> Self {
        let mut writer = PartWriter::after(space.as_str()).within(namespace);
        parts.write_all(&mut writer);
        let (stays_here, refused) = (writer.stays_here(), writer.is_refused());
        let (stored, relative) = writer.finish();
        let hash = PartsProbe::new(space.id(), parts).hash();
        let near = NearKey::new(hash, space.id(), &stored);
        let nature = Nature { stays_here, sealed: space.is_sealed(), foreign: space.is_foreign(), refused };
        #[cfg(feature = "cachekit")]
        if nature.foreign {
            // What is refused names nothing that anybody stores.
            let text = match refused {
                true => format!("{space}:~"),
                false => super::interop::text(space.as_str(), &stored),
            };
            return Self::assemble("", &text, near, nature);
        }
        Self::assemble(namespace.prefix(), &relative, near, nature)
    }

    /// A key that a person wrote: colons separate segments, everything else is escaped.
    ///
    /// # Errors
    /// [`ErrorKind::Key`] when the text is empty.
    pub fn direct(namespace: &Namespace, text: &str) -> Result<Self> {
        Ok(Self::of_text(namespace, &KeyBuilder::new(text)?.into_text()))
    }

    /// The group of one exclusive claim: `ns:c:k:<text>`. Claims are no data: no verb but those of claims reaches
    /// them, and no pattern matches them.
    ///
    /// # Errors
    /// [`ErrorKind::Key`] when the text is empty.
    pub fn of_claim(namespace: &Namespace, text: &str) -> Result<Self> {
        Self::among_claims(namespace, 'k', text)
    }

    /// A group of claims of which a number may be held at once: `ns:c:g:<text>`.
    ///
    /// # Errors
    /// [`ErrorKind::Key`] when the text is empty.
    pub fn of_slots(namespace: &Namespace, text: &str) -> Result<Self> {
        Self::among_claims(namespace, 'g', text)
    }

    /// The key of a token. Tokens are no data: no pattern matches them, and the near tier never holds them.
    pub(super) fn of_token(namespace: &Namespace, text: &str) -> Self {
        Self::assemble(&namespace.token_prefix(), text, NearKey::direct(text), Nature::default())
    }

    fn among_claims(namespace: &Namespace, kind: char, text: &str) -> Result<Self> {
        let text = KeyBuilder::new(text)?.into_text();
        let prefix = format!("{}{kind}:", namespace.claim_prefix());
        Ok(Self::assemble(&prefix, &text, NearKey::direct(&text), Nature::default()))
    }

    /// A key whose relative text is escaped already.
    pub(crate) fn of_text(namespace: &Namespace, relative: &str) -> Self {
        Self::assemble(namespace.prefix(), relative, NearKey::direct(relative), Nature::default())
    }

    /// A key of another cache, whole as it is.
    #[cfg(feature = "cachekit")]
    pub(super) fn foreign(text: &str) -> Self {
        Self::assemble("", text, NearKey::direct(text), Nature { foreign: true, ..Nature::default() })
    }

    fn assemble(prefix: &str, relative: &str, near: NearKey, nature: Nature) -> Self {
        let text = [prefix, relative].concat().into_boxed_str();
        Self(Arc::new(Inner {
            fingerprint: xxh3_128(text.as_bytes()),
            relative_at: prefix.len(),
            text,
            near,
            nature,
        }))
    }

    /// The physical key, namespace included. The same in every byte tier.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// The key without its namespace, as patterns see it.
    #[must_use]
    pub fn relative(&self) -> &str {
        self.0.text.get(self.0.relative_at..).unwrap_or_default()
    }

    /// A 128-bit fingerprint of the physical key, carried by every stored frame.
    #[must_use]
    pub fn fingerprint(&self) -> u128 {
        self.0.fingerprint
    }

    /// Which of so many stripes (of locks, of tables) the key belongs to: the same for the same physical key, whether
    /// it was made of parts or of text.
    pub(crate) fn stripe(&self, stripes: usize) -> usize {
        usize::try_from(self.0.fingerprint % stripes.max(1) as u128).unwrap_or(0)
    }

    /// The tenant whose entry it is (`tenant = expr` of a cached function), escaped as it stands in the key.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        // No segment that a user can write begins with `~`: see `escape`.
        let mut segments = self.relative().split(':').skip_while(|segment| *segment != TENANT);
        segments.next().and_then(|_| segments.next())
    }

    /// Whether what is stored under it is sealed.
    pub(crate) fn is_sealed(&self) -> bool {
        self.0.nature.sealed
    }

    /// Whether it is of use in this process only: it has a sensitive part, and its manager has no secret that other
    /// processes know.
    pub(crate) fn stays_here(&self) -> bool {
        self.0.nature.stays_here
    }

    /// Whether another cache gives its name, and the form of what is stored under it. It has no namespace of ours.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        self.0.nature.foreign
    }

    /// Whether its parts have no form: nothing is read or stored under it.
    pub(crate) fn is_refused(&self) -> bool {
        self.0.nature.refused
    }

    /// The key as the near store knows it.
    #[must_use]
    pub fn near(&self) -> &NearKey {
        &self.0.near
    }
}

impl PartialEq for CacheKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.text == other.0.text
    }
}

impl Eq for CacheKey {}

impl Hash for CacheKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.text.hash(state);
    }
}

impl fmt::Display for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        static SEED: LazyLock<u64> = LazyLock::new(|| NearKey::direct("display").hash());
        let namespace = self.as_str().split(':').next().unwrap_or_default();
        let digest = xxh3_64_with_seed(self.as_str().as_bytes(), *SEED) >> 32;
        write!(f, "{namespace}#{digest:08x}")
    }
}

impl fmt::Debug for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CacheKey({self})")
    }
}

/// What can name an entry in a direct call: text, a built key, or the key of a cached function.
pub trait IntoKey {
    /// The key within a namespace.
    ///
    /// # Errors
    /// [`ErrorKind::Key`] when the text is empty.
    fn into_key(self, namespace: &Namespace) -> Result<CacheKey>;
}

impl IntoKey for &str {
    fn into_key(self, namespace: &Namespace) -> Result<CacheKey> {
        CacheKey::direct(namespace, self)
    }
}

impl IntoKey for String {
    fn into_key(self, namespace: &Namespace) -> Result<CacheKey> {
        CacheKey::direct(namespace, &self)
    }
}

impl IntoKey for &String {
    fn into_key(self, namespace: &Namespace) -> Result<CacheKey> {
        CacheKey::direct(namespace, self)
    }
}

impl IntoKey for CacheKey {
    fn into_key(self, namespace: &Namespace) -> Result<CacheKey> {
        if self.is_refused() {
            return Err(Error::new(ErrorKind::Key, "the key was made of arguments that have no form in it")
                .with_fix(
                    "leave out NaN, infinities, integers beyond 64 bits, and maps with keys that are no text",
                ));
        }
        if self.is_foreign() || self.as_str().get(..self.0.relative_at) == Some(namespace.prefix()) {
            return Ok(self);
        }
        Ok(Self::assemble(namespace.prefix(), self.relative(), self.near().clone(), self.0.nature))
    }
}

impl IntoKey for &CacheKey {
    fn into_key(self, namespace: &Namespace) -> Result<CacheKey> {
        self.clone().into_key(namespace)
    }
}

pub(super) fn empty_key() -> Error {
    Error::new(ErrorKind::Key, "the key is empty").with_fix("name what is cached, e.g. \"user:7\"")
}
