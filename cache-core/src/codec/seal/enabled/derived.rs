//! From a master key to the keys that are used: HKDF-SHA256 (RFC 5869), one for each tenant and purpose.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::MasterKey;

/// Separates these keys from whatever else the same secret may be used for.
const SALT: &[u8] = b"larder.v1";

/// The keys of one master key.
pub(super) struct Derived(Hkdf<Sha256>);

impl Derived {
    pub(super) fn of(master: &MasterKey) -> Self {
        Self(Hkdf::new(Some(SALT), master.as_bytes()))
    }

    /// What frames name the master key by. Says nothing about it.
    pub(super) fn id(&self) -> u64 {
        let mut id = [0; 8];
        // Only a length beyond 8,160 bytes is refused.
        let _long_enough = self.0.expand(b"key id", &mut id);
        u64::from_le_bytes(id)
    }

    /// The key that seals the entries of a tenant, or of none.
    pub(super) fn sealing(&self, tenant: Option<&str>) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        let (mark, tenant) = tenant.map_or((b"\0", ""), |tenant| (b"\x01", tenant));
        let _long_enough = self.0.expand_multi_info(&[b"seal", mark, tenant.as_bytes()], key.as_mut_slice());
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_and_purposes_have_keys_of_their_own() {
        let derived = Derived::of(&MasterKey::from_bytes([7; 32]).unwrap());
        let keys = [None, Some(""), Some("acme"), Some("acme2")].map(|tenant| *derived.sealing(tenant));
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys[..at].contains(key), "{at}");
            assert_ne!(key[..8], derived.id().to_le_bytes());
        }
        assert_eq!(*derived.sealing(Some("acme")), keys[2]);
        let other = Derived::of(&MasterKey::from_bytes([8; 32]).unwrap());
        assert_ne!(*other.sealing(None), keys[0]);
        assert_ne!(other.id(), derived.id());
    }
}
