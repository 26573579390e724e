//! What enters the key.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Expr, ExprReference};

use crate::parse::template::{Chunk, Template};
use crate::problems::Problems;

/// `key(..)` or `key = ".."`.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) parts: Vec<Part>,
}

/// One part of a key.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    /// The value of an expression over the arguments.
    Expr(Box<Expr>),
    /// The same, and nobody is to read it in the key.
    Sensitive(Box<Expr>),
    /// Constant text of a template.
    Word(String, Span),
    /// Text and values in one segment of a template.
    Mixed(Vec<Part>),
}

impl Key {
    /// `key(a, b.c)`
    pub(crate) fn of_list(exprs: impl IntoIterator<Item = Expr>) -> Self {
        Self { parts: exprs.into_iter().map(Part::of).collect() }
    }

    /// `key = "{a}:{b}"`: colons separate parts.
    pub(crate) fn of_template(template: Template, problems: &mut Problems) -> Self {
        let span = template.span;
        let mut segments = vec![Vec::new()];
        for chunk in template.chunks {
            match chunk {
                Chunk::Expr(expr) => push(&mut segments, Part::of(*expr)),
                Chunk::Text(text) => words(&mut segments, &text, span, problems),
            }
        }
        if segments.iter().any(Vec::is_empty) {
            problems.on(span, "a segment of this key is empty; write e.g. \"{tenant}:{id}\"");
        }
        Self { parts: segments.into_iter().map(joined).collect() }
    }

    /// Every expression in it.
    pub(crate) fn exprs(&self) -> Vec<&Expr> {
        self.parts.iter().flat_map(Part::exprs).collect()
    }
}

impl Part {
    /// The value of an expression; a reference to a value is that value.
    pub(crate) fn of(expr: Expr) -> Self {
        match expr {
            Expr::Reference(ExprReference { expr, mutability: None, .. }) => Self::of(*expr),
            expr => Self::Expr(Box::new(expr)),
        }
    }

    /// The same part, sensitive where `is_sensitive` says so.
    pub(crate) fn hidden(self, is_sensitive: &impl Fn(&Expr) -> bool) -> Self {
        match self {
            Self::Expr(expr) if is_sensitive(&expr) => Self::Sensitive(expr),
            Self::Mixed(parts) => {
                Self::Mixed(parts.into_iter().map(|part| part.hidden(is_sensitive)).collect())
            }
            other => other,
        }
    }

    /// Every expression in it.
    pub(crate) fn exprs(&self) -> Vec<&Expr> {
        match self {
            Self::Expr(expr) | Self::Sensitive(expr) => vec![expr],
            Self::Word(..) => Vec::new(),
            Self::Mixed(parts) => parts.iter().flat_map(Self::exprs).collect(),
        }
    }

    /// Where an error about it shows.
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Expr(expr) | Self::Sensitive(expr) => expr.span(),
            Self::Word(_, span) => *span,
            Self::Mixed(parts) => parts.first().map_or_else(Span::call_site, Self::span),
        }
    }
}

fn words(segments: &mut Vec<Vec<Part>>, text: &str, span: Span, problems: &mut Problems) {
    for (index, word) in text.split(':').enumerate() {
        if index > 0 {
            segments.push(Vec::new());
        }
        if let Some(sign) = sign(word) {
            problems
                .on(span, format!("{sign:?} cannot stand in a key; use letters, digits, `-`, `_`, `.`, `/`"));
        }
        if !word.is_empty() {
            push(segments, Part::Word(word.to_owned(), span));
        }
    }
}

/// A character that has a meaning in keys, patterns or logs.
pub(crate) fn sign(word: &str) -> Option<char> {
    word.chars().find(|c| !c.is_alphanumeric() && !matches!(c, '-' | '_' | '.' | '/' | '@' | '+' | '='))
}

fn push(segments: &mut [Vec<Part>], part: Part) {
    if let Some(segment) = segments.last_mut() {
        segment.push(part);
    }
}

fn joined(mut segment: Vec<Part>) -> Part {
    match (segment.pop(), segment.is_empty()) {
        (Some(only), true) => only,
        (last, _) => Part::Mixed(segment.into_iter().chain(last).collect()),
    }
}
