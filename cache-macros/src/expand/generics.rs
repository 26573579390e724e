//! Type parameters: the user's own, and names for `impl Trait` where the type has to be named.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident};
use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{GenericParam, Generics, Ident, Token, Type, TypeParamBound};

use crate::model::param::Param;
use crate::model::plan::Plan;

/// The type parameters of a family.
pub(crate) struct Generic {
    /// Of the functions that take what names an entry by reference: every `impl Trait` has a name.
    pub(crate) hidden: Generics,
    /// Of the functions that people call: an `impl Trait` of a skipped parameter has a name, since it tells
    /// entries apart.
    pub(crate) visible: Generics,
    /// The arguments for a function with the user's own parameters.
    pub(crate) to_own: TokenStream,
    /// The arguments for the function that names an entry (`hidden` ones and its verb), where `visible` ones are
    /// in scope.
    pub(crate) to_hidden: TokenStream,
    /// The arguments for a function with `hidden` parameters and no verb, from the same place.
    pub(crate) to_hidden_alone: TokenStream,
    /// The arguments for a function with `visible` parameters.
    pub(crate) to_visible: TokenStream,
    /// The types of the parameters, with a name for every `impl Trait`.
    pub(crate) named_types: Vec<Type>,
}

impl Generic {
    pub(crate) fn of(plan: &Plan) -> Self {
        let own = &plan.function.sig.generics;
        let (mut hidden, mut visible) = (own.clone(), own.clone());
        let mut to_visible: Vec<TokenStream> = arguments(own);
        let (mut to_hidden, to_own) = (to_visible.clone(), turbofish(&to_visible));
        let mut named_types = Vec::new();
        for param in &plan.function.params {
            let mut names = NameImpls::default();
            let mut ty = param.ty.clone();
            names.begin(param);
            names.visit_type_mut(&mut ty);
            named_types.push(ty);
            for (name, bounds) in names.found {
                let in_key = plan.is_key_param(param);
                let parameter = quote::quote!(#name: #bounds);
                add(&mut hidden, &parameter);
                to_hidden.push(if in_key { quote_ours!(_) } else { name.to_token_stream() });
                if !in_key {
                    add(&mut visible, &parameter);
                    to_visible.push(name.to_token_stream());
                }
            }
        }
        let to_hidden_alone = turbofish(&to_hidden);
        if !to_hidden.is_empty() {
            to_hidden.push(quote_ours!(_));
        }
        let (to_hidden, to_visible) = (turbofish(&to_hidden), turbofish(&to_visible));
        Self { hidden, visible, to_own, to_hidden, to_hidden_alone, to_visible, named_types }
    }

    /// The type of a parameter in a function that people call.
    pub(crate) fn visible_type<'a>(&'a self, plan: &'a Plan, index: usize) -> Option<&'a Type> {
        let param = plan.function.params.get(index)?;
        if plan.is_key_param(param) { Some(&param.ty) } else { self.named_types.get(index) }
    }

    /// The type of a parameter as it was declared, in a function that people call.
    pub(crate) fn declared_type<'a>(&'a self, plan: &'a Plan, index: usize) -> Option<&'a Type> {
        match plan.batch_at(index) {
            Some(batch) => Some(&batch.declared),
            None => self.visible_type(plan, index),
        }
    }

    /// Whether a type is only a type parameter.
    pub(crate) fn is_parameter(&self, ty: &Type) -> bool {
        let Type::Path(path) = ty else { return false };
        let name = path.path.get_ident();
        name.is_some_and(|name| self.hidden.type_params().any(|param| param.ident == *name))
    }

    /// The type and constant parameters, for an item that repeats them.
    pub(crate) fn repeated(&self) -> Vec<TokenStream> {
        let repeated = |param: &GenericParam| match param {
            GenericParam::Type(param) => {
                let name = &param.ident;
                Some(quote_ours!(#name: ?::core::marker::Sized))
            }
            GenericParam::Const(param) => {
                let (name, ty) = (&param.ident, &param.ty);
                Some(quote_ours!(const #name: #ty))
            }
            GenericParam::Lifetime(_) => None,
        };
        self.hidden.params.iter().filter_map(repeated).collect()
    }

    /// The names of the type and constant parameters of the hidden functions.
    pub(crate) fn names(&self) -> Vec<TokenStream> {
        arguments(&self.hidden)
    }
}

fn arguments(generics: &Generics) -> Vec<TokenStream> {
    let names = generics.params.iter().filter_map(|param| match param {
        GenericParam::Type(param) => Some(param.ident.to_token_stream()),
        GenericParam::Const(param) => Some(param.ident.to_token_stream()),
        GenericParam::Lifetime(_) => None,
    });
    names.collect()
}

pub(super) fn turbofish(arguments: &[TokenStream]) -> TokenStream {
    if arguments.is_empty() { TokenStream::new() } else { quote_ours!(::<#(#arguments),*>) }
}

/// Appends a type parameter.
pub(super) fn add(generics: &mut Generics, parameter: &TokenStream) {
    generics.lt_token.get_or_insert_default();
    generics.gt_token.get_or_insert_default();
    generics.params.push(syn::parse_quote!(#parameter));
}

/// Replaces every `impl Trait` by a name.
#[derive(Default)]
struct NameImpls {
    base: String,
    found: Vec<(Ident, Punctuated<TypeParamBound, Token![+]>)>,
}

impl NameImpls {
    fn begin(&mut self, param: &Param) {
        self.base = format!("__Impl_{}", param.ident);
    }
}

impl VisitMut for NameImpls {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        visit_mut::visit_type_mut(self, ty);
        let Type::ImplTrait(found) = ty else { return };
        let count = self.found.len();
        let name = format_ident!("{}{}", self.base, "_".repeat(count), span = Span::call_site());
        self.found.push((name.clone(), found.bounds.clone()));
        *ty = syn::parse_quote!(#name);
    }
}
