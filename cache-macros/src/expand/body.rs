//! The statements of a function, where they do not stand in a function of their own: inside of what is done before and
//! after them.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{ReturnType, Type};

use crate::model::function::{Form, Function, mentions};

/// A future that is not polled yet, or a closure of a function that is not async. `before` stands in front of the
/// statements.
pub(super) fn of(function: &Function, before: &TokenStream) -> TokenStream {
    let statements = &function.block.stmts;
    match &function.form {
        Form::Async(ret) => {
            let returns = (!is_hidden(ret)).then(|| returns(ret));
            quote_ours!(async move { #returns #before #(#statements)* })
        }
        Form::Sync(ret) => {
            let output = (!is_hidden(ret)).then(|| quote_ours!(-> #ret));
            quote_ours!(move || #output { #before #(#statements)* })
        }
        Form::Boxed(_) => boxed(function),
    }
}

/// What makes a boxed future, as the function returns it.
fn boxed(function: &Function) -> TokenStream {
    let ReturnType::Type(_, ty) = &function.sig.output else { return TokenStream::new() };
    let statements = &function.block.stmts;
    quote_ours!({
        let body: #ty = { #(#statements)* };
        body
    })
}

/// Whether a type can only be said in a signature.
fn is_hidden(ret: &Type) -> bool {
    mentions(quote!(#ret), "impl")
}

/// Tells the compiler what the block returns before it looks at its statements (`?` needs it).
fn returns(ret: &Type) -> TokenStream {
    quote_ours! {
        if let ::core::option::Option::Some(ret) = ::core::option::Option::None::<#ret> {
            return ret;
        }
    }
}
