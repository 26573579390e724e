//! `#[cached(impl)]`: every marked method goes the way of a function, and knows where it stands.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{GenericParam, ImplItem, ImplItemFn, ItemImpl};

use crate::expand::cached::Family;
use crate::model::function::{Form, Function, mentions};
use crate::model::options::Options;
use crate::model::outside::qualified;
use crate::model::plan::{Place, Plan};
use crate::parse::block::{Block, function};
use crate::problems::Problems;
use crate::{expand, fallback, parse, validate};

/// The block with its families, or what is wrong beside the block without its marks.
pub(crate) fn expand(args: TokenStream, block: Block) -> TokenStream {
    let item = block.item.to_token_stream();
    fallback::or_original(try_expand(args, block), &item)
}

fn try_expand(args: TokenStream, block: Block) -> syn::Result<TokenStream> {
    let mut problems = Problems::default();
    let args = parse::args::parse(args, &mut problems);
    block.check(&args, &mut problems);
    let families: Vec<Option<Family>> = block
        .item
        .items
        .iter()
        .zip(&block.marks)
        .map(|(item, mark)| match (item, mark) {
            (ImplItem::Fn(method), Some(args)) => family(method, args, &block.item, &mut problems),
            _ => None,
        })
        .collect();
    problems.into_result()?;
    Ok(expand::block::expand(&block.item, families))
}

/// A method with all that stands beside it; `None` when something is wrong with it.
fn family(
    method: &ImplItemFn,
    args: &TokenStream,
    block: &ItemImpl,
    problems: &mut Problems,
) -> Option<Family> {
    let mut found = Problems::default();
    let options = Options::read(parse::args::parse(args.clone(), &mut found), &mut found);
    let mut method = method.clone();
    if !options.alone {
        qualified(&mut method, block);
    }
    let function = Function::new(function(method));
    validate::cached(&options, &function, &mut found);
    let place = if block.trait_.is_some() { Place::ImplOfTrait } else { Place::Impl };
    if place == Place::ImplOfTrait && !options.alone {
        of_trait(&function, block, &mut found);
    }
    if let Err(error) = found.into_result() {
        problems.add(error);
        return None;
    }
    Some(expand::cached::expand(&Plan::new(options, function, place)))
}

/// Whether what stands beside a method of a trait can stand in an `impl` of the type alone.
fn of_trait(function: &Function, block: &ItemImpl, problems: &mut Problems) {
    if matches!(function.form, Form::Boxed(_)) {
        return;
    }
    for param in &block.generics.params {
        let name = match param {
            GenericParam::Type(param) => &param.ident,
            GenericParam::Const(param) => &param.ident,
            GenericParam::Lifetime(_) => continue,
        };
        if !mentions(block.self_ty.to_token_stream(), &name.to_string()) {
            let message = format!(
                "what stands beside `{}` stands in an `impl` of the type alone, which does not mention `{name}`; \
                 mark the method `#[cached(companions = \"none\", ..)]`",
                function.sig.ident
            );
            problems.at(param, message);
        }
    }
}
