//! The item under an attribute: it has to be a function with a body.

use proc_macro2::TokenStream;
use syn::{Item, ItemFn, TraitItem};

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
            format!("`#[{attribute}]` on an `impl` block is not available yet; put it on the methods inside")
        }
        _ => format!("`#[{attribute}]` goes on a function"),
    };
    let first = tokens.into_iter().next()?;
    Some(syn::Error::new(first.span(), message))
}
