//! Options that do not go together, and options that cannot see what they mention.

use syn::Expr;

use crate::model::free;
use crate::model::function::Function;
use crate::model::options::Options;
use crate::parse::life::Life;
use crate::problems::Problems;

pub(super) fn check(options: &Options, function: &Function, problems: &mut Problems) {
    if let (true, Some(format)) = (options.local, &options.format) {
        let message =
            "`local` keeps values in this process, where they have no stored form; leave `format` out";
        problems.on(format.span, message);
    }
    if let Some(flight) = options.single_flight.as_ref().filter(|flight| flight.is_distributed())
        && (options.local || function.is_sync())
    {
        let what = if options.local { "`local` keeps" } else { "a function that is not `async` keeps" };
        let message = format!(
            "{what} values in this process, so no other can wait for them; leave `single_flight` out"
        );
        problems.on(flight.span, message);
    }
    if let (Some(_), Some(expr)) = (&options.ttl, &options.ttl_with) {
        problems.at(expr, "`ttl_with` decides on the life of every value, and so does `ttl`; keep one");
    }
    windows(options, problems);
    let once = [
        ("ttl", life(options.ttl.as_ref())),
        ("timeout", life(options.timeout.as_ref())),
        ("soft_timeout", life(options.soft_timeout.as_ref())),
        ("max_load_time", life(options.max_load_time.as_ref())),
        ("stale_while_revalidate", life(options.stale_while_revalidate.as_ref())),
        ("stale_if_error", life(options.stale_if_error.as_ref())),
        ("refresh_ahead", options.refresh_ahead.as_ref()),
        ("keep_warm", life(options.keep_warm.as_ref())),
        ("negative_ttl", life(options.negative_ttl.as_ref())),
        ("jitter", options.jitter.as_ref()),
        ("schema", options.schema.as_ref()),
    ];
    for (option, expr) in once {
        let what = format!("`{option}` is evaluated once, not on every call");
        sees_no_argument(expr, function, &what, problems);
    }
    let condition = options.condition.as_ref();
    sees_no_argument(condition, function, "`condition` judges the value alone", problems);
    sees_no_argument(options.stale_if.as_ref(), function, "`stale_if` judges the error alone", problems);
    sees_no_argument(options.tags_with.as_ref(), function, "`tags_with` looks at the value alone", problems);
    sees_no_argument(options.ttl_with.as_ref(), function, "`ttl_with` judges the value alone", problems);
}

/// Limits that are never reached, and windows that never apply.
fn windows(options: &Options, problems: &mut Problems) {
    let of = |name: &str| options.of_loads.iter().find(|said| *said == name);
    if let (Some(Life::Millis(soft)), Some(Life::Millis(hard)), Some(at)) =
        (&options.soft_timeout, &options.timeout, of("soft_timeout"))
        && soft >= hard
    {
        problems.at(at, "`soft_timeout` is not before `timeout`, so it never ends; make it shorter");
    }
    if let Some(span) = options.never_stale
        && let Some(window) = of("stale_while_revalidate").or(of("stale_if_error"))
    {
        problems.on(span, format!("`never_stale` contradicts `{window}`; keep one"));
    }
    if let (Some(Life::Never), Some(at)) = (&options.ttl, of("keep_warm")) {
        problems.at(at, "`keep_warm` refreshes values before they end, and these live for ever; give `ttl` an end, or leave it out");
    }
    if let Some(at) = of("stale_if").filter(|_| options.stale_if_error.is_none()) {
        problems.at(at, "`stale_if` says which errors `stale_if_error` is for; give that too, e.g. `stale_if_error = \"1h\"`");
    }
}

fn life(life: Option<&Life>) -> Option<&Expr> {
    match life {
        Some(Life::Expr(expr)) => Some(expr),
        _ => None,
    }
}

fn sees_no_argument(expr: Option<&Expr>, function: &Function, what: &str, problems: &mut Problems) {
    for name in expr.map(free::names).unwrap_or_default() {
        if name == "self" || function.params.iter().any(|param| param.names.contains(&name)) {
            problems.at(&name, format!("{what}: it cannot depend on `{name}`"));
        }
    }
}
