//! The names that an expression takes from outside.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprPath, Ident, Macro, PatIdent};

/// The plain names that an expression uses as values and does not bind itself.
pub(crate) fn names(expr: &Expr) -> Vec<Ident> {
    let mut free = Free::default();
    free.visit_expr(expr);
    let bound = free.bound;
    free.used.into_iter().filter(|name| !bound.contains(name)).collect()
}

/// The name that an expression is.
pub(crate) fn name(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::Path(path) if path.qself.is_none() => path.path.get_ident(),
        _ => None,
    }
}

/// What a reference to an expression refers to.
pub(crate) fn behind_references(expr: &Expr) -> &Expr {
    match expr {
        Expr::Reference(reference) => behind_references(&reference.expr),
        expr => expr,
    }
}

/// Whether an expression uses a name, be it inside a macro or a format string.
pub(crate) fn uses(expr: &Expr, name: &Ident) -> bool {
    names(expr).contains(name) || {
        let mut in_macros = InMacros { name: name.to_string(), found: false };
        in_macros.visit_expr(expr);
        in_macros.found
    }
}

#[derive(Default)]
struct Free {
    used: Vec<Ident>,
    bound: Vec<Ident>,
}

impl Visit<'_> for Free {
    fn visit_expr_path(&mut self, path: &ExprPath) {
        if let (None, Some(name)) = (&path.qself, path.path.get_ident()) {
            self.used.push(name.clone());
        }
    }

    fn visit_expr_call(&mut self, call: &ExprCall) {
        if !matches!(*call.func, Expr::Path(_)) {
            self.visit_expr(&call.func);
        }
        call.args.iter().for_each(|arg| self.visit_expr(arg));
    }

    fn visit_pat_ident(&mut self, pat: &PatIdent) {
        self.bound.push(pat.ident.clone());
        visit::visit_pat_ident(self, pat);
    }
}

struct InMacros {
    name: String,
    found: bool,
}

impl Visit<'_> for InMacros {
    fn visit_macro(&mut self, makro: &Macro) {
        self.found |= in_tokens(makro.tokens.clone(), &self.name);
    }
}

fn in_tokens(tokens: TokenStream, name: &str) -> bool {
    tokens.into_iter().any(|tree| match tree {
        TokenTree::Group(group) => in_tokens(group.stream(), name),
        TokenTree::Ident(ident) => ident == name,
        TokenTree::Literal(literal) => in_format(&literal.to_string(), name),
        TokenTree::Punct(_) => false,
    })
}

/// Whether a format string captures a name: `{name}` or `{name:..}`.
fn in_format(literal: &str, name: &str) -> bool {
    literal.split('{').skip(1).any(|rest| {
        rest.trim_start().strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with(['}', ':']))
    })
}

#[cfg(test)]
mod tests {
    use quote::format_ident;
    use syn::parse_quote;

    use super::*;

    #[test]
    fn names_from_outside_are_found() {
        let expr: Expr = parse_quote!(hash(&user.tenant, |x| x + y));
        assert_eq!(names(&expr), [format_ident!("user"), format_ident!("y")]);
        let expr: Expr = parse_quote!(format!("{id}-{:?}-{name:>3}", other));
        for (name, used) in [("id", true), ("name", true), ("other", true), ("i", false), ("nam", false)] {
            assert_eq!(uses(&expr, &format_ident!("{name}")), used, "{name}");
        }
    }
}
