//! What has to be true of the books after every case.

use std::sync::Mutex;
use std::sync::atomic::Ordering;

use cache_core::key::CacheKey;
use cache_core::port::near::NearEntry;

use super::{Checked, World};

impl World {
    pub(super) fn books(&self) -> Checked {
        let stats = self.cache.stats();
        let weights = Mutex::new(0_u64);
        let add = |_: &CacheKey, entry: &NearEntry| {
            *weights.lock().unwrap() += u64::from(entry.meta.weight);
            false
        };
        self.near.remove_where(&add, &mut |_| ());
        let weight = *weights.lock().unwrap();
        let books = [
            ("flights left", stats.loading, 0),
            ("requests", stats.requests(), self.reads),
            ("loads", stats.loads, self.loads.load(Ordering::SeqCst)),
            ("near bytes", stats.near_bytes, weight),
            ("near entries", stats.near_entries, self.near.len() as u64),
        ];
        match books.iter().find(|(_, is, should)| is != should) {
            Some((what, is, should)) => Err(format!("{what}: {is}, should be {should}; {stats:?}")),
            None => Ok(()),
        }
    }
}
