//! Writing parts: once for comparison in this process, once as text for every other store.

use std::fmt;

use sha2::{Digest, Sha256};

use super::escape::{self, escape_into};
use super::{KeyPart, KeySecret, MAX_KEY_BYTES, MAX_PART_BYTES, Namespace};

/// Receives the parts of a key after a miss, and keeps two forms of them: compact bytes that [`KeyPart::same`]
/// compares, and injective text that is the same in every byte tier.
///
/// The text of a type never equals the text of another: `7` is a `u64`, `7i32` an `i32`, `'7` a string, `~` is
/// `None`, `'` is the empty string, `(a,b)` a tuple, `[a,b]` a sequence, `@Name` a variant.
#[derive(Default)]
pub struct PartWriter {
    stored: Vec<u8>,
    text: String,
    secret: Option<KeySecret>,
    /// A sensitive part was written under a secret that no other process knows.
    stays_here: bool,
    /// A part has no form in which it could be written.
    refused: bool,
}

impl PartWriter {
    /// Begins behind text that is escaped already (a keyspace's name).
    #[must_use]
    pub fn after(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }

    /// Sensitive parts are written under the secret of this namespace.
    pub(super) fn within(mut self, namespace: &Namespace) -> Self {
        self.secret = namespace.secret().cloned();
        self
    }

    /// Whether what was written has no meaning outside of this process.
    pub(super) fn stays_here(&self) -> bool {
        self.stays_here
    }

    /// What was written last has no form: the key that it is a part of stands for nothing.
    #[cfg(feature = "cachekit")]
    pub(super) fn refuse(&mut self) {
        self.refused = true;
    }

    /// Whether a part has no form.
    pub(super) fn is_refused(&self) -> bool {
        self.refused
    }

    /// Begins with room for a name.
    pub(super) fn for_name(name: &str) -> Self {
        Self { text: String::with_capacity(name.len()), ..Self::default() }
    }

    /// Ends, giving the stored parts and the text.
    #[must_use]
    pub fn finish(self) -> (Vec<u8>, String) {
        (self.stored, self.text)
    }

    /// Writes a whole part as the next segment of the key. Too long a text is replaced by its digest.
    pub fn segment(&mut self, part: &(impl KeyPart + ?Sized)) {
        self.text.push(':');
        let start = self.text.len();
        part.write(self);
        self.bound(start);
    }

    /// Replaces the segment that begins at `start` by a digest of it when it, or the key, has become too long. The
    /// quote of a string does not count, so that whoever spells out a string need not know whether it has one.
    fn bound(&mut self, start: usize) {
        let segment = self.text.get(start..).unwrap_or_default();
        let quote = usize::from(segment.starts_with('\''));
        if segment.len() - quote <= MAX_PART_BYTES && self.text.len() <= MAX_KEY_BYTES {
            return;
        }
        let start = self.shared_from(start);
        let digest = Sha256::digest(self.text.as_bytes().get(start..).unwrap_or_default());
        self.text.truncate(start);
        self.text.push_str("~h");
        self.push_hex(&digest);
    }

    /// Where the digest of a segment begins: in a key that is too long already it takes in the digest before it. (No
    /// segment holds a colon, so a digest of two is never that of one.)
    fn shared_from(&self, start: usize) -> usize {
        let before = self.text.get(..start.saturating_sub(1)).unwrap_or_default();
        match before.rfind(":~h") {
            Some(at)
                if before.len() > MAX_KEY_BYTES
                    && !before.get(at + 1..).is_some_and(|last| last.contains(':')) =>
            {
                at + 1
            }
            _ => start,
        }
    }

    /// A part that nobody is to read: its text is an HMAC of it, `~s` and 64 digits. What is stored for comparison, in
    /// the near tier alone, is the part itself.
    pub fn sensitive(&mut self, part: &(impl KeyPart + ?Sized)) {
        let mut clear = Self::default();
        part.write(&mut clear);
        self.stored.append(&mut clear.stored);
        self.stays_here |= self.secret.is_none();
        let secret = self.secret.as_ref().unwrap_or_else(|| KeySecret::of_this_process());
        let hmac = secret.hmac(clear.text.as_bytes());
        self.text.push_str("~s");
        self.push_hex(&hmac);
    }

    fn push_hex(&mut self, bytes: &[u8]) {
        self.text.extend(bytes.iter().flat_map(|byte| escape::hex(*byte)));
    }

    /// Appends a name that a person wrote (`user`, `blog:posts`): its colons separate segments, the rest is escaped.
    pub(super) fn name(&mut self, name: &str) {
        for (index, segment) in name.split(':').enumerate() {
            if index > 0 {
                self.text.push(':');
            }
            let start = self.text.len();
            escape::escape_into(&mut self.text, segment);
            self.bound(start);
        }
    }

    /// An integer or another value of fixed size: its bytes, and text that names its type unless it is a `u64`.
    pub fn number<const N: usize>(&mut self, bytes: [u8; N], text: impl std::fmt::Display, kind: &str) {
        use std::fmt::Write;
        self.stored.extend_from_slice(&bytes);
        let _ = write!(self.text, "{text}{kind}");
    }

    /// A string.
    pub fn string(&mut self, text: &str) {
        self.raw_bytes(text.as_bytes());
        if escape::needs_quote(text) {
            self.text.push('\'');
        }
        escape_into(&mut self.text, text);
    }

    /// Bytes that are no text: stored as they are, shown as hexadecimal digits.
    pub fn binary(&mut self, bytes: &[u8]) {
        self.raw_bytes(bytes);
        self.text.push_str("~x");
        self.push_hex(bytes);
    }

    /// A bare word of ours (`true`, `~`, `@Name`): text only, no stored bytes.
    pub fn word(&mut self, word: &str) {
        self.text.push_str(word);
    }

    /// A tag byte, stored only.
    pub fn tag(&mut self, tag: u8) {
        self.stored.push(tag);
    }

    /// A number, stored only (a length, or the index of an enum's variant).
    pub fn count(&mut self, count: u64) {
        self.stored.extend_from_slice(&count.to_le_bytes());
    }

    /// Length-prefixed bytes, stored only.
    pub fn raw_bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len() as u64);
        self.stored.extend_from_slice(bytes);
    }

    /// `Some(part)`: the part's own text, unless that would read as `None`.
    pub fn some(&mut self, part: &(impl KeyPart + ?Sized)) {
        let start = self.text.len();
        part.write(self);
        if self.text.get(start..).is_some_and(|text| text.starts_with('~')) {
            self.text.insert(start, '~');
        }
    }

    /// A variant of an enum: its index is stored, its name is the text.
    pub fn variant(&mut self, index: u64, name: &str) {
        self.count(index);
        self.text.push('@');
        escape_into(&mut self.text, name);
    }

    /// Begins a group of parts: `(` for a tuple or a struct's fields, `[` for a sequence.
    pub fn open(&mut self, sign: char) {
        self.text.push(sign);
    }

    /// Writes one member of a group; `first` leaves out the comma.
    pub fn member(&mut self, first: bool, part: &(impl KeyPart + ?Sized)) {
        if !first {
            self.text.push(',');
        }
        part.write(self);
    }

    /// Ends a group of parts.
    pub fn close(&mut self, sign: char) {
        self.text.push(sign);
    }
}

impl fmt::Debug for PartWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PartWriter({} bytes)", self.text.len())
    }
}
