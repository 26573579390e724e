//! Where larder is: `::larder`, unless `crate = path` says otherwise.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote_spanned};
use syn::Path;

use crate::expand::span::ours_at;

/// The path of what expanded code calls.
pub(crate) fn private(krate: Option<&Path>) -> TokenStream {
    match krate {
        Some(path) => {
            let span =
                path.segments.first().map_or_else(proc_macro2::Span::call_site, |first| first.ident.span());
            let path = path.to_token_stream();
            quote_spanned!(ours_at(span)=> #path::private)
        }
        None => quote_ours!(::larder::private),
    }
}
