//! `batch = ids`: an argument that lists many ids, each of which is an entry.

use syn::{GenericArgument, PathArguments, Type};

use super::param::Param;

/// The argument, and what its type says.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Its place among the parameters.
    pub(crate) index: usize,
    /// Its type as it was declared.
    pub(crate) declared: Type,
    /// It is a slice.
    pub(crate) is_slice: bool,
}

impl Batch {
    /// The batch of a parameter, which becomes one id: what names an entry takes one.
    pub(crate) fn take(index: usize, param: &mut Param) -> Option<Self> {
        let (one, is_slice) = one(&param.ty)?;
        let declared = std::mem::replace(&mut param.ty, one);
        Some(Self { index, declared, is_slice })
    }
}

/// `K` of `Vec<K>` or `&[K]`, and which it was.
pub(crate) fn one(ty: &Type) -> Option<(Type, bool)> {
    match ty {
        Type::Group(group) => one(&group.elem),
        Type::Reference(reference) if reference.mutability.is_none() => match &*reference.elem {
            Type::Slice(slice) => Some(((*slice.elem).clone(), true)),
            _ => None,
        },
        Type::Path(path) => {
            let last = path.path.segments.last().filter(|last| last.ident == "Vec")?;
            let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
            match arguments.args.first() {
                Some(GenericArgument::Type(elem)) if arguments.args.len() == 1 => Some((elem.clone(), false)),
                _ => None,
            }
        }
        _ => None,
    }
}
