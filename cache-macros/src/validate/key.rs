//! Every parameter is in the key or skipped, never both, never by mistake neither.

use quote::ToTokens;
use syn::{Expr, Ident};

use crate::model::free;
use crate::model::function::Function;
use crate::model::options::Options;
use crate::model::param::Param;
use crate::model::plan::covers;
use crate::problems::Problems;
use crate::suggest::{did_you_mean, nearest};

pub(super) fn check(options: &Options, function: &Function, problems: &mut Problems) {
    for name in &options.skip {
        skipped(name, function, problems);
    }
    let scopes: Vec<&Expr> = options.scopes().map(|(_, expr)| expr).collect();
    let around: Vec<&Expr> = scopes.iter().copied().chain(options.ways()).collect();
    let key: Vec<&Expr> = options.key.iter().flat_map(|key| key.exprs()).collect();
    let unknown: Vec<Ident> =
        [unknown_names(&key, function), unknown_names(&around, function)].into_iter().flatten().collect();
    for name in &unknown {
        problems.at(name, no_argument(name, function));
    }
    sensitive(options, &key, &scopes, function, problems);
    if options.key.is_none() {
        return deciders(options, function, problems);
    }
    for param in &function.params {
        let skip = options.skip.iter().find(|name| param.is_called(name));
        match (skip, uses(&key, param), uses(&around, param)) {
            (Some(name), true, _) => {
                problems.at(name, format!("`{name}` is in the key and skipped; keep one"));
            }
            (None, false, false) if !unknown.iter().any(|name| is_near(name, param)) => {
                neither(param, problems);
            }
            _ => {}
        }
    }
}

fn uses(exprs: &[&Expr], param: &Param) -> bool {
    exprs.iter().any(|expr| param.names.iter().any(|name| free::uses(expr, name)))
}

/// A flag that says how to ask is no part of the question: with it in the key, what is loaded anew would be stored
/// where nobody looks.
fn deciders(options: &Options, function: &Function, problems: &mut Problems) {
    let ways: Vec<&Expr> = options.ways().collect();
    for param in function.params.iter().filter(|param| is_bool(param) && uses(&ways, param)) {
        if !options.skip.iter().any(|name| param.is_called(name)) {
            let name = &param.ident;
            let message = format!(
                "`{name}` decides how the cache is asked, and is part of the key; say `skip({name})`, or name what the \
                 key is with `key(..)`"
            );
            problems.at(&param.pat, message);
        }
    }
}

fn is_bool(param: &Param) -> bool {
    matches!(&param.ty, syn::Type::Path(path) if path.path.is_ident("bool"))
}

/// What is sensitive has to be in the key, or nothing is hidden.
fn sensitive(
    options: &Options,
    key: &[&Expr],
    scopes: &[&Expr],
    function: &Function,
    problems: &mut Problems,
) {
    for what in &options.sensitive {
        let in_scopes = scopes.iter().any(|expr| covers(what, expr));
        let in_key = if options.key.is_some() {
            key.iter().any(|expr| covers(what, expr))
        } else {
            by_default(what, options, function)
        };
        if let Some(name) = free::name(what).filter(|name| !is_argument(name, function)) {
            problems.at(name, no_argument(name, function));
        } else if !in_scopes && !in_key {
            let what_text = what.to_token_stream().to_string().replace(' ', "");
            let message = format!(
                "`{what_text}` is no part of the key; name an argument that is, or an expression of `key(..)`"
            );
            problems.at(what, message);
        }
    }
}

fn is_argument(name: &Ident, function: &Function) -> bool {
    function.params.iter().any(|param| param.names.contains(name))
}

/// Whether it names an argument that enters the key because nothing else was said.
fn by_default(what: &Expr, options: &Options, function: &Function) -> bool {
    let Some(name) = free::name(free::behind_references(what)) else { return false };
    let param = function.params.iter().find(|param| param.is_called(name));
    param.is_some_and(|param| param.is_plain && !options.skip.iter().any(|skip| param.is_called(skip)))
}

fn neither(param: &Param, problems: &mut Problems) {
    let name = param.names.first().map_or_else(|| "_".to_owned(), Ident::to_string);
    let message = format!(
        "`{name}` is neither in the key nor skipped; add it to `key(..)`, or say `skip({name})` when it does not \
         change the result"
    );
    problems.at(&param.pat, message);
}

fn skipped(name: &Ident, function: &Function, problems: &mut Problems) {
    if name == "self" {
        problems.at(name, "to leave `self` out of the key write `shared`");
    } else if !function.params.iter().any(|param| param.is_called(name)) {
        problems.at(name, no_argument(name, function));
    }
}

/// Lower-case names that are no argument: constants are written in capitals, functions are called.
fn unknown_names(exprs: &[&Expr], function: &Function) -> Vec<Ident> {
    let is_known = |name: &Ident| {
        let is_param = function.params.iter().any(|param| param.names.contains(name));
        let is_self = name == "self" && function.receiver().is_some();
        is_param || is_self || name.to_string().starts_with(|c: char| c.is_uppercase())
    };
    exprs.iter().flat_map(|expr| free::names(expr)).filter(|name| !is_known(name)).collect()
}

/// A name that was mistyped for this parameter's is one mistake.
fn is_near(name: &Ident, param: &Param) -> bool {
    let names: Vec<String> = param.names.iter().map(Ident::to_string).collect();
    nearest(&name.to_string(), names.iter().map(String::as_str)).is_some()
}

pub(super) fn no_argument(name: &Ident, function: &Function) -> String {
    let known: Vec<String> =
        function.params.iter().flat_map(|param| &param.names).map(Ident::to_string).collect();
    let hint = did_you_mean(&name.to_string(), known.iter().map(String::as_str));
    format!("`{name}` is no argument of `{}`{hint}", function.sig.ident)
}
