//! The function under an attribute.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::Visit;
use syn::{
    Attribute, Block, FnArg, GenericArgument, Ident, Item, ItemFn, Macro, PathArguments, Receiver,
    ReturnType, Signature, Type, TypeParamBound, Visibility,
};

use super::param::Param;

/// A function with a body.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    pub(crate) block: Block,
    pub(crate) params: Vec<Param>,
    pub(crate) form: Form,
}

/// How a function is asynchronous.
#[derive(Debug)]
pub(crate) enum Form {
    /// `async fn`, and what it returns.
    Async(Type),
    /// It returns a boxed future of this, as `#[async_trait]` leaves its methods.
    Boxed(Type),
    /// It is not, and returns this.
    Sync(Type),
}

impl Function {
    pub(crate) fn new(item: ItemFn) -> Self {
        let params = item.sig.inputs.iter().filter_map(typed).enumerate();
        Self {
            params: params.map(|(index, typed)| Param::new(index, typed)).collect(),
            form: form(&item.sig),
            attrs: item.attrs,
            vis: item.vis,
            sig: item.sig,
            block: *item.block,
        }
    }

    /// What it returns, or its future.
    pub(crate) fn ret(&self) -> &Type {
        match &self.form {
            Form::Async(ret) | Form::Boxed(ret) | Form::Sync(ret) => ret,
        }
    }

    pub(crate) fn is_sync(&self) -> bool {
        matches!(self.form, Form::Sync(_))
    }

    pub(crate) fn receiver(&self) -> Option<&Receiver> {
        self.sig.receiver()
    }

    /// Whether it is a method, or an associated function that says so by naming `Self`.
    pub(crate) fn mentions_self(&self) -> bool {
        let mut finder = FindSelf(self.receiver().is_some());
        finder.visit_signature(&self.sig);
        finder.visit_block(&self.block);
        finder.0
    }
}

/// Looks for `Self`, except in items inside: theirs is another one.
struct FindSelf(bool);

impl Visit<'_> for FindSelf {
    fn visit_ident(&mut self, ident: &Ident) {
        self.0 |= ident == "Self";
    }

    fn visit_item(&mut self, _: &Item) {}

    fn visit_macro(&mut self, makro: &Macro) {
        self.0 |= mentions(makro.tokens.clone(), "Self");
    }
}

/// Whether a word stands among the tokens.
pub(crate) fn mentions(tokens: TokenStream, word: &str) -> bool {
    tokens.into_iter().any(|tree| match tree {
        TokenTree::Group(group) => mentions(group.stream(), word),
        TokenTree::Ident(ident) => ident == word,
        _ => false,
    })
}

fn typed(input: &FnArg) -> Option<&syn::PatType> {
    match input {
        FnArg::Typed(typed) => Some(typed),
        FnArg::Receiver(_) => None,
    }
}

fn form(sig: &Signature) -> Form {
    let nothing = || syn::parse_quote_spanned!(sig.ident.span()=> ());
    match (&sig.asyncness, &sig.output) {
        (Some(_), ReturnType::Type(_, ret)) => Form::Async((**ret).clone()),
        (Some(_), ReturnType::Default) => Form::Async(nothing()),
        (None, ReturnType::Type(_, ret)) => {
            boxed_output(ret).map_or_else(|| Form::Sync((**ret).clone()), Form::Boxed)
        }
        (None, ReturnType::Default) => Form::Sync(nothing()),
    }
}

/// `R` of `Pin<Box<dyn Future<Output = R> + ..>>`.
fn boxed_output(ty: &Type) -> Option<Type> {
    let Type::TraitObject(object) = argument(argument(ty, "Pin")?, "Box")? else { return None };
    object.bounds.iter().find_map(|bound| {
        let TypeParamBound::Trait(bound) = bound else { return None };
        let last = bound.path.segments.last().filter(|last| last.ident == "Future")?;
        let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
        arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::AssocType(output) if output.ident == "Output" => Some(output.ty.clone()),
            _ => None,
        })
    })
}

/// `T` of `Name<T>`.
fn argument<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == name)?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}
