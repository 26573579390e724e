//! Entries of another cache in a manager: its bytes under its key, for as long as its store keeps them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cache_core::codec::interop::{SealedAs, SharedSealer};
use cache_core::codec::{CustomFormat, FormatError, Keyring};
use cache_core::entry::Reason;
use cache_core::error::ErrorKind;
use cache_core::key::CacheKey;
use cache_core::manager::{CacheManager, LoadError, Outlook, Policy, Written};
use cache_core::port::backend::{CacheBackend, Remaining, SetOptions};
use cache_core::port::clock::Clock;
use cache_core::testkit::{FaultyBackend, MapBackend, Recorded, RecordingRecorder, TokioTime};
use cache_core::time::Ttl;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::bytes::hex;
use crate::common::near;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct User {
    name: String,
    age: u8,
}

const ALICE: &str = "82a46e616d65a5616c696365a36167651e";

fn alice() -> User {
    User { name: "alice".into(), age: 30 }
}

fn key() -> CacheKey {
    CacheKey::cachekit("users", "get_user", &(42,)).unwrap()
}

struct Stand {
    server: Arc<MapBackend>,
    events: Arc<RecordingRecorder>,
    cache: CacheManager,
}

impl Stand {
    fn new(policy: Policy) -> Self {
        let server = Arc::new(MapBackend::shared());
        let events = Arc::new(RecordingRecorder::new());
        let builder = CacheManager::builder().near(near()).primary(Arc::clone(&server)).jitter(0.0);
        let clock = Clock::source(Arc::new(TokioTime::new()));
        let builder = builder.clock(clock).recorder(Arc::clone(&events)).master_key([7; 32]);
        Self { server, events, cache: builder.policy(policy).build().unwrap() }
    }

    async fn raw(&self) -> Option<Bytes> {
        self.server.get(&key()).await.unwrap()
    }

    /// Another service writes.
    async fn put(&self, document: &[u8], life: Duration) {
        let options = SetOptions::default().expiring(cache_core::time::Life::For(life));
        self.server.set(&key(), Bytes::copy_from_slice(document), options).await.unwrap();
    }

    fn missed(&self) -> Vec<Reason> {
        let events = self.events.take().into_iter();
        events
            .filter_map(|event| match event {
                Recorded::Missed { reason, .. } => Some(reason),
                _ => None,
            })
            .collect()
    }

    async fn user(&self) -> Option<User> {
        self.cache.get(key()).await.unwrap()
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn what_is_stored_is_the_plain_document_under_the_key_of_the_protocol() {
    let stand = Stand::new(Policy::new());
    assert_eq!(stand.cache.set(key(), alice(), Ttl::secs(60)).await.unwrap(), Written::Stored);
    assert_eq!(stand.raw().await.unwrap(), hex(ALICE));
    assert_eq!(stand.server.ttl(&key()).await.unwrap(), Remaining::For(seconds(60)));
    assert_eq!(stand.server.len(), 1);
    assert_eq!(stand.cache.ttl(key()).await.unwrap(), Remaining::For(seconds(60)));
    assert_eq!(stand.cache.delete(key()).await.unwrap().removed, 1);
    assert!(stand.server.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_another_service_wrote_is_read_and_a_load_writes_what_it_reads() {
    let stand = Stand::new(Policy::new());
    let load = || stand.cache.get_or_load(key(), || async { Ok::<_, String>(alice()) }).ttl(Ttl::secs(9));
    let (loaded, status) = load().with_status().await.unwrap();
    assert_eq!((loaded, status.tier), (alice(), "loader"));
    assert_eq!(stand.raw().await.unwrap(), hex(ALICE));
    assert_eq!(stand.server.ttl(&key()).await.unwrap(), Remaining::For(seconds(9)));

    let _removed = stand.cache.delete(key()).await.unwrap();
    stand.put(&hex("82a36167651ea46e616d65a5616c696365"), seconds(100)).await;
    let (found, status) = load().with_status().await.unwrap();
    assert_eq!((found, status.tier, status.age), (alice(), "map", Duration::ZERO));
    assert_eq!(load().with_status().await.unwrap().1.tier, "near");
}

#[tokio::test(start_paused = true)]
async fn a_near_copy_ends_with_what_its_store_keeps() {
    let stand = Stand::new(Policy::new());
    stand.put(&hex(ALICE), seconds(2)).await;
    assert_eq!(stand.user().await, Some(alice()));
    tokio::time::advance(Duration::from_millis(1_999)).await;
    assert_eq!(stand.user().await, Some(alice()));
    tokio::time::advance(Duration::from_millis(1)).await;
    stand.missed();
    assert_eq!(stand.user().await, None);
    assert_eq!(stand.missed(), [Reason::Expired, Reason::Absent]);
}

/// `37` is the digit 7 to us, and the number 55 to everybody else; `01` begins our frames.
#[tokio::test(start_paused = true)]
async fn nothing_is_taken_for_a_counter_or_a_frame_of_ours() {
    let stand = Stand::new(Policy::new());
    for (document, number) in [("37", 55_u64), ("01", 1), ("2d", 45)] {
        stand.put(&hex(document), seconds(100)).await;
        let _removed = stand.cache.expire(key()).await.unwrap();
        assert_eq!(stand.raw().await, None, "{document}: what cannot be kept stale is removed");
        stand.put(&hex(document), seconds(100)).await;
        assert_eq!(stand.cache.ttl(key()).await.unwrap(), Remaining::For(seconds(100)));
        assert_eq!(stand.cache.get::<u64>(key()).await.unwrap(), Some(number), "{document}");
        let explained = stand.cache.explain(key()).await.unwrap();
        assert_eq!(explained.outlook, Outlook::ServedBy("near"));
        let far = explained.tiers[1].entry.as_ref().unwrap();
        assert_eq!((far.kind, far.fresh_for, far.bytes), ("cachekit", Remaining::For(seconds(100)), 1));
    }
    let error = stand.cache.increment(key(), 1, Ttl::Default).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("counters have no form in another cache's entries"), "{error}");
    assert_eq!(stand.raw().await.unwrap(), hex("2d"));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_a_miss_with_its_reason_and_is_left_to_others() {
    let stand = Stand::new(Policy::new());
    for (document, reason) in [
        ("ddffffffff", Reason::Bounds),
        ("92dc0000", Reason::Bounds),
        ("82a36167651ea46e616d65a5616c69636500", Reason::Malformed),
        ("c1", Reason::Malformed),
        ("c0", Reason::Undecodable),
        ("a5616c696365", Reason::Undecodable),
    ] {
        stand.put(&hex(document), seconds(100)).await;
        assert_eq!(stand.user().await, None, "{document}");
        assert_eq!(stand.missed(), [reason], "{document}");
        assert_eq!(stand.raw().await.unwrap(), hex(document));
    }
    stand.put(&vec![0xc0; (1 << 20) + 1], seconds(100)).await;
    assert_eq!((stand.user().await, stand.missed()), (None, vec![Reason::TooLarge]));
    let loaded = stand.cache.get_or_load(key(), || async { Ok::<_, String>(alice()) }).await;
    assert_eq!((loaded.unwrap(), stand.raw().await.unwrap()), (alice(), hex(ALICE).into()));
}

/// A stored form that is not asked for anything.
struct Own;

impl CustomFormat for Own {
    const NAME: &'static str = "own";

    fn encode<T: Serialize>(_: &T, _: &mut impl std::io::Write) -> Result<(), FormatError> {
        Err("never asked".into())
    }

    fn decode<T: DeserializeOwned>(_: &[u8]) -> Result<T, FormatError> {
        Err("never asked".into())
    }
}

#[tokio::test(start_paused = true)]
async fn what_its_form_cannot_carry_is_refused_by_name() {
    let stand = Stand::new(Policy::new());
    let load = || stand.cache.get_or_load(key(), || async { Ok::<_, String>(alice()) });
    for (refused, named) in [
        (load().stale_if_error(seconds(1)).await, "stale_if_error: they end with their life"),
        (load().stale_while_revalidate(seconds(1)).await, "stale_while_revalidate: they end"),
        (load().policy(Policy::new().schema(2)).await, "schema: others would not find them"),
        (load().policy(Policy::new().negative_ttl(Ttl::secs(1))).await, "negative_ttl: absence has no form"),
        (load().single_flight(cache_core::policy::SingleFlight::Distributed).await, "single_flight: others"),
        (load().tags(["t"]).await, "tags: they carry none"),
        (load().in_format::<Own>().await, "format: they are MessagePack"),
    ] {
        let Err(LoadError::Cache(error)) = refused else { panic!("{named}: {refused:?}") };
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(named), "{error}");
    }
    let written = stand.cache.set_tagged(key(), alice(), Ttl::secs(9), ["t"]).await.unwrap();
    assert_eq!(written, Written::Rejected(Reason::Misconfigured));
    let batch =
        stand.cache.get_or_load_many([key()], |_| async { Ok::<Vec<(CacheKey, User)>, String>(Vec::new()) });
    let refused = format!("{:?}", batch.await);
    assert!(refused.contains("a batch holds a key of another cache"), "{refused}");
    assert!(stand.server.is_empty());
}

/// A manager's own windows are for its own entries.
#[tokio::test(start_paused = true)]
async fn no_window_of_the_manager_keeps_one_longer() {
    let stand = Stand::new(Policy::new().stale_if_error(seconds(1_000)));
    assert_eq!(stand.cache.set(key(), alice(), Ttl::secs(5)).await.unwrap(), Written::Stored);
    assert_eq!(stand.server.ttl(&key()).await.unwrap(), Remaining::For(seconds(5)));
    tokio::time::advance(seconds(5)).await;
    let failed = stand.cache.get_or_load(key(), || async { Err::<User, _>("down".to_owned()) }).await;
    assert!(matches!(failed, Err(LoadError::Loader(_))), "{failed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_secure_one_is_sealed_as_the_protocol_says_and_one_in_clear_is_not_believed() {
    let stand = Stand::new(Policy::secure());
    assert_eq!(stand.cache.set(key(), alice(), Ttl::secs(60)).await.unwrap(), Written::Stored);
    let sealed = stand.raw().await.unwrap();
    let other = SharedSealer::new(&Keyring::new([7; 32]).unwrap(), None).unwrap();
    let place =
        SealedAs::interop("users:get_user:61598716255080080f6456eb065c2e51badfaa4320b0efe97469c29cffee8875");
    assert_eq!(other.open(&place, &sealed).unwrap().0, hex(ALICE));
    stand.put(&other.seal(&place, &hex("82a36167651fa46e616d65a5616c696365")).unwrap(), seconds(60)).await;
    assert_eq!(stand.user().await, Some(User { age: 31, ..alice() }));

    stand.missed();
    let moved = other.seal(&SealedAs::interop("users:get_user:00"), &hex(ALICE)).unwrap();
    let older =
        SharedSealer::new(&Keyring::new([8; 32]).unwrap(), None).unwrap().seal(&place, &hex(ALICE)).unwrap();
    let open = other.seal(&place, &hex("92dc0000")).unwrap();
    for (bytes, reason) in [
        (hex(ALICE), Reason::Malformed),
        ([&hex(ALICE)[..], &[0; 28]].concat(), Reason::NotAuthentic),
        (moved, Reason::NotAuthentic),
        (older, Reason::NotAuthentic),
        (open, Reason::Bounds),
    ] {
        stand.put(&bytes, seconds(60)).await;
        assert_eq!((stand.user().await, stand.missed()), (None, vec![reason]));
    }
}

/// Nobody else writes to the fallback, and a value that is there alone would be one that only we see.
#[tokio::test(start_paused = true)]
async fn the_fallback_never_has_one() {
    let (server, aside) = (Arc::new(MapBackend::new()), Arc::new(MapBackend::new()));
    let primary = FaultyBackend::new(Arc::clone(&server) as Arc<dyn CacheBackend>);
    let builder = CacheManager::builder().near(near()).primary(Arc::clone(&primary)).jitter(0.0);
    let cache = builder.fallback(Arc::clone(&aside)).build().unwrap();
    assert_eq!(cache.set(key(), alice(), Ttl::secs(60)).await.unwrap(), Written::Stored);
    primary.down(true);
    let newer = User { age: 31, ..alice() };
    let written = cache.set(key(), newer.clone(), Ttl::secs(60)).await.unwrap();
    assert_eq!(written, Written::OnlyHere(Reason::TierError));
    assert!(aside.is_empty());
    assert_eq!(cache.get(key()).await.unwrap(), Some(newer));
    primary.down(false);
    cache.get::<User>("another").await.unwrap();
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(server.get(&key()).await.unwrap(), None, "the older value is still there");
}

#[tokio::test(start_paused = true)]
async fn clearing_the_manager_leaves_what_others_share_in_its_store() {
    let stand = Stand::new(Policy::new());
    assert_eq!(stand.cache.set(key(), alice(), Ttl::secs(60)).await.unwrap(), Written::Stored);
    assert_eq!(stand.cache.set("own", alice(), Ttl::secs(60)).await.unwrap(), Written::Stored);
    let _removed = stand.cache.clear().await.unwrap();
    assert_eq!((stand.server.len(), stand.raw().await.unwrap()), (1, hex(ALICE).into()));
}
