//! `"user:{id}"` as a `String`.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::Expr;

use super::span::{self, ours_at};
use crate::parse::template::{Chunk, Template};

/// Constant text, and what a function of ours makes of each expression, as it reads where this stands.
pub(super) fn text(
    template: &Template,
    function: &TokenStream,
    reads: impl Fn(&Expr) -> Expr,
) -> TokenStream {
    let span = ours_at(template.span);
    let function = span::at(function, span);
    let chunks = template.chunks.iter().map(|chunk| match chunk {
        Chunk::Text(text) => quote_ours!(#text),
        Chunk::Expr(expr) => {
            let reference = span::reference(&reads(expr));
            quote_spanned!(span=> &#function(#reference))
        }
    });
    quote_ours!([#(#chunks),*].concat())
}
