//! A method of a trait's `impl`, as it has to read where the trait is not at hand.

use syn::visit_mut::{self, VisitMut};
use syn::{ExprPath, Ident, ImplItem, ImplItemFn, ItemImpl, Path, QSelf, TypePath};

/// Names the trait wherever `Self::Item` is one of its types: in an `impl` of the type alone it would be ambiguous.
pub(crate) fn qualified(method: &mut ImplItemFn, block: &ItemImpl) {
    let Some((of, _)) = &block.trait_ else { return };
    let types = block.items.iter().filter_map(|item| match item {
        ImplItem::Type(ty) => Some(ty.ident.clone()),
        _ => None,
    });
    let mut names = Qualify { of: of.clone(), types: types.collect() };
    names.visit_impl_item_fn_mut(method);
}

struct Qualify {
    of: Path,
    types: Vec<Ident>,
}

impl Qualify {
    fn qualify(&self, qself: &mut Option<QSelf>, path: &mut Path) {
        let mut segments = path.segments.iter();
        let is_ours = qself.is_none()
            && segments.next().is_some_and(|first| first.ident == "Self")
            && segments.next().is_some_and(|second| self.types.contains(&second.ident));
        if !is_ours {
            return;
        }
        let mut of = self.of.clone();
        let position = of.segments.len();
        of.segments.extend(path.segments.iter().skip(1).cloned());
        let this = path.segments.first().map(|first| &first.ident);
        let qualified: TypePath = syn::parse_quote!(<#this>::Item);
        *qself = qualified.qself.map(|qself| QSelf { position, as_token: Some(Default::default()), ..qself });
        *path = of;
    }
}

impl VisitMut for Qualify {
    fn visit_type_path_mut(&mut self, path: &mut TypePath) {
        visit_mut::visit_type_path_mut(self, path);
        self.qualify(&mut path.qself, &mut path.path);
    }

    fn visit_expr_path_mut(&mut self, path: &mut ExprPath) {
        visit_mut::visit_expr_path_mut(self, path);
        self.qualify(&mut path.qself, &mut path.path);
    }
}
