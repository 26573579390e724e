//! By the crate `aes-gcm`. It overwrites the expanded key when it is dropped.

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Tag};

use crate::codec::seal::{NONCE_BYTES, TAG_BYTES};

pub(in super::super) struct Key(Aes256Gcm);

impl Key {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self(Aes256Gcm::new(key.into()))
    }

    pub(super) fn seal(
        &self,
        nonce: [u8; NONCE_BYTES],
        associated: &[u8],
        text: &mut [u8],
    ) -> Option<[u8; TAG_BYTES]> {
        self.0.encrypt_inout_detached(&nonce.into(), associated, text.into()).ok().map(Into::into)
    }

    pub(super) fn open(&self, nonce: [u8; NONCE_BYTES], associated: &[u8], sealed: &mut [u8]) -> Option<()> {
        let (text, tag) = sealed.split_last_chunk_mut::<TAG_BYTES>()?;
        let tag: Tag = (*tag).into();
        self.0.decrypt_inout_detached(&nonce.into(), associated, text.into(), &tag).ok()
    }
}
