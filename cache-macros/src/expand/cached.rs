//! `#[cached]`: one function becomes a family.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Visibility;

use super::generics::Generic;
use super::{alone, attrs, companions, function, key, keyspace, kind};
use crate::model::plan::Plan;

/// Emits a cached function with its family, or alone.
pub(crate) fn expand(plan: &Plan) -> TokenStream {
    if plan.options.alone {
        return alone::expand(plan);
    }
    let generic = Generic::of(plan);
    let hidden = [keyspace::function(plan, &generic), kind::function(plan), key::builder(plan, &generic)];
    let uncached = function::uncached(plan, &generic);
    let cached = function::cached(plan, &generic);
    let companions = companions::all(plan, &generic);
    let hint = hint(plan);
    quote!(#hint #(#hidden)* #uncached #cached #companions)
}

/// In the `impl` of a trait nothing may be added. This is the first thing that is, so the compiler's complaint
/// about it names the fix.
fn hint(plan: &Plan) -> TokenStream {
    if !plan.in_impl || !matches!(plan.function.vis, Visibility::Inherited) {
        return TokenStream::new();
    }
    let (attrs, name) = (attrs::hidden(plan), plan.hidden("needs_companions_none_in_the_impl_of_a_trait"));
    quote_ours!(#attrs fn #name() {})
}
