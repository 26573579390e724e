//! The function itself, and its body.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{FnArg, Receiver};

use super::generics::Generic;
use super::span::emitted;
use super::{attrs, batch, detached, key, tags};
use crate::model::param::Param;
use crate::model::plan::Plan;

/// `user`: itself.
pub(super) fn cached(plan: &Plan, generic: &Generic) -> TokenStream {
    let (attrs, vis, sig) = (attrs::of_cached(plan), &plan.function.vis, &plan.function.sig);
    let (asyncness, fn_token, name, output) = (&sig.asyncness, &sig.fn_token, &sig.ident, &sig.output);
    let (generics, _, bounds) = generic.visible.split_for_impl();
    let params = plan.function.params.iter().enumerate().map(|(index, param)| {
        let (ident, ty) = (&param.ident, generic.declared_type(plan, index));
        quote!(#ident: #ty)
    });
    let (receiver, underscores, shadows) = (receiver(plan), attrs::underscores(plan), attrs::shadows(plan));
    let block = match &plan.batch {
        Some(of) => batch::block(plan, generic, of),
        None => block(plan, generic),
    };
    quote!(#(#attrs)* #underscores #shadows #vis #asyncness #fn_token #name #generics(#receiver #(#params),*) #output #bounds #block)
}

/// Asks the near tier, and boxes only what a miss needs.
fn block(plan: &Plan, generic: &Generic) -> TokenStream {
    let p = &plan.private;
    let kind = kind(plan, generic);
    let patterns = key::patterns(plan, &quote_ours!(&), |name| plan.names_a_way(name));
    let mut call = key::call(plan, generic, &key::probe(plan, &kind));
    if !patterns.is_empty() {
        call = quote_ours!({ #patterns #call });
    }
    let is_detached = plan.options.is_detached();
    let body = if is_detached { detached::body(plan, generic) } else { body(plan, generic) };
    let load = if is_detached { quote_ours!(load_detached) } else { quote_ours!(load) };
    let tagged = tags::call(plan, generic);
    if plan.function.is_sync() {
        quote_ours! {{
            match #call {
                #p::Probed::Hit(hit) => hit,
                #p::Probed::Miss(missed) => missed #tagged .load_blocking(|| #body),
            }
        }}
    } else {
        quote_ours! {{
            let load = match #call {
                #p::Probed::Hit(hit) => return hit,
                #p::Probed::Miss(missed) => missed #tagged .#load(#body),
            };
            load.await.0
        }}
    }
}

/// `user_uncached`: the body, in its only place.
pub(super) fn uncached(plan: &Plan, generic: &Generic) -> TokenStream {
    let (attrs, vis, sig) = (attrs::of_body(plan), emitted(&plan.beside), &plan.function.sig);
    let (fn_token, output, name) = (&sig.fn_token, &sig.output, plan.companion("uncached"));
    let (generics, _, bounds) = generic.visible.split_for_impl();
    let asyncness = (!plan.function.is_sync()).then(|| quote_ours!(async));
    let docs = format!(" `{}` without the cache: runs its body.", sig.ident);
    let inputs = sig.inputs.iter().filter(|input| matches!(input, FnArg::Receiver(_)));
    let params = plan.function.params.iter().enumerate().map(|(index, param)| {
        let (attrs, pat, ty) = (&param.attrs, &param.pat, generic.declared_type(plan, index));
        quote!(#(#attrs)* #pat: #ty)
    });
    let inputs = inputs.map(|receiver| quote!(#receiver)).chain(params);
    let (mentioned, statements) = (&plan.mentioned, &plan.function.block.stmts);
    let block = quote_ours!({ #(let _ = &#mentioned;)* #(#statements)* });
    let underscores = (!mentioned.is_empty()).then(|| attrs::underscores(plan)).flatten();
    let head = quote_ours!(#(#attrs)* #[doc = #docs] #underscores #vis #asyncness);
    quote!(#head #fn_token #name #generics(#(#inputs),*) #output #bounds #block)
}

/// A call of the body with the arguments at hand.
pub(super) fn body(plan: &Plan, generic: &Generic) -> TokenStream {
    let (callee, arguments) = (key::callee(plan, &plan.companion("uncached")), &generic.to_visible);
    let values = plan.function.params.iter().map(|param| &param.ident);
    quote_ours!(#callee #arguments(#(#values),*))
}

/// What the function returns, chosen by type.
pub(super) fn kind(plan: &Plan, generic: &Generic) -> TokenStream {
    let kind = key::associated(plan, &plan.hidden("kind"));
    let arguments = &generic.to_own;
    quote_ours!(#kind #arguments())
}

/// `self` as it is declared, but for `mut`.
pub(super) fn receiver(plan: &Plan) -> TokenStream {
    let Some(receiver) = plan.function.receiver() else { return TokenStream::new() };
    let mut receiver: Receiver = receiver.clone();
    receiver.mutability = None;
    receiver.attrs.clear();
    quote!(#receiver,)
}

/// `&self`.
pub(super) fn borrowed_receiver(plan: &Plan) -> TokenStream {
    let this = plan.function.receiver().map(|receiver| receiver.self_token);
    this.map_or_else(TokenStream::new, |this| quote_ours!(&#this,))
}

/// The parameters as a function for people declares them.
pub(super) fn params(plan: &Plan, generic: &Generic, wanted: impl Fn(&Param) -> bool) -> Vec<TokenStream> {
    let params = plan.function.params.iter().enumerate().filter(|(_, param)| wanted(param));
    let params = params.map(|(index, param)| {
        let (ident, ty) = (&param.ident, generic.visible_type(plan, index));
        quote!(#ident: #ty)
    });
    params.collect()
}
