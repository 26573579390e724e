//! One parameter of a function.

use proc_macro2::Span;
use quote::format_ident;
use syn::visit::Visit;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Ident, Pat, PatIdent, PatType, Type};

/// A parameter.
#[derive(Debug)]
pub(crate) struct Param {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) pat: Pat,
    pub(crate) ty: Type,
    /// Its name, or one of ours when it is a pattern.
    pub(crate) ident: Ident,
    /// It is a plain name, by value.
    pub(crate) is_plain: bool,
    /// What it binds.
    pub(crate) names: Vec<Ident>,
}

impl Param {
    pub(crate) fn new(index: usize, typed: &PatType) -> Self {
        let plain = plain(&typed.pat);
        let ours = || format_ident!("__arg{index}", span = Span::mixed_site());
        Self {
            attrs: typed.attrs.clone(),
            pat: (*typed.pat).clone(),
            ty: (*typed.ty).clone(),
            ident: plain.cloned().unwrap_or_else(ours),
            is_plain: plain.is_some(),
            names: names(&typed.pat),
        }
    }

    /// Whether `skip(..)` and `key(..)` mean this parameter by a name.
    pub(crate) fn is_called(&self, name: &Ident) -> bool {
        self.names.contains(name) || (name == "_" && matches!(self.pat, Pat::Wild(_)))
    }

    /// The pattern for matching a reference: every binding becomes a reference, and those that are not wanted
    /// are left out.
    pub(crate) fn pat_by_reference(&self, wanted: impl Fn(&Ident) -> bool) -> Pat {
        let mut pat = self.pat.clone();
        ByReference { wanted }.visit_pat_mut(&mut pat);
        pat
    }
}

fn plain(pat: &Pat) -> Option<&Ident> {
    match pat {
        Pat::Ident(PatIdent { by_ref: None, subpat: None, ident, .. }) => Some(ident),
        _ => None,
    }
}

fn names(pat: &Pat) -> Vec<Ident> {
    struct Names(Vec<Ident>);
    impl Visit<'_> for Names {
        fn visit_pat_ident(&mut self, pat: &PatIdent) {
            self.0.push(pat.ident.clone());
            syn::visit::visit_pat_ident(self, pat);
        }
    }
    let mut names = Names(Vec::new());
    names.visit_pat(pat);
    names.0
}

struct ByReference<F> {
    wanted: F,
}

impl<F: Fn(&Ident) -> bool> VisitMut for ByReference<F> {
    fn visit_field_pat_mut(&mut self, field: &mut syn::FieldPat) {
        visit_mut::visit_field_pat_mut(self, field);
        // `Point { x }` has to name its field once `x` itself is left out.
        if !matches!(*field.pat, Pat::Ident(_)) {
            field.colon_token.get_or_insert_default();
        }
    }

    fn visit_pat_mut(&mut self, pat: &mut Pat) {
        visit_mut::visit_pat_mut(self, pat);
        let Pat::Ident(binding) = pat else { return };
        binding.by_ref = None;
        binding.mutability = None;
        if !(self.wanted)(&binding.ident) {
            *pat = match binding.subpat.take() {
                Some((_, inner)) => *inner,
                None => syn::parse_quote!(_),
            };
        }
    }
}
