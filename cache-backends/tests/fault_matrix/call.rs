//! What a cell does again and again, what must never come out of it, and how it shows that all is well.

use cache_core::manager::Written;
use cache_core::time::Ttl;

use crate::cell::Cell;

const READ: u64 = 100;
const WRITE: u64 = 250;
const LONG: Ttl = Ttl::secs(600);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Get,
    Set,
    GetOrLoad,
    Invalidate,
    GetAndDelete,
}

impl Call {
    pub(crate) const ALL: [Self; 5] =
        [Self::Get, Self::Set, Self::GetOrLoad, Self::Invalidate, Self::GetAndDelete];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Invalidate => "invalidate",
            _ => self.verb(),
        }
    }

    /// The verb of the manager.
    pub(crate) fn verb(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Set => "set",
            Self::GetOrLoad => "get_or_load",
            Self::Invalidate => "delete",
            Self::GetAndDelete => "get_and_delete",
        }
    }

    /// One round; whether it went as if there were no trouble. While there is, a reader only reads.
    pub(crate) async fn make(self, cell: &mut Cell, may_prepare: bool) -> bool {
        cell.round += 1;
        match self {
            Self::Get => read(cell, may_prepare).await,
            Self::Set => write(cell).await,
            Self::GetOrLoad => load(cell).await,
            Self::Invalidate => invalidate(cell).await,
            Self::GetAndDelete => take(cell).await,
        }
    }
}

async fn read(cell: &mut Cell, may_prepare: bool) -> bool {
    let key = cell.key("k");
    let found = get(cell, &key).await;
    cell.check(found.is_none_or(|found| found == 7), || format!("get found {found:?}"));
    if found.is_none() && may_prepare {
        set(cell, &key, 7).await;
    }
    found.is_some()
}

async fn write(cell: &mut Cell) -> bool {
    let (key, round) = (cell.key("k"), cell.round);
    let written = set(cell, &key, round).await;
    let found = get(cell, &key).await;
    cell.check(found.is_none_or(|found| found == round), || format!("{found:?} instead of {round}"));
    written == Some(Written::Stored) && found.is_some()
}

async fn load(cell: &mut Cell) -> bool {
    let (key, round, cache) = (cell.key_of_round("l"), cell.round, cell.cache.clone());
    let mut loads = 0;
    let call = cache.get_or_load(&key, || {
        loads += 1;
        async move { Ok::<u64, String>(round) }
    });
    // The look, the lease, the fill.
    let loaded = cell.timed("get_or_load", READ + READ + WRITE, call.into_future()).await;
    cell.loads += loads;
    cell.check(loaded.as_ref().is_ok_and(|loaded| *loaded == round), || format!("{loaded:?}"));
    get(cell, &key).await == Some(round)
}

async fn invalidate(cell: &mut Cell) -> bool {
    let (key, round) = (cell.key("k"), cell.round);
    set(cell, &key, round).await;
    let cache = cell.cache.clone();
    let removed = cell.timed("delete", WRITE, cache.delete(&key)).await;
    let found = get(cell, &key).await;
    cell.check(found.is_none(), || format!("{found:?} came back after its invalidation"));
    cell.check(removed.is_ok(), || format!("{removed:?}"));
    removed.is_ok_and(|removed| !removed.journalled && removed.removed == 1)
}

async fn take(cell: &mut Cell) -> bool {
    let (key, round) = (cell.key_of_round("c"), cell.round);
    set(cell, &key, round).await;
    let first = get_and_delete(cell, &key).await;
    let second = get_and_delete(cell, &key).await;
    cell.check(first.is_none_or(|first| first == round), || format!("{first:?} instead of {round}"));
    cell.check(second.is_none(), || format!("{second:?} was delivered twice"));
    first.is_some()
}

async fn get(cell: &mut Cell, key: &str) -> Option<u64> {
    let cache = cell.cache.clone();
    let found = cell.timed("get", READ, cache.get::<u64>(key)).await;
    cell.check(found.is_ok(), || format!("{found:?}"));
    found.ok().flatten()
}

async fn set(cell: &mut Cell, key: &str, value: u64) -> Option<Written> {
    let cache = cell.cache.clone();
    let written = cell.timed("set", WRITE, cache.set(key, value, LONG)).await;
    cell.check(written.is_ok(), || format!("{written:?}"));
    written.ok()
}

async fn get_and_delete(cell: &mut Cell, key: &str) -> Option<u64> {
    let cache = cell.cache.clone();
    let taken = cell.timed("get_and_delete", WRITE, cache.get_and_delete::<u64>(key)).await;
    cell.check(taken.is_ok(), || format!("{taken:?}"));
    taken.ok().flatten()
}
