//! `batch = ids`: an argument that lists ids, and what a batch cannot do.

use proc_macro2::Span;
use syn::Ident;
use syn::spanned::Spanned;

use crate::expand::detached::is_reference;
use crate::model::batch::one;
use crate::model::free;
use crate::model::function::{Form, Function};
use crate::model::options::Options;
use crate::problems::Problems;

pub(super) fn check(options: &Options, function: &Function, problems: &mut Problems) {
    let Some(name) = &options.batch else {
        if let Some(chunk) = &options.batch_chunk {
            problems.at(
                chunk,
                "`batch_chunk` is for batches; say which argument lists the ids too, e.g. `batch = ids`",
            );
        }
        return;
    };
    argument(name, options, function, problems);
    if !matches!(function.form, Form::Async(_)) {
        problems.at(name, "a batch waits for its loads; make the function `async`, or leave `batch` out");
    }
    if options.alone {
        problems.at(name, "a batch has its body beside it; leave `companions` out");
    }
    if let Some(receiver) = function.receiver().filter(|receiver| !is_reference(receiver)) {
        problems.at(&receiver.self_token, "a batch may run its body more than once; take `&self`");
    }
    for (option, span) in refused(options) {
        let message = format!("`{option}` is not for batches; leave it out, or cache a function of one id");
        problems.on(span, message);
    }
}

fn argument(name: &Ident, options: &Options, function: &Function, problems: &mut Problems) {
    let Some(param) = function.params.iter().find(|param| param.is_plain && param.ident == *name) else {
        return problems.at(name, super::key::no_argument(name, function));
    };
    if one(&param.ty).is_none() {
        problems.at(&param.ty, format!("`batch = {name}` needs a list of ids here: `Vec<K>` or `&[K]`"));
    }
    let in_key = options.key.as_ref().is_none_or(|key| key.exprs().iter().any(|expr| free::uses(expr, name)));
    if options.skip.contains(name) || !in_key {
        problems.at(
            name,
            format!("each of `{name}` is an entry, so the key has to mention it: `key({name}, ..)`"),
        );
    }
    let outside = options.scopes().map(|(_, expr)| expr).chain(options.cache.expr());
    for expr in outside.filter(|expr| free::uses(expr, name)) {
        problems.at(
            expr,
            format!("`{name}` lists many ids; whose entries they are, and where, is one for all of them"),
        );
    }
}

/// What decides value by value, call by call, or beside the caller.
fn refused(options: &Options) -> Vec<(String, Span)> {
    let exprs = [
        ("condition", &options.condition),
        ("ttl_with", &options.ttl_with),
        ("bypass", &options.bypass),
        ("refresh", &options.refresh),
    ];
    let of_exprs =
        exprs.into_iter().filter_map(|(name, expr)| Some((name.to_owned(), expr.as_ref()?.span())));
    let allowed = ["timeout", "max_load_time"];
    let of_loads = options.of_loads.iter().filter(|name| !allowed.iter().any(|allowed| *name == allowed));
    let of_loads = of_loads.map(|name| (name.to_string(), name.span()));
    of_exprs.chain(of_loads).collect()
}
