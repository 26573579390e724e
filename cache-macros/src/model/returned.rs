//! What the macro can tell of a return type by its spelling: whether it is, or may be, a type parameter.

use syn::{Generics, PathArguments, Type, TypePath};

/// How the shape of a return type is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Returned {
    /// By its type: it is no parameter.
    ByType,
    /// It is a parameter of the function: it says itself.
    Parameter,
    /// It may be one, of the block around it for example: by its type when that can be seen, else it says itself.
    PerhapsParameter,
}

/// Names that nobody gives to a parameter.
const KNOWN: [&str; 16] = [
    "bool", "char", "String", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128",
    "f32", "f64",
];

impl Returned {
    /// Of a return type, in a function with these parameters; `in_impl`: parameters of a block are in scope too.
    pub(crate) fn of(ret: &Type, generics: &Generics, in_impl: bool) -> Self {
        let (qself, path) = match ret {
            Type::Path(TypePath { qself, path, .. }) => (qself, path),
            Type::Paren(paren) => return Self::of(&paren.elem, generics, in_impl),
            Type::Group(group) => return Self::of(&group.elem, generics, in_impl),
            _ => return Self::ByType,
        };
        let first = path.segments.first().map(|segment| &segment.ident);
        let is_own = first.is_some_and(|first| generics.type_params().any(|param| param.ident == *first));
        let is_bare = path.segments.iter().all(|segment| matches!(segment.arguments, PathArguments::None));
        let is_known = KNOWN.iter().any(|known| path.is_ident(known));
        match (qself.is_some(), is_own) {
            (false, true) if path.segments.len() == 1 => Self::Parameter,
            (false, false) if !in_impl || !is_bare || is_known => Self::ByType,
            _ => Self::PerhapsParameter,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_told_from_what_may_be_one() {
        let generics: Generics = syn::parse_quote!(<'a, T, S: Source, const N: usize>);
        let of = |ret: Type, in_impl| Returned::of(&ret, &generics, in_impl);
        assert_eq!(of(syn::parse_quote!(T), false), Returned::Parameter);
        for projected in [syn::parse_quote!(S::Out), syn::parse_quote!(<S as Source>::Out)] {
            assert_eq!(of(projected, false), Returned::PerhapsParameter);
        }
        let others: [Type; 5] = [
            syn::parse_quote!(User),
            syn::parse_quote!(db::User),
            syn::parse_quote!(U),
            syn::parse_quote!(Self::Out),
            syn::parse_quote!((U)),
        ];
        for other in others {
            assert_eq!(of(other.clone(), false), Returned::ByType);
            assert_eq!(of(other, true), Returned::PerhapsParameter);
        }
        let plain: [Type; 5] = [
            syn::parse_quote!(String),
            syn::parse_quote!(u64),
            syn::parse_quote!(Vec<T>),
            syn::parse_quote!(Result<T, E>),
            syn::parse_quote!((T, S)),
        ];
        for plain in plain {
            assert_eq!(of(plain, true), Returned::ByType);
        }
    }
}
