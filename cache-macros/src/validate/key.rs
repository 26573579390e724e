//! Every parameter is in the key or skipped, never both, never by mistake neither.

use syn::{Expr, Ident};

use crate::model::free;
use crate::model::function::Function;
use crate::model::options::Options;
use crate::model::param::Param;
use crate::problems::Problems;
use crate::suggest::did_you_mean;

pub(super) fn check(options: &Options, function: &Function, problems: &mut Problems) {
    for name in &options.skip {
        skipped(name, function, problems);
    }
    let Some(key) = &options.key else { return };
    let exprs = key.exprs();
    for expr in &exprs {
        names_are_known(expr, function, problems);
    }
    for param in &function.params {
        let skip = options.skip.iter().find(|name| param.is_called(name));
        let in_key = exprs.iter().any(|expr| param.names.iter().any(|name| free::uses(expr, name)));
        match (skip, in_key) {
            (Some(name), true) => {
                problems.at(name, format!("`{name}` is in the key and skipped; keep one"));
            }
            (None, false) => neither(param, problems),
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
        problems.at(name, unknown(name, function));
    }
}

/// Lower-case names that are no argument: constants are written in capitals, functions are called.
fn names_are_known(expr: &Expr, function: &Function, problems: &mut Problems) {
    for name in free::names(expr) {
        let is_param = function.params.iter().any(|param| param.names.contains(&name));
        let is_self = name == "self" && function.receiver().is_some();
        let is_constant = name.to_string().starts_with(|c: char| c.is_uppercase());
        if !is_param && !is_self && !is_constant {
            problems.at(&name, unknown(&name, function));
        }
    }
}

fn unknown(name: &Ident, function: &Function) -> String {
    let known: Vec<String> =
        function.params.iter().flat_map(|param| &param.names).map(Ident::to_string).collect();
    let hint = did_you_mean(&name.to_string(), known.iter().map(String::as_str));
    format!("`{name}` is no argument of `{}`{hint}", function.sig.ident)
}
