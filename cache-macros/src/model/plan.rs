//! Everything that expansion needs, decided: nothing in here can be wrong any more.

use proc_macro2::TokenStream;
use quote::format_ident;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Expr, Ident, Type, Visibility};

use super::batch::Batch;
use super::free;
use super::function::Function;
use super::key::Part;
use super::options::Options;
use super::param::Param;
use crate::parse::template::Template;
use crate::path;

/// Where a function stands, as far as the macro knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Its attribute sees nothing around it.
    Unknown,
    /// In an `impl` block that was seen.
    Impl,
    /// The same of a trait: what stands beside it goes into another block.
    ImplOfTrait,
}

/// A cached function that has been checked.
pub(crate) struct Plan {
    pub(crate) options: Options,
    pub(crate) function: Function,
    /// The path of what expanded code calls.
    pub(crate) private: TokenStream,
    /// What it returns, or its future.
    pub(crate) ret: Type,
    /// The parts of its key.
    pub(crate) parts: Vec<Part>,
    /// The visibility of what stands beside it.
    pub(crate) beside: Visibility,
    pub(crate) place: Place,
    /// It stands in an `impl` block.
    pub(crate) in_impl: bool,
    /// One of its arguments lists many ids.
    pub(crate) batch: Option<Batch>,
    /// The names that options mention: used, whether the body uses them or not.
    pub(crate) mentioned: Vec<Ident>,
}

impl Plan {
    pub(crate) fn new(mut options: Options, mut function: Function, place: Place) -> Self {
        let batch = options.batch.as_ref().and_then(|name| {
            let mut params = function.params.iter_mut().enumerate();
            let (index, param) = params.find(|(_, param)| param.ident == *name)?;
            Batch::take(index, param)
        });
        let ret = function.ret().clone();
        let mentioned = mentioned(&options, &function);
        let parts = parts(&mut options, &function);
        Self {
            private: path::private(options.krate.as_ref()),
            in_impl: place != Place::Unknown || options.assoc.is_some() || function.mentions_self(),
            beside: if place == Place::ImplOfTrait {
                syn::parse_quote!(pub(crate))
            } else {
                function.vis.clone()
            },
            place,
            ret,
            parts,
            batch,
            mentioned,
            options,
            function,
        }
    }

    /// The batch, for its parameter.
    pub(crate) fn batch_at(&self, index: usize) -> Option<&Batch> {
        self.batch.as_ref().filter(|batch| batch.index == index)
    }

    /// Whether values stay in the near tier.
    pub(crate) fn is_local(&self) -> bool {
        self.options.local || self.function.is_sync()
    }

    /// Whether a parameter names an entry: the key or the choice of the cache mention it.
    pub(crate) fn is_key_param(&self, param: &Param) -> bool {
        param.names.iter().chain([&param.ident]).any(|name| self.names_an_entry(name))
    }

    /// Whether the key or the choice of the cache mention a name.
    pub(crate) fn names_an_entry(&self, name: &Ident) -> bool {
        self.parts
            .iter()
            .flat_map(Part::exprs)
            .chain(self.options.cache.expr())
            .any(|expr| free::uses(expr, name))
    }

    /// Whether a tag mentions a name.
    pub(crate) fn names_a_tag(&self, name: &Ident) -> bool {
        self.options.tags.iter().flat_map(Template::exprs).any(|expr| free::uses(expr, name))
    }

    /// Whether the choice of the cache mentions a name.
    pub(crate) fn names_the_cache(&self, name: &Ident) -> bool {
        self.options.cache.expr().is_some_and(|expr| free::uses(expr, name))
    }

    /// Whether the decision to ask the cache mentions a name.
    pub(crate) fn names_a_way(&self, name: &Ident) -> bool {
        self.options.ways().any(|expr| free::uses(expr, name))
    }

    /// Whether which cache it fills depends on the call.
    pub(crate) fn cache_depends_on_the_call(&self) -> bool {
        self.options.cache.expr().is_some_and(|expr| {
            let params = self.function.params.iter().flat_map(|param| &param.names);
            params.chain([&format_ident!("self")]).any(|name| free::uses(expr, name))
        })
    }

    /// The name of a function beside it: `user_peek`.
    pub(crate) fn companion(&self, suffix: &str) -> Ident {
        companion(&self.function.sig.ident, suffix)
    }

    /// The name of a function beside it that is not for people: `__user_key`.
    pub(crate) fn hidden(&self, suffix: &str) -> Ident {
        hidden(&self.function.sig.ident, suffix)
    }
}

/// The name of the function that names a group.
pub(crate) fn by(names: &[Ident]) -> String {
    let names: Vec<String> = names.iter().map(|name| name.unraw().to_string()).collect();
    format!("by_{}", names.join("_"))
}

fn mentioned(options: &Options, function: &Function) -> Vec<Ident> {
    let key = options.key.iter().flat_map(|key| key.exprs()).chain(options.cache.expr());
    let tags = options.tags.iter().flat_map(Template::exprs);
    let around = options.ways().chain(options.scopes().map(|(_, expr)| expr)).chain(tags);
    let exprs: Vec<&Expr> = key.chain(around).collect();
    let names = function.params.iter().flat_map(|param| &param.names);
    let is_mentioned = |name: &&Ident| {
        exprs.iter().any(|expr| free::uses(expr, name))
            || options.groups.iter().flatten().any(|group| group == *name)
    };
    names.filter(is_mentioned).cloned().collect()
}

fn companion(function: &Ident, suffix: &str) -> Ident {
    format_ident!("{}_{suffix}", function.unraw(), span = function.span())
}

/// The name of a hidden function beside another.
pub(crate) fn hidden(function: &Ident, suffix: &str) -> Ident {
    format_ident!("__{}_{suffix}", function.unraw(), span = function.span())
}

/// Scopes, then what the user wrote, else every argument.
fn parts(options: &mut Options, function: &Function) -> Vec<Part> {
    let key = match options.key.take() {
        Some(key) => key.parts,
        None => every_argument(options, function),
    };
    let scopes = options
        .scopes()
        .flat_map(|(name, expr)| [Part::Word(name.to_owned(), expr.span()), Part::of(expr.clone())]);
    let is_sensitive = |expr: &Expr| options.sensitive.iter().any(|what| covers(what, expr));
    scopes.chain(key).map(|part| part.hidden(&is_sensitive)).collect()
}

/// Whether something said to be sensitive is this expression, or an argument that it uses.
pub(crate) fn covers(sensitive: &Expr, expr: &Expr) -> bool {
    let sensitive = free::behind_references(sensitive);
    sensitive == free::behind_references(expr)
        || free::name(sensitive).is_some_and(|name| free::uses(expr, name))
}

fn every_argument(options: &Options, function: &Function) -> Vec<Part> {
    let is_skipped = |param: &Param| options.skip.iter().any(|name| param.is_called(name));
    let is_scope = |param: &Param| {
        let mut names = options.scopes().filter_map(|(_, expr)| free::name(free::behind_references(expr)));
        param.is_plain && names.any(|name| *name == param.ident)
    };
    let kept = function.params.iter().filter(|param| !is_skipped(param) && !is_scope(param));
    kept.map(|param| Part::Expr(Box::new(path_of(&param.ident)))).collect()
}

fn path_of(ident: &Ident) -> Expr {
    syn::parse_quote!(#ident)
}
