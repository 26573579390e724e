//! What a function returns, chosen by type: once, so that a missing bound is one error.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Ident;

use super::attrs;
use super::span::{self, emitted, ours_at};
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

/// The choice, as the statements of a block. Its errors underline the return type: every token of ours is shown
/// at its first or its last one.
pub(super) fn statements(plan: &Plan) -> TokenStream {
    let ret = &plan.ret;
    let (first, last) = span::ends(ret);
    let p = span::at(&plan.private, first);
    let says_absent = plan.options.remembers_absence.map(|span| {
        let (p, span) = (span::at(&plan.private, ours_at(span)), ours_at(span));
        quote_spanned!(span=> #p::says_absent(shape);)
    });
    let condition = plan.options.condition.as_ref();
    let condition = condition.map_or_else(|| quote_spanned!(last=> |_| true), |expr| quote!(#expr));
    let values = Ident::new(if plan.options.local { "local" } else { "storable" }, last);
    let share = quote_spanned!(last=> (&&&ty).larder_share());
    let arguments = quote_spanned!(last=> (shape, hold, #share, values, #condition));
    let values = quote_spanned!(last=> #p::#values(shape, hold));
    quote_spanned! {first=>
        use #p::by_type::*;
        let ty = #p::Ty::<#ret>::new();
        let shape = (&&&&ty).larder_shape();
        let val = #p::val_ty(shape);
        let hold = (&&val).larder_hold();
        #says_absent
        let values = #values;
        #p::kind #arguments
    }
}
