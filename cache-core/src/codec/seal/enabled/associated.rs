//! What is not secret, but must be as it was when the frame was sealed.

use crate::key::CacheKey;

/// The associated data of a frame: its head (header, stamps and whatever stands in front of the payload), the
/// namespace, the tenant and the whole key. Every part has its length in front, so that no two entries share it.
pub(super) fn of(head: &[u8], key: &CacheKey) -> Vec<u8> {
    let (whole, tenant) = (key.as_str(), key.tenant());
    let namespace = whole.strip_suffix(key.relative()).unwrap_or_default();
    let parts = [head, namespace.as_bytes(), tenant.unwrap_or_default().as_bytes(), whole.as_bytes()];
    let mut data = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum::<usize>() + 1);
    for part in parts {
        data.extend_from_slice(&(part.len() as u64).to_le_bytes());
        data.extend_from_slice(part);
    }
    data.push(u8::from(tenant.is_some()));
    data
}
