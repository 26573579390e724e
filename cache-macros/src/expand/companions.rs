//! The functions beside a cached one, for people.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::generics::Generic;
use super::span::{self, emitted};
use super::{attrs, function, key, tags};
use crate::model::param::Param;
use crate::model::plan::{Plan, by};

/// One of them.
struct Companion {
    suffix: String,
    docs: &'static str,
    is_async: bool,
    inputs: TokenStream,
    output: TokenStream,
    body: TokenStream,
}

/// Those of a batch are about one id. `user_refresh`, `user_invalidate`, `user_peek`, `user_cache_key`, `user_with_status`.
pub(super) fn all(plan: &Plan, generic: &Generic) -> TokenStream {
    if plan.batch.is_some() {
        let of_one = [invalidate(plan, generic), cache_key(plan, generic)];
        let groups = plan.options.groups.iter().map(|names| invalidate_group(plan, generic, names));
        return of_one.into_iter().chain(groups).map(|companion| companion.emit(plan, generic)).collect();
    }
    let all = [
        refresh(plan, generic),
        invalidate(plan, generic),
        peek(plan, generic),
        cache_key(plan, generic),
        with_status(plan, generic),
    ];
    let groups = plan.options.groups.iter().map(|names| invalidate_group(plan, generic, names));
    all.into_iter().chain(groups).map(|companion| companion.emit(plan, generic)).collect()
}

/// `user_invalidate_by_tenant`.
fn invalidate_group(plan: &Plan, generic: &Generic, names: &[Ident]) -> Companion {
    let (call, p) = (tags::call_group(plan, generic, names), &plan.private);
    let receiver = function::borrowed_receiver(plan);
    let needed = tags::needed(plan, names);
    let is_needed = |param: &Param| {
        needed
            .iter()
            .any(|index| plan.function.params.get(*index).is_some_and(|one| one.ident == param.ident))
    };
    let params = function::params(plan, generic, is_needed);
    let is_sync = plan.function.is_sync();
    let docs = if is_sync {
        "removes what the near tier, the only one, holds for these arguments, whatever the others are."
    } else {
        "invalidates what is stored for these arguments, whatever the others are, in every tier. Fails only where its manager fails closed."
    };
    Companion {
        suffix: format!("invalidate_{}", by(names)),
        docs,
        is_async: !is_sync,
        inputs: quote!(#receiver #(#params),*),
        output: if is_sync { quote_ours!(#p::Invalidated) } else { quote_ours!(#p::Result<#p::Invalidated>) },
        body: if is_sync {
            quote_ours!(#call.invalidate_blocking())
        } else {
            quote_ours!(#call.invalidate().await)
        },
    }
}

fn refresh(plan: &Plan, generic: &Generic) -> Companion {
    let (call, kind, ret) = (find_tagged(plan, generic), function::kind(plan, generic), &plan.ret);
    let (receiver, params) = (function::receiver(plan), function::params(plan, generic, |_| true));
    let body = function::body(plan, generic);
    Companion {
        suffix: "refresh".to_owned(),
        docs: "runs its body now and stores what that returns, whatever is stored.",
        is_async: !plan.function.is_sync(),
        inputs: quote!(#receiver #(#params),*),
        output: quote!(#ret),
        body: if plan.function.is_sync() {
            quote_ours! {
                let entry = #call;
                entry.refresh_blocking(#kind, || #body)
            }
        } else {
            quote_ours! {
                let entry = #call;
                entry.refresh(#kind, #body).await.0
            }
        },
    }
}

fn with_status(plan: &Plan, generic: &Generic) -> Companion {
    let (call, p) = (find_tagged(plan, generic), &plan.private);
    let (kind, ret) = (function::kind(plan, generic), &plan.ret);
    let (receiver, params) = (function::receiver(plan), function::params(plan, generic, |_| true));
    let patterns = key::patterns(plan, &quote_ours!(&), |name| plan.names_a_way(name));
    let body = function::body(plan, generic);
    let unless = plan.options.ways().next().is_some().then(|| {
        let (bypass, refresh) = key::ways(plan);
        quote_ours!(let entry = { #patterns entry.unless(#bypass, #refresh) };)
    });
    Companion {
        suffix: "with_status".to_owned(),
        docs: "the same, and what the answer is worth: where it came from, how old it is, whether it is stale.",
        is_async: !plan.function.is_sync(),
        inputs: quote!(#receiver #(#params),*),
        output: quote_ours!((#ret, #p::Status)),
        body: if plan.function.is_sync() {
            quote_ours! {
                let entry = #call;
                #unless
                entry.with_status_blocking(#kind, || #body)
            }
        } else {
            quote_ours! {
                let entry = #call;
                #unless
                entry.with_status(#kind, #body).await
            }
        },
    }
}

fn invalidate(plan: &Plan, generic: &Generic) -> Companion {
    let (call, p) = (find(plan, generic), &plan.private);
    if plan.function.is_sync() {
        return Companion {
            suffix: "invalidate".to_owned(),
            docs: "removes what is held for these arguments in the near tier, the only one.",
            is_async: false,
            inputs: key_inputs(plan, generic),
            output: quote_ours!(#p::Invalidated),
            body: quote_ours!(#call.invalidate_blocking()),
        };
    }
    Companion {
        suffix: "invalidate".to_owned(),
        docs: "removes what is stored for these arguments, from every tier. Fails only where its manager fails closed.",
        is_async: true,
        inputs: key_inputs(plan, generic),
        output: quote_ours!(#p::Result<#p::Invalidated>),
        body: quote_ours!(#call.invalidate().await),
    }
}

fn peek(plan: &Plan, generic: &Generic) -> Companion {
    let (call, kind, ret) = (find(plan, generic), function::kind(plan, generic), &plan.ret);
    Companion {
        suffix: "peek".to_owned(),
        docs: "what is stored for these arguments, in any tier; never runs its body.",
        is_async: !plan.function.is_sync(),
        inputs: key_inputs(plan, generic),
        output: quote_ours!(::core::option::Option<#ret>),
        body: if plan.function.is_sync() {
            quote_ours!(#call.peek_blocking(#kind))
        } else {
            quote_ours!(#call.peek(#kind).await)
        },
    }
}

fn cache_key(plan: &Plan, generic: &Generic) -> Companion {
    let (call, p) = (find(plan, generic), &plan.private);
    Companion {
        suffix: "cache_key".to_owned(),
        docs: "the key of these arguments.",
        is_async: false,
        inputs: key_inputs(plan, generic),
        output: quote_ours!(#p::CacheKey),
        body: quote_ours!(#call.into_key()),
    }
}

/// The entry of the arguments.
fn find(plan: &Plan, generic: &Generic) -> TokenStream {
    let p = &plan.private;
    key::call(plan, generic, &quote_ours!(#p::Find))
}

/// The same, where something may be stored.
fn find_tagged(plan: &Plan, generic: &Generic) -> TokenStream {
    let (find, tagged) = (find(plan, generic), tags::call(plan, generic));
    quote!(#find #tagged)
}

/// What names an entry: `self` by reference, and the arguments that the key mentions.
fn key_inputs(plan: &Plan, generic: &Generic) -> TokenStream {
    let receiver = function::borrowed_receiver(plan);
    let params = function::params(plan, generic, |param| plan.is_key_param(param));
    quote!(#receiver #(#params),*)
}

impl Companion {
    fn emit(self, plan: &Plan, generic: &Generic) -> TokenStream {
        let Self { suffix, docs, is_async, inputs, output, body } = self;
        let (vis, name) = (emitted(&plan.beside), plan.companion(&suffix));
        let is_pure = suffix == "peek" && !is_async;
        let attrs = attrs::companion(plan, &documented(plan, docs), is_pure);
        let asyncness = is_async.then(|| quote_ours!(async));
        let visible = span::emitted_generics(&generic.visible);
        let (generics, _, bounds) = visible.split_for_impl();
        quote_ours!(#attrs #vis #asyncness fn #name #generics(#inputs) -> #output #bounds { #body })
    }
}

fn documented(plan: &Plan, docs: &str) -> String {
    format!(" `{}`: {docs}", plan.function.sig.ident)
}
