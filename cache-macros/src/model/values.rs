//! How the value of each option is written.

use proc_macro2::Span;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, ExprPath, Ident, Lit, LitStr, Path, Token, Type, TypePath, UnOp};

use super::key::Key;
use super::names;
use super::options::{Form, Format, SingleFlight};
use crate::parse::args::{Arg, Value};
use crate::parse::template::{self, Template};
use crate::problems::Problems;

/// An option that is written otherwise.
pub(super) fn wrong(arg: &Arg) -> syn::Error {
    syn::Error::new(
        arg.name.span(),
        format!("`{}` is not written like this; {}", arg.name, names::example(&arg.name.to_string())),
    )
}

pub(super) fn expr(arg: Arg) -> syn::Result<Expr> {
    match arg.value {
        Value::Expr(expr) => Ok(*expr),
        Value::Flag | Value::List(..) => Err(wrong(&arg)),
    }
}

pub(super) fn flag(arg: Arg) -> syn::Result<Span> {
    match arg.value {
        Value::Flag => Ok(arg.name.span()),
        Value::Expr(_) | Value::List(..) => Err(wrong(&arg)),
    }
}

pub(super) fn text(arg: Arg) -> syn::Result<LitStr> {
    let error = wrong(&arg);
    match expr(arg)? {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text),
        other => Err(syn::Error::new_spanned(other, error)),
    }
}

pub(super) fn path(arg: Arg) -> syn::Result<Path> {
    let error = wrong(&arg);
    match expr(arg)? {
        Expr::Path(ExprPath { path, qself: None, .. }) => Ok(path),
        other => Err(syn::Error::new_spanned(other, error)),
    }
}

pub(super) fn prefix(arg: Arg) -> syn::Result<LitStr> {
    let prefix = text(arg)?;
    if prefix.value().split(':').any(str::is_empty) {
        let message = "a prefix is one or more names with `:` between them, e.g. \"user\" or \"blog:post\"";
        return Err(syn::Error::new_spanned(prefix, message));
    }
    Ok(prefix)
}

pub(super) fn key(arg: Arg, problems: &mut Problems) -> syn::Result<Key> {
    let error = wrong(&arg);
    match arg.value {
        Value::Flag => Err(error),
        Value::Expr(expr) => match *expr {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
                Ok(Key::of_template(template::parse(&text)?, problems))
            }
            other => Err(syn::Error::new_spanned(other, error)),
        },
        Value::List(paren, tokens) => {
            let exprs = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(tokens)?;
            if exprs.is_empty() {
                return Err(syn::Error::new(paren, format!("the key is empty; {}", names::example("key"))));
            }
            Ok(Key::of_list(exprs))
        }
    }
}

pub(super) fn skip(arg: Arg) -> syn::Result<Vec<Ident>> {
    use syn::ext::IdentExt;
    let error = wrong(&arg);
    let Value::List(_, tokens) = arg.value else { return Err(error) };
    let names = |input: syn::parse::ParseStream<'_>| {
        Punctuated::<Ident, Token![,]>::parse_terminated_with(input, Ident::parse_any)
    };
    let names = names.parse2(tokens).map_err(|at| syn::Error::new(at.span(), &error))?;
    if names.is_empty() { Err(error) } else { Ok(names.into_iter().collect()) }
}

/// `-1`; what a `*` reads is known when the program runs.
fn is_negative(expr: &Expr) -> bool {
    matches!(expr, Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)))
}

pub(super) fn jitter(arg: Arg) -> syn::Result<Expr> {
    const RANGE: &str = "jitter is a fraction from 0 to below 1, e.g. `jitter = 0.15`";
    let expr = expr(arg)?;
    let fraction = match &expr {
        Expr::Lit(ExprLit { lit: Lit::Float(fraction), .. }) => fraction.base10_parse::<f64>()?,
        Expr::Lit(ExprLit { lit: Lit::Int(zero), .. }) if zero.base10_digits() == "0" => {
            return Ok(syn::parse_quote_spanned!(zero.span()=> 0.0));
        }
        Expr::Lit(_) => return Err(syn::Error::new_spanned(expr, RANGE)),
        negative if is_negative(negative) => return Err(syn::Error::new_spanned(expr, RANGE)),
        _ => return Ok(expr),
    };
    if (0.0..1.0).contains(&fraction) { Ok(expr) } else { Err(syn::Error::new_spanned(expr, RANGE)) }
}

/// `refresh_ahead = 0.8`, or an expression.
pub(super) fn fraction(arg: Arg) -> syn::Result<Expr> {
    const RANGE: &str =
        "refresh_ahead is a fraction above 0 and below 1, e.g. `refresh_ahead = 0.8`, or a `RefreshAhead`";
    let expr = expr(arg)?;
    let fits = match &expr {
        Expr::Lit(ExprLit { lit: Lit::Float(fraction), .. }) => {
            let fraction = fraction.base10_parse::<f64>()?;
            fraction > 0.0 && fraction < 1.0
        }
        Expr::Lit(_) => false,
        other => !is_negative(other),
    };
    if fits { Ok(expr) } else { Err(syn::Error::new_spanned(expr, RANGE)) }
}

pub(super) fn schema(arg: Arg) -> syn::Result<Expr> {
    let expr = expr(arg)?;
    let readable = match &expr {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => number.base10_parse::<u32>().is_ok(),
        Expr::Lit(_) => false,
        other => !is_negative(other),
    };
    if readable {
        return Ok(expr);
    }
    Err(syn::Error::new_spanned(expr, "schema is a number from 0 to 4294967295, e.g. `schema = 2`"))
}

const FORMATS: [&str; 3] = ["msgpack", "json", "bincode"];

/// A name in quotes, or the type of a format of the user's own.
pub(super) fn format(arg: Arg) -> syn::Result<Format> {
    const THERE_ARE: &str =
        "; formats are \"msgpack\", \"json\", \"bincode\" and types that implement `larder::CustomFormat`";
    if let Value::Expr(value) = &arg.value
        && let Expr::Path(path) = &**value
    {
        return custom_format(path);
    }
    let name = text(arg)?;
    let named = name.value();
    if let Some(known) = FORMATS.into_iter().find(|known| *known == named) {
        return Ok(Format { span: name.span(), form: Form::Named(known) });
    }
    let hint = crate::suggest::did_you_mean(&named, FORMATS);
    let hint = if hint.is_empty() { THERE_ARE.to_owned() } else { hint };
    Err(syn::Error::new_spanned(name, format!("there is no format {named:?}{hint}")))
}

fn custom_format(path: &ExprPath) -> syn::Result<Format> {
    if let Some(known) = FORMATS.into_iter().find(|known| path.path.is_ident(known)) {
        return Err(syn::Error::new_spanned(
            path,
            format!("this format is a text: write `format = {known:?}`"),
        ));
    }
    let ExprPath { qself, path, .. } = path.clone();
    let (span, ty) = (path.span(), Type::Path(TypePath { attrs: Vec::new(), qself, path }));
    Ok(Format { span, form: Form::Custom(Box::new(ty)) })
}

/// `secure`, or `secure(near)`: where `near` stands.
pub(super) fn secure(arg: Arg) -> syn::Result<Option<Span>> {
    let error = wrong(&arg);
    match arg.value {
        Value::Flag => Ok(None),
        Value::Expr(_) => Err(error),
        Value::List(_, tokens) => match syn::parse2::<Ident>(tokens) {
            Ok(near) if near == "near" => Ok(Some(near.span())),
            Ok(other) => Err(syn::Error::new_spanned(other, error)),
            Err(_) => Err(error),
        },
    }
}

/// Who loads a key that many callers miss at once.
pub(super) fn single_flight(arg: Arg) -> syn::Result<SingleFlight> {
    const CHOICES: [(&str, &str); 3] = [("local", "Local"), ("distributed", "Distributed"), ("off", "Off")];
    let choice = text(arg)?;
    let named = choice.value();
    if let Some((_, who)) = CHOICES.into_iter().find(|(name, _)| *name == named) {
        return Ok(SingleFlight { span: choice.span(), who });
    }
    let hint = crate::suggest::did_you_mean(&named, CHOICES.map(|(name, _)| name));
    let hint =
        if hint.is_empty() { "; write \"local\", \"distributed\" or \"off\"".to_owned() } else { hint };
    Err(syn::Error::new_spanned(choice, format!("there is no single flight {named:?}{hint}")))
}

pub(super) fn companions(arg: Arg) -> syn::Result<bool> {
    let choice = text(arg)?;
    match choice.value().as_str() {
        "none" => Ok(true),
        "all" => Ok(false),
        _ => Err(syn::Error::new(choice.span(), "companions are \"all\" or \"none\"")),
    }
}

/// The name of an argument.
pub(super) fn name(arg: Arg) -> syn::Result<Ident> {
    let error = wrong(&arg);
    let path = path(arg)?;
    path.get_ident().cloned().ok_or_else(|| syn::Error::new_spanned(path, error))
}

/// `batch_chunk = 500`, or a constant.
pub(super) fn chunk(arg: Arg) -> syn::Result<Expr> {
    let expr = expr(arg)?;
    let fits = match &expr {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => {
            number.base10_parse::<usize>().is_ok_and(|n| n > 0)
        }
        Expr::Lit(_) => false,
        other => !is_negative(other),
    };
    if fits {
        return Ok(expr);
    }
    Err(syn::Error::new_spanned(
        expr,
        "batch_chunk is the most ids that the body gets at once, e.g. `batch_chunk = 500`",
    ))
}

/// `tags("user:{id}", "all")`
pub(super) fn templates(arg: Arg, problems: &mut Problems) -> syn::Result<Vec<Template>> {
    let error = wrong(&arg);
    let Value::List(_, tokens) = arg.value else { return Err(error) };
    let texts = Punctuated::<LitStr, Token![,]>::parse_terminated.parse2(tokens);
    let texts = texts.map_err(|at| syn::Error::new(at.span(), &error))?;
    if texts.is_empty() {
        return Err(error);
    }
    Ok(texts.iter().filter_map(|text| problems.keep(template::parse(text))).collect())
}

/// `group_by(region, tenant)`, sorted.
pub(super) fn group(arg: Arg) -> syn::Result<Vec<Ident>> {
    let mut names = skip(arg)?;
    names.sort();
    Ok(names)
}

/// A list of expressions in parentheses, at least one.
pub(super) fn exprs(arg: Arg) -> syn::Result<Vec<Expr>> {
    let error = wrong(&arg);
    let Value::List(_, tokens) = arg.value else { return Err(error) };
    let exprs = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(tokens)?;
    if exprs.is_empty() { Err(error) } else { Ok(exprs.into_iter().collect()) }
}

/// With whom entries are shared: where that stands.
pub(super) fn interop(arg: Arg) -> syn::Result<Span> {
    let name = text(arg)?;
    if name.value() == "cachekit" {
        return Ok(name.span());
    }
    let hint = crate::suggest::did_you_mean(&name.value(), ["cachekit"]);
    let hint = if hint.is_empty() { "; write \"cachekit\"".to_owned() } else { hint };
    Err(syn::Error::new_spanned(&name, format!("entries cannot be shared with {:?}{hint}", name.value())))
}

/// `namespace` or `operation`, as the protocol allows them: `cache_core::key::segment_problem` is the same rule, for
/// names that are known when the program runs.
pub(super) fn segment(arg: Arg) -> syn::Result<LitStr> {
    let option = arg.name.to_string();
    let segment = text(arg)?;
    match segment_problem(&segment.value(), option == "namespace") {
        None => Ok(segment),
        Some(problem) => Err(syn::Error::new_spanned(
            &segment,
            format!("{option} holds {:?}, which {problem}; {}", segment.value(), names::example(&option)),
        )),
    }
}

fn segment_problem(segment: &str, is_namespace: bool) -> Option<&'static str> {
    let plain = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9');
    match segment.as_bytes() {
        [] => Some("is empty"),
        [first, ..] if !plain(first) => Some("does not begin with a-z or 0-9"),
        bytes if !bytes.iter().all(|byte| plain(byte) || matches!(byte, b'.' | b'_' | b'-')) => {
            Some("has a character other than a-z 0-9 . _ -")
        }
        bytes if bytes.len() > 64 => Some("is longer than 64 characters"),
        _ if segment.contains("..") => Some("has two dots in a row"),
        _ if is_namespace && matches!(segment, "ns" | "nsapi") => Some("is reserved"),
        _ => None,
    }
}
