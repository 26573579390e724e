//! Fragments of a user's own macro.
//!
//! `ttl = $ttl` of a `$ttl:literal` arrives in a group without delimiters, which is no literal to whoever looks for one.
//! A group around a single token, or a number with its sign, means that token and nothing else, so it is opened. A group
//! around more stays closed: it keeps what binds in it together.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The same tokens, single ones out of their groups.
pub(crate) fn opened(tokens: TokenStream) -> TokenStream {
    tokens.into_iter().flat_map(open).collect()
}

fn open(tree: TokenTree) -> TokenStream {
    let TokenTree::Group(group) = tree else { return tree.into() };
    let inside = opened(group.stream());
    if group.delimiter() == Delimiter::None && is_one(&inside) {
        return inside;
    }
    let mut same = Group::new(group.delimiter(), inside);
    same.set_span(group.span());
    TokenTree::Group(same).into()
}

fn is_one(tokens: &TokenStream) -> bool {
    let mut tokens = tokens.clone().into_iter();
    match (tokens.next(), tokens.next(), tokens.next()) {
        (Some(TokenTree::Literal(_) | TokenTree::Ident(_)), None, None) => true,
        (Some(TokenTree::Punct(sign)), Some(TokenTree::Literal(_)), None) => sign.as_char() == '-',
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    fn fragment(tokens: TokenStream) -> TokenTree {
        Group::new(Delimiter::None, tokens).into()
    }

    /// How the tokens lie in groups.
    fn shape(tokens: TokenStream) -> String {
        let shown = tokens.into_iter().map(|tree| match tree {
            TokenTree::Group(group) => format!("<{}>", shape(group.stream())),
            tree => tree.to_string(),
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_single_token_is_taken_out_of_its_group_and_more_are_not() {
        let (text, negative) = (fragment(quote!("5m")), fragment(quote!(-5)));
        let (sum, twice) = (fragment(quote!(a + b)), fragment(fragment(quote!(id)).into()));
        let tokens = quote!(ttl = #text, tags(#text, #twice), jitter = #negative, user = #sum);
        assert_eq!(
            shape(opened(tokens)),
            "ttl = \"5m\" , tags <\"5m\" , id> , jitter = - 5 , user = <a + b>"
        );
    }
}
