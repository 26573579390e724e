//! `self`: in the key, or left out on purpose.

use quote::format_ident;

use crate::model::free;
use crate::model::function::Function;
use crate::model::options::Options;
use crate::problems::Problems;

pub(super) fn check(options: &Options, function: &Function, problems: &mut Problems) {
    match function.receiver() {
        Some(receiver) => method(options, receiver, problems),
        None => {
            if let Some(shared) = options.shared {
                problems.on(shared, "`shared` is for methods: this function has no `self`; leave it out");
            }
        }
    }
}

fn method(options: &Options, receiver: &syn::Receiver, problems: &mut Problems) {
    if let Some(assoc) = options.assoc {
        problems.on(assoc, "`assoc` is for functions without `self`; leave it out");
    }
    let this = format_ident!("self");
    let scopes = options.scopes().map(|(_, expr)| expr);
    let in_key =
        options.key.iter().flat_map(|key| key.exprs()).chain(scopes).any(|expr| free::uses(expr, &this));
    match (in_key, options.shared) {
        (true, Some(shared)) => {
            problems.on(shared, "`shared` says that the key ignores `self`, but the key mentions it; keep one");
        }
        (false, None) if options.skip.contains(&this) => {}
        (false, None) => problems.at(
            &receiver.self_token,
            "is `self` part of the key? name what identifies it (`key(self.id, ..)`), or say `shared` when all \
             instances may share their entries",
        ),
        _ => {}
    }
}
