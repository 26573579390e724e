//! What a function returns, chosen by type: once, so that a missing bound is one error.

use proc_macro2::TokenStream;
use quote::quote_spanned;

use super::attrs;
use super::span::{emitted, ends, ours_at};
use crate::model::plan::Plan;

/// `__user_kind`.
pub(super) fn function(plan: &Plan) -> TokenStream {
    let (p, name, vis, ret) = (&plan.private, plan.hidden("kind"), emitted(&plan.function.vis), &plan.ret);
    let (attrs, kind) = (attrs::hidden(plan), statements(plan));
    let (generics, _, bounds) = plan.function.sig.generics.split_for_impl();
    quote_ours! {
        #attrs
        #vis fn #name #generics() -> impl #p::Kind<Ret = #ret> #bounds {
            #kind
        }
    }
}

/// The choice, as the statements of a block. Its errors underline the return type.
pub(super) fn statements(plan: &Plan) -> TokenStream {
    let (p, ret) = (&plan.private, &plan.ret);
    let says_absent =
        plan.options.remembers_absence.map(|span| quote_spanned!(ours_at(span)=> #p::says_absent(shape);));
    let condition =
        plan.options.condition.as_ref().map_or_else(|| quote_ours!(|_| true), |expr| quote_ours!(#expr));
    let values = if plan.options.local { "local" } else { "storable" };
    let (kind, values) = (at_type(plan, "kind"), at_type(plan, values));
    quote_ours! {
        use #p::by_type::*;
        let ty = #p::Ty::<#ret>::new();
        let shape = (&&&&ty).larder_shape();
        let val = #p::val_ty(shape);
        let hold = (&&val).larder_hold();
        #says_absent
        #kind(shape, hold, (&&&ty).larder_share(), #values(shape, hold), #condition)
    }
}

/// The path of a function of ours, from the first to the last token of the return type.
fn at_type(plan: &Plan, function: &str) -> TokenStream {
    let (first, last) = ends(&plan.ret);
    let path = super::span::map(plan.private.clone(), &mut |_| first);
    let function = syn::Ident::new(function, last);
    quote_spanned!(first=> #path::#function)
}
