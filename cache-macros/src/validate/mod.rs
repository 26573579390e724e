//! What does not go together. Every check notes all it finds, at the user's token, with the fix.

mod conflicts;
mod key;
mod receiver;
mod signature;

use crate::model::function::Function;
use crate::model::options::Options;
use crate::problems::Problems;

/// Checks `#[cached]`.
pub(crate) fn cached(options: &Options, function: &Function, problems: &mut Problems) {
    signature::cached(options, function, problems);
    receiver::check(options, function, problems);
    key::check(options, function, problems);
    conflicts::check(options, function, problems);
}

/// Checks `#[invalidate_cache]`.
pub(crate) fn invalidate(function: &Function, problems: &mut Problems) {
    signature::invalidate(function, problems);
}
