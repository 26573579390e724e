//! `#[cached]`: one function becomes a family.

use proc_macro2::TokenStream;
use quote::quote;

use super::generics::Generic;
use super::{alone, companions, function, key, keyspace, kind};
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
    quote!(#(#hidden)* #uncached #cached #companions)
}
