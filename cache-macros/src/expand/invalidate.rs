//! `#[invalidate_cache]`: the targets before the body, the invalidation behind it.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{AngleBracketedGenericArguments, Expr, ExprMethodCall, ExprPath, Path, PathArguments, Type};

use super::alone::returns;
use super::span::{self, ours_at};
use crate::model::function::{Form, Function, mentions};
use crate::model::plan::{by, hidden};
use crate::model::source::Source;
use crate::model::targets::{Group, Target, Targets};
use crate::parse::template::{Chunk, Template};
use crate::path;

/// Emits the function with its invalidations.
pub(crate) fn expand(targets: &Targets, function: &Function) -> TokenStream {
    let (attrs, vis, sig) = (&function.attrs, &function.vis, &function.sig);
    let body = match &function.form {
        Form::Boxed(_) => boxed_body(function),
        Form::Async(ret) => async_body(function, ret),
        Form::Sync(ret) => sync_body(function, ret),
    };
    let around = around(targets, &body, function.is_sync());
    let block = match &function.form {
        Form::Boxed(_) => quote_ours!({ ::std::boxed::Box::pin(async move { #around }) }),
        Form::Async(_) | Form::Sync(_) => quote_ours!({ #around }),
    };
    quote!(#(#attrs)* #vis #sig #block)
}

fn around(targets: &Targets, body: &TokenStream, is_sync: bool) -> TokenStream {
    let p = path::private(targets.krate.as_ref());
    let new = match &targets.cache {
        Some(source) => {
            let source = source.value(&p);
            quote_ours!(within(&#source))
        }
        None => {
            let source = Source::Global.value(&p);
            quote_ours!(new(&#source))
        }
    };
    let before = targets.before.map(|_| {
        if is_sync {
            quote_ours!(pending.before_blocking();)
        } else {
            quote_ours!(::std::boxed::Box::pin(pending.before()).await;)
        }
    });
    let succeeded = if targets.always == Some(true) {
        quote_ours!(true)
    } else {
        quote_ours! {{
            use #p::by_type::*;
            let ty = #p::Ty::of(&ret);
            #p::succeeded((&&&&ty).larder_shape(), &ret)
        }}
    };
    let targets = targets.targets.iter().map(|one| target(one, &p, targets.cache.is_some()));
    let (ret, settle) = if is_sync {
        (quote_ours!((#body)()), quote_ours!(pending.settle_blocking(succeeded)))
    } else {
        (quote_ours!(#body.await), quote_ours!(::std::boxed::Box::pin(pending.settle(succeeded)).await))
    };
    quote_ours! {
        let mut pending = #p::Pending::#new;
        #(#targets)*
        #before
        let ret = #ret;
        let succeeded = #succeeded;
        #settle;
        ret
    }
}

fn async_body(function: &Function, ret: &Type) -> TokenStream {
    let statements = &function.block.stmts;
    let returns = if mentions(quote!(#ret), "impl") { TokenStream::new() } else { returns(ret) };
    quote_ours!(async move { #returns #(#statements)* })
}

fn sync_body(function: &Function, ret: &Type) -> TokenStream {
    let statements = &function.block.stmts;
    let output = if mentions(quote!(#ret), "impl") { TokenStream::new() } else { quote_ours!(-> #ret) };
    match output.is_empty() {
        true => quote_ours!(move || { #(#statements)* }),
        false => quote_ours!(move || #output { #(#statements)* }),
    }
}

fn boxed_body(function: &Function) -> TokenStream {
    let statements = &function.block.stmts;
    let syn::ReturnType::Type(_, ty) = &function.sig.output else { return TokenStream::new() };
    quote_ours!({
        let body: #ty = { #(#statements)* };
        body
    })
}

fn target(target: &Target, p: &TokenStream, here: bool) -> TokenStream {
    match target {
        Target::Call(call, path) => {
            let receivers = call.args.first().is_some_and(|first| is_self(first) && is_method(path)).into();
            let (this, arguments) = (call.args.iter().take(receivers), call.args.iter().skip(receivers));
            let (this, arguments) = (references(this), references(arguments));
            let path = with_verb(hidden_path(path, "key"));
            quote_ours!(#path(#this &mut pending, #arguments);)
        }
        Target::Method(call) => {
            let mut call = call.clone();
            call.method = hidden(&call.method, "key");
            call.turbofish.as_mut().into_iter().for_each(infer_verb);
            let ExprMethodCall { receiver, method, turbofish, args, .. } = &call;
            let arguments = references(args);
            quote_ours!(#receiver.#method #turbofish(&mut pending, #arguments);)
        }
        Target::All(path) => {
            let all = if here { quote_ours!(all_here) } else { quote_ours!(all) };
            let (first, last) = span::ends(path);
            let path = hidden_path(path, "keyspace");
            let pending = quote_spanned!(first=> pending.#all);
            quote_spanned!(last=> #pending(#path());)
        }
        Target::Tag(template) => {
            let text = text(template, &quote_ours!(#p::tag_text));
            quote_ours!(pending.tag(&#text);)
        }
        Target::Group(call, group) => of_group(call, group),
        Target::Pattern(template) => {
            let text = text(template, &quote_ours!(#p::pattern_text));
            quote_ours!(pending.pattern(&#text);)
        }
        Target::Key(template) => {
            let text = text(template, &quote_ours!(#p::key_text));
            quote_ours!(pending.text_key(&#text);)
        }
    }
}

/// `user(tenant = t, ..)` as `__user_by_tenant(&mut pending, &t)`.
fn of_group(call: &Expr, group: &Group) -> TokenStream {
    let (suffix, values) = (by(&group.names), references(&group.values));
    match call {
        Expr::MethodCall(call) => {
            let mut call = call.clone();
            call.method = hidden(&call.method, &suffix);
            call.turbofish.as_mut().into_iter().for_each(infer_verb);
            let ExprMethodCall { receiver, method, turbofish, .. } = &call;
            quote_ours!(#receiver.#method #turbofish(&mut pending, #values);)
        }
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) => {
                let path = with_verb(hidden_path(path, &suffix));
                quote_ours!(#path(&mut pending, #values);)
            }
            _ => TokenStream::new(),
        },
        _ => TokenStream::new(),
    }
}

/// `db::user::<T>` as `db::__user_key::<T>`.
fn hidden_path(path: &ExprPath, suffix: &str) -> ExprPath {
    let mut path = path.clone();
    rename_last(&mut path.path, suffix);
    path
}

/// Where the user names type arguments, the verb's is left to the compiler.
fn with_verb(mut path: ExprPath) -> ExprPath {
    if let Some(PathArguments::AngleBracketed(arguments)) =
        path.path.segments.last_mut().map(|last| &mut last.arguments)
    {
        infer_verb(arguments);
    }
    path
}

fn infer_verb(arguments: &mut AngleBracketedGenericArguments) {
    arguments.args.push(syn::parse_quote!(_));
}

fn rename_last(path: &mut Path, suffix: &str) {
    if let Some(last) = path.segments.last_mut() {
        last.ident = hidden(&last.ident, suffix);
    }
}

/// Whether it is a function of a type: `Self::get`, `Repo::get`, `<Repo as Rows>::get`; `db::user` is one of a module.
fn is_method(path: &ExprPath) -> bool {
    let owner = path.path.segments.iter().rev().nth(1);
    path.qself.is_some() || owner.is_some_and(|owner| owner.ident.to_string().starts_with(char::is_uppercase))
}

/// Whether an argument is `self`, as in `Self::get(self, id)`.
fn is_self(arg: &Expr) -> bool {
    matches!(arg, Expr::Path(path) if path.path.is_ident("self"))
}

/// The arguments by reference: the body may still move them.
fn references<'a>(args: impl IntoIterator<Item = &'a Expr>) -> TokenStream {
    let args = args.into_iter().map(|arg| {
        let reference = span::reference(arg);
        quote!(#reference,)
    });
    quote!(#(#args)*)
}

/// A template as a `String`.
fn text(template: &Template, part: &TokenStream) -> TokenStream {
    let chunks = template.chunks.iter().map(|chunk| match chunk {
        Chunk::Text(text) => quote_ours!(#text),
        Chunk::Expr(expr) => {
            let span = ours_at(template.span);
            let part = span::at(part, span);
            let reference = span::reference(expr);
            quote_spanned!(span=> &#part(#reference))
        }
    });
    quote_ours!([#(#chunks),*].concat())
}
