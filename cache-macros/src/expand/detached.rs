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
    let owned = owned(plan);
    let own_self = plan.function.receiver().filter(|receiver| !is_reference(receiver));
    let this = own_self.map(|receiver| receiver.self_token).map(|this| quote!(#this));
    let call = call(plan, generic, this.unwrap_or_else(|| quote_ours!(this)));
    quote_ours! {{
        #owned
        #call
    }}
}

/// The same for a body that runs again and again: each run has its own clone of what was owned.
pub(super) fn again(plan: &Plan, generic: &Generic) -> TokenStream {
    let owned = owned(plan);
    let own_self = plan.function.receiver().filter(|receiver| !is_reference(receiver));
    let this = own_self.map(|receiver| {
        let this = receiver.self_token;
        quote_spanned!(ours_at(this.span())=> let this = #this;)
    });
    let again = plan.function.receiver().map(|receiver| {
        let span = ours_at(receiver.self_token.span());
        quote_spanned!(span=> let this = ::core::clone::Clone::clone(&this);)
    });
    let clones = plan.function.params.iter().map(|param| {
        let (ident, span) = (&param.ident, ours_at(param.ty.span()));
        quote_spanned!(span=> let #ident = ::core::clone::Clone::clone(&#ident);)
    });
    let call = call(plan, generic, quote_ours!(this));
    quote_ours! {{
        #this
        #owned
        move || {
            #again
            #(#clones)*
            #call
        }
    }}
}

/// What was borrowed, cloned.
fn owned(plan: &Plan) -> TokenStream {
    let this = plan.function.receiver().filter(|receiver| is_reference(receiver)).map(|receiver| {
        let this = receiver.self_token;
        quote_spanned!(ours_at(this.span())=> let this = ::core::clone::Clone::clone(#this);)
    });
    let params = plan.function.params.iter();
    let params = params.filter_map(|param| Some(to_owned(param, referred(param)?)));
    quote!(#this #(#params)*)
}

/// The body, of what is owned.
fn call(plan: &Plan, generic: &Generic, this: TokenStream) -> TokenStream {
    let (name, arguments) = (plan.companion("uncached"), &generic.to_visible);
    let values = plan.function.params.iter().map(|param| {
        let ident = &param.ident;
        referred(param).map_or_else(|| quote!(#ident), |reference| borrowed(param, reference))
    });
    let callee = match plan.function.receiver() {
        Some(_) => quote_ours!(#this.#name),
        None if plan.in_impl => quote_ours!(Self::#name),
        None => quote!(#name),
    };
    quote_ours!(async move { #callee #arguments(#(#values),*).await })
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
