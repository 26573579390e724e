//! The list of options in the parentheses of `#[cached(..)]`.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Ident, Lit, Token, token};

use crate::problems::Problems;

/// One option as it is written.
#[derive(Debug)]
pub(crate) struct Arg {
    pub(crate) name: Ident,
    pub(crate) value: Value,
}

/// What follows an option's name.
#[derive(Debug)]
pub(crate) enum Value {
    /// `local`
    Flag,
    /// `ttl = expr`
    Expr(Box<Expr>),
    /// `skip(..)`
    List(Span, TokenStream),
}

/// Reads all options.
pub(crate) fn parse(tokens: TokenStream, problems: &mut Problems) -> Vec<Arg> {
    each(tokens, one, problems)
}

/// Reads a list; what cannot be read is noted, and reading goes on behind the next comma.
pub(crate) fn each<T>(
    tokens: TokenStream,
    one: impl Fn(ParseStream<'_>) -> syn::Result<T>,
    problems: &mut Problems,
) -> Vec<T> {
    let mut all = Vec::new();
    let read = |input: ParseStream<'_>| {
        while !input.is_empty() {
            match one(input).and_then(|one| at_comma(input).map(|()| one)) {
                Ok(one) => all.push(one),
                Err(error) => {
                    problems.add(error);
                    skip_to_comma(input);
                }
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(())
    };
    if let Err(error) = read.parse2(super::fragment::opened(tokens)) {
        problems.add(error);
    }
    all
}

/// Reads one option.
pub(crate) fn one(input: ParseStream<'_>) -> syn::Result<Arg> {
    if let Some(literal) = input.fork().parse::<Option<Lit>>()? {
        return Err(syn::Error::new(literal.span(), bare(&literal)));
    }
    let name = input.call(Ident::parse_any)?;
    let value = if input.peek(Token![=]) {
        let sign = input.parse::<Token![=]>()?;
        if input.is_empty() || input.peek(Token![,]) {
            return Err(syn::Error::new(sign.span, format!("`{name} =` is given no value")));
        }
        Value::Expr(Box::new(input.parse()?))
    } else if input.peek(token::Paren) {
        let list;
        let paren = syn::parenthesized!(list in input);
        Value::List(paren.span.join(), list.parse()?)
    } else {
        Value::Flag
    };
    Ok(Arg { name, value })
}

fn at_comma(input: ParseStream<'_>) -> syn::Result<()> {
    if input.is_empty() || input.peek(Token![,]) {
        Ok(())
    } else {
        Err(input.error("expected `,` (an option is written `name`, `name = value` or `name(..)`)"))
    }
}

fn bare(literal: &Lit) -> String {
    let text = literal.to_token_stream();
    format!("an option is written `name`, `name = value` or `name(..)`; did you mean `ttl = {text}`?")
}

fn skip_to_comma(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        if input.parse::<TokenTree>().is_err() {
            return;
        }
    }
}
