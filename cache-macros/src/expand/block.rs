//! `#[cached(impl)]`: an `impl` block whose cached methods have their families. In the `impl` of a trait nothing may be
//! added, so what stands beside a method stands in an `impl` of the type, beside the block.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{ImplItem, ItemImpl};

use super::cached::Family;

/// The block, with the families of its items (`None` for those that are not cached).
pub(crate) fn expand(block: &ItemImpl, families: Vec<Option<Family>>) -> TokenStream {
    let mut items = Vec::new();
    let mut beside = Vec::new();
    for (item, family) in block.items.iter().zip(families) {
        match family {
            Some(family) => {
                items.push(family.function);
                beside.push(family.beside);
            }
            None => items.push(item.to_token_stream()),
        }
    }
    if block.trait_.is_none() {
        items.append(&mut beside);
    }
    let has_beside = !beside.is_empty();
    let itself = with_items(block, items);
    let beside = has_beside.then(|| with_items(&of_the_type(block), beside));
    quote!(#itself #beside)
}

fn with_items(block: &ItemImpl, items: Vec<TokenStream>) -> ItemImpl {
    ItemImpl { items: items.into_iter().map(ImplItem::Verbatim).collect(), ..block.clone() }
}

/// The header without the trait, and without attributes that change what is inside.
fn of_the_type(block: &ItemImpl) -> ItemImpl {
    let mut block = block.clone();
    block.trait_ = None;
    block.unsafety = None;
    block.attrs.retain(|attr| attr.path().is_ident("cfg"));
    block
}
