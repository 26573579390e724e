//! A cached function with nothing beside it: a method of a trait's `impl`, also as `#[async_trait]` leaves it.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::generics::Generic;
use super::span::ours_at;
use super::{attrs, body, key, keyspace, kind, tags};
use crate::model::function::Form;
use crate::model::plan::Plan;

/// Everything in one body.
pub(super) fn expand(plan: &Plan) -> TokenStream {
    let (attrs, vis) = (attrs::all(plan), &plan.function.vis);
    let boxed = matches!(plan.function.form, Form::Boxed(_));
    let sig = signature(plan);
    let (outside, through) = (is_outside(plan), through(plan));
    let block = if boxed {
        quote_ours!({ #outside ::std::boxed::Box::pin(async move { #through }) })
    } else {
        quote_ours!({ #outside #through })
    };
    quote!(#attrs #vis #sig #block)
}

/// The read path.
fn through(plan: &Plan) -> TokenStream {
    let p = &plan.private;
    let generic = Generic::of(plan);
    let space = keyspace::statements(plan, &generic, &plan.options.cache.value(p), true);
    let view = key::View { plan, generic: None };
    let wanted = |name: &syn::Ident| plan.names_an_entry(name) || plan.names_a_way(name);
    let (patterns, parts) = (key::patterns(plan, &quote_ours!(&), wanted), key::parts(plan, &view));
    let probe = key::probe(plan, &quote_ours!(kind));
    let kind = kind::statements(plan);
    let body = body::of(&plan.function, &before(plan));
    let tagged = tags::inline(plan);
    let probed = quote_ours! {
        let kind = { #kind };
        let probed = {
            #patterns
            let space = { #space };
            #p::Verb::on(#probe, space, &#parts)
        };
    };
    if plan.function.is_sync() {
        return quote_ours! {
            #probed
            match probed {
                #p::Probed::Hit(hit) => hit,
                #p::Probed::Miss(missed) => missed #tagged .load_blocking(#body),
            }
        };
    }
    quote_ours! {
        let load = {
            #probed
            match probed {
                #p::Probed::Hit(hit) => return hit,
                #p::Probed::Miss(missed) => missed #tagged .load(#body),
            }
        };
        load.await.0
    }
}

/// The signature, with names of ours for patterns.
fn signature(plan: &Plan) -> syn::Signature {
    let mut sig = plan.function.sig.clone();
    let typed = sig.inputs.iter_mut().filter_map(|input| match input {
        syn::FnArg::Typed(typed) => Some(typed),
        syn::FnArg::Receiver(_) => None,
    });
    for (typed, param) in typed.zip(&plan.function.params).filter(|(_, param)| !param.is_plain) {
        let ident = &param.ident;
        *typed.pat = syn::parse_quote!(#ident);
    }
    sig
}

/// What stands in front of the statements: the patterns of the arguments, and their use.
fn before(plan: &Plan) -> TokenStream {
    let mentioned = &plan.mentioned;
    let lets = plan.function.params.iter().filter(|param| !param.is_plain).map(|param| {
        let (pat, ident) = (&param.pat, &param.ident);
        quote_ours!(let #pat = #ident;)
    });
    quote_ours!(#(#lets)* #(let _ = &#mentioned;)*)
}

/// A function that claims to stand outside of an `impl` has to be found there: in one, instantiations of the
/// type would share their entries.
fn is_outside(plan: &Plan) -> TokenStream {
    let sig = &plan.function.sig;
    let has_impl = plan.function.params.iter().any(|param| {
        let ty = &param.ty;
        crate::model::function::mentions(quote!(#ty), "impl")
    });
    if plan.in_impl || has_impl {
        return TokenStream::new();
    }
    let (name, arguments) = (&sig.ident, Generic::of(plan).to_own);
    quote_spanned!(ours_at(name.span())=> let _ = #name #arguments;)
}
