//! Text with arguments in it: `"{tenant}:{id}"`, `"user:{id}:*"`.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::parse::Parser;
use syn::{Expr, Ident, LitStr, parse_quote_spanned};

/// A template taken apart.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) span: Span,
    pub(crate) chunks: Vec<Chunk>,
}

impl Template {
    /// Every expression in it.
    pub(crate) fn exprs(&self) -> impl Iterator<Item = &Expr> {
        self.chunks.iter().filter_map(|chunk| match chunk {
            Chunk::Expr(expr) => Some(&**expr),
            Chunk::Text(_) => None,
        })
    }
}

/// A piece of a template.
#[derive(Debug)]
pub(crate) enum Chunk {
    /// Constant text, never empty.
    Text(String),
    /// An interpolated expression.
    Expr(Box<Expr>),
}

/// Takes a template apart. Expressions get the span of the whole literal: nothing finer exists on stable Rust.
pub(crate) fn parse(literal: &LitStr) -> syn::Result<Template> {
    let text = literal.value();
    let mut chunks = Vec::new();
    let mut rest = text.as_str();
    while let Some(open) = rest.find(['{', '}']) {
        let (before, tail) = rest.split_at(open);
        push_text(&mut chunks, before);
        let inside = tail.strip_prefix('{').ok_or_else(|| error(literal, "`}` without `{`"))?;
        let close = closing(inside).ok_or_else(|| error(literal, "`{` without `}`"))?;
        let (expr, tail) = inside.split_at(close);
        chunks.push(Chunk::Expr(Box::new(expression(literal, expr)?)));
        rest = tail.strip_prefix('}').unwrap_or_default();
    }
    push_text(&mut chunks, rest);
    if chunks.is_empty() {
        return Err(error(literal, "the template is empty"));
    }
    Ok(Template { span: literal.span(), chunks })
}

fn push_text(chunks: &mut Vec<Chunk>, text: &str) {
    if !text.is_empty() {
        chunks.push(Chunk::Text(text.to_owned()));
    }
}

/// Where the brace closes that is open at the beginning.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn expression(literal: &LitStr, text: &str) -> syn::Result<Expr> {
    if text.trim().is_empty() {
        return Err(error(literal, "`{}` names no argument"));
    }
    if let Some(name) = keyword(text.trim()) {
        return Ok(parse_quote_spanned!(literal.span()=> #name));
    }
    let parse = |input: syn::parse::ParseStream<'_>| input.parse::<Expr>();
    let tokens: proc_macro2::TokenStream = text.parse().map_err(|_| unreadable(literal, text))?;
    parse.parse2(respanned(tokens, literal.span())).map_err(|_| unreadable(literal, text))
}

/// An argument whose name is a keyword, as `format!` reads it: `{type}` is `r#type`.
fn keyword(text: &str) -> Option<Ident> {
    let is_other = matches!(text, "self" | "Self" | "super" | "crate" | "_" | "true" | "false");
    let any = (!is_other).then(|| Ident::parse_any.parse_str(text).ok())??;
    syn::parse_str::<Ident>(text).is_err().then(|| Ident::new_raw(&any.to_string(), any.span()))
}

fn unreadable(literal: &LitStr, text: &str) -> syn::Error {
    error(literal, &format!("`{{{text}}}` is no expression (there are no format options here)"))
}

fn respanned(tokens: proc_macro2::TokenStream, span: Span) -> proc_macro2::TokenStream {
    crate::expand::span::map(tokens, &mut |_| span)
}

fn error(literal: &LitStr, found: &str) -> syn::Error {
    syn::Error::new_spanned(literal, format!("{found}; write e.g. \"{{tenant}}:{{id}}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(template: &str) -> Vec<String> {
        let literal = LitStr::new(template, Span::call_site());
        let chunks = parse(&literal).unwrap().chunks;
        chunks
            .iter()
            .map(|chunk| match chunk {
                Chunk::Text(text) => text.clone(),
                Chunk::Expr(expr) => format!("<{}>", quote::quote!(#expr)),
            })
            .collect()
    }

    #[test]
    fn text_and_expressions_are_told_apart() {
        assert_eq!(texts("{tenant}:{id}"), ["<tenant>", ":", "<id>"]);
        assert_eq!(texts("user:{user.id}:*"), ["user:", "<user . id>", ":*"]);
        assert_eq!(texts("{ if a { b } else { c } }"), ["<if a { b } else { c }>"]);
        assert_eq!(texts("{type}:{r#match}:{self}"), ["<r#type>", ":", "<r#match>", ":", "<self>"]);
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for wrong in ["", "{", "}", "{}", "{ }", "{a", "a}", "{id:?}", "{a b}", "{\"}"] {
            assert!(parse(&LitStr::new(wrong, Span::call_site())).is_err(), "{wrong:?}");
        }
    }
}
