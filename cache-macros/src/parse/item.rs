//! The item under an attribute: it has to be a function with a body.

use proc_macro2::{TokenStream, TokenTree};
use syn::{Item, ItemFn, ItemImpl, TraitItem};

/// Reads the `impl` block, if it is one.
pub(crate) fn block(tokens: &TokenStream) -> Option<ItemImpl> {
    let has_impl =
        tokens.clone().into_iter().any(|tree| matches!(tree, TokenTree::Ident(word) if word == "impl"));
    has_impl.then(|| syn::parse2(tokens.clone()).ok()).flatten()
}

/// Reads the function, or says what is there instead.
pub(crate) fn function(tokens: TokenStream, attribute: &str) -> syn::Result<ItemFn> {
    syn::parse2::<ItemFn>(tokens.clone()).map_err(|error| instead(tokens, attribute).unwrap_or(error))
}

fn instead(tokens: TokenStream, attribute: &str) -> Option<syn::Error> {
    if let Ok(TraitItem::Fn(method)) = syn::parse2(tokens.clone())
        && method.default.is_none()
    {
        let message = format!(
            "`#[{attribute}]` needs a body: a trait's declaration has none; put it on the method in the `impl` block"
        );
        return Some(syn::Error::new_spanned(&method.sig, message));
    }
    let message = match syn::parse2::<Item>(tokens.clone()).ok()? {
        Item::Impl(_) => {
            format!("`#[{attribute}]` goes on the methods inside of an `impl` block")
        }
        _ => format!("`#[{attribute}]` goes on a function"),
    };
    let first = tokens.into_iter().next()?;
    Some(syn::Error::new(first.span(), message))
}
