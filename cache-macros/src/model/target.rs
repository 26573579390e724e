//! One thing that `#[invalidate_cache(..)]` removes.

use proc_macro2::{Span, TokenStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Expr, ExprCall, ExprMethodCall, ExprPath, Ident, LitStr, Token};

use super::free;
use crate::parse::template::{self, Chunk, Template};
use crate::suggest::nearest;

/// One thing to be removed.
#[derive(Debug)]
pub(crate) enum Target {
    /// `user(id)`, `db::user(id)`
    Call(ExprCall, ExprPath),
    /// `self.get(id)`
    Method(ExprMethodCall),
    /// `all(user)`, `all(Self::get)`
    All(ExprPath),
    /// `patterns("user:{id}:*")`
    Pattern(Template),
    /// `keys("user:{id}")`
    Key(Template),
    /// `tags("tenant:{tenant}")`
    Tag(Template),
    /// `user(tenant = t, ..)`, `self.get(tenant = t, ..)`
    Group(Expr, Group),
}

/// The arguments that a group is named by, in the order of their names.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) names: Vec<Ident>,
    pub(crate) values: Vec<Expr>,
}

const EXAMPLES: &str = "a target is `user(id)`, `self.get(id)`, `user(tenant = t, ..)`, `all(user)`, `tags(\"tenant:{t}\")`, \
                        `patterns(\"user:{id}:*\")` or `keys(\"user:{id}\")`";

impl Target {
    /// `user(id)`, `self.get(id)`
    pub(super) fn of(expr: Expr) -> syn::Result<Self> {
        match expr {
            Expr::MethodCall(call) => match group(&call.args)? {
                Some(group) => Ok(Self::Group(Expr::MethodCall(call), group)),
                None => Ok(Self::Method(call)),
            },
            Expr::Call(call) => match &*call.func {
                Expr::Path(path) => {
                    if let Some(group) = group(&call.args)? {
                        return Ok(Self::Group(Expr::Call(call), group));
                    }
                    misspelled(&call, path)?;
                    let path = path.clone();
                    Ok(Self::Call(call, path))
                }
                other => Err(syn::Error::new_spanned(other, EXAMPLES)),
            },
            Expr::Path(path) => {
                let message =
                    "name the entry with its key arguments (`user(id)`), or all of them (`all(user)`)";
                Err(syn::Error::new_spanned(path, message))
            }
            other => Err(syn::Error::new_spanned(other, EXAMPLES)),
        }
    }

    /// `all(user)`, `all(user::<T>)`, `all(self.get)`
    pub(super) fn all(paren: Span, tokens: TokenStream) -> syn::Result<Self> {
        const WHAT: &str = "name one cached function: `all(user)`, `all(user::<T>)`, `all(Self::get)`";
        if tokens.is_empty() {
            return Err(syn::Error::new(paren, WHAT));
        }
        let expr: Expr = syn::parse2(tokens).map_err(|error| syn::Error::new(error.span(), WHAT))?;
        match &expr {
            Expr::Path(path) => Ok(Self::All(path.clone())),
            Expr::Field(field) => match (&*field.base, &field.member) {
                (Expr::Path(base), syn::Member::Named(name)) if base.path.is_ident("self") => {
                    let span = base.path.span();
                    Ok(Self::All(syn::parse_quote_spanned!(span=> Self::#name)))
                }
                _ => Err(syn::Error::new_spanned(&expr, "name the method by its type: `all(Repo::get)`")),
            },
            _ => Err(syn::Error::new_spanned(&expr, WHAT)),
        }
    }

    /// `tags("tenant:{tenant}")`
    pub(super) fn tag(text: &LitStr) -> syn::Result<Self> {
        template::parse(text).map(Self::Tag)
    }

    /// `keys("user:{id}")`
    pub(super) fn key(text: &LitStr) -> syn::Result<Self> {
        let template = template::parse(text)?;
        let sign = template.chunks.iter().find_map(|chunk| match chunk {
            Chunk::Text(text) => text.split(':').find_map(super::key::sign),
            Chunk::Expr(_) => None,
        });
        match sign {
            Some(sign) => {
                let message = format!("{sign:?} cannot stand in a key; for many keys write `patterns(..)`");
                Err(syn::Error::new_spanned(text, message))
            }
            None => Ok(Self::Key(template)),
        }
    }

    /// `patterns("user:{id}:*")`. The library reads the whole pattern when the program runs; what is wrong with any value is found here.
    pub(super) fn pattern(text: &LitStr) -> syn::Result<Self> {
        const MAX_STARS: usize = 8;
        let template = template::parse(text)?;
        let fixed: String = template
            .chunks
            .iter()
            .map(|chunk| match chunk {
                Chunk::Text(text) => text.as_str(),
                Chunk::Expr(_) => "x",
            })
            .collect();
        let wrong = match () {
            () if fixed.matches('*').count() > MAX_STARS => "it has more than 8 `*`",
            () if fixed.ends_with('\\') => "it ends in `\\`",
            () if fixed.matches('[').count() > fixed.matches(']').count() => "a `[` is not closed",
            () => return Ok(Self::Pattern(template)),
        };
        Err(syn::Error::new_spanned(
            text,
            format!("this pattern cannot be read: {wrong}; write e.g. \"user:{{id}}:*\""),
        ))
    }
}

/// `tenant = t, ..`
fn group(args: &Punctuated<Expr, Token![,]>) -> syn::Result<Option<Group>> {
    const HOW: &str =
        "a group is named by its arguments and `..` for the others, e.g. `user(tenant = t, ..)`";
    let is_rest =
        |arg: &Expr| matches!(arg, Expr::Range(range) if range.start.is_none() && range.end.is_none());
    let named = |arg: &Expr| match arg {
        Expr::Assign(assign) => free::name(&assign.left).map(|name| (name.clone(), (*assign.right).clone())),
        _ => None,
    };
    if !args.iter().any(|arg| is_rest(arg) || matches!(arg, Expr::Assign(_))) {
        return Ok(None);
    }
    let Some(rest) = args.last().filter(|last| is_rest(last)) else {
        return Err(syn::Error::new_spanned(args, HOW));
    };
    let mut arguments = Vec::new();
    for arg in args.iter().take(args.len() - 1) {
        let (name, value) = named(arg).ok_or_else(|| syn::Error::new_spanned(arg, HOW))?;
        if arguments.iter().any(|(other, _)| *other == name) {
            return Err(syn::Error::new_spanned(&name, format!("`{name}` is given twice; keep one")));
        }
        arguments.push((name, value));
    }
    if arguments.is_empty() {
        return Err(syn::Error::new_spanned(rest, HOW));
    }
    arguments.sort_by(|(one, _), (other, _)| one.cmp(other));
    let (names, values) = arguments.into_iter().unzip();
    Ok(Some(Group { names, values }))
}

/// `pattern("..")` for `patterns("..")`.
fn misspelled(call: &ExprCall, path: &ExprPath) -> syn::Result<()> {
    let Some(name) = path.path.get_ident() else { return Ok(()) };
    let texts =
        call.args.iter().all(|arg| matches!(arg, Expr::Lit(lit) if matches!(lit.lit, syn::Lit::Str(_))));
    match nearest(&name.to_string(), ["patterns", "keys", "tags"]) {
        Some(word) if texts && !call.args.is_empty() => {
            let message = format!("there is no target `{name}(..)`; did you mean `{word}(..)`?");
            Err(syn::Error::new(name.span(), message))
        }
        _ => Ok(()),
    }
}
