//! `#[cached(impl)]` on an `impl` block: the methods inside that are marked with `#[cached(..)]`.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::spanned::Spanned;
use syn::{Attribute, Ident, ImplItem, ImplItemFn, ItemFn, ItemImpl, Meta};

use super::args::{Arg, Value};
use crate::problems::Problems;

/// A block, and which of its methods are cached.
pub(crate) struct Block {
    /// The block, without the marks.
    pub(crate) item: ItemImpl,
    /// What the mark of each item says, in the order of the items.
    pub(crate) marks: Vec<Option<TokenStream>>,
}

impl Block {
    /// Takes the marks off.
    pub(crate) fn of(mut item: ItemImpl) -> Self {
        let marks = item.items.iter_mut().map(|item| match item {
            ImplItem::Fn(method) => taken(&mut method.attrs),
            _ => None,
        });
        let marks = marks.collect();
        Self { item, marks }
    }

    /// Notes what is wrong with the attribute of the block itself.
    pub(crate) fn check(&self, args: &[Arg], problems: &mut Problems) {
        if !args.iter().any(|arg| arg.name == "impl" && matches!(arg.value, Value::Flag)) {
            let message = "on an `impl` block write `#[cached(impl)]`; the options go to `#[cached(..)]` on its methods";
            problems.at(&self.item.impl_token, message);
        }
        for arg in args.iter().filter(|arg| arg.name != "impl") {
            let message = format!("`{}` goes to `#[cached(..)]` on the methods inside", arg.name);
            problems.at(&arg.name, message);
        }
        if self.marks.iter().all(Option::is_none) && problems.is_empty() {
            let message = "no method of this block is cached; mark those that are with `#[cached(..)]`";
            problems.at(&self.item.impl_token, message);
        }
    }
}

/// A method as a function.
pub(crate) fn function(method: ImplItemFn) -> ItemFn {
    let ImplItemFn { attrs, vis, modifiers, sig, block } = method;
    ItemFn { attrs, vis, modifiers, sig, block: Box::new(block) }
}

/// The arguments of the mark, which is removed.
fn taken(attrs: &mut Vec<Attribute>) -> Option<TokenStream> {
    let at = attrs.iter().position(is_mark)?;
    match attrs.remove(at).meta {
        Meta::List(list) => Some(list.tokens),
        Meta::NameValue(value) => {
            let span = value.value.span();
            Some(quote_spanned!(span=> =))
        }
        Meta::Path(_) => Some(TokenStream::new()),
    }
}

fn is_mark(attr: &Attribute) -> bool {
    let is_cached = |name: &Ident| name == "cached";
    attr.path().segments.last().is_some_and(|last| is_cached(&last.ident))
}
