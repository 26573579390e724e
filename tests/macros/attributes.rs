//! Attributes, documentation and visibility are kept.

#![deny(missing_docs, unused, clippy::pedantic)]

use larder::{cached, invalidate_cache};

use crate::{FAR, fresh};

/// Docs above.
#[cached(ttl = "1m", cache = FAR)]
/// Docs below.
#[must_use = "it costs a load"]
#[allow(clippy::needless_pass_by_value)]
pub(crate) async fn documented(_name: String) -> u64 {
    fresh()
}

#[cfg(any())]
#[cached(no_such_option)]
async fn absent(_: NoSuchType) -> u64 {}

#[cached(cache = FAR)]
#[cfg(any())]
async fn absent_too(id: u64) -> NoSuchType {
    id
}

#[cached(cache = FAR)]
#[cfg(not(any()))]
async fn present(id: u64) -> u64 {
    id + fresh()
}

/// Written by somebody who is strict.
///
/// # Errors
/// Sometimes.
#[cached(cache = FAR, key(name, list), skip(_db))]
#[expect(unused_variables, reason = "to see that the lint level is kept")]
pub(crate) async fn pedantic(name: &str, list: &[u8], _db: &str) -> Result<u64, String> {
    let unused = list.len();
    if name.is_empty() {
        return Err("no name".to_owned());
    }
    Ok(fresh())
}

/// A type of the strict.
#[derive(Debug)]
pub(crate) struct Strict<T>(T);

impl<T: larder::Outcome + Clone> Strict<T> {
    /// A method of theirs.
    #[cached(shared, cache = FAR)]
    pub(crate) async fn value(&self, _of: Option<&str>, mut _count: usize) -> T {
        _count += 1;
        self.0.clone()
    }

    /// Another.
    ///
    /// # Errors
    /// Never.
    #[invalidate_cache(self.value(of, count), pedantic("x", &[][..]))]
    pub(crate) async fn change(&mut self, of: Option<&str>, count: usize, value: T) -> Result<(), String> {
        self.0 = value;
        let _ = (of, count);
        Ok(())
    }
}

#[tokio::test]
async fn what_is_kept_works() {
    assert_eq!(documented(String::new()).await, documented(String::new()).await);
    assert_eq!(present(1).await, present(1).await);
    assert!(pedantic("", &[], "").await.is_err());
    let mut strict = Strict(1_u8);
    assert_eq!(strict.value(None, 1).await, 1);
    strict.change(None, 1, 2).await.unwrap();
    assert_eq!(strict.value(None, 1).await, 2);
}

/// Keeps the names of spans.
#[derive(Debug, Clone, Default)]
struct Spans(std::sync::Arc<std::sync::Mutex<Vec<&'static str>>>);

impl tracing::Subscriber for Spans {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.is_span()
    }

    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        self.0.lock().unwrap().push(span.metadata().name());
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, _: &tracing::Event<'_>) {}
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[cached(cache = FAR)]
#[tracing::instrument(level = "error", skip(name))]
async fn below(id: u64, name: &str) -> Result<u64, String> {
    let _ = name;
    Ok(id + fresh())
}

#[tracing::instrument(level = "error", err)]
#[cached(cache = FAR)]
async fn above(id: u64) -> Result<u64, String> {
    Ok(id + fresh())
}

#[tokio::test]
async fn a_load_is_traced_under_the_name_of_the_function() {
    let spans = Spans::default();
    let _guard = tracing::subscriber::set_default(spans.clone());
    for _ in 0..3 {
        assert!(below(1, "x").await.is_ok());
    }
    assert_eq!(*spans.0.lock().unwrap(), ["below"]);
    assert!(above(1).await.is_ok());
    assert_eq!(*spans.0.lock().unwrap(), ["below", "above"]);
}
