//! What a function fills: one static, in one place.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::LitStr;

use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::attrs;
use super::generics::{Generic, turbofish};
use super::span::{self, emitted, ours_at};
use crate::model::options::{Form, Format};
use crate::model::plan::Plan;
use crate::model::source::borrowed;
use crate::parse::life::Life;

/// `__user_keyspace`: the keyspace, and its cache unless that depends on the call.
pub(super) fn function(plan: &Plan, generic: &Generic) -> TokenStream {
    let (p, name, vis) = (&plan.private, plan.hidden("keyspace"), emitted(&plan.beside));
    let (source, ty) = source(plan);
    let (attrs, space) = (attrs::hidden(plan), statements(plan, generic, &source, false));
    let hidden = span::emitted_generics(&generic.hidden);
    let (generics, _, bounds) = hidden.split_for_impl();
    quote_ours! {
        #attrs
        #vis fn #name #generics() -> #p::Space<#ty> #bounds {
            #space
        }
    }
}

/// The value and the type of the cache, where no argument is at hand.
fn source(plan: &Plan) -> (TokenStream, TokenStream) {
    let p = &plan.private;
    match (plan.options.cache.constant(p), plan.options.cache.expr()) {
        (Some(constant), _) => constant,
        (None, Some(expr)) if !plan.cache_depends_on_the_call() => {
            let p = span::at(p, ours_at(expr.span()));
            let ty = quote_spanned!(ours_at(expr.span())=> impl #p::ManagerSource);
            (borrowed(expr), ty)
        }
        _ => (quote_ours!(#p::CacheOfTheCall), quote_ours!(#p::CacheOfTheCall)),
    }
}

/// The keyspace in its cache, as the statements of a block: that of the hidden function, or of the function itself.
pub(super) fn statements(
    plan: &Plan,
    generic: &Generic,
    source: &TokenStream,
    is_inline: bool,
) -> TokenStream {
    let p = &plan.private;
    let (mut parameters, mut arguments) = (generic.repeated(), generic.names());
    let mut here = quote_ours!(__larder_function);
    if plan.in_impl {
        here = quote_ours!(__larder_method);
        parameters.insert(0, quote_ours!(__LarderSelf: ?::core::marker::Sized));
        arguments.insert(0, quote_ours!(Self));
    }
    let site = if arguments.is_empty() { quote_ours!(Site) } else { quote_ours!(MonoSite) };
    let (arguments, policy) = (turbofish(&arguments), policy(plan));
    let (named, name) = name(plan);
    let mut marker = None;
    if !is_inline && parameters.is_empty() {
        // Its type is named after the hidden function.
        here = quote_ours!(|| {});
    } else {
        let parameters = (!parameters.is_empty()).then(|| quote_ours!(<#(#parameters),*>));
        marker = Some(quote_ours!(fn #here #parameters() {}));
    }
    quote_ours! {
        static __LARDER_SITE: #p::#site = #p::#site::#named(#name);
        #marker
        __LARDER_SITE.space(#source, #here #arguments, |policy| policy #policy)
    }
}

/// How a keyspace is named, and after what.
fn name(plan: &Plan) -> (TokenStream, TokenStream) {
    let (ident, options) = (&plan.function.sig.ident, &plan.options);
    if let (Some(namespace), Some(operation)) = (&options.namespace, &options.operation) {
        let span = options.interop.map_or_else(proc_macro2::Span::mixed_site, ours_at);
        let p = span::at(&plan.private, span);
        return (quote_spanned!(span=> cachekit::<#p::Build>), quote!(#namespace, #operation));
    }
    match &options.prefix {
        Some(prefix) => (quote_ours!(named), quote!(#prefix)),
        None => {
            let name = LitStr::new(&ident.unraw().to_string(), ident.span());
            (quote_ours!(of), quote!(#name))
        }
    }
}

/// What is said of the defaults.
fn policy(plan: &Plan) -> TokenStream {
    let (p, options) = (&plan.private, &plan.options);
    let ttl = options.ttl.as_ref().map(|ttl| life(p, ttl)).map(|ttl| quote_ours!(.ttl(#ttl)));
    let varied = options.ttl_with.as_ref().map(|_| quote_ours!(.varied()));
    let negative = options.remembers_absence.map(|_| {
        let ttl =
            options.negative_ttl.as_ref().map_or_else(|| quote_ours!(#p::Ttl::Default), |ttl| life(p, ttl));
        quote_ours!(.negative_ttl(#ttl))
    });
    let loads = loads(plan);
    let jitter = options.jitter.as_ref().map(|fraction| quote_ours!(.jitter(#fraction)));
    let immutable = options.immutable.map(|_| quote_ours!(.immutable()));
    let sealed = options.secure.map(|_| quote_ours!(.sealed()));
    let near = options.near.map(|_| quote_ours!(.near_too()));
    let local = plan.is_local().then(|| quote_ours!(.local()));
    let format = options.format.as_ref().and_then(|format| named_format(p, format));
    let schema = options.schema.as_ref().map(|schema| quote_ours!(.schema(#schema)));
    quote_ours!(#ttl #varied #negative #(#loads)* #jitter #immutable #sealed #near #local #format #schema)
}

/// A form of larder's. That of the user's own goes with the type of the values, see [`kind`](super::kind).
fn named_format(p: &TokenStream, format: &Format) -> Option<TokenStream> {
    let span = ours_at(format.span);
    let p = span::at(p, span);
    match format.form {
        Form::Custom(_) => None,
        Form::Named("msgpack") => Some(quote_spanned!(span=> .format(#p::Format::MessagePack))),
        Form::Named(name) => {
            let name = syn::Ident::new(name, span);
            Some(quote_spanned!(span=> .format(#p::#name::<#p::Build>())))
        }
    }
}

/// Limits of loads, and windows after the expiry.
fn loads(plan: &Plan) -> Vec<TokenStream> {
    let (p, options) = (&plan.private, &plan.options);
    let limits = [
        ("timeout", &options.timeout),
        ("soft_timeout", &options.soft_timeout),
        ("max_load_time", &options.max_load_time),
        ("stale_while_revalidate", &options.stale_while_revalidate),
        ("stale_if_error", &options.stale_if_error),
    ];
    let limits = limits.into_iter().filter_map(|(name, limit)| {
        let (name, limit) = (syn::Ident::new(name, proc_macro2::Span::mixed_site()), limit.as_ref()?);
        let duration = match limit {
            Life::Millis(millis) => quote_ours!(::core::time::Duration::from_millis(#millis)),
            Life::Expr(expr) => quote!(#expr),
            Life::Never => return None,
        };
        Some(quote_ours!(.#name(#duration)))
    });
    let ahead = options.refresh_ahead.as_ref().map(|ahead| match ahead {
        syn::Expr::Lit(_) => quote_ours!(.refresh_ahead(#p::RefreshAhead::Fraction(#ahead))),
        ahead => quote_ours!(.refresh_ahead(#ahead)),
    });
    let flight = options.single_flight.as_ref().map(|flight| {
        let who = syn::Ident::new(flight.who, ours_at(flight.span));
        quote_spanned!(ours_at(flight.span)=> .single_flight(#p::SingleFlight::#who))
    });
    let never = options.never_stale.map(|_| quote_ours!(.never_stale()));
    limits.chain(ahead).chain(flight).chain(never).collect()
}

fn life(p: &TokenStream, life: &Life) -> TokenStream {
    match life {
        Life::Never => quote_ours!(#p::Ttl::Never),
        Life::Millis(millis) if millis % 1_000 == 0 => {
            let seconds = millis / 1_000;
            quote_ours!(#p::Ttl::secs(#seconds))
        }
        Life::Millis(millis) => quote_ours!(#p::Ttl::millis(#millis)),
        Life::Expr(expr) => {
            let (first, last) = span::ends(expr);
            let p = span::at(p, first);
            let from = quote_spanned!(first=> #p::Ttl::from);
            quote_spanned!(last=> #from(#expr))
        }
    }
}
