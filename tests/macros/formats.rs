//! Stored forms of one's own.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use larder::testkit::{MapBackend, Recorded, RecordingRecorder};
use larder::{
    CacheBackend, CacheManager, Compression, CustomFormat, Format, FormatError, Keyspace, Policy, Reason,
    Ttl, cached,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::fresh;

/// JSON between two letters, which are its name.
struct Between<const LETTER: char>;

type Own = Between<'a'>;
type Another = Between<'b'>;

impl<const LETTER: char> CustomFormat for Between<LETTER> {
    const NAME: &'static str = if LETTER == 'a' { "a" } else { "b" };

    fn encode<T: Serialize>(value: &T, out: &mut impl Write) -> Result<(), FormatError> {
        out.write_all(b"<")?;
        serde_json::to_writer(&mut *out, value)?;
        Ok(out.write_all(b">")?)
    }

    fn decode<T: DeserializeOwned>(payload: &[u8]) -> Result<T, FormatError> {
        let inner = payload.strip_prefix(b"<").and_then(|rest| rest.strip_suffix(b">"));
        Ok(serde_json::from_slice(inner.ok_or("no brackets")?)?)
    }
}

/// A manager whose every hit is out of this backend.
fn over(backend: &Arc<MapBackend>) -> CacheManager {
    heard(backend, &Arc::default())
}

/// The same, and what it says.
fn heard(backend: &Arc<MapBackend>, recorder: &Arc<RecordingRecorder>) -> CacheManager {
    let builder = CacheManager::builder().no_near().primary(Arc::clone(backend) as Arc<dyn CacheBackend>);
    let builder = builder.recorder(Arc::clone(recorder)).compression(Compression::Lz4);
    builder.master_key("c4".repeat(32)).build().unwrap()
}

/// Why nothing was found, since the last time.
fn missed(recorder: &RecordingRecorder) -> Vec<Reason> {
    let reasons = recorder.take().into_iter().filter_map(|event| match event {
        Recorded::Missed { reason, .. } => Some(reason),
        _ => None,
    });
    reasons.collect()
}

async fn stored(cache: &CacheManager, backend: &MapBackend, key: &str) -> String {
    let key = cache.explain(key).await.unwrap().key;
    let frame = backend.get(&key).await.unwrap().unwrap();
    String::from_utf8_lossy(&frame.slice(74..)).into_owned()
}

#[cached(prefix = "own", format = Own, cache = cache, skip(cache))]
async fn own(cache: &CacheManager, id: u64) -> Result<Option<u64>, String> {
    Ok((id != 0).then(|| id * 1_000_000 + fresh()))
}

#[tokio::test]
async fn a_value_is_stored_in_the_form_that_is_named() {
    let backend = Arc::new(MapBackend::new());
    let cache = over(&backend);
    let first = own(&cache, 7).await.unwrap().unwrap();
    assert_eq!(own(&cache, 7).await.unwrap(), Some(first));
    assert_eq!(own_peek(&cache, 7).await, Some(Ok(Some(first))));
    assert_eq!(stored(&cache, &backend, "own:7").await, format!("\u{1}a<{first}>"));
    let report = cache.explain("own:7").await.unwrap();
    assert_eq!(report.tiers[1].entry.as_ref().unwrap().kind, "custom");
    assert_ne!(own_refresh(&cache, 7).await.unwrap(), Some(first));
}

#[cached(prefix = "own", format = Another, cache = cache, skip(cache))]
async fn another(cache: &CacheManager, id: u64) -> u64 {
    id * 1_000_000 + fresh()
}

#[cached(prefix = "own", cache = cache, skip(cache))]
async fn plain(cache: &CacheManager, id: u64) -> u64 {
    id * 1_000_000 + fresh()
}

#[cached(prefix = "own", format = "json", cache = cache, skip(cache))]
async fn json(cache: &CacheManager, id: u64) -> u64 {
    id * 1_000_000 + fresh()
}

#[tokio::test]
async fn an_entry_of_another_form_is_a_miss_and_says_so() {
    let recorder = Arc::default();
    let cache = heard(&Arc::default(), &recorder);
    let known = own(&cache, 7).await.unwrap().unwrap();
    assert_eq!(missed(&recorder), [Reason::Absent]);
    let other = another(&cache, 7).await;
    assert_eq!((other == known, missed(&recorder)), (false, vec![Reason::WrongFormat]));
    let third = plain(&cache, 7).await;
    assert_eq!((third == other, missed(&recorder)), (false, vec![Reason::WrongFormat]));
    let fourth = own(&cache, 7).await.unwrap().unwrap();
    assert_eq!((fourth == third, missed(&recorder)), (false, vec![Reason::WrongFormat]));
    let fifth = json(&cache, 7).await;
    assert_eq!((fifth == fourth, missed(&recorder)), (false, vec![Reason::WrongFormat]));
    assert_eq!(plain(&cache, 7).await, fifth, "forms of larder's read each other, as ever");
}

#[cached(prefix = "many", format = Own, batch = ids, cache = cache, skip(cache))]
async fn many(cache: &CacheManager, ids: &[u64]) -> Vec<u64> {
    ids.iter().map(|id| id * 1_000_000 + fresh()).collect()
}

#[cached(prefix = "detached", format = Own, detach, cache = cache, skip(cache))]
async fn detached(cache: &CacheManager, id: u64) -> Vec<u64> {
    vec![id; 2_000]
}

#[cached(prefix = "sealed", format = Own, secure, cache = cache, skip(cache))]
async fn sealed(cache: &CacheManager, id: u64) -> String {
    format!("canary {id} {}", fresh())
}

#[cached(prefix = "lone", format = <Shop as Sells>::Form, companions = "none", cache = cache, skip(cache))]
async fn lone(cache: &CacheManager, id: u64) -> u64 {
    id * 1_000_000 + fresh()
}

struct Shop;

trait Sells {
    type Form;
}

impl Sells for Shop {
    type Form = Own;
}

#[cached(prefix = "generic", format = F, cache = cache, skip(cache))]
async fn generic<F: CustomFormat>(cache: &CacheManager, id: u64) -> u64 {
    id * 1_000_000 + fresh()
}

#[tokio::test]
async fn every_kind_of_function_may_name_one() {
    let backend = Arc::new(MapBackend::new());
    let cache = over(&backend);
    let first = many(&cache, &[1, 2]).await;
    assert_eq!(many(&cache, &[2, 1]).await, [first[1], first[0]]);
    assert_eq!(stored(&cache, &backend, "many:2").await, format!("\u{1}a<{}>", first[1]));
    assert_eq!(detached(&cache, 7).await, detached(&cache, 7).await);
    let long = stored(&cache, &backend, "detached:7").await;
    assert!(long.contains("\u{1}a<[7,") && long.len() < 200, "compressed: {long}");
    assert_eq!(sealed(&cache, 7).await, sealed(&cache, 7).await);
    assert_eq!(lone(&cache, 7).await, lone(&cache, 7).await);
    assert!(stored(&cache, &backend, "lone:7").await.starts_with("\u{1}a<"));
    let generic_own = generic::<Own>(&cache, 7).await;
    assert_eq!(generic::<Own>(&cache, 7).await, generic_own);
    assert_ne!(generic::<Another>(&cache, 7).await, generic_own);
    let hidden = stored(&cache, &backend, "sealed:7").await;
    assert!(!hidden.contains("canary") && !hidden.contains("a<"), "{hidden}");
}

static OWN: Keyspace<u64> = Keyspace::in_format::<Own>("own", |policy| policy.ttl(Ttl::secs(60)));
static PLAIN: Keyspace<u64> = Keyspace::new("own");

#[tokio::test]
async fn what_is_asked_for_by_hand_may_name_one() {
    let backend = Arc::new(MapBackend::new());
    let cache = over(&backend);
    let (own_space, plain_space) = (cache.keyspace(&OWN), cache.keyspace(&PLAIN));
    assert!(own_space.set(7_u64, 70, Ttl::Default).await.unwrap().is_stored());
    assert_eq!(stored(&cache, &backend, "own:7").await, "\u{1}a<70>");
    assert_eq!((own_space.get(7_u64).await.unwrap(), own(&cache, 7).await), (Some(70), Ok(Some(70))));
    assert_eq!(plain_space.get(7_u64).await.unwrap(), None);
    let load = || async { Ok::<_, String>(71) };
    assert_eq!(own_space.get_or_load(7_u64, load).await.unwrap(), 70);
    assert_eq!(cache.get_or_load("own:7", load).in_format::<Own>().await.unwrap(), 70);
    assert_eq!(cache.get_or_load("own:8", load).in_format::<Own>().detach().await.unwrap(), 71);
    assert_eq!(stored(&cache, &backend, "own:8").await, "\u{1}a<71>");
    let policy = Policy::new().format(Format::Json);
    assert_eq!(cache.get_or_load("own:9", load).in_format::<Own>().policy(policy).await.unwrap(), 71);
    assert_eq!(own_space.get_and_delete(9_u64).await.unwrap(), Some(71));
}

/// Fails when it is told to, and says in two ways why.
struct Moody;

static PANICS: AtomicBool = AtomicBool::new(false);
static FAILS: AtomicBool = AtomicBool::new(false);

fn moods() -> Result<(), FormatError> {
    if PANICS.load(Ordering::SeqCst) {
        std::panic::resume_unwind(Box::new("in a mood"));
    }
    if FAILS.load(Ordering::SeqCst) { Err("in a mood".into()) } else { Ok(()) }
}

impl CustomFormat for Moody {
    const NAME: &'static str = "moody";

    fn encode<T: Serialize>(value: &T, out: &mut impl Write) -> Result<(), FormatError> {
        Own::encode(value, out)?;
        moods()
    }

    fn decode<T: DeserializeOwned>(payload: &[u8]) -> Result<T, FormatError> {
        moods()?;
        Own::decode(payload)
    }
}

#[cached(prefix = "moody", format = Moody, cache = cache, skip(cache))]
async fn moody(cache: &CacheManager, id: u64) -> Vec<u64> {
    vec![fresh(); usize::try_from(id).unwrap()]
}

#[tokio::test]
async fn a_form_that_fails_panics_or_writes_too_much_costs_a_load_and_leaves_nothing() {
    let (backend, recorder) = (Arc::new(MapBackend::new()), Arc::default());
    let cache = heard(&backend, &recorder);
    for mood in [&FAILS, &PANICS] {
        let first = moody(&cache, 3).await;
        assert_eq!((moody(&cache, 3).await, missed(&recorder)), (first.clone(), vec![Reason::Absent]));
        mood.store(true, Ordering::SeqCst);
        assert_ne!(moody(&cache, 3).await, first);
        assert_eq!(missed(&recorder), [Reason::Undecodable]);
        mood.store(false, Ordering::SeqCst);
        let _ = moody(&cache, 3).await;
        assert_eq!(missed(&recorder), [Reason::Absent], "nothing older is left");
        let _ = cache.clear().await.unwrap();
    }
    assert_eq!(moody(&cache, 1_000_000).await.len(), 1_000_000);
    assert!(backend.is_empty(), "more than max_entry_bytes is not stored");
}
