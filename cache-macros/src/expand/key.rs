//! What names an entry: the parts of the key, and the cache.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ExprCall, Ident, Type, TypeReference};

use super::generics::{self, Generic};
use super::span::{self, emitted, ours_at};
use super::{attrs, function};
use crate::model::key::Part;
use crate::model::param::Param;
use crate::model::plan::Plan;

/// `__user_key`: takes what names an entry by reference, so that an invalidation can name it before its body
/// moves the arguments, and does with the entry what it is told. The one place that evaluates the key.
pub(super) fn builder(plan: &Plan, generic: &Generic) -> TokenStream {
    let (p, name, vis) = (&plan.private, plan.hidden("key"), emitted(&plan.beside));
    let attrs = attrs::hidden_with_arguments(plan);
    let mut generics = generic.hidden.clone();
    generics::add(&mut generics, &quote_ours!(__LarderVerb: #p::Verb));
    let generics = span::emitted_generics(&generics);
    let (generics, _, bounds) = generics.split_for_impl();
    let receiver = function::borrowed_receiver(plan);
    let params = key_params(plan).map(|(index, _)| hidden_param(plan, generic, index));
    let patterns = patterns(plan, &quote!(), |name| plan.names_an_entry(name));
    let view = View { plan, generic: Some(generic) };
    let (space, parts) = (space(plan, generic, &view), parts(plan, &view));
    quote_ours! {
        #attrs
        #vis fn #name #generics(#receiver verb: __LarderVerb, #(#params),*) -> __LarderVerb::Output #bounds {
            #patterns
            verb.on(#space, &#parts)
        }
    }
}

/// A call of it, where the visible function's arguments are at hand.
pub(super) fn call(plan: &Plan, generic: &Generic, verb: &TokenStream) -> TokenStream {
    call_for(plan, generic, verb, None)
}

/// The same where one of the arguments is a reference already.
pub(super) fn call_for(
    plan: &Plan,
    generic: &Generic,
    verb: &TokenStream,
    reference: Option<&Ident>,
) -> TokenStream {
    let (callee, arguments) = (callee(plan, &plan.hidden("key")), &generic.to_hidden);
    let values = self::arguments(plan, generic, reference);
    quote_ours!(#callee #arguments(#verb, #(#values),*))
}

/// The values of the parameters that name an entry, one of which may be a reference already.
pub(super) fn arguments(plan: &Plan, generic: &Generic, reference: Option<&Ident>) -> Vec<TokenStream> {
    let values = key_params(plan).map(|(index, param)| match reference == Some(&param.ident) {
        true => reference.to_token_stream(),
        false => argument(plan, generic, index),
    });
    values.collect()
}

/// The parameters that name an entry, and their places.
pub(super) fn key_params(plan: &Plan) -> impl Iterator<Item = (usize, &Param)> {
    plan.function.params.iter().enumerate().filter(|(_, param)| plan.is_key_param(param))
}

/// The value of a parameter for a hidden function, where the visible function's arguments are at hand.
pub(super) fn argument(plan: &Plan, generic: &Generic, index: usize) -> TokenStream {
    let param = plan.function.params.get(index).zip(generic.named_types.get(index));
    param.map_or_else(TokenStream::new, |(param, ty)| {
        let ident = &param.ident;
        if stripped(param, ty, generic).is_some() { quote!(#ident) } else { quote_ours!(&#ident) }
    })
}

/// A function beside this one, as it is called from here.
pub(super) fn callee(plan: &Plan, name: &Ident) -> TokenStream {
    match plan.function.receiver() {
        Some(receiver) => {
            let this = receiver.self_token;
            quote_ours!(#this.#name)
        }
        None => associated(plan, name),
    }
}

/// A function beside this one that takes no `self`.
pub(super) fn associated(plan: &Plan, name: &Ident) -> TokenStream {
    if plan.in_impl { quote_ours!(Self::#name) } else { quote!(#name) }
}

/// A parameter by reference, as a hidden function declares it.
pub(super) fn hidden_param(plan: &Plan, generic: &Generic, index: usize) -> TokenStream {
    let param = plan.function.params.get(index).zip(generic.named_types.get(index));
    param.map_or_else(TokenStream::new, |(param, ty)| {
        let ident = &param.ident;
        match stripped(param, ty, generic) {
            Some(reference) => {
                let elem = &reference.elem;
                quote_ours!(#ident: &#elem)
            }
            None => quote_ours!(#ident: &#ty),
        }
    })
}

/// A parameter that is a reference already stays one, so that `&String` may stand for `&str`; a reference to a
/// bare type parameter gets another, since the parameter would be inferred wrong.
fn stripped<'t>(param: &Param, ty: &'t Type, generic: &Generic) -> Option<&'t TypeReference> {
    match ty {
        Type::Reference(reference) if param.is_plain && !generic.is_parameter(&reference.elem) => {
            Some(reference)
        }
        Type::Group(group) => stripped(param, &group.elem, generic),
        _ => None,
    }
}

/// Binds the wanted names of arguments that are patterns. Here they match references, which some lints look for.
pub(super) fn patterns(plan: &Plan, reference: &TokenStream, wanted: impl Fn(&Ident) -> bool) -> TokenStream {
    let of = |param: &&Param| !param.is_plain && param.names.iter().any(&wanted);
    let lets = plan.function.params.iter().filter(of).map(|param| {
        let (pat, ident) = (param.pat_by_reference(&wanted), &param.ident);
        quote_ours!(#[allow(clippy::pattern_type_mismatch)] let #pat = #reference #ident;)
    });
    quote!(#(#lets)*)
}

/// The keyspace in its cache.
pub(super) fn space(plan: &Plan, generic: &Generic, view: &View<'_>) -> TokenStream {
    let keyspace = associated(plan, &plan.hidden("keyspace"));
    let arguments = generics::turbofish(&generic.names());
    let within = plan.options.cache.expr().filter(|_| plan.cache_depends_on_the_call()).map(|expr| {
        let source = span::reference(&view.of(expr));
        quote_spanned!(ours_at(expr.span())=> .within(#source))
    });
    quote_ours!(#keyspace #arguments() #within)
}

/// The parts of the key: `(a, (b, ()))`.
pub(super) fn parts(plan: &Plan, view: &View<'_>) -> TokenStream {
    let nil = quote_ours!(());
    plan.parts.iter().rev().fold(nil, |rest, one| {
        let one = part(plan, view, one);
        quote_ours!((#one, #rest))
    })
}

fn part(plan: &Plan, view: &View<'_>, part: &Part) -> TokenStream {
    let span = ours_at(part.span());
    let p = span::at(&plan.private, span);
    match part {
        Part::Expr(expr) => {
            let reference = span::reference(&view.of(expr));
            let part = if plan.options.interop.is_some() { quote!(argument) } else { quote!(part) };
            quote_spanned!(span=> #p::#part(#reference))
        }
        Part::Sensitive(expr) => {
            let reference = span::reference(&view.of(expr));
            quote_spanned!(span=> #p::sensitive(#reference))
        }
        Part::Word(word, _) => quote_spanned!(span=> #p::Word(#word)),
        Part::Mixed(parts) => {
            let parts = parts.iter().map(|one| self::part(plan, view, one));
            quote_spanned!(span=> (#(#parts,)*))
        }
    }
}

/// The verb of the read path, where the arguments are as they are declared.
pub(super) fn probe(plan: &Plan, kind: &TokenStream) -> TokenStream {
    let p = &plan.private;
    if plan.options.ways().next().is_none() {
        return quote_ours!(#p::Probe(#kind));
    }
    let (bypass, refresh) = ways(plan);
    quote_ours!(#p::Probe(#kind).unless(#bypass, #refresh))
}

/// Whether to go round the cache, and whether to load anew.
pub(super) fn ways(plan: &Plan) -> (TokenStream, TokenStream) {
    let view = View { plan, generic: None };
    let way = |expr: Option<&Expr>| match expr {
        Some(expr) => view.of(expr).to_token_stream(),
        None => quote_ours!(false),
    };
    (way(plan.options.bypass.as_ref()), way(plan.options.refresh.as_ref()))
}

/// How the arguments look where an expression of the user is evaluated.
pub(super) struct View<'a> {
    pub(super) plan: &'a Plan,
    /// Inside the hidden function, which takes references; `None` where the arguments are as they are declared.
    pub(super) generic: Option<&'a Generic>,
}

impl View<'_> {
    /// The expression, with a `*` before each name that is a reference here and is none where it was declared.
    pub(super) fn of(&self, expr: &Expr) -> Expr {
        let mut expr = expr.clone();
        Dereference(self).visit_expr_mut(&mut expr);
        expr
    }

    fn is_behind_reference(&self, name: &Ident) -> bool {
        let params = self.plan.function.params.iter().enumerate();
        params.into_iter().any(|(index, param)| match (param.is_plain, self.generic) {
            (false, None) => param.names.contains(name),
            (false, Some(_)) => param.names.contains(name) || param.ident == *name,
            (true, None) => false,
            (true, Some(generic)) => {
                let ty = generic.named_types.get(index);
                param.ident == *name && ty.is_some_and(|ty| stripped(param, ty, generic).is_none())
            }
        })
    }
}

struct Dereference<'a>(&'a View<'a>);

impl VisitMut for Dereference<'_> {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        let Expr::Path(path) = &*expr else { return visit_mut::visit_expr_mut(self, expr) };
        let name = path.path.get_ident().filter(|_| path.qself.is_none());
        if let Some(name) = name.filter(|name| self.0.is_behind_reference(name)) {
            let star = ours_at(name.span());
            *expr = syn::parse_quote_spanned!(star=> (*#name));
        }
    }

    fn visit_expr_call_mut(&mut self, call: &mut ExprCall) {
        if !matches!(*call.func, Expr::Path(_)) {
            self.visit_expr_mut(&mut call.func);
        }
        call.args.iter_mut().for_each(|arg| self.visit_expr_mut(arg));
    }
}
