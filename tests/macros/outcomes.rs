//! Functions that are generic over what they return: the caller chooses, and errors are never stored.

use std::sync::Arc;

use larder::{CacheManager, Outcome, cached};
use serde::{Deserialize, Serialize};

use crate::{far, fresh, tiered};

/// A value of the caller's own, without anything of ours but the derive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Outcome)]
struct User<T> {
    name: T,
}

/// Neither `Clone` nor serde.
#[derive(Debug)]
struct Trouble;

#[cached(prefix = "any", cache = cache, skip(cache, load))]
async fn any<R: Outcome>(cache: &CacheManager, id: u64, load: impl Fn() -> R) -> R {
    let _ = id;
    load()
}

#[cached(prefix = "local", local, cache = cache, skip(cache, load))]
async fn near<R: Outcome>(cache: &CacheManager, id: u64, load: fn() -> R) -> R {
    let _ = id;
    load()
}

#[tokio::test]
async fn of_a_generic_result_only_ok_is_stored() {
    for cache in [tiered(), far()] {
        let found = any(&cache, 1, || Ok::<_, Trouble>(fresh())).await.unwrap();
        assert_eq!(any(&cache, 1, || Ok::<_, Trouble>(fresh())).await.unwrap(), found);
        assert!(any(&cache, 2, || Err::<u64, _>(Trouble)).await.is_err());
        assert!(
            any(&cache, 2, || Ok::<u64, Trouble>(7)).await.is_ok_and(|value| value == 7),
            "no error was stored"
        );
        let named = || Ok::<_, std::io::Error>(User { name: format!("ann {}", fresh()) });
        let user = any(&cache, 1, named).await.unwrap();
        assert_eq!(any(&cache, 1, named).await.unwrap(), user);
    }
}

#[tokio::test]
async fn of_a_generic_option_only_some_is_stored() {
    for cache in [tiered(), far()] {
        assert_eq!(any(&cache, 1, || None::<u64>).await, None);
        let found = any(&cache, 1, || Some(fresh())).await;
        assert_eq!(any(&cache, 1, || Some(fresh())).await, found);
        assert!(matches!(any(&cache, 2, || Ok::<_, Trouble>(None::<String>)).await, Ok(None)));
        let load = || Ok::<_, Trouble>(Some(format!("{}", fresh())));
        let found = any(&cache, 2, load).await.unwrap();
        assert!(found.is_some(), "absence was not stored");
        assert_eq!(any(&cache, 2, load).await.unwrap(), found);
    }
}

#[tokio::test]
async fn of_a_generic_plain_value_all_is_stored() {
    for cache in [tiered(), far()] {
        let found = any(&cache, 1, || vec![fresh()]).await;
        assert_eq!(any(&cache, 1, || vec![fresh()]).await, found);
        let user = any(&cache, 1, || User { name: fresh() }).await;
        assert_eq!(any(&cache, 1, || User { name: fresh() }).await, user);
        let shared = any(&cache, 1, || Arc::new(fresh())).await;
        assert_eq!(any(&cache, 1, || Arc::new(fresh())).await, shared);
    }
    let cache = tiered();
    let first = near(&cache, 1, || (fresh(), 'a')).await;
    assert_eq!(near(&cache, 1, || (fresh(), 'a')).await, first);
}

struct Table<T>(T);

impl<T: Outcome + Clone> Table<T> {
    #[cached(prefix = "row", shared, cache = cache, skip(cache))]
    async fn row(&self, cache: &CacheManager, id: u64) -> T {
        let _ = id;
        self.0.clone()
    }
}

trait Source {
    type Out;

    async fn read(&self, cache: &CacheManager, id: u64) -> Self::Out;
}

impl<T: Outcome + Clone> Source for Table<T> {
    type Out = T;

    #[cached(prefix = "read", shared, companions = "none", cache = cache, skip(cache))]
    async fn read(&self, cache: &CacheManager, id: u64) -> Self::Out {
        let _ = id;
        self.0.clone()
    }
}

#[cached(prefix = "projected", cache = cache, skip(cache, source))]
async fn projected<S: Source>(cache: &CacheManager, source: &S, id: u64) -> S::Out
where
    S::Out: Outcome,
{
    source.read(cache, id).await
}

#[tokio::test]
async fn a_parameter_of_the_block_and_an_associated_type_say_it_too() {
    let cache = tiered();
    let failing = Table(Err::<u64, String>("down".to_owned()));
    let found = Table(Ok::<u64, String>(7));
    assert!(failing.row(&cache, 1).await.is_err() && projected(&cache, &failing, 1).await.is_err());
    assert_eq!((found.row(&cache, 1).await, found.read(&cache, 1).await), (Ok(7), Ok(7)));
    assert_eq!(projected(&cache, &found, 1).await, Ok(7));
    assert_eq!(
        (failing.row(&cache, 1).await, failing.read(&cache, 1).await),
        (Ok(7), Ok(7)),
        "what was stored"
    );
    assert_eq!(projected(&cache, &failing, 1).await, Ok(7));
}

type OutOf<S> = <S as Source>::Out;

/// The macro sees a type of its own, with a parameter.
#[cached(prefix = "hidden", cache = cache, skip(cache, source))]
async fn hidden<S: Source>(cache: &CacheManager, source: &S, id: u64) -> OutOf<S>
where
    OutOf<S>: Clone + Serialize + serde::de::DeserializeOwned + Send + Sync + 'static,
{
    source.read(cache, id + fresh()).await
}

#[tokio::test]
async fn a_result_that_nobody_can_see_is_not_stored() {
    let cache = tiered();
    assert!(hidden(&cache, &Table(Err::<u64, String>("down".to_owned())), 1).await.is_err());
    assert_eq!(hidden(&cache, &Table(Ok::<u64, String>(7)), 1).await, Ok(7));
    assert_eq!(hidden(&cache, &Table(7_u64), 1).await, hidden(&cache, &Table(8_u64), 1).await);
}

#[cached(cache = cache, skip(cache, value), stale_if_error = "1h", ttl = "50ms")]
async fn rescued<R: Outcome + Clone>(cache: &CacheManager, id: u64, value: &R) -> R {
    let _ = id;
    value.clone()
}

#[tokio::test]
async fn a_stale_value_answers_in_place_of_a_generic_error() {
    let (down, up) = (Err::<u64, String>("down".to_owned()), Ok::<u64, String>(7));
    let time = Arc::new(larder::testkit::ManualTime::new());
    let clock = larder::Clock::source(time.clone());
    let cache = CacheManager::builder().near(larder::Near::mib(1)).clock(clock).jitter(0.0).build().unwrap();
    assert_eq!(rescued(&cache, 1, &up).await, up);
    time.advance(std::time::Duration::from_secs(1));
    assert_eq!(rescued(&cache, 1, &down).await, up);
}
