//! The stage itself: seals a frame's payload where it stands, and opens a copy of it.
//!
//! Promise: the current key seals; a frame names the key it was sealed under, and only that one opens it. A key that
//! this ring does not hold is no damage: another process may hold it.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::cipher::Cipher;
use super::derived::Derived;
use super::nonces::Nonces;
#[cfg(feature = "cachekit")]
use super::shared::{SealedAs, SharedSealer};
use super::{Keyring, MasterKey, Provider, associated};
use crate::codec::seal::{MAX_KEYS, NONCE_BYTES, TAG_BYTES};
use crate::entry::Reason;
use crate::error::{Error, ErrorKind, Result};
use crate::key::CacheKey;

/// How many tenants' keys are kept for each master key: about 1 KiB each.
const TENANTS: usize = 1024;

/// Seals and opens by a ring of keys.
pub struct Sealer {
    provider: Provider,
    /// The current one first.
    keys: Vec<Key>,
    nonces: Nonces,
    /// What seals for other caches, under keys of its own.
    #[cfg(feature = "cachekit")]
    shared: SharedSealer,
}

/// A master key at work.
struct Key {
    id: u64,
    derived: Derived,
    /// Of entries without a tenant.
    plain: Arc<Cipher>,
    tenants: RwLock<HashMap<Box<str>, Arc<Cipher>>>,
    /// How many frames it has opened.
    opened: AtomicU64,
}

impl Sealer {
    /// Derives what it needs.
    ///
    /// # Errors
    /// `Config` when the system has no random numbers.
    pub fn new(keyring: &Keyring) -> Result<Self> {
        Self::with(Provider::default(), keyring)
    }

    /// The same, computed by this provider.
    ///
    /// # Errors
    /// As for [`Sealer::new`].
    pub fn with(provider: Provider, keyring: &Keyring) -> Result<Self> {
        let keys = keyring.keys().iter().map(|master| Key::new(provider, master)).collect();
        Ok(Self {
            provider,
            keys,
            nonces: Nonces::random()?,
            #[cfg(feature = "cachekit")]
            shared: SharedSealer::with(provider, keyring, None)?,
        })
    }

    /// Counts its nonces from here: for tests of stored bytes. Two sealers of one key that count alike give their
    /// secrets away.
    #[cfg(any(test, feature = "testkit"))]
    #[must_use]
    pub fn counting_from(self, prefix: [u8; 8], next: u64) -> Self {
        Self { nonces: Nonces::beginning(prefix, next), ..self }
    }

    /// What frames name the current key by.
    pub(crate) fn key_id(&self) -> u64 {
        self.keys.first().map_or(0, |key| key.id)
    }

    /// Seals a frame in place: the nonce goes in front of the payload, which begins at `payload_at` and has room
    /// for it, and the tag behind.
    ///
    /// # Errors
    /// `Encode` when there are no nonces left.
    pub(crate) fn seal(&self, key: &CacheKey, frame: &mut Vec<u8>, payload_at: usize) -> Result<()> {
        let nonce = self.nonces.next()?;
        let tag = self.sealed_in_place(key, frame, payload_at, nonce);
        frame.extend_from_slice(
            &tag.ok_or_else(|| Error::new(ErrorKind::Encode, "the value cannot be sealed"))?,
        );
        Ok(())
    }

    fn sealed_in_place(
        &self,
        key: &CacheKey,
        frame: &mut [u8],
        payload_at: usize,
        nonce: [u8; NONCE_BYTES],
    ) -> Option<[u8; TAG_BYTES]> {
        let (head, stored) = frame.split_at_mut_checked(payload_at)?;
        let (room, text) = stored.split_first_chunk_mut()?;
        *room = nonce;
        let cipher = self.keys.first()?.cipher(self.provider, key.tenant());
        cipher.seal(nonce, &associated::of(head, key), text)
    }

    /// A copy of the payload, in clear, of a frame that names the key `id`.
    ///
    /// # Errors
    /// `UnknownKey`; `NotAuthentic` when any bit of it, or its place, is not what was sealed.
    pub(crate) fn open(
        &self,
        key: &CacheKey,
        frame: &[u8],
        payload_at: usize,
        id: u64,
    ) -> Result<Vec<u8>, Reason> {
        let (head, stored) = frame.split_at_checked(payload_at).ok_or(Reason::Malformed)?;
        let (nonce, sealed) = stored.split_first_chunk().ok_or(Reason::Malformed)?;
        let mut reason = Reason::UnknownKey;
        let associated = associated::of(head, key);
        for own in self.keys.iter().filter(|own| own.id == id) {
            let mut bytes = sealed.to_vec();
            if own.cipher(self.provider, key.tenant()).open(*nonce, &associated, &mut bytes).is_some() {
                own.opened.fetch_add(1, Ordering::Relaxed);
                return Ok(bytes);
            }
            reason = Reason::NotAuthentic;
        }
        Err(reason)
    }

    /// Seals an interop entry of cachekit.
    ///
    /// # Errors
    /// `Encode` when there are no nonces left.
    #[cfg(feature = "cachekit")]
    pub(crate) fn seal_shared(&self, key: &str, document: &[u8]) -> Result<Vec<u8>> {
        self.shared.seal(&SealedAs::interop(key), document)
    }

    /// Opens an interop entry of cachekit.
    ///
    /// # Errors
    /// Those of [`SharedSealer::open`].
    #[cfg(feature = "cachekit")]
    pub(crate) fn open_shared(&self, key: &str, sealed: &[u8]) -> Result<Vec<u8>, Reason> {
        let (document, place) = self.shared.open(&SealedAs::interop(key), sealed)?;
        if let Some(own) = self.keys.get(place) {
            own.opened.fetch_add(1, Ordering::Relaxed);
        }
        Ok(document)
    }

    /// How many frames each key has opened: the current one, then the previous ones in their order.
    pub(crate) fn opened(&self) -> [u64; MAX_KEYS] {
        let mut counts = [0; MAX_KEYS];
        let opened = self.keys.iter().map(|key| key.opened.load(Ordering::Relaxed));
        counts.iter_mut().zip(opened).for_each(|(count, opened)| *count = opened);
        counts
    }

    /// Begins counting again.
    pub(crate) fn reset(&self) {
        self.keys.iter().for_each(|key| key.opened.store(0, Ordering::Relaxed));
    }
}

impl Key {
    fn new(provider: Provider, master: &MasterKey) -> Self {
        let derived = Derived::of(master);
        Self {
            id: derived.id(),
            plain: Arc::new(Cipher::new(provider, &derived.sealing(None))),
            derived,
            tenants: RwLock::default(),
            opened: AtomicU64::new(0),
        }
    }

    fn cipher(&self, provider: Provider, tenant: Option<&str>) -> Arc<Cipher> {
        let Some(tenant) = tenant else { return Arc::clone(&self.plain) };
        let known = self.tenants.read().unwrap_or_else(PoisonError::into_inner).get(tenant).cloned();
        known.unwrap_or_else(|| self.remember(provider, tenant))
    }

    #[cold]
    fn remember(&self, provider: Provider, tenant: &str) -> Arc<Cipher> {
        let cipher = Arc::new(Cipher::new(provider, &self.derived.sealing(Some(tenant))));
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        if tenants.len() >= TENANTS {
            tenants.clear();
        }
        tenants.insert(tenant.into(), Arc::clone(&cipher));
        cipher
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("provider", &self.provider).field("keys", &self.keys.len()).finish()
    }
}
