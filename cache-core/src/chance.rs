//! Chance: draws that spread what would otherwise happen at once (lives, retries, probes), and tokens that come once
//! (claims, leases, tags).

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Draws from 0 to below 1 (SplitMix64, Steele et al. 2014). The same seed draws the same.
#[derive(Debug)]
pub(crate) struct Chance(AtomicU64);

impl Chance {
    /// Seeded at random: processes that failed together do not try again together.
    pub(crate) fn new() -> Self {
        Self::seeded(RandomState::new().build_hasher().finish())
    }

    /// Repeatable.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// The next draw.
    pub(crate) fn draw(&self) -> f64 {
        const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut z = self.0.fetch_add(GAMMA, Ordering::Relaxed).wrapping_add(GAMMA);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let bits = u32::try_from((z ^ (z >> 31)) >> 32).unwrap_or(0);
        f64::from(bits) / (f64::from(u32::MAX) + 1.0)
    }
}

/// 128 bits that come once: a counter under a keyed hash that is seeded by the system, per process.
pub(crate) fn new_token() -> u128 {
    static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let half = |side: u8| u128::from(SEED.hash_one((number, std::process::id(), side)));
    half(0) << 64 | half(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_spread_and_repeatable() {
        let draws = |seed| {
            let chance = Chance::seeded(seed);
            (0..1_000).map(|_| chance.draw()).collect::<Vec<_>>()
        };
        assert_eq!(draws(1), draws(1));
        assert_ne!(draws(1), draws(2));
        assert!(draws(1).iter().all(|draw| (0.0..1.0).contains(draw)));
        assert!(draws(1).iter().any(|draw| *draw < 0.1) && draws(1).iter().any(|draw| *draw > 0.9));
    }
}
