//! `#[key_part(..)]`: `skip` on a field, `crate = path` on a type; `#[outcome(crate = path)]`.

use syn::{Attribute, Path};

use crate::problems::Problems;

/// What is said about the whole type.
#[derive(Debug, Default)]
pub(crate) struct Container {
    pub(crate) krate: Option<Path>,
}

/// Reads the attributes of a type that have this name.
pub(crate) fn container(attrs: &[Attribute], called: &str, problems: &mut Problems) -> Container {
    let mut container = Container::default();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident(called)) {
        let read = attr.parse_nested_meta(|meta| {
            if meta.path.is_ident("crate") {
                container.krate = Some(meta.value()?.parse()?);
                return Ok(());
            }
            Err(meta.error(format!("on a type there is only `#[{called}(crate = path::to::larder)]`")))
        });
        problems.keep(read);
    }
    container
}

/// Whether a field is left out.
pub(crate) fn is_skipped(attrs: &[Attribute], problems: &mut Problems) -> bool {
    let mut skipped = false;
    for attr in ours(attrs) {
        let read = attr.parse_nested_meta(|meta| {
            if meta.path.is_ident("skip") {
                skipped = true;
                return Ok(());
            }
            Err(meta.error("on a field there is only `#[key_part(skip)]`"))
        });
        problems.keep(read);
    }
    skipped
}

fn ours(attrs: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident("key_part"))
}
