//! `batch = ids`: every id is an entry, and the body gets those that are nowhere.

use proc_macro2::{Ident, TokenStream};
use quote::quote_spanned;
use syn::spanned::Spanned;

use super::generics::Generic;
use super::span::ours_at;
use super::{key, kind};
use crate::model::batch::Batch;
use crate::model::plan::Plan;

/// The body of the function itself. What the body is given beside the ids is cloned: it may run more than once, for
/// chunks of the ids, or for what others began to load and gave up.
pub(super) fn block(plan: &Plan, generic: &Generic, batch: &Batch) -> TokenStream {
    let Some(param) = plan.function.params.get(batch.index) else { return TokenStream::new() };
    let (p, ids) = (&plan.private, &param.ident);
    let kind = kind::of_many(plan, batch);
    let chunk = plan.options.batch_chunk.as_ref().map(|chunk| {
        let span = ours_at(chunk.span());
        quote_spanned!(span=> .chunk(const { #chunk }))
    });
    let one = key::call_for(plan, generic, &quote_ours!(#p::Find), Some(ids));
    let all = if batch.is_slice { quote_ours!(#ids.to_vec()) } else { quote_ours!(#ids) };
    let body = body(plan, generic, batch, ids);
    quote_ours! {{
        let kind = { #kind };
        let batch = kind #chunk .of(#all, |#ids| #one);
        batch.load(|#ids| #body).await
    }}
}

fn body(plan: &Plan, generic: &Generic, batch: &Batch, ids: &Ident) -> TokenStream {
    let (callee, arguments) = (key::callee(plan, &plan.companion("uncached")), &generic.to_visible);
    let others = plan.function.params.iter().enumerate().filter(|(index, _)| *index != batch.index);
    let cloned = others.map(|(_, param)| {
        let (ident, span) = (&param.ident, ours_at(param.ty.span()));
        quote_spanned!(span=> let #ident = ::core::clone::Clone::clone(&#ident);)
    });
    let values = plan.function.params.iter().enumerate().map(|(index, param)| {
        let ident = &param.ident;
        if index == batch.index && batch.is_slice { quote_ours!(&#ids) } else { quote_ours!(#ident) }
    });
    quote_ours! {{
        #(#cloned)*
        async move { #callee #arguments(#(#values),*).await }
    }}
}
