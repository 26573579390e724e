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

/// Reads all options; what cannot be read is noted, and reading goes on behind the next comma.
pub(crate) fn parse(tokens: TokenStream, problems: &mut Problems) -> Vec<Arg> {
    let mut args = Vec::new();
    let read = |input: ParseStream<'_>| {
        while !input.is_empty() {
            match one(input) {
                Ok(arg) => args.push(arg),
                Err(error) => {
                    problems.add(error);
                    skip_to_comma(input);
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    };
    if let Err(error) = read.parse2(tokens) {
        problems.add(error);
    }
    args
}

fn one(input: ParseStream<'_>) -> syn::Result<Arg> {
    if let Some(literal) = input.fork().parse::<Option<Lit>>()? {
        return Err(syn::Error::new(literal.span(), bare(&literal)));
    }
    let name = input.call(Ident::parse_any)?;
    let value = if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        Value::Expr(Box::new(input.parse()?))
    } else if input.peek(token::Paren) {
        let list;
        let paren = syn::parenthesized!(list in input);
        Value::List(paren.span.join(), list.parse()?)
    } else {
        Value::Flag
    };
    if !input.is_empty() && !input.peek(Token![,]) {
        return Err(input.error(format!("expected `,` behind `{name}`")));
    }
    Ok(Arg { name, value })
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
