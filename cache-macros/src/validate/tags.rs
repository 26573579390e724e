//! What an entry belongs to follows from its key: two calls that share an entry agree about it.

use quote::ToTokens;
use syn::{Expr, Ident};

use crate::model::free;
use crate::model::function::{Function, mentions};
use crate::model::key::Part;
use crate::model::options::Options;
use crate::model::param::Param;
use crate::model::plan::covers;
use crate::parse::template::Template;
use crate::problems::Problems;

pub(super) fn check(options: &Options, function: &Function, problems: &mut Problems) {
    for expr in options.tags.iter().flat_map(Template::exprs) {
        tag(expr, options, function, problems);
    }
    if let Some(name) = options.groups.iter().flatten().next() {
        nameable(name, options, function, problems);
    }
    let mut seen: Vec<&[Ident]> = Vec::new();
    for group in &options.groups {
        if let (true, Some(name)) = (seen.contains(&group.as_slice()), group.first()) {
            problems.at(name, "this group is there already; keep one");
        }
        seen.push(group);
        for (at, name) in group.iter().enumerate() {
            grouped(name, options, function, problems);
            if group.iter().take(at).any(|other| other == name) {
                problems.at(name, format!("`{name}` is given twice; keep one"));
            }
        }
    }
}

/// Each type that an `impl Trait` of the key stands for has its own entries: a group has to be able to say which.
fn nameable(name: &Ident, options: &Options, function: &Function, problems: &mut Problems) {
    let is_skipped = |param: &Param| options.skip.iter().any(|skip| param.is_called(skip));
    for param in function.params.iter().filter(|param| !is_skipped(param)) {
        if mentions(param.ty.to_token_stream(), "impl") {
            let message = format!(
                "a group by `{name}` cannot say which type this is; give it a name: `fn f<T: ..>(.., argument: T)`"
            );
            problems.at(&param.ty, message);
        }
    }
}

fn tag(expr: &Expr, options: &Options, function: &Function, problems: &mut Problems) {
    if options.sensitive.iter().any(|what| covers(what, expr)) {
        problems.at(
            expr,
            "a tag is read in the clear, and this is sensitive; group by it instead: `group_by(..)`",
        );
    }
    if in_key(expr, options, function) {
        return;
    }
    for name in free::names(expr) {
        if name == "self" || is_argument(&name, function) {
            if !in_key(&syn::parse_quote!(#name), options, function) {
                problems.at(&name, not_in_key(&name, "tag"));
            }
        } else if !name.to_string().starts_with(char::is_uppercase) {
            problems.at(&name, super::key::no_argument(&name, function));
        }
    }
}

fn grouped(name: &Ident, options: &Options, function: &Function, problems: &mut Problems) {
    if !function.params.iter().any(|param| param.is_plain && param.ident == *name) {
        problems.at(name, super::key::no_argument(name, function));
    } else if !in_key(&syn::parse_quote!(#name), options, function) {
        problems.at(name, not_in_key(name, "group"));
    }
}

fn not_in_key(name: &Ident, what: &str) -> String {
    format!(
        "`{name}` is no part of the key by itself, so two calls that share an entry could disagree about its {what}; \
         add it to the key"
    )
}

fn is_argument(name: &Ident, function: &Function) -> bool {
    function.params.iter().any(|param| param.names.contains(name))
}

/// Whether an expression is a part of the key as it is.
fn in_key(expr: &Expr, options: &Options, function: &Function) -> bool {
    let expr = free::behind_references(expr);
    let same = |other: &Expr| free::behind_references(other) == expr;
    if options.scopes().any(|(_, scope)| same(scope)) {
        return true;
    }
    match &options.key {
        Some(key) => key.parts.iter().flat_map(Part::exprs).any(same),
        None => free::name(expr).is_some_and(|name| {
            let param = function.params.iter().find(|param| param.names.contains(name));
            param.is_some_and(|param| !options.skip.iter().any(|skip| param.is_called(skip)))
        }),
    }
}
