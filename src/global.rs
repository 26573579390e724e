//! The managers that cached functions find by themselves: the global one, and named ones.
//!
//! Works with no set-up: the first use makes a manager of the near tier alone. A hit reads a copy of the handle
//! that belongs to its thread, so it costs a comparison and no reference count.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, PoisonError, RwLock};

use cache_backends::Near;
use cache_core::error::Result;
use cache_core::manager::CacheManager;
use cache_core::private::ManagerSource;

/// Counts the changes of the table, so that a thread knows when its copy is old.
static VERSION: AtomicU64 = AtomicU64::new(1);
static TABLE: LazyLock<RwLock<Table>> = LazyLock::new(RwLock::default);

#[derive(Default)]
struct Table {
    global: Option<CacheManager>,
    named: HashMap<String, CacheManager>,
}

thread_local! {
    static COPY: RefCell<Option<(u64, CacheManager)>> = const { RefCell::new(None) };
}

/// The global manager, as expanded macros name it.
#[derive(Debug, Clone, Copy)]
pub struct Global;

/// A named manager, as expanded macros name it (`cache = "persistent"`). The global one while the name is free.
#[derive(Debug, Clone, Copy)]
pub struct Named(pub &'static str);

impl ManagerSource for Global {
    #[inline(always)]
    fn with<R>(&self, look: impl FnOnce(&CacheManager) -> R) -> R {
        let version = VERSION.load(Ordering::Acquire);
        COPY.with(|copy| {
            if let Ok(copy) = copy.try_borrow()
                && let Some((seen, manager)) = &*copy
                && *seen == version
            {
                return look(manager);
            }
            let manager = cache_manager();
            if let Ok(mut copy) = copy.try_borrow_mut() {
                *copy = Some((version, manager.clone()));
            }
            look(&manager)
        })
    }
}

impl ManagerSource for Named {
    fn with<R>(&self, look: impl FnOnce(&CacheManager) -> R) -> R {
        look(&cache(self.0).unwrap_or_else(cache_manager))
    }
}

/// The global manager. Before [`initialize_cache`] it is the near tier alone: 64 MiB or 100,000 entries.
#[must_use]
pub fn cache_manager() -> CacheManager {
    if let Some(manager) = &read().global {
        return manager.clone();
    }
    write().global.get_or_insert_with(without_set_up).clone()
}

/// Makes a manager the global one and connects it; the older one is shut down. A server that is away is no
/// error: it is recorded, and found when it comes.
///
/// # Errors
/// None today; the result leaves room for managers that refuse to start.
pub async fn initialize_cache(manager: CacheManager) -> Result<()> {
    manager.connect().await;
    let older = write().global.replace(manager.clone());
    VERSION.fetch_add(1, Ordering::AcqRel);
    if let Some(older) = older.filter(|older| !is_same(older, &manager)) {
        older.shutdown().await;
    }
    Ok(())
}

/// Whether two handles are of one manager: then they show the same namespace, at the same place.
fn is_same(left: &CacheManager, right: &CacheManager) -> bool {
    std::ptr::eq(left.namespace(), right.namespace())
}

/// Adds a manager under a name, for `cache("persistent")` and `#[cached(cache = "persistent")]`; the older one
/// of that name.
pub fn register_cache(name: impl Into<String>, manager: CacheManager) -> Option<CacheManager> {
    write().named.insert(name.into(), manager)
}

/// The manager of a name.
#[must_use]
pub fn cache(name: &str) -> Option<CacheManager> {
    read().named.get(name).cloned()
}

/// Shuts down the global manager and all named ones: journals are applied within a second, tiers are let go.
/// The next use begins anew without set-up.
pub async fn shutdown_cache() {
    let table = std::mem::take(&mut *write());
    VERSION.fetch_add(1, Ordering::AcqRel);
    for manager in table.global.into_iter().chain(table.named.into_values()) {
        manager.shutdown().await;
    }
}

/// The near tier alone, unless the environment switches the cache off.
fn without_set_up() -> CacheManager {
    let enabled = crate::config::enabled_by_environment();
    match CacheManager::builder().near(Near::default()).enabled(enabled).build() {
        Ok(manager) => manager,
        Err(error) => unreachable!("the defaults are sound: {error}"),
    }
}

/// Nothing of a user runs under this lock, so a poisoned one still holds a sound table.
fn read() -> std::sync::RwLockReadGuard<'static, Table> {
    TABLE.read().unwrap_or_else(PoisonError::into_inner)
}

fn write() -> std::sync::RwLockWriteGuard<'static, Table> {
    TABLE.write().unwrap_or_else(PoisonError::into_inner)
}
