//! The function itself: asynchronous, with a result that can be stored.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Lifetime, ParenthesizedGenericArguments, Safety, TypeFnPtr, TypeImplTrait, TypeReference};

use crate::model::function::{Form, Function};
use crate::model::options::Options;
use crate::problems::Problems;

pub(super) fn cached(options: &Options, function: &Function, problems: &mut Problems) {
    if function.is_sync() {
        synchronous(options, function, problems);
    }
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
