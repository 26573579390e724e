//! `tags(..)` and `group_by(..)`: what an entry belongs to, said after the near tier has missed.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::Expr;

use super::generics::{self, Generic};
use super::key::{self, View};
use super::span::{self, emitted, ours_at};
use super::{attrs, function};
use crate::model::param::Param;
use crate::model::plan::{Plan, by, covers};
use crate::parse::template::{Chunk, Template};

/// `__user_tags`: names the tags of a call, and its groups.
pub(super) fn function(plan: &Plan, generic: &Generic) -> TokenStream {
    if !plan.options.names_tags() {
        return TokenStream::new();
    }
    let (p, name, vis) = (&plan.private, plan.hidden("tags"), emitted(&plan.beside));
    let attrs = attrs::hidden_with_arguments(plan);
    let hidden = span::emitted_generics(&generic.hidden);
    let (generics, _, bounds) = hidden.split_for_impl();
    let receiver = function::borrowed_receiver(plan);
    let params = key::key_params(plan).map(|(index, _)| key::hidden_param(plan, generic, index));
    let patterns = key::patterns(plan, &quote!(), |name| plan.names_a_tag(name));
    let statements = statements(plan, &View { plan, generic: Some(generic) });
    quote_ours! {
        #attrs
        #[allow(unused_variables)]
        #vis fn #name #generics(#receiver tags: &mut #p::Tags<'_>, #(#params),*) #bounds {
            #patterns
            #statements
        }
    }
}

/// `.tagged(..)`, where the visible function's arguments are at hand.
pub(super) fn call(plan: &Plan, generic: &Generic) -> TokenStream {
    call_for(plan, generic, None)
}

/// The same where one of the arguments is a reference already.
pub(super) fn call_for(plan: &Plan, generic: &Generic, reference: Option<&Ident>) -> TokenStream {
    if !plan.options.names_tags() {
        return TokenStream::new();
    }
    let (callee, arguments) = (key::callee(plan, &plan.hidden("tags")), &generic.to_hidden_alone);
    let values = key::arguments(plan, generic, reference);
    quote_ours!(.tagged(|tags| #callee #arguments(tags, #(#values),*)))
}

/// The same in the place of the call, where there is nothing beside it.
pub(super) fn inline(plan: &Plan) -> TokenStream {
    if !plan.options.names_tags() {
        return TokenStream::new();
    }
    let patterns = key::patterns(plan, &quote_ours!(&), |name| plan.names_a_tag(name));
    let statements = statements(plan, &View { plan, generic: None });
    quote_ours!(.tagged(|tags| { #patterns #statements }))
}

fn statements(plan: &Plan, view: &View<'_>) -> TokenStream {
    let p = &plan.private;
    let tags = plan.options.tags.iter().map(|template| {
        let text = text(template, p, view);
        quote_ours!(tags.tag(&#text);)
    });
    let groups = plan.options.groups.iter().map(|names| {
        let (label, values) = (label(names), values(plan, view, names));
        quote_ours!(tags.group(#label, &#values);)
    });
    quote!(#(#tags)* #(#groups)*)
}

fn text(template: &Template, p: &TokenStream, view: &View<'_>) -> TokenStream {
    let span = ours_at(template.span);
    let p = span::at(p, span);
    let chunks = template.chunks.iter().map(|chunk| match chunk {
        Chunk::Text(text) => quote_ours!(#text),
        Chunk::Expr(expr) => {
            let reference = span::reference(&view.of(expr));
            quote_spanned!(span=> &#p::tag_text(#reference))
        }
    });
    quote_ours!([#(#chunks),*].concat())
}

/// `__user_by_tenant`, one for every group: names it by what its arguments are.
pub(super) fn groups(plan: &Plan, generic: &Generic) -> TokenStream {
    plan.options.groups.iter().map(|names| group(plan, generic, names)).collect()
}

fn group(plan: &Plan, generic: &Generic, names: &[Ident]) -> TokenStream {
    let (p, vis, attrs) = (&plan.private, emitted(&plan.beside), attrs::hidden_with_arguments(plan));
    let needed = needed(plan, names);
    let name = plan.hidden(&by(&idents(plan, &needed)));
    let mut hidden = generic.hidden.clone();
    generics::add(&mut hidden, &quote_ours!(__LarderVerb: #p::GroupVerb));
    let hidden = span::emitted_generics(&hidden);
    let (generics, _, bounds) = hidden.split_for_impl();
    let receiver = function::borrowed_receiver(plan);
    let params = needed.iter().map(|index| key::hidden_param(plan, generic, *index));
    let view = View { plan, generic: Some(generic) };
    let (space, label, values) = (key::space(plan, generic, &view), label(names), values(plan, &view, names));
    quote_ours! {
        #attrs
        #vis fn #name #generics(#receiver verb: __LarderVerb, #(#params),*) -> __LarderVerb::Output #bounds {
            verb.of_group(#space, #label, &#values)
        }
    }
}

/// A call of it, where its arguments are at hand.
pub(super) fn call_group(plan: &Plan, generic: &Generic, names: &[Ident]) -> TokenStream {
    let p = &plan.private;
    let needed = needed(plan, names);
    let callee = key::callee(plan, &plan.hidden(&by(&idents(plan, &needed))));
    let arguments = &generic.to_hidden;
    let values = needed.iter().map(|index| key::argument(plan, generic, *index));
    quote_ours!(#callee #arguments(#p::FindGroup, #(#values),*))
}

/// The parameters that it takes a group to be found: its own, and those that say in which cache. In the order of their
/// names, which is the only one that an invalidation can know.
pub(super) fn needed(plan: &Plan, names: &[Ident]) -> Vec<usize> {
    let is_needed = |param: &Param| {
        names.contains(&param.ident) || param.names.iter().any(|name| plan.names_the_cache(name))
    };
    let params = plan.function.params.iter().enumerate().filter(|(_, param)| is_needed(param));
    let mut needed: Vec<usize> = params.map(|(index, _)| index).collect();
    needed.sort_by_key(|index| plan.function.params.get(*index).map(|param| param.ident.to_string()));
    needed
}

fn idents(plan: &Plan, params: &[usize]) -> Vec<Ident> {
    params.iter().filter_map(|index| Some(plan.function.params.get(*index)?.ident.clone())).collect()
}

/// `"region,tenant"`
fn label(names: &[Ident]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn values(plan: &Plan, view: &View<'_>, names: &[Ident]) -> TokenStream {
    let nil = quote_ours!(());
    names.iter().rev().fold(nil, |rest, name| {
        let (span, p) = (ours_at(name.span()), span::at(&plan.private, ours_at(name.span())));
        let expr: Expr = syn::parse_quote!(#name);
        let is_sensitive = plan.options.sensitive.iter().any(|what| covers(what, &expr));
        let part = Ident::new(if is_sensitive { "sensitive" } else { "part" }, span);
        let reference = span::reference(&view.of(&expr));
        quote_spanned!(span=> (#p::#part(#reference), #rest))
    })
}
