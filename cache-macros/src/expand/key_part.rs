//! `#[derive(KeyPart)]`: feed, compare and write, field by field.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Field, Fields, GenericParam, Generics, Ident, Type, Variant};

use super::span::ours_at;
use crate::model::function::mentions;
use crate::parse::key_part::{self, Container};
use crate::path;
use crate::problems::Problems;

/// Emits the impl.
pub(crate) fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let mut problems = Problems::default();
    let container = key_part::container(&input.attrs, "key_part", &mut problems);
    let shapes = shapes(input, &mut problems);
    problems.into_result()?;
    Ok(implement(input, &container, &shapes))
}

/// A struct, or one variant of an enum.
struct Shape<'a> {
    /// What it is matched by.
    path: TokenStream,
    /// The index and name of a variant.
    variant: Option<(u64, String)>,
    fields: &'a Fields,
    /// The fields that count, with the name that each is bound to.
    kept: Vec<(Ident, &'a Type)>,
}

fn shapes<'a>(input: &'a DeriveInput, problems: &mut Problems) -> Vec<Shape<'a>> {
    match &input.data {
        Data::Struct(data) => vec![Shape::new(quote_ours!(Self), None, &data.fields, problems)],
        Data::Enum(data) => {
            (0..).zip(&data.variants).map(|(index, one)| variant(index, one, problems)).collect()
        }
        Data::Union(data) => {
            problems
                .at(&data.union_token, "a union cannot be part of a key: nothing says which field is live");
            Vec::new()
        }
    }
}

fn variant<'a>(index: u64, variant: &'a Variant, problems: &mut Problems) -> Shape<'a> {
    let name = &variant.ident;
    Shape::new(quote!(Self::#name), Some((index, name.unraw().to_string())), &variant.fields, problems)
}

impl<'a> Shape<'a> {
    fn new(
        path: TokenStream,
        variant: Option<(u64, String)>,
        fields: &'a Fields,
        problems: &mut Problems,
    ) -> Self {
        let kept =
            fields.iter().enumerate().filter(|(_, field)| !key_part::is_skipped(&field.attrs, problems));
        let kept = kept.map(|(index, field)| (bound(index), &field.ty)).collect();
        Self { path, variant, fields, kept }
    }

    /// A pattern that binds the fields that count.
    fn pattern(&self) -> TokenStream {
        let fields = self.fields.iter().enumerate().filter_map(|(index, field)| {
            let name = bound(index);
            let member = member(index, field);
            self.kept.iter().any(|(kept, _)| *kept == name).then(|| quote_ours!(#member: #name))
        });
        let path = &self.path;
        quote_ours!(#path { #(#fields,)* .. })
    }

    fn feed(&self, p: &TokenStream) -> TokenStream {
        let variant = self
            .variant
            .as_ref()
            .map(|(index, _)| quote_ours!(::core::hash::Hasher::write_u64(state, #index);));
        let fields = self.kept.iter().map(|(name, ty)| called(p, ty, &quote_ours!(feed(#name, state);)));
        quote_ours!({ #variant #(#fields)* })
    }

    fn same(&self, p: &TokenStream) -> TokenStream {
        let variant = self.variant.iter().map(|(index, _)| quote_ours!(stored.word(#index)));
        let fields = self.kept.iter().map(|(name, ty)| called(p, ty, &quote_ours!(same(#name, stored))));
        let all: Vec<_> = variant.chain(fields).collect();
        if all.is_empty() { quote_ours!(true) } else { quote_ours!(#(#all)&&*) }
    }

    /// A value of one field is written as the field is, several as a group.
    fn write(&self, p: &TokenStream) -> TokenStream {
        let variant = self.variant.as_ref().map(|(index, name)| quote_ours!(out.variant(#index, #name);));
        let fields = match (&*self.kept, &variant) {
            ([], None) => quote_ours!(out.word("~u");),
            ([], Some(_)) => TokenStream::new(),
            ([(name, ty)], None) => called(p, ty, &quote_ours!(write(#name, out);)),
            (several, _) => {
                let members = several.iter().enumerate().map(|(index, (name, ty))| {
                    let comma = (index > 0).then(|| quote_ours!(out.word(",");));
                    let written = called(p, ty, &quote_ours!(write(#name, out);));
                    quote!(#comma #written)
                });
                quote_ours!(out.open('('); #(#members)* out.close(')');)
            }
        };
        quote_ours!({ #variant #fields })
    }
}

fn bound(index: usize) -> Ident {
    format_ident!("field{index}", span = Span::mixed_site())
}

fn member(index: usize, field: &Field) -> TokenStream {
    match &field.ident {
        Some(name) => quote!(#name),
        None => {
            let index =
                syn::Index { index: u32::try_from(index).unwrap_or(u32::MAX), span: Span::mixed_site() };
            quote!(#index)
        }
    }
}

/// A method of a field's type; an error about it shows at the type.
fn called(p: &TokenStream, ty: &Type, call: &TokenStream) -> TokenStream {
    let span = ours_at(ty.span());
    let p = super::span::at(p, span);
    let of = quote_spanned!(span=> <#ty as #p::KeyPart>::);
    quote_ours!(#of #call)
}

fn implement(input: &DeriveInput, container: &Container, shapes: &[Shape<'_>]) -> TokenStream {
    let p = path::private(container.krate.as_ref());
    let generics = bounded(&input.generics, shapes, &p);
    let (impl_generics, ty_generics, bounds) = generics.split_for_impl();
    let name = &input.ident;
    let method = |of: &dyn Fn(&Shape<'_>) -> TokenStream| {
        let arms = shapes.iter().map(|shape| {
            let (pattern, body) = (shape.pattern(), of(shape));
            quote_ours!(#pattern => #body)
        });
        if shapes.is_empty() { quote_ours!(match *self {}) } else { quote_ours!(match self { #(#arms,)* }) }
    };
    let (feed, same, write) =
        (method(&|shape| shape.feed(&p)), method(&|shape| shape.same(&p)), method(&|shape| shape.write(&p)));
    quote_ours! {
        #[automatically_derived]
        impl #impl_generics #p::KeyPart for #name #ty_generics #bounds {
            #[inline]
            fn feed<__State: ::core::hash::Hasher>(&self, state: &mut __State) {
                #feed
            }

            #[inline]
            fn same(&self, stored: &mut #p::StoredParts<'_>) -> bool {
                #same
            }

            fn write(&self, out: &mut #p::PartWriter) {
                #write
            }
        }
    }
}

/// Every type parameter of a field that counts has to be a part of a key itself.
fn bounded(generics: &Generics, shapes: &[Shape<'_>], p: &TokenStream) -> Generics {
    let mut generics = generics.clone();
    for param in &mut generics.params {
        let GenericParam::Type(param) = param else { continue };
        let name = param.ident.to_string();
        let mut types = shapes.iter().flat_map(|shape| &shape.kept).map(|(_, ty)| ty);
        if types.any(|ty| mentions(quote!(#ty), &name)) {
            param.bounds.push(syn::parse_quote!(#p::KeyPart));
        }
    }
    generics
}
