//! Which of the user's attributes goes where.
//!
//! Documentation stays on the function that people call. Attributes that change code (`#[tracing::instrument]`)
//! go with the body: a hit does not run them. `#[cfg]` and lint levels go everywhere they matter.
//!
//! What stands beside the function has few lint levels of ours: its braces are ours, and nearly all lints pass over
//! code that a macro brings along (`tests/macros/lints.rs`). Those that look at the user's own tokens say there what
//! they say of the function, so what it allows is allowed in its family.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Meta};

use crate::model::plan::Plan;

/// Of the function that people call.
pub(super) fn of_cached(plan: &Plan) -> Vec<Attribute> {
    const OWN: [&str; 11] = [
        "doc",
        "cfg",
        "allow",
        "warn",
        "deny",
        "forbid",
        "must_use",
        "deprecated",
        "inline",
        "cold",
        "rustfmt",
    ];
    plan.function.attrs.iter().map(allowed).filter(|attr| is_any(attr, &OWN)).collect()
}

/// Of the body.
pub(super) fn of_body(plan: &Plan) -> Vec<Attribute> {
    const NOT_ITS: [&str; 5] = ["doc", "must_use", "deprecated", "inline", "cold"];
    let attrs = plan.function.attrs.iter().filter(|attr| !is_any(attr, &NOT_ITS));
    attrs.map(|attr| with_span_name(attr.clone(), plan)).collect()
}

/// Of everything beside it.
fn of_family(plan: &Plan) -> impl Iterator<Item = Attribute> {
    plan.function.attrs.iter().map(allowed).filter(|attr| is_any(attr, &["cfg", "allow"]))
}

/// What is expected of the body is merely allowed elsewhere, where it need not come true.
fn allowed(attr: &Attribute) -> Attribute {
    let mut attr = attr.clone();
    if let (true, Meta::List(list)) = (attr.path().is_ident("expect"), &mut attr.meta) {
        list.path = syn::parse_quote!(allow);
    }
    attr
}

/// Of a function that is not for people.
pub(super) fn hidden(plan: &Plan) -> TokenStream {
    let of_family = of_family(plan);
    quote_ours!(#(#of_family)* #[doc(hidden)])
}

/// Of a companion. (Of all dead methods of one `impl` the compiler speaks at once, or not at all when one of them is
/// ours: so that it speaks of the user's, ours are said to be alive.)
pub(super) fn companion(plan: &Plan, docs: &str, is_pure: bool) -> TokenStream {
    let (of_family, underscores) = (of_family(plan), underscores(plan));
    let must_use = is_pure.then(|| quote_ours!(#[must_use]));
    let unused = plan.in_impl.then(|| quote_ours!(#[allow(dead_code)]));
    quote_ours!(#(#of_family)* #[doc = #docs] #must_use #unused #underscores)
}

/// Of a hidden function that takes arguments: more of them than the function, behind references that nobody would write.
pub(super) fn hidden_with_arguments(plan: &Plan) -> TokenStream {
    let hidden = hidden(plan);
    quote_ours!(#hidden #[allow(clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction)])
}

/// Of the function that people call, where its body owns what it was called with, under the same names.
pub(super) fn shadows(plan: &Plan) -> Option<TokenStream> {
    let owns = plan.batch.is_some() || plan.options.is_detached();
    owns.then(|| quote_ours!(#[allow(clippy::shadow_reuse, clippy::shadow_unrelated)]))
}

/// Of what hands arguments on, `_unused` ones too: their names are the user's, wherever they stand.
pub(super) fn underscores(plan: &Plan) -> Option<TokenStream> {
    let mut names = plan.function.params.iter().flat_map(|param| &param.names);
    names
        .any(|name| name.to_string().starts_with('_'))
        .then(|| quote_ours!(#[allow(clippy::used_underscore_binding)]))
}

fn is_any(attr: &Attribute, names: &[&str]) -> bool {
    names.iter().any(|name| attr.path().is_ident(name))
        || (names.contains(&"rustfmt")
            && attr.path().segments.first().is_some_and(|first| first.ident == "rustfmt"))
}

/// A tracing span is named after the function, and the body's is not the one that people know.
fn with_span_name(mut attr: Attribute, plan: &Plan) -> Attribute {
    if attr.path().segments.last().is_none_or(|last| last.ident != "instrument") {
        return attr;
    }
    let name = plan.function.sig.ident.to_string();
    let path = attr.path().clone();
    let rest = match &attr.meta {
        Meta::Path(_) => TokenStream::new(),
        Meta::List(list) if !has_name(&list.tokens) => list.tokens.clone(),
        _ => return attr,
    };
    attr.meta = syn::parse_quote!(#path(name = #name, #rest));
    attr
}

/// Whether there is `name = ..`, or a bare name in front.
fn has_name(tokens: &TokenStream) -> bool {
    let tokens: Vec<_> = tokens.clone().into_iter().collect();
    let named = tokens.windows(2).any(|pair| pair.iter().map(ToString::to_string).eq(["name", "="]));
    named || matches!(tokens.first(), Some(proc_macro2::TokenTree::Literal(_)))
}

/// Attributes that nobody takes away.
pub(super) fn all(plan: &Plan) -> TokenStream {
    let attrs = &plan.function.attrs;
    quote!(#(#attrs)*)
}
