//! One span per call, and no key in it.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use cache_core::error::ErrorKind;
use cache_core::layer::{Layer, TraceLayer};
use cache_core::port::backend::CacheBackend;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::support::{Scripted, key};

/// Writes down every span and event as text.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() != "micros" {
            write!(self.0, " {}={value:?}", field.name()).unwrap();
        }
    }
}

impl Notes {
    fn note(&self, metadata: &Metadata<'_>, record: impl FnOnce(&mut Fields)) {
        let mut fields = Fields(format!("{} {}", metadata.level(), metadata.target()));
        record(&mut fields);
        self.0.lock().unwrap().push(fields.0);
    }
}

impl Subscriber for Notes {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.note(span.metadata(), |fields| span.record(fields));
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        self.note(event.metadata(), |fields| event.record(fields));
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn a_call_is_a_span_with_the_digest_of_its_key() {
    let notes = Notes::default();
    let _guard = tracing::subscriber::set_default(notes.clone());
    let layered = TraceLayer.wrap(Scripted::new(&[ErrorKind::Timeout]));
    let secret = key("user:ada@example.org");
    assert!(layered.get(&secret).await.is_err());
    layered.delete_many(&[secret.clone(), key("b")]).await.unwrap();
    let notes = notes.0.lock().unwrap();
    assert_eq!(
        *notes,
        [
            format!(r#"DEBUG larder::trace backend="scripted" verb="get" key={secret} keys=1"#),
            r#"DEBUG larder::trace message=failed error="timeout""#.to_owned(),
            r#"DEBUG larder::trace backend="scripted" verb="delete_many" keys=2"#.to_owned(),
            "DEBUG larder::trace message=answered".to_owned(),
        ]
    );
    assert!(!notes.concat().contains("ada"));
}
