//! Numbers that are used once.
//!
//! Promise: a nonce is never given twice, and no two processes (or sealers) are likely to give the same one: it is a
//! prefix of 64 random bits and a counter of 32. When the counter is used up there is a new prefix, 256 times in all;
//! after that there are no nonces any more. A forked child has another prefix than its parent.

use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

use crate::codec::seal::NONCE_BYTES;
use crate::error::{Error, ErrorKind, Result};

const PREFIX_BYTES: usize = 8;
/// 256 prefixes, 2^32 nonces each.
const MOST: u64 = 1 << 40;

/// The nonces of one sealer.
#[derive(Debug)]
pub(super) struct Nonces {
    seed: [u8; 32],
    /// The prefix of the first 2^32 in this process, which saves a hash.
    first: [u8; PREFIX_BYTES],
    process: u32,
    next: AtomicU64,
}

impl Nonces {
    /// Begins with a random seed.
    ///
    /// # Errors
    /// `Config` when the system has no random numbers.
    pub(super) fn random() -> Result<Self> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| no_randomness(&error))?;
        let process = std::process::id();
        Ok(Self { seed, first: prefix(&seed, process, 0), process, next: AtomicU64::new(0) })
    }

    /// Begins where a test wants it to.
    #[cfg(any(test, feature = "testkit"))]
    pub(super) fn beginning(first: [u8; PREFIX_BYTES], next: u64) -> Self {
        Self { seed: [0; 32], first, process: std::process::id(), next: AtomicU64::new(next) }
    }

    /// The next one.
    ///
    /// # Errors
    /// `Encode` when all have been given.
    pub(super) fn next(&self) -> Result<[u8; NONCE_BYTES]> {
        let counting = |next: u64| (next < MOST).then(|| next + 1);
        let Ok(number) = self.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, counting) else {
            return Err(used_up());
        };
        let (block, counter) = (number >> 32, number & u64::from(u32::MAX));
        let process = std::process::id();
        let prefix = if block == 0 && process == self.process {
            self.first
        } else {
            prefix(&self.seed, process, block)
        };
        let mut nonce = [0; NONCE_BYTES];
        let bytes = prefix.into_iter().chain(counter.to_be_bytes().into_iter().skip(4));
        nonce.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        Ok(nonce)
    }
}

fn prefix(seed: &[u8; 32], process: u32, block: u64) -> [u8; PREFIX_BYTES] {
    let digest = Sha256::new_with_prefix(seed)
        .chain_update(process.to_le_bytes())
        .chain_update(block.to_le_bytes())
        .finalize();
    digest.first_chunk().copied().unwrap_or_default()
}

#[cold]
fn used_up() -> Error {
    Error::new(ErrorKind::Encode, "this process has sealed 2^40 values, and has no nonces left")
        .during("seal")
        .with_fix("rotate the master key, then restart the process")
}

#[cold]
fn no_randomness(error: &getrandom::Error) -> Error {
    Error::new(ErrorKind::Config, format!("the system gives no random numbers: {error}")).during("seal")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_nonce_is_given_twice_by_threads_and_sealers() {
        let sealers = [Nonces::random().unwrap(), Nonces::random().unwrap()];
        let draw = |nonces: &Nonces| (0..50_000).map(|_| nonces.next().unwrap()).collect::<Vec<_>>();
        let given: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                sealers.iter().chain(&sealers).map(|nonces| scope.spawn(|| draw(nonces))).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(given.iter().collect::<HashSet<_>>().len(), 200_000);
    }

    #[test]
    fn the_counter_follows_the_prefix_and_the_next_prefix_follows_the_counter() {
        let nonces = Nonces::beginning([0xab; 8], (1 << 32) - 2);
        let [before, last, after] = [(); 3].map(|()| nonces.next().unwrap());
        assert_eq!(before, [0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xff, 0xff, 0xff, 0xfe]);
        assert_eq!((&last[..8], &last[8..]), (&[0xab; 8][..], &[0xff; 4][..]));
        assert_eq!(after[8..], [0; 4]);
        assert_ne!(after[..8], [0xab; 8]);
    }

    #[test]
    fn used_up_is_an_error_for_ever() {
        let nonces = Nonces::beginning([0; 8], MOST - 1);
        assert!(nonces.next().is_ok());
        for _ in 0..3 {
            let error = nonces.next().unwrap_err();
            assert!(error.to_string().contains("rotate the master key"), "{error}");
        }
    }

    /// A fork copies the seed and the counter.
    #[test]
    fn a_forked_process_gives_other_nonces() {
        let (seed, parent) = ([7; 32], std::process::id() ^ 1);
        let of_parent = prefix(&seed, parent, 0);
        let child = Nonces { seed, first: of_parent, process: parent, next: AtomicU64::new(5) };
        assert_ne!(child.next().unwrap()[..8], of_parent);
    }
}
