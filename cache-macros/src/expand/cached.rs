//! `#[cached]`: one function becomes a family.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Visibility;

use super::generics::Generic;
use super::{alone, attrs, companions, function, key, keyspace, kind};
use crate::model::plan::{Place, Plan};

/// A function, and what stands beside it.
pub(crate) struct Family {
    pub(crate) function: TokenStream,
    pub(crate) beside: TokenStream,
}

impl Family {
    /// All in one place.
    pub(crate) fn into_tokens(self) -> TokenStream {
        let Self { function, beside } = self;
        quote!(#beside #function)
    }
}

/// Emits a cached function with its family, or alone.
pub(crate) fn expand(plan: &Plan) -> Family {
    if plan.options.alone {
        return Family { function: alone::expand(plan), beside: TokenStream::new() };
    }
    let generic = Generic::of(plan);
    let kind = if plan.batch.is_none() { kind::function(plan) } else { TokenStream::new() };
    let hidden = [keyspace::function(plan, &generic), kind, key::builder(plan, &generic)];
    let uncached = function::uncached(plan, &generic);
    let function = function::cached(plan, &generic);
    let companions = companions::all(plan, &generic);
    let hint = hint(plan);
    Family { function, beside: quote!(#hint #(#hidden)* #uncached #companions) }
}

/// In the `impl` of a trait nothing may be added. This is the first thing that is, so the compiler's complaint
/// about it names the fix.
fn hint(plan: &Plan) -> TokenStream {
    if plan.place != Place::Unknown || !plan.in_impl || !matches!(plan.function.vis, Visibility::Inherited) {
        return TokenStream::new();
    }
    let (attrs, name) = (attrs::hidden(plan), plan.hidden("needs_companions_none_in_the_impl_of_a_trait"));
    quote_ours!(#attrs fn #name() {})
}
