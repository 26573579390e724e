//! The macros of larder: [`macro@cached`], [`macro@invalidate_cache`] and [`macro@KeyPart`].
//!
//! Each goes one way: `parse` (tokens to spanned arguments), `model` (what they mean), `validate` (all rejections
//! at once, each at the user's token with the fix), `expand` (about forty lines; all logic is ordinary code of
//! `cache_core::private`). When something is wrong, `fallback` emits the errors and the function as it was.
//!
//! `CACHE_MACROS_DEBUG=1` in the environment of a build prints what every use expands to.

/// `quote!` with names of ours: they never meet the user's.
macro_rules! quote_ours {
    ($($tokens:tt)*) => {
        ::quote::quote_spanned!(::proc_macro2::Span::mixed_site()=> $($tokens)*)
    };
}

mod expand;
mod fallback;
mod model;
mod parse;
mod path;
mod problems;
mod suggest;
mod validate;

#[cfg(test)]
mod snapshots;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as TokenStream2;

use crate::model::function::Function;
use crate::model::options::Options;
use crate::model::plan::Plan;
use crate::model::targets::Targets;
use crate::problems::Problems;

/// Caches an async function.
#[proc_macro_attribute]
pub fn cached(args: TokenStream, item: TokenStream) -> TokenStream {
    finish("cached", expand_cached(args.into(), item.into()))
}

/// Invalidates cached functions when an async function has changed what they read.
#[proc_macro_attribute]
pub fn invalidate_cache(args: TokenStream, item: TokenStream) -> TokenStream {
    finish("invalidate_cache", expand_invalidate(args.into(), item.into()))
}

/// Makes a type a part of cache keys.
#[proc_macro_derive(KeyPart, attributes(key_part))]
pub fn derive_key_part(item: TokenStream) -> TokenStream {
    finish("KeyPart", expand_key_part(item.into()))
}

fn expand_cached(args: TokenStream2, item: TokenStream2) -> TokenStream2 {
    fallback::or_original(try_cached(args, item.clone()), &item)
}

fn try_cached(args: TokenStream2, item: TokenStream2) -> syn::Result<TokenStream2> {
    let mut problems = Problems::default();
    let options = Options::read(parse::args::parse(args, &mut problems), &mut problems);
    let function = problems.keep(parse::item::function(item, "cached")).map(Function::new);
    if let Some(function) = &function {
        validate::cached(&options, function, &mut problems);
    }
    problems.into_result()?;
    let plan = function.and_then(|function| Plan::new(options, function));
    Ok(plan.as_ref().map(expand::cached::expand).unwrap_or_default())
}

fn expand_invalidate(args: TokenStream2, item: TokenStream2) -> TokenStream2 {
    fallback::or_original(try_invalidate(args, item.clone()), &item)
}

fn try_invalidate(args: TokenStream2, item: TokenStream2) -> syn::Result<TokenStream2> {
    let mut problems = Problems::default();
    let targets = Targets::read(args, &mut problems);
    let function = problems.keep(parse::item::function(item, "invalidate_cache")).map(Function::new);
    if let Some(function) = &function {
        validate::invalidate(function, &mut problems);
    }
    problems.into_result()?;
    Ok(function.map(|function| expand::invalidate::expand(&targets, &function)).unwrap_or_default())
}

fn expand_key_part(item: TokenStream2) -> TokenStream2 {
    let expanded = syn::parse2(item).and_then(|input| expand::key_part::expand(&input));
    expanded.unwrap_or_else(syn::Error::into_compile_error)
}

/// Prints the expansion when it was asked for.
fn finish(name: &str, expanded: TokenStream2) -> TokenStream {
    if std::env::var_os("CACHE_MACROS_DEBUG").is_some_and(|value| value == "1") {
        eprintln!("{name}:\n{expanded}\n");
    }
    expanded.into()
}
