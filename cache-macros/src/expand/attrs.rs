//! Which of the user's attributes goes where.
//!
//! Documentation stays on the function that people call. Attributes that change code (`#[tracing::instrument]`)
//! go with the body: a hit does not run them. `#[cfg]` and lint levels go everywhere they matter.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Meta};

use crate::model::plan::Plan;

/// Of the function that people call. What a lint is expected to say it says of the body; here it may say it or not.
pub(super) fn of_cached(plan: &Plan) -> Vec<Attribute> {
    const OWN: [&str; 12] = [
        "doc",
        "cfg",
        "allow",
        "expect",
        "warn",
        "deny",
        "forbid",
        "must_use",
        "deprecated",
        "inline",
        "cold",
        "rustfmt",
    ];
    plan.function.attrs.iter().filter(|attr| is_any(attr, &OWN)).map(allowing).collect()
}

fn allowing(attr: &Attribute) -> Attribute {
    let mut attr = attr.clone();
    if let Meta::List(list) = &mut attr.meta
        && list.path.is_ident("expect")
    {
        list.path = syn::parse_quote!(allow);
    }
    attr
}

/// Of the body.
pub(super) fn of_body(plan: &Plan) -> Vec<Attribute> {
    const NOT_ITS: [&str; 5] = ["doc", "must_use", "deprecated", "inline", "cold"];
    let attrs = plan.function.attrs.iter().filter(|attr| !is_any(attr, &NOT_ITS));
    attrs.map(|attr| with_span_name(attr.clone(), plan)).collect()
}

/// Of everything beside it.
fn cfgs(plan: &Plan) -> impl Iterator<Item = &Attribute> {
    plan.function.attrs.iter().filter(|attr| is_any(attr, &["cfg"]))
}

/// Of a function that is not for people.
pub(super) fn hidden(plan: &Plan) -> TokenStream {
    let cfgs = cfgs(plan);
    let lints = lints();
    quote_ours!(#(#cfgs)* #[doc(hidden)] #[inline] #lints)
}

/// Of a companion.
pub(super) fn companion(plan: &Plan, docs: &str, is_pure: bool) -> TokenStream {
    let cfgs = cfgs(plan);
    let (must_use, lints) = (is_pure.then(|| quote_ours!(#[must_use])), lints());
    quote_ours!(#(#cfgs)* #[doc = #docs] #must_use #lints)
}

/// Emitted functions are nobody's style. (The compiler's own lints pass over emitted names, but for `dead_code`: what it
/// says of several methods of one `impl` at once it would not say of the user's either.)
fn lints() -> TokenStream {
    quote_ours!(#[allow(dead_code, clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction)])
}

/// Of the function that people call: it hands all arguments on, `_unused` ones too.
pub(super) fn underscores(plan: &Plan) -> Option<TokenStream> {
    let mut idents = plan.function.params.iter().map(|param| &param.ident);
    idents
        .any(|ident| ident.to_string().starts_with('_'))
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
