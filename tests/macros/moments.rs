//! `#[invalidate_cache]`: when it invalidates (`on`, `before`).

use larder::{CacheManager, cached, invalidate_cache};

use crate::{fresh, tiered};

#[cached(prefix = "when:page", cache = cache, skip(cache))]
async fn page(cache: &CacheManager, id: u64) -> u64 {
    let _ = (cache, id);
    fresh()
}

#[cached(prefix = "when:near", cache = cache, skip(cache))]
fn near(cache: &CacheManager, id: u64) -> u64 {
    let _ = (cache, id);
    fresh()
}

#[invalidate_cache(page(cache, 1), on = "always")]
async fn always(cache: &CacheManager, fails: bool) -> Result<(), String> {
    let _ = cache;
    if fails { Err("no".to_owned()) } else { Ok(()) }
}

#[invalidate_cache(page(cache, 1), on = "ok")]
async fn on_ok(cache: &CacheManager, fails: bool) -> Result<(), String> {
    let _ = cache;
    if fails { Err("no".to_owned()) } else { Ok(()) }
}

#[tokio::test]
async fn a_failure_invalidates_where_that_was_asked_for() {
    let cache = tiered();
    let first = page(&cache, 1).await;
    assert!(on_ok(&cache, true).await.is_err());
    assert_eq!(page(&cache, 1).await, first);
    assert!(always(&cache, true).await.is_err());
    let second = page(&cache, 1).await;
    assert_ne!(second, first);
    assert!(on_ok(&cache, false).await.is_ok());
    let third = page(&cache, 1).await;
    assert_ne!(third, second);
    assert!(always(&cache, false).await.is_ok());
    assert_ne!(page(&cache, 1).await, third);
}

/// What readers got while the body ran: what was there before, and what they loaded meanwhile.
#[invalidate_cache(before, page(cache, 1), page(cache, 2))]
async fn long_write(cache: &CacheManager, fails: bool) -> Result<(u64, u64), (u64, u64)> {
    assert_eq!(page_peek(cache, 1).await, None);
    let meanwhile = (page(cache, 1).await, page(cache, 2).await);
    if fails { Err(meanwhile) } else { Ok(meanwhile) }
}

#[tokio::test]
async fn before_the_body_and_after_it() {
    let cache = tiered();
    let first = (page(&cache, 1).await, page(&cache, 2).await);
    let meanwhile = long_write(&cache, true).await.unwrap_err();
    assert!(meanwhile.0 != first.0 && meanwhile.1 != first.1);
    assert_eq!((page(&cache, 1).await, page(&cache, 2).await), meanwhile);
    let meanwhile = long_write(&cache, false).await.unwrap();
    let after = (page(&cache, 1).await, page(&cache, 2).await);
    assert!(after.0 != meanwhile.0 && after.1 != meanwhile.1);
}

#[invalidate_cache(near(cache, 1), before, on = "always")]
fn write_at_once(cache: &CacheManager, fails: bool) -> Result<u64, u64> {
    assert_eq!(near_peek(cache, 1), None);
    if fails { Err(near(cache, 1)) } else { Ok(near(cache, 1)) }
}

#[test]
fn a_function_that_is_not_async_has_the_same_moments() {
    let cache = tiered();
    let first = near(&cache, 1);
    let meanwhile = write_at_once(&cache, true).unwrap_err();
    assert_ne!(meanwhile, first);
    assert_ne!(near(&cache, 1), meanwhile);
    let meanwhile = write_at_once(&cache, false).unwrap();
    assert_ne!(near(&cache, 1), meanwhile);
}

mod named_like_options {
    use larder::{cached, invalidate_cache};

    #[cached(prefix = "when:before", cache = crate::FAR)]
    pub(super) async fn before(id: u64) -> u64 {
        id + crate::fresh()
    }

    #[invalidate_cache(before(id))]
    pub(super) async fn change(id: u64) -> u64 {
        id
    }
}

#[tokio::test]
async fn a_function_may_be_called_like_an_option() {
    let first = named_like_options::before(1).await;
    named_like_options::change(1).await;
    assert_ne!(named_like_options::before(1).await, first);
}
