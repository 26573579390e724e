//! Spans of emitted tokens.
//!
//! Names that we bring along are resolved where the macro is defined (`mixed_site`), so they never meet the
//! user's; where an error should show is a location, borrowed from the user's token.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, Generics};

/// Our own names, shown at a user's token.
pub(crate) fn ours_at(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}

/// The user's names, marked as emitted: lints do not look at them again.
pub(crate) fn emitted(tokens: &impl ToTokens) -> TokenStream {
    map(tokens.to_token_stream(), &mut |span| Span::call_site().located_at(span))
}

/// The user's generic parameters, their lifetimes marked as emitted: what stands beside a function need not use all.
pub(crate) fn emitted_generics(generics: &Generics) -> Generics {
    let mut generics = generics.clone();
    for param in generics.lifetimes_mut() {
        let span = Span::call_site().located_at(param.lifetime.span());
        param.lifetime.set_span(span);
    }
    generics
}

/// `&expr`, in parentheses where `&` would bind to a part of it.
pub(crate) fn reference(expr: &Expr) -> TokenStream {
    let span = ours_at(expr.span());
    let binds = matches!(
        expr,
        Expr::Path(_)
            | Expr::Field(_)
            | Expr::Index(_)
            | Expr::Call(_)
            | Expr::MethodCall(_)
            | Expr::Lit(_)
            | Expr::Macro(_)
            | Expr::Paren(_)
            | Expr::Reference(_)
            | Expr::Unary(_)
    );
    if binds { quote_spanned!(span=> &#expr) } else { quote_spanned!(span=> &(#expr)) }
}

/// The spans of the first and the last token, for an error that underlines all of them.
pub(crate) fn ends(tokens: &impl ToTokens) -> (Span, Span) {
    let tokens: Vec<TokenTree> = tokens.to_token_stream().into_iter().collect();
    let first = tokens.first().map_or_else(Span::mixed_site, TokenTree::span);
    let last = tokens.last().map_or(first, TokenTree::span);
    (ours_at(first), ours_at(last))
}

/// The same tokens, all shown at one place.
pub(crate) fn at(tokens: &TokenStream, span: Span) -> TokenStream {
    map(tokens.clone(), &mut |_| span)
}

/// The same tokens with other spans.
pub(crate) fn map(tokens: TokenStream, change: &mut impl FnMut(Span) -> Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|tree| match tree {
            TokenTree::Group(group) => {
                let mut mapped = Group::new(group.delimiter(), map(group.stream(), change));
                mapped.set_span(change(group.span()));
                TokenTree::Group(mapped)
            }
            mut tree => {
                tree.set_span(change(tree.span()));
                tree
            }
        })
        .collect()
}
