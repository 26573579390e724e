//! The function itself: asynchronous, with a result that can be stored.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    Lifetime, ParenthesizedGenericArguments, ReceiverKind, Safety, TypeFnPtr, TypeImplTrait, TypeReference,
};

use crate::expand::detached::referred;
use crate::model::function::{Form, Function};
use crate::model::options::Options;
use crate::problems::Problems;

pub(super) fn cached(options: &Options, function: &Function, problems: &mut Problems) {
    if function.is_sync() {
        synchronous(options, function, problems);
    }
    detached(options, function, problems);
    ordinary(function, problems);
    if matches!(function.form, Form::Boxed(_)) && !options.alone {
        let message = "a method of an `#[async_trait]` impl cannot have functions beside it; add `companions = \"none\"`, \
                       or put `#[cached(impl)]` on the block, above `#[async_trait]`";
        problems.at(&function.sig.ident, message);
    }
    Result { problems, is_sync: function.is_sync() }.visit_type(function.ret());
}

pub(super) fn invalidate(function: &Function, problems: &mut Problems) {
    ordinary(function, problems);
}

/// A synchronous function has the near tier alone.
fn synchronous(options: &Options, function: &Function, problems: &mut Problems) {
    if let Some(token) = &function.sig.constness {
        problems
            .at(token, "a `const fn` runs in the compiler too, where there is no cache; leave `const` out");
    }
    let far = [
        options.format.as_ref().map(|format| (format.span, "format")),
        options.schema.as_ref().map(|schema| (schema.span(), "schema")),
        options.immutable.map(|span| (span, "immutable")),
    ];
    for (span, option) in far.into_iter().flatten() {
        let message = format!(
            "a synchronous function fills the near tier alone, where `{option}` means nothing; leave it out, or make \
             the function `async`"
        );
        problems.on(span, message);
    }
}

/// A load that goes on by itself owns what it needs.
fn detached(options: &Options, function: &Function, problems: &mut Problems) {
    if function.is_sync() {
        for option in &options.of_loads {
            let message = format!("`{option}` needs a runtime; make the function `async`, or leave it out");
            problems.at(option, message);
        }
        return;
    }
    let Some(option) = options.of_loads.iter().find(|name| {
        ["detach", "stale_while_revalidate", "refresh_ahead", "keep_warm"]
            .iter()
            .any(|detaches| *name == detaches)
    }) else {
        return;
    };
    if options.alone {
        let message = format!(
            "`{option}` lets the body go on by itself, so it has to stand beside the function; leave `companions` out \
             (in the `impl` of a trait put `#[cached(impl)]` on the block)"
        );
        problems.at(option, message);
    }
    if let Some(receiver) = function.receiver().filter(|_| !can_be_owned(function)) {
        let message = format!("`{option}` clones `self` for the load: it cannot be behind a `&mut`");
        problems.at(&receiver.self_token, message);
    }
    for param in &function.params {
        let mut borrows = Borrows(None);
        match referred(param) {
            Some(reference) if reference.mutability.is_none() => borrows.visit_type(&reference.elem),
            Some(reference) => borrows.0 = Some(reference.and_token.span()),
            None => borrows.visit_type(&param.ty),
        }
        if let Some(span) = borrows.0 {
            let message = format!(
                "`{option}` keeps the arguments for the load: a plain `&T` is cloned, but what borrows otherwise cannot \
                 be kept; take it by value"
            );
            problems.on(span, message);
        }
    }
}

fn can_be_owned(function: &Function) -> bool {
    function.receiver().is_none_or(|receiver| match &receiver.kind {
        ReceiverKind::Reference(_, _, mutability) => mutability.is_none(),
        ReceiverKind::Typed(_, ty) => match &**ty {
            syn::Type::Reference(reference) => reference.mutability.is_none(),
            _ => true,
        },
        _ => true,
    })
}

/// Looks for a borrow inside of a type.
struct Borrows(Option<Span>);

impl Visit<'_> for Borrows {
    fn visit_type_reference(&mut self, reference: &TypeReference) {
        let is_static = reference.lifetime.as_ref().is_some_and(|lifetime| lifetime.ident == "static");
        if !is_static {
            self.0.get_or_insert(reference.and_token.span());
        }
        visit::visit_type_reference(self, reference);
    }

    fn visit_lifetime(&mut self, lifetime: &Lifetime) {
        if lifetime.ident != "static" {
            self.0.get_or_insert(lifetime.span());
        }
    }
}

fn ordinary(function: &Function, problems: &mut Problems) {
    let sig = &function.sig;
    if let Safety::Unsafe(token) = &sig.safety {
        problems.at(token, "an `unsafe fn` cannot be cached: call it inside a safe one");
    }
    if let Some(token) = &sig.variadic {
        problems.at(token, "a variadic function cannot be cached");
    }
    let attrs = function.params.iter().flat_map(|param| &param.attrs);
    for attr in attrs.filter(|attr| attr.path().is_ident("cfg")) {
        problems.at(attr, "`#[cfg]` on a parameter is not seen by this macro; put it on the whole function");
    }
}

/// Looks through a return type.
struct Result<'p> {
    problems: &'p mut Problems,
    is_sync: bool,
}

impl Result<'_> {
    fn borrows(&mut self, tokens: &impl quote::ToTokens) {
        let message =
            "a cached value outlives the call that made it; return an owned value or an `Arc`, not a borrow";
        self.problems.at(tokens, message);
    }
}

impl Visit<'_> for Result<'_> {
    fn visit_type_reference(&mut self, reference: &TypeReference) {
        if reference.lifetime.is_none() {
            self.borrows(&reference.and_token);
        }
        visit::visit_type_reference(self, reference);
    }

    fn visit_lifetime(&mut self, lifetime: &Lifetime) {
        if lifetime.ident != "static" {
            self.borrows(lifetime);
        }
    }

    fn visit_type_impl_trait(&mut self, ty: &TypeImplTrait) {
        let is_future = self.is_sync
            && ty.bounds.iter().any(|bound| {
                crate::model::function::mentions(quote::ToTokens::to_token_stream(bound), "Future")
            });
        let message = if is_future {
            "a future cannot be stored; write `async fn`, and what it returns is"
        } else {
            "name the type that is cached; an `impl Trait` cannot be stored"
        };
        self.problems.at(&ty.impl_token, message);
    }

    fn visit_type_fn_ptr(&mut self, _: &TypeFnPtr) {}

    fn visit_parenthesized_generic_arguments(&mut self, _: &ParenthesizedGenericArguments) {}
}
