//! Where the manager is.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::{Expr, ExprLit, Lit, LitStr};

use crate::expand::span::{ours_at, reference};

/// `cache = ..`
#[derive(Debug, Default)]
pub(crate) enum Source {
    /// The global manager.
    #[default]
    Global,
    /// A registered one.
    Named(LitStr),
    /// One at hand.
    Expr(Box<Expr>),
}

impl Source {
    pub(crate) fn of(expr: Expr) -> Self {
        match expr {
            Expr::Lit(ExprLit { lit: Lit::Str(name), .. }) => Self::Named(name),
            Expr::Reference(reference) if reference.mutability.is_none() => Self::of(*reference.expr),
            expr => Self::Expr(Box::new(expr)),
        }
    }

    /// The expression of one that needs no argument, and its type.
    pub(crate) fn constant(&self, private: &TokenStream) -> Option<(TokenStream, TokenStream)> {
        match self {
            Self::Global => Some((quote_ours!(#private::Global), quote_ours!(#private::Global))),
            Self::Named(name) => {
                let value = quote_spanned!(ours_at(name.span())=> #private::Named(#name));
                Some((value, quote_ours!(#private::Named)))
            }
            Self::Expr(_) => None,
        }
    }

    pub(crate) fn expr(&self) -> Option<&Expr> {
        match self {
            Self::Expr(expr) => Some(expr),
            Self::Global | Self::Named(_) => None,
        }
    }

    /// An expression whose value is a source, for use where the arguments are at hand.
    pub(crate) fn value(&self, private: &TokenStream) -> TokenStream {
        match (self.constant(private), self) {
            (Some((value, _)), _) => value,
            (None, Self::Expr(expr)) => borrowed(expr),
            (None, _) => TokenStream::new(),
        }
    }
}

/// An expression by reference when it is a place, as it is when it computes a value.
pub(crate) fn borrowed(expr: &Expr) -> TokenStream {
    if is_place(expr) { reference(expr) } else { quote::quote!(#expr) }
}

/// Whether an expression names something that is there anyway.
fn is_place(expr: &Expr) -> bool {
    match expr {
        Expr::Path(_) => true,
        Expr::Field(field) => is_place(&field.base),
        Expr::Index(index) => is_place(&index.expr),
        Expr::Paren(inner) => is_place(&inner.expr),
        Expr::Group(inner) => is_place(&inner.expr),
        Expr::Unary(unary) => matches!(unary.op, syn::UnOp::Deref(_)) && is_place(&unary.expr),
        _ => false,
    }
}
