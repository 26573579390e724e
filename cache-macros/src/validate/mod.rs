//! What does not go together. Every check notes all it finds, at the user's token, with the fix.

mod batch;
mod conflicts;
mod interop;
mod key;
mod receiver;
mod secure;
mod signature;
mod tags;

use syn::Visibility;

use crate::model::function::Function;
use crate::model::options::Options;
use crate::parse::enclosing::is_impl_of_trait;
use crate::problems::Problems;

/// Checks `#[cached]`.
pub(crate) fn cached(options: &Options, function: &Function, problems: &mut Problems) {
    signature::cached(options, function, problems);
    receiver::check(options, function, problems);
    key::check(options, function, problems);
    conflicts::check(options, function, problems);
    tags::check(options, function, problems);
    batch::check(options, function, problems);
    secure::check(options, function, problems);
    interop::check(options, function, problems);
}

/// Checks where a function stands whose attribute sees nothing around it.
pub(crate) fn place(options: &Options, function: &Function, problems: &mut Problems) {
    let is_candidate = !options.alone
        && matches!(function.vis, Visibility::Inherited)
        && (options.assoc.is_some() || function.mentions_self());
    if is_candidate && problems.is_empty() && is_impl_of_trait(&function.sig.ident) {
        let message = "nothing can stand beside a method in the `impl` of a trait; add `companions = \"none\"`, or put \
                       `#[cached(impl)]` on the block, which has its companions beside it";
        problems.at(&function.sig.ident, message);
    }
}

/// Checks `#[invalidate_cache]`.
pub(crate) fn invalidate(function: &Function, problems: &mut Problems) {
    signature::invalidate(function, problems);
}
