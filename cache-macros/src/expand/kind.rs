//! What a function returns, chosen by type: once, so that a missing bound is one error.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::spanned::Spanned;
use syn::{Expr, Ident};

use super::attrs;
use super::span::{self, emitted, ours_at};
use crate::model::batch::Batch;
use crate::model::options::Format;
use crate::model::plan::Plan;

/// `__user_kind`.
pub(super) fn function(plan: &Plan) -> TokenStream {
    let (p, name, vis, ret) = (&plan.private, plan.hidden("kind"), emitted(&plan.beside), &plan.ret);
    let (attrs, kind) = (attrs::hidden(plan), statements(plan));
    let own = span::emitted_generics(&plan.function.sig.generics);
    let (generics, _, bounds) = own.split_for_impl();
    let (first, last) = span::ends(ret);
    let (p, close) = (span::at(p, first), quote_spanned!(last=> >));
    let output = quote_spanned!(first=> impl #p::Kind<Ret = #ret #close);
    quote_ours! {
        #attrs
        #vis fn #name #generics() -> #output #bounds {
            #kind
        }
    }
}

/// The choice, as the statements of a block. Its errors underline the return type: every token of ours is shown
/// at its first or its last one.
pub(super) fn statements(plan: &Plan) -> TokenStream {
    let ret = &plan.ret;
    let (first, last) = span::ends(ret);
    let p = span::at(&plan.private, first);
    let says_absent = plan.options.remembers_absence.map(|span| {
        let (p, span) = (span::at(&plan.private, ours_at(span)), ours_at(span));
        quote_spanned!(span=> #p::says_absent(shape);)
    });
    let judge = judge(plan, last).map(|judge| quote_spanned!(last=> .judged(#judge)));
    let limited = limited(plan, last);
    let stale_if = plan.options.stale_if.as_ref().map(|expr| {
        let span = ours_at(expr.span());
        let p = span::at(&plan.private, span);
        quote_spanned!(span=> .stale_if(#p::stale_if(#p::Ty::<#ret>::new(), #expr)))
    });
    let tags_with = plan.options.tags_with.as_ref().map(|expr| {
        let tags = judged(plan, "tags_with", expr);
        quote_spanned!(ours_at(expr.span())=> .tags_with(#tags))
    });
    let (kind, format) = format(plan);
    let kind = Ident::new(if plan.is_local() { "held" } else { kind }, first);
    let share = quote_spanned!(last=> (&&&ty).larder_share());
    let (reference, hold) = (quote_spanned!(first=> &), quote_spanned!(last=> hold));
    let arguments = quote_spanned!(last=> (shape, #reference #hold, #share #format));
    quote_spanned! {first=>
        use #p::by_type::*;
        let ty = #p::Ty::<#ret>::new();
        let shape = (&&&&ty).larder_shape();
        let hold = (&&#p::val_ty(shape)).larder_hold();
        #says_absent
        #p::#kind #arguments #judge #tags_with #limited #stale_if
    }
}

/// The same for a collection of values by id. The statements end in what the batch is made of.
pub(super) fn of_many(plan: &Plan, batch: &Batch) -> TokenStream {
    let ret = &plan.ret;
    let (first, last) = span::ends(ret);
    let p = span::at(&plan.private, first);
    let id = plan.function.params.get(batch.index).map(|param| &param.ty);
    let leaves_out = plan.options.remembers_absence.map(|span| {
        let (p, span) = (span::at(&plan.private, ours_at(span)), ours_at(span));
        quote_spanned!(span=> #p::leaves_out(layout);)
    });
    let limited = limited(plan, last);
    let (kind, format) = format(plan);
    let kind = if kind == "stored" { "stored_many" } else { "stored_many_in" };
    let kind = Ident::new(if plan.is_local() { "held_many" } else { kind }, first);
    let (reference, hold) = (quote_spanned!(first=> &), quote_spanned!(last=> hold));
    let share = quote_spanned!(last=> (&&&ty).larder_share());
    let arguments = quote_spanned!(last=> (&many, shape, layout, #reference #hold, #share #format));
    quote_spanned! {first=>
        use #p::by_type::*;
        let ty = #p::Ty::<#ret>::new();
        let shape = #p::of_many((&&&&ty).larder_shape());
        let many = #p::Many::<#id, _>::of(shape);
        let layout = #p::listed(&many, (&&&&many).larder_layout());
        let hold = (&&#p::one_ty(&many, layout)).larder_hold();
        #leaves_out
        #p::#kind #arguments #limited
    }
}

/// How values that byte tiers hold are chosen, and what that is told of a form of the user's own.
fn format(plan: &Plan) -> (&'static str, Option<TokenStream>) {
    let Some(ty) = plan.options.format.as_ref().and_then(Format::custom) else { return ("stored", None) };
    let (first, last) = span::ends(ty);
    let (p, end) = (span::at(&plan.private, first), quote_spanned!(last=> >()));
    ("stored_in", Some(quote_spanned!(first=> , #p::in_format::<#ty #end)))
}

/// How the result says that a limit was reached, or that a tier was.
fn limited(plan: &Plan, last: Span) -> Option<TokenStream> {
    let (options, ret) = (&plan.options, &plan.ret);
    if options.timeout.is_none() && options.max_load_time.is_none() {
        // What is secure fails closed, where its result can say so.
        return options.secure.map(|_| quote_spanned!(last=> .limited((&&ty).larder_trouble())));
    }
    let span = options.of_loads.iter().find(|name| *name == "timeout" || *name == "max_load_time");
    let span = ours_at(span.map_or(last, Ident::span));
    let p = span::at(&plan.private, span);
    Some(quote_spanned!(span=> .limited(#p::says_trouble(#p::Ty::<#ret>::new()))))
}

/// What becomes of a loaded value.
fn judge(plan: &Plan, last: Span) -> Option<TokenStream> {
    let options = &plan.options;
    let condition = options.condition.as_ref().map(|expr| judged(plan, "condition", expr));
    let life = options.ttl_with.as_ref().map(|expr| judged(plan, "ttl_with", expr));
    match (condition, life) {
        (Some(condition), Some(life)) => Some(quote_spanned!(last=> (#condition, #life))),
        (one, other) => one.or(other),
    }
}

fn judged(plan: &Plan, by: &str, expr: &Expr) -> TokenStream {
    let span = ours_at(expr.span());
    let (p, by) = (span::at(&plan.private, span), Ident::new(by, span));
    quote_spanned!(span=> #p::#by(shape, #expr))
}
