//! A body that owns what it needs, so that it can go on when its callers have gone.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Receiver, ReceiverKind, Type, TypeReference};

use super::generics::Generic;
use super::span::ours_at;
use crate::model::param::Param;
use crate::model::plan::Plan;

/// A call of the body: references are cloned into what owns them, and `self` behind one is cloned.
pub(super) fn body(plan: &Plan, generic: &Generic) -> TokenStream {
    let (name, arguments) = (plan.companion("uncached"), &generic.to_visible);
    let params = &plan.function.params;
    let owned = params.iter().filter_map(|param| Some(to_owned(param, referred(param)?)));
    let values = params.iter().map(|param| {
        let ident = &param.ident;
        match referred(param) {
            Some(reference) => borrowed(param, reference),
            None => quote!(#ident),
        }
    });
    let (kept, callee) = match plan.function.receiver() {
        Some(receiver) => {
            let this = receiver.self_token;
            let is_reference = is_reference(receiver);
            let kept = is_reference.then(
                || quote_spanned!(ours_at(this.span())=> let this = ::core::clone::Clone::clone(#this);),
            );
            let this = if is_reference { quote_ours!(this) } else { quote!(#this) };
            (kept, quote_ours!(#this.#name))
        }
        None if plan.in_impl => (None, quote_ours!(Self::#name)),
        None => (None, quote!(#name)),
    };
    quote_ours! {{
        #kept
        #(#owned)*
        async move { #callee #arguments(#(#values),*).await }
    }}
}

/// `&T` as a parameter's type, unless it lives for ever.
pub(crate) fn referred(param: &Param) -> Option<&TypeReference> {
    fn of(ty: &Type) -> Option<&TypeReference> {
        match ty {
            Type::Reference(reference) => {
                let is_static =
                    reference.lifetime.as_ref().is_some_and(|lifetime| lifetime.ident == "static");
                (!is_static).then_some(reference)
            }
            Type::Group(group) => of(&group.elem),
            _ => None,
        }
    }
    of(&param.ty)
}

/// Whether `self` is behind a plain reference.
pub(crate) fn is_reference(receiver: &Receiver) -> bool {
    match &receiver.kind {
        ReceiverKind::Reference(..) => true,
        ReceiverKind::Typed(_, ty) => matches!(**ty, Type::Reference(_)),
        _ => false,
    }
}

fn to_owned(param: &Param, reference: &TypeReference) -> TokenStream {
    let (ident, elem, span) = (&param.ident, &reference.elem, ours_at(param.ty.span()));
    quote_spanned!(span=> let #ident = <#elem as ::std::borrow::ToOwned>::to_owned(#ident);)
}

fn borrowed(param: &Param, reference: &TypeReference) -> TokenStream {
    let (ident, elem) = (&param.ident, &reference.elem);
    quote_ours!(::core::borrow::Borrow::<#elem>::borrow(&#ident))
}
