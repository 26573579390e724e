//! `#[derive(Outcome)]`: a type that is a plain value.

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::parse::key_part;
use crate::path;
use crate::problems::Problems;

/// Emits the impl. What a value needs is asked of the whole type, so that a parameter is bound by what its fields need.
pub(crate) fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let mut problems = Problems::default();
    let container = key_part::container(&input.attrs, "outcome", &mut problems);
    problems.into_result()?;
    let (p, name) = (path::private(container.krate.as_ref()), &input.ident);
    let mut generics = input.generics.clone();
    generics
        .make_where_clause()
        .predicates
        .push(syn::parse_quote!(Self: ::core::clone::Clone + #p::Storable));
    let (impl_generics, ty_generics, bounds) = generics.split_for_impl();
    Ok(quote_ours! {
        #[automatically_derived]
        impl #impl_generics #p::Outcome for #name #ty_generics #bounds {
            type Value = Self;

            #[inline]
            fn into_value(self) -> ::core::result::Result<Self, Self> {
                ::core::result::Result::Ok(self)
            }

            #[inline]
            fn of_value(value: Self) -> Self {
                value
            }

            #[inline]
            fn is_failure(&self) -> bool {
                false
            }
        }
    })
}
