//! The options of `#[cached]`.

use proc_macro2::Span;
use syn::{Expr, Ident, LitStr, Path, Type};

use super::key::Key;
use super::names;
use super::source::Source;
use super::values::{
    chunk, companions, expr, exprs, flag, format, fraction, group, interop, jitter, key, name, path, prefix,
    schema, secure, segment, single_flight, skip, templates,
};
use crate::parse::args::Arg;
use crate::parse::life::{self, Life};
use crate::parse::template::Template;
use crate::problems::Problems;

/// What was asked for. Every option is checked by itself; how they go together is [`crate::validate`]'s.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) ttl: Option<Life>,
    /// `fn(&T) -> Duration`
    pub(crate) ttl_with: Option<Expr>,
    pub(crate) negative_ttl: Option<Life>,
    /// `cache_none` or `negative_ttl`, whichever was first.
    pub(crate) remembers_absence: Option<Span>,
    pub(crate) prefix: Option<LitStr>,
    pub(crate) key: Option<Key>,
    pub(crate) skip: Vec<Ident>,
    /// What of the key nobody is to read.
    pub(crate) sensitive: Vec<Expr>,
    pub(crate) user: Option<Expr>,
    pub(crate) tenant: Option<Expr>,
    pub(crate) cache: Source,
    pub(crate) condition: Option<Expr>,
    pub(crate) bypass: Option<Expr>,
    pub(crate) refresh: Option<Expr>,
    pub(crate) jitter: Option<Expr>,
    pub(crate) timeout: Option<Life>,
    pub(crate) soft_timeout: Option<Life>,
    pub(crate) max_load_time: Option<Life>,
    pub(crate) stale_while_revalidate: Option<Life>,
    pub(crate) stale_if_error: Option<Life>,
    pub(crate) stale_if: Option<Expr>,
    pub(crate) refresh_ahead: Option<Expr>,
    pub(crate) single_flight: Option<SingleFlight>,
    pub(crate) never_stale: Option<Span>,
    pub(crate) detach: Option<Span>,
    /// Where the options of loads were said that are not for every function, in their order.
    pub(crate) of_loads: Vec<Ident>,
    pub(crate) immutable: Option<Span>,
    pub(crate) local: bool,
    pub(crate) secure: Option<Span>,
    /// Live values of a secure function may be near.
    pub(crate) near: Option<Span>,
    pub(crate) schema: Option<Expr>,
    pub(crate) format: Option<Format>,
    pub(crate) krate: Option<Path>,
    pub(crate) shared: Option<Span>,
    pub(crate) assoc: Option<Span>,
    /// Names by which entries go together, over the arguments.
    pub(crate) tags: Vec<Template>,
    /// `fn(&T) -> impl IntoIterator<Item: AsRef<str>>`
    pub(crate) tags_with: Option<Expr>,
    /// Arguments by which entries go together, each group sorted.
    pub(crate) groups: Vec<Vec<Ident>>,
    /// The argument of many ids.
    pub(crate) batch: Option<Ident>,
    /// The most ids that the body gets at once.
    pub(crate) batch_chunk: Option<Expr>,
    /// `companions = "none"`.
    pub(crate) alone: bool,
    /// Where `interop` stands: another cache gives the names and the form of what is stored.
    pub(crate) interop: Option<Span>,
    pub(crate) namespace: Option<LitStr>,
    pub(crate) operation: Option<LitStr>,
    /// Every option that is there, in order.
    pub(crate) said: Vec<Ident>,
}

/// Who loads: the variant's name.
#[derive(Debug)]
pub(crate) struct SingleFlight {
    pub(crate) span: Span,
    pub(crate) who: &'static str,
}

impl SingleFlight {
    /// Whether processes wait for each other.
    pub(crate) fn is_distributed(&self) -> bool {
        self.who == "Distributed"
    }
}

/// The stored form.
#[derive(Debug)]
pub(crate) struct Format {
    pub(crate) span: Span,
    pub(crate) form: Form,
}

/// Which one it is.
#[derive(Debug)]
pub(crate) enum Form {
    /// One of larder's, by its name.
    Named(&'static str),
    /// The user's own.
    Custom(Box<Type>),
}

impl Format {
    /// The user's own.
    pub(crate) fn custom(&self) -> Option<&Type> {
        match &self.form {
            Form::Custom(ty) => Some(ty),
            Form::Named(_) => None,
        }
    }
}

impl Options {
    /// Reads what is written.
    pub(crate) fn read(args: Vec<Arg>, problems: &mut Problems) -> Self {
        let mut options = Self::default();
        for arg in args {
            let name = arg.name.clone();
            if name != "group_by" && options.said.contains(&name) {
                problems.at(&arg.name, format!("`{name}` is given twice; keep one"));
            } else if let Err(error) = options.take(arg, problems) {
                problems.add(error);
            }
            options.said.push(name);
        }
        options
    }

    fn take(&mut self, arg: Arg, problems: &mut Problems) -> syn::Result<()> {
        let span = arg.name.span();
        match arg.name.to_string().as_str() {
            "ttl" => self.ttl = Some(life::parse(expr(arg)?)?),
            "ttl_with" => self.ttl_with = Some(expr(arg)?),
            "negative_ttl" => {
                self.remembers_absence.get_or_insert(span);
                self.negative_ttl = Some(life::parse(expr(arg)?)?);
            }
            "cache_none" => self.remembers_absence = Some(flag(arg)?),
            "prefix" => self.prefix = Some(prefix(arg)?),
            "key" => self.key = Some(key(arg, problems)?),
            "skip" => self.skip = skip(arg)?,
            "sensitive" => self.sensitive = exprs(arg)?,
            "user" => self.user = Some(expr(arg)?),
            "tenant" => self.tenant = Some(expr(arg)?),
            "cache" => self.cache = Source::of(expr(arg)?),
            "condition" => self.condition = Some(expr(arg)?),
            "bypass" => self.bypass = Some(expr(arg)?),
            "refresh" => self.refresh = Some(expr(arg)?),
            "jitter" => self.jitter = Some(jitter(arg)?),
            "timeout" => self.timeout = Some(self.limit(arg)?),
            "soft_timeout" => self.soft_timeout = Some(self.limit(arg)?),
            "max_load_time" => self.max_load_time = Some(self.limit(arg)?),
            "stale_while_revalidate" => self.stale_while_revalidate = Some(self.limit(arg)?),
            "stale_if_error" => self.stale_if_error = Some(self.limit(arg)?),
            "stale_if" => {
                self.of_loads.push(arg.name.clone());
                self.stale_if = Some(expr(arg)?);
            }
            "refresh_ahead" => {
                self.of_loads.push(arg.name.clone());
                self.refresh_ahead = Some(fraction(arg)?);
            }
            "detach" => {
                self.of_loads.push(arg.name.clone());
                self.detach = Some(flag(arg)?);
            }
            "single_flight" => self.single_flight = Some(single_flight(arg)?),
            "never_stale" => self.never_stale = Some(flag(arg)?),
            "immutable" => self.immutable = Some(flag(arg)?),
            "secure" => {
                self.secure = Some(span);
                self.near = secure(arg)?.or(self.near);
            }
            "near" => self.near = Some(flag(arg)?),
            "local" => self.local = flag(arg).map(|_| true)?,
            "schema" => self.schema = Some(schema(arg)?),
            "format" => self.format = Some(format(arg)?),
            "crate" => self.krate = Some(path(arg)?),
            "shared" => self.shared = Some(flag(arg)?),
            "assoc" => self.assoc = Some(flag(arg)?),
            "tags" => self.tags = templates(arg, problems)?,
            "tags_with" => self.tags_with = Some(expr(arg)?),
            "group_by" => self.groups.push(group(arg)?),
            "batch" => self.batch = Some(name(arg)?),
            "batch_chunk" => self.batch_chunk = Some(chunk(arg)?),
            "companions" => self.alone = companions(arg)?,
            "interop" => self.interop = Some(interop(arg)?),
            "namespace" => self.namespace = Some(segment(arg)?),
            "operation" => self.operation = Some(segment(arg)?),
            _ => return Err(syn::Error::new(span, names::no_option(&arg.name))),
        }
        Ok(())
    }

    /// A limit, or a window after the expiry.
    fn limit(&mut self, arg: Arg) -> syn::Result<Life> {
        self.of_loads.push(arg.name.clone());
        let name = arg.name.to_string();
        life::limit(&name, expr(arg)?)
    }

    /// Whether a load goes on when its callers have gone: it was said, or a window needs somebody to refresh.
    pub(crate) fn is_detached(&self) -> bool {
        self.detach.is_some() || self.stale_while_revalidate.is_some() || self.refresh_ahead.is_some()
    }

    /// What decides, call by call, whether the cache is asked.
    pub(crate) fn ways(&self) -> impl Iterator<Item = &Expr> {
        self.bypass.iter().chain(&self.refresh)
    }

    /// Whether arguments name tags.
    pub(crate) fn names_tags(&self) -> bool {
        !(self.tags.is_empty() && self.groups.is_empty())
    }

    /// The scopes in the order of the key, each with its name.
    pub(crate) fn scopes(&self) -> impl Iterator<Item = (&'static str, &Expr)> {
        let named = [("~tenant", &self.tenant), ("~user", &self.user)];
        named.into_iter().filter_map(|(name, expr)| expr.as_ref().map(|expr| (name, expr)))
    }
}
