//! Options, one by one. `cache` is an argument, so that every test has its own.

use std::sync::Arc;
use std::time::Duration;

use larder::testkit::ManualTime;
use larder::{CacheManager, Clock, Near, Remaining, Ttl, cached};

use crate::{far, fresh};

const LIFE: Duration = Duration::from_secs(90);

/// A manager of a steered clock.
fn steered() -> (CacheManager, Arc<ManualTime>) {
    let time = Arc::new(ManualTime::new());
    let builder = CacheManager::builder().near(Near::mib(1)).clock(Clock::source(time.clone()));
    (builder.default_ttl(Duration::from_secs(60)).build().unwrap(), time)
}

macro_rules! lives {
    ($($name:ident($($option:tt)*) $millis:literal;)*) => {$(
        #[tokio::test]
        async fn $name() {
            #[cached(jitter = 0, cache = cache, skip(cache), $($option)*)]
            async fn stored(cache: &CacheManager) -> u64 {
                fresh()
            }

            let (cache, time) = steered();
            let first = stored(&cache).await;
            time.advance(Duration::from_millis($millis) - Duration::from_nanos(1));
            assert_eq!(stored(&cache).await, first);
            time.advance(Duration::from_nanos(1));
            assert_ne!(stored(&cache).await, first);
        }
    )*};
}

lives! {
    a_life_as_text(ttl = "1m30s") 90_000;
    a_life_in_milliseconds(ttl = "250ms") 250;
    a_life_in_seconds(ttl = 2) 2_000;
    a_life_as_a_constant(ttl = LIFE) 90_000;
    a_life_as_an_expression(ttl = LIFE / 2) 45_000;
    a_life_of_ours(ttl = Ttl::secs(7)) 7_000;
    the_life_of_the_manager() 60_000;
}

#[cached(ttl = "never", cache = cache, skip(cache))]
async fn endless(cache: &CacheManager) -> u64 {
    fresh()
}

#[tokio::test]
async fn a_life_without_end() {
    let (cache, time) = steered();
    let first = endless(&cache).await;
    time.advance(Duration::from_secs(1 << 32));
    assert_eq!(endless(&cache).await, first);
}

#[cached(ttl = 60, jitter = 0.5, cache = cache, skip(cache))]
async fn spread(cache: &CacheManager, id: u64) -> u64 {
    let _ = id;
    fresh()
}

#[tokio::test]
async fn lives_are_spread() {
    let (cache, time) = steered();
    for id in 0..50 {
        spread(&cache, id).await;
    }
    time.advance(Duration::from_secs(60));
    let mut alive = 0;
    for id in 0..50 {
        alive += u64::from(spread_peek(&cache, id).await.is_some());
    }
    assert!((5..=45).contains(&alive), "{alive}");
}

#[cached(ttl = 60, jitter = 0.0, negative_ttl = "5s", cache = cache, skip(cache))]
async fn absent(cache: &CacheManager) -> Option<u64> {
    None
}

#[tokio::test]
async fn absence_has_a_life_of_its_own() {
    let (cache, time) = steered();
    for (advance, loads) in [(0, 1), (4, 1), (1, 2)] {
        time.advance(Duration::from_secs(advance));
        assert_eq!(absent(&cache).await, None);
        assert_eq!(cache.stats().loads, loads);
    }
}

#[cached(ttl_with = |value: &u64| Duration::from_secs(*value), jitter = 0, cache = cache, skip(cache))]
async fn lives_as_it_says(cache: &CacheManager, id: u64) -> Result<u64, String> {
    Ok(id)
}

#[tokio::test]
async fn a_value_decides_on_its_own_life() {
    let (cache, time) = steered();
    for id in [0, 10, 3600] {
        assert_eq!(lives_as_it_says(&cache, id).await, Ok(id));
    }
    assert_eq!(lives_as_it_says_peek(&cache, 0).await, None, "a life of zero is not stored");
    time.advance(Duration::from_secs(10) - Duration::from_nanos(1));
    assert_eq!(lives_as_it_says_peek(&cache, 10).await, Some(Ok(10)));
    time.advance(Duration::from_nanos(1));
    assert_eq!(lives_as_it_says_peek(&cache, 10).await, None);
    time.advance(Duration::from_secs(3589));
    assert_eq!(
        lives_as_it_says_peek(&cache, 3600).await,
        Some(Ok(3600)),
        "longer than the manager's default"
    );
    time.advance(Duration::from_secs(1));
    assert_eq!(lives_as_it_says_peek(&cache, 3600).await, None);
}

fn life_of(value: &u64) -> Ttl {
    if *value == 0 { Ttl::Never } else { Ttl::secs(*value) }
}

#[cached(ttl_with = life_of, condition = |value| *value != 7, jitter = 0.0, cache = cache, skip(cache))]
async fn both_judge(cache: &CacheManager, id: u64) -> Option<u64> {
    Some(id)
}

#[tokio::test]
async fn a_life_without_end_and_a_condition_go_together() {
    let (cache, time) = steered();
    for id in [0, 1, 7] {
        assert_eq!(both_judge(&cache, id).await, Some(id));
    }
    assert_eq!(both_judge_peek(&cache, 7).await, None);
    time.advance(Duration::from_secs(1 << 20));
    assert_eq!((both_judge_peek(&cache, 0).await, both_judge_peek(&cache, 1).await), (Some(Some(0)), None));
}

#[tokio::test]
async fn a_byte_tier_keeps_a_value_for_the_life_that_it_chose() {
    let time = Arc::new(ManualTime::new());
    let backend = larder::MemoryBackend::builder().max_bytes(1 << 20).build();
    let cache = CacheManager::builder().no_near().primary(backend).default_ttl(Duration::from_secs(1));
    let cache = cache.clock(Clock::source(time.clone())).build().unwrap();
    assert_eq!(both_judge(&cache, 3600).await, Some(3600));
    time.advance(Duration::from_secs(3599));
    assert_eq!(both_judge_peek(&cache, 3600).await, Some(Some(3600)));
    time.advance(Duration::from_secs(1));
    assert_eq!(both_judge_peek(&cache, 3600).await, None);
}

#[cached(condition = |value| value % 2 == 0, cache = cache, skip(cache))]
async fn even(cache: &CacheManager, value: u64) -> Result<u64, String> {
    Ok(value)
}

fn is_long(text: &String) -> bool {
    text.len() > 3
}

#[cached(condition = is_long, cache = cache, skip(cache))]
async fn long(cache: &CacheManager, text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[tokio::test]
async fn a_condition_keeps_values_out_of_the_cache() {
    let cache = far();
    for value in [2, 3] {
        assert_eq!(even(&cache, value).await, Ok(value));
        assert_eq!(even_refresh(&cache, value).await, Ok(value));
    }
    assert_eq!((even_peek(&cache, 2).await, even_peek(&cache, 3).await), (Some(Ok(2)), None));
    for text in ["long text", "no"] {
        assert_eq!(long(&cache, text).await.as_deref(), Some(text));
    }
    assert!(long_peek(&cache, "long text").await.is_some() && long_peek(&cache, "no").await.is_none());
}

#[derive(Clone)]
struct NoSerde(u64);

#[cached(local, cache = cache, skip(cache))]
async fn local(cache: &CacheManager) -> NoSerde {
    NoSerde(fresh())
}

#[tokio::test]
async fn local_values_need_no_serde_and_stay_in_the_process() {
    let cache = crate::tiered();
    assert_eq!(local(&cache).await.0, local(&cache).await.0);
    let far = far();
    assert_ne!(local(&far).await.0, local(&far).await.0);
}

#[cached(immutable, schema = 2, format = "json", prefix = "doc", cache = cache, skip(cache))]
async fn versioned(cache: &CacheManager, id: u64) -> Vec<u64> {
    vec![id, fresh()]
}

#[cached(immutable, schema = 3, format = "msgpack", prefix = "doc", cache = cache, skip(cache))]
async fn versioned_anew(cache: &CacheManager, id: u64) -> Vec<u64> {
    vec![id, fresh()]
}

#[cached(format = "bincode", prefix = "doc", cache = cache, skip(cache))]
async fn by_position(cache: &CacheManager, id: u64) -> Vec<u64> {
    vec![id, fresh()]
}

#[tokio::test]
async fn a_value_comes_back_by_position() {
    let cache = far();
    assert_eq!(by_position(&cache, 1).await, by_position(&cache, 1).await);
}

#[tokio::test]
async fn a_schema_is_part_of_the_key() {
    let cache = far();
    assert_eq!(versioned_cache_key(&cache, 1).as_str(), "t:d:doc:@2:1");
    assert_eq!(versioned(&cache, 1).await, versioned(&cache, 1).await);
    assert_eq!(versioned_anew(&cache, 1).await, versioned_anew(&cache, 1).await);
    assert_ne!(versioned(&cache, 1).await, versioned_anew(&cache, 1).await);
}

#[tokio::test]
async fn an_entry_of_any_schema_is_there_and_has_a_life() {
    let cache = far();
    let key = versioned_cache_key(&cache, 1);
    assert!(!cache.exists(&key).await.unwrap());
    versioned(&cache, 1).await;
    assert!(cache.exists(&key).await.unwrap());
    assert!(matches!(cache.ttl(&key).await.unwrap(), Remaining::For(left) if !left.is_zero()));
}

#[cached(cache = "reports")]
async fn named(id: u64) -> u64 {
    id + fresh()
}

#[tokio::test]
async fn a_cache_is_found_by_name() {
    let (one, other) = (far(), far());
    assert!(larder::register_cache("reports", one.clone()).is_none());
    let first = named(1).await;
    assert_eq!((named(1).await, one.stats().loads), (first, 1));
    assert!(larder::register_cache("reports", other.clone()).is_some());
    assert_ne!(named(1).await, first);
    assert_eq!((one.stats().loads, other.stats().loads), (1, 1));
}

mod renamed {
    pub(super) use larder as cupboard;
}

#[cached(crate = renamed::cupboard, ttl = 1, cache_none)]
async fn through_another_path(id: u64) -> Option<u64> {
    Some(id)
}

#[tokio::test]
async fn the_library_may_have_another_name() {
    assert_eq!(through_another_path(1).await, Some(1));
}
