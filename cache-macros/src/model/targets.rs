//! What `#[invalidate_cache(..)]` is told: targets and options.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, ExprPath, Ident, Lit, LitStr, Path, Token, token};

use super::names;
use super::source::Source;
use super::target::Target;
use crate::parse::args::{Arg, Value};
use crate::problems::Problems;

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
                self.targets.push(Target::of(expr)?);
                return Ok(());
            }
        };
        match (arg.name.to_string().as_str(), arg.value) {
            ("all", Value::List(paren, tokens)) => self.targets.push(Target::all(paren, tokens)?),
            ("patterns", Value::List(_, tokens)) => {
                self.texts("patterns", tokens, problems, Target::pattern)?
            }
            ("keys", Value::List(_, tokens)) => self.texts("keys", tokens, problems, Target::key)?,
            ("tags", Value::List(_, tokens)) => self.texts("tags", tokens, problems, Target::tag)?,
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
        let words = names::INVALIDATE.iter().map(|(word, _)| *word);
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
