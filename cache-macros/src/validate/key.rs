//! Every parameter is in the key or skipped, never both, never by mistake neither.

use syn::{Expr, Ident};

use crate::model::free;
use crate::model::function::Function;
use crate::model::options::Options;
use crate::model::param::Param;
use crate::problems::Problems;
use crate::suggest::{did_you_mean, nearest};

pub(super) fn check(options: &Options, function: &Function, problems: &mut Problems) {
    for name in &options.skip {
        skipped(name, function, problems);
    }
    let Some(key) = &options.key else { return };
    let exprs = key.exprs();
    let unknown = unknown_names(&exprs, function);
    for name in &unknown {
        problems.at(name, no_argument(name, function));
    }
    for param in &function.params {
        let skip = options.skip.iter().find(|name| param.is_called(name));
        let in_key = exprs.iter().any(|expr| param.names.iter().any(|name| free::uses(expr, name)));
        match (skip, in_key) {
            (Some(name), true) => {
                problems.at(name, format!("`{name}` is in the key and skipped; keep one"));
            }
            (None, false) if !unknown.iter().any(|name| is_near(name, param)) => neither(param, problems),
            _ => {}
        }
    }
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

fn no_argument(name: &Ident, function: &Function) -> String {
    let known: Vec<String> =
        function.params.iter().flat_map(|param| &param.names).map(Ident::to_string).collect();
    let hint = did_you_mean(&name.to_string(), known.iter().map(String::as_str));
    format!("`{name}` is no argument of `{}`{hint}", function.sig.ident)
}
