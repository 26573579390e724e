//! After a rejection: the diagnostics, and the function as it was written, so that one mistake is one error.

use proc_macro2::TokenStream;
use quote::quote;

/// The code, or what is wrong beside the original item.
pub(crate) fn or_original(expanded: syn::Result<TokenStream>, item: &TokenStream) -> TokenStream {
    expanded.unwrap_or_else(|error| {
        let errors = error.into_compile_error();
        quote!(#errors #item)
    })
}
