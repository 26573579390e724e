//! Lives as they are written: `"5m"`, `300`, `"never"`, or an expression.

use syn::{Expr, ExprLit, Lit, LitStr, UnOp};

const UNREADABLE: &str = r#"write e.g. "250ms", "30s", "5m", "1h30m", "7d", "never", whole seconds, or an expression of type `Duration` or `Ttl`"#;
const ZERO: &str =
    "a ttl of 0 would never be a hit; give a life above zero, \"never\", or leave `#[cached]` out";

/// A life.
#[derive(Debug)]
pub(crate) enum Life {
    /// It has no end.
    Never,
    /// So many milliseconds, above zero.
    Millis(u64),
    /// Known when the program runs; evaluated once.
    Expr(Box<Expr>),
}

/// Reads a life.
pub(crate) fn parse(expr: Expr) -> syn::Result<Life> {
    match &expr {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => of_text(text),
        Expr::Lit(ExprLit { lit: Lit::Int(seconds), .. }) => {
            of_millis(seconds, seconds.base10_parse::<u64>()?.checked_mul(1_000))
        }
        Expr::Lit(_) => Err(syn::Error::new_spanned(&expr, UNREADABLE)),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => {
            Err(syn::Error::new_spanned(&expr, UNREADABLE))
        }
        _ => Ok(Life::Expr(Box::new(expr))),
    }
}

/// Reads a limit or a window: a life above zero that ends.
pub(crate) fn limit(name: &str, expr: Expr) -> syn::Result<Life> {
    let at = expr.clone();
    match parse(expr) {
        Ok(Life::Never) => Err(syn::Error::new_spanned(
            at,
            format!("`{name}` has an end; leave it out, or give e.g. \"5s\""),
        )),
        Err(error) if error.to_string() == ZERO => Err(syn::Error::new_spanned(
            at,
            format!("`{name}` of 0 is none; leave it out, or give e.g. \"5s\""),
        )),
        other => other,
    }
}

fn of_text(text: &LitStr) -> syn::Result<Life> {
    let value = text.value();
    if value.trim().eq_ignore_ascii_case("never") {
        return Ok(Life::Never);
    }
    let unreadable =
        || syn::Error::new_spanned(text, format!("cannot read {value:?} as a life; {UNREADABLE}"));
    let millis = millis(&value).ok_or_else(unreadable)?;
    of_millis(text, Some(millis))
}

fn of_millis(at: &impl quote::ToTokens, millis: Option<u64>) -> syn::Result<Life> {
    match millis {
        Some(0) => Err(syn::Error::new_spanned(at, ZERO)),
        Some(millis) => Ok(Life::Millis(millis)),
        None => Err(syn::Error::new_spanned(at, "this life is too long; write \"never\"")),
    }
}

/// Numbers with units, added up; `None` when it cannot be read. The same texts as `CACHE_DEFAULT_TTL` takes.
fn millis(text: &str) -> Option<u64> {
    let mut rest = text.trim();
    let mut total = if rest.is_empty() { None } else { Some(0_u64) };
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let step = number.parse::<u64>().ok()?.checked_mul(millis_of(unit)?)?;
        total = total?.checked_add(step);
        rest = tail.trim_start();
    }
    total
}

fn millis_of(unit: &str) -> Option<u64> {
    Some(match unit {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "w" => 604_800_000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_exactly() {
        for (text, expected) in [
            ("250ms", Some(250)),
            ("300", Some(300_000)),
            ("5m", Some(300_000)),
            ("1h30m", Some(5_400_000)),
            ("1h 30m", Some(5_400_000)),
            ("2d", Some(172_800_000)),
            ("1w", Some(604_800_000)),
            ("0s", Some(0)),
            ("", None),
            ("5 parsecs", None),
            ("-1s", None),
            ("m", None),
            ("1.5h", None),
            ("99999999999999999999s", None),
            ("18446744073709551615w", None),
        ] {
            assert_eq!(millis(text), expected, "{text:?}");
        }
    }
}
