//! What `#[invalidate_cache(..)]` removes.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Expr, ExprCall, ExprLit, ExprMethodCall, ExprPath, Ident, Lit, LitStr, Path, Token, token};

use super::names;
use super::source::Source;
use crate::parse::args::{Arg, Value};
use crate::parse::template::{self, Chunk, Template};
use crate::problems::Problems;
use crate::suggest::nearest;

/// Everything in the parentheses.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    pub(crate) targets: Vec<Target>,
    pub(crate) cache: Option<Source>,
    pub(crate) krate: Option<Path>,
    /// `on = ..`: whether a failure invalidates too.
    pub(crate) always: Option<bool>,
    /// Once before the body too.
    pub(crate) before: Option<Span>,
}

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
}

/// One thing in the list.
enum Item {
    Arg(Arg),
    Expr(Expr),
}

impl Targets {
    /// Reads what is written.
    pub(crate) fn read(tokens: TokenStream, problems: &mut Problems) -> Self {
        let mut targets = Self::default();
        for item in crate::parse::args::each(tokens, item, problems) {
            if let Err(error) = targets.take(item, problems) {
                problems.add(error);
            }
        }
        if targets.targets.is_empty() && problems.is_empty() {
            problems
                .on(Span::call_site(), "there is nothing to invalidate; name a cached function: `user(id)`");
        }
        targets
    }

    fn take(&mut self, item: Item, problems: &mut Problems) -> syn::Result<()> {
        let arg = match item {
            Item::Arg(arg) => arg,
            Item::Expr(expr) => {
                self.targets.push(target(expr)?);
                return Ok(());
            }
        };
        match (arg.name.to_string().as_str(), arg.value) {
            ("all", Value::List(paren, tokens)) => self.targets.push(all(paren, tokens)?),
            ("patterns", Value::List(_, tokens)) => self.texts("patterns", tokens, problems, pattern)?,
            ("keys", Value::List(_, tokens)) => self.texts("keys", tokens, problems, key)?,
            ("cache", Value::Expr(expr)) => once(&arg.name, &mut self.cache, Source::of(*expr))?,
            ("crate", Value::Expr(expr)) => once(&arg.name, &mut self.krate, path(*expr)?)?,
            ("on", Value::Expr(expr)) => once(&arg.name, &mut self.always, on(*expr)?)?,
            ("before", Value::Flag) => once(&arg.name, &mut self.before, arg.name.span())?,
            (name, _) => return Err(syn::Error::new(arg.name.span(), unknown(name))),
        }
        Ok(())
    }

    fn texts(
        &mut self,
        what: &str,
        tokens: TokenStream,
        problems: &mut Problems,
        of: fn(&LitStr) -> syn::Result<Target>,
    ) -> syn::Result<()> {
        let texts = Punctuated::<LitStr, Token![,]>::parse_terminated
            .parse2(tokens)
            .map_err(|error| syn::Error::new(error.span(), names::example(what)))?;
        let targets: Vec<_> = texts.iter().filter_map(|text| problems.keep(of(text))).collect();
        self.targets.extend(targets);
        Ok(())
    }
}

/// A word of ours, an option, or an expression.
fn item(input: ParseStream<'_>) -> syn::Result<Item> {
    let ahead = input.fork();
    let name = ahead.call(Ident::parse_any).ok().map(|name| name.to_string());
    let is_ours = name.is_some_and(|name| {
        let words =
            names::INVALIDATE.iter().map(|(word, _)| *word).chain(names::INVALIDATE_LATER.iter().copied());
        // Functions may be called so.
        let is_target = ahead.peek(token::Paren) && ["on", "before"].contains(&name.as_str());
        let is_word = words.into_iter().any(|word| word == name);
        is_word && !is_target && !ahead.peek(Token![::]) && !ahead.peek(Token![.])
    });
    let is_option = ahead.peek(Token![=]) && !ahead.peek(Token![==]);
    if is_ours || is_option {
        return crate::parse::args::one(input).map(Item::Arg);
    }
    Expr::parse(input).map(Item::Expr)
}

fn once<T>(name: &Ident, slot: &mut Option<T>, value: T) -> syn::Result<()> {
    match slot.replace(value) {
        Some(_) => Err(syn::Error::new(name.span(), format!("`{name}` is given twice; keep one"))),
        None => Ok(()),
    }
}

fn unknown(name: &str) -> String {
    let known = names::INVALIDATE.iter().map(|(name, _)| *name);
    match () {
        () if names::INVALIDATE_LATER.contains(&name) => names::not_yet(name),
        () if names::INVALIDATE.iter().any(|(known, _)| *known == name) => {
            format!("`{name}` is not written like this; {}", names::example(name))
        }
        () => format!("there is no option `{name}`{}", crate::suggest::did_you_mean(name, known)),
    }
}

fn path(expr: Expr) -> syn::Result<Path> {
    match expr {
        Expr::Path(ExprPath { path, qself: None, .. }) => Ok(path),
        other => Err(syn::Error::new_spanned(other, names::example("crate"))),
    }
}

/// `on = "ok"`, `on = "always"`
fn on(expr: Expr) -> syn::Result<bool> {
    if let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &expr {
        match text.value().as_str() {
            "ok" => return Ok(false),
            "always" => return Ok(true),
            _ => {}
        }
    }
    Err(syn::Error::new_spanned(
        expr,
        "a body is followed by its invalidations on \"ok\" or \"always\", e.g. `on = \"always\"`",
    ))
}

/// `user(id)`, `self.get(id)`
fn target(expr: Expr) -> syn::Result<Target> {
    match expr {
        Expr::MethodCall(call) => Ok(Target::Method(call)),
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) => {
                misspelled(&call, path)?;
                let path = path.clone();
                Ok(Target::Call(call, path))
            }
            other => Err(syn::Error::new_spanned(other, EXAMPLES)),
        },
        Expr::Path(path) => {
            let message = "name the entry with its key arguments (`user(id)`), or all of them (`all(user)`)";
            Err(syn::Error::new_spanned(path, message))
        }
        other => Err(syn::Error::new_spanned(other, EXAMPLES)),
    }
}

const EXAMPLES: &str = "a target is `user(id)`, `self.get(id)`, `all(user)`, `patterns(\"user:{id}:*\")` or `keys(\"user:{id}\")`";

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

/// `all(user)`, `all(user::<T>)`, `all(self.get)`
fn all(paren: Span, tokens: TokenStream) -> syn::Result<Target> {
    const WHAT: &str = "name one cached function: `all(user)`, `all(user::<T>)`, `all(Self::get)`";
    if tokens.is_empty() {
        return Err(syn::Error::new(paren, WHAT));
    }
    let expr: Expr = syn::parse2(tokens).map_err(|error| syn::Error::new(error.span(), WHAT))?;
    match &expr {
        Expr::Path(path) => Ok(Target::All(path.clone())),
        Expr::Field(field) => match (&*field.base, &field.member) {
            (Expr::Path(base), syn::Member::Named(name)) if base.path.is_ident("self") => {
                let span = base.path.span();
                Ok(Target::All(syn::parse_quote_spanned!(span=> Self::#name)))
            }
            _ => Err(syn::Error::new_spanned(&expr, "name the method by its type: `all(Repo::get)`")),
        },
        _ => Err(syn::Error::new_spanned(&expr, WHAT)),
    }
}

fn key(text: &LitStr) -> syn::Result<Target> {
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
        None => Ok(Target::Key(template)),
    }
}

/// The library reads the whole pattern when the program runs; what is wrong with any value is found here.
fn pattern(text: &LitStr) -> syn::Result<Target> {
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
        () => return Ok(Target::Pattern(template)),
    };
    Err(syn::Error::new_spanned(
        text,
        format!("this pattern cannot be read: {wrong}; write e.g. \"user:{{id}}:*\""),
    ))
}
