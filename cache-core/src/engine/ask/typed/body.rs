//! A loader that has not begun, and what it answers.

use std::future::Future;

use crate::entry::Validator;
use crate::key::Tag;
use crate::port::near::Held;
use crate::time::Ttl;

/// The older value that a loader is shown, where there is one.
#[derive(Debug, Default)]
pub(crate) struct Older {
    pub(crate) value: Option<Held>,
    /// What tells its source which value it is.
    pub(crate) validator: Option<Validator>,
}

/// A loader. It is begun once, and shown the older value where there is one.
pub(crate) trait Body<R> {
    /// What it answers.
    type Answer: Into<Loaded<R>>;
    /// The load under way.
    type Run: Future<Output = Self::Answer>;

    /// Begins.
    fn begin(self, older: Older) -> Self::Run;
}

/// The body of a function: a future that knows nothing of older values.
#[derive(Debug)]
pub(crate) struct Plainly<F>(pub(crate) F);

impl<F: Future> Body<F::Output> for Plainly<F> {
    type Answer = F::Output;
    type Run = F;

    fn begin(self, _: Older) -> F {
        self.0
    }
}

impl<R, B, F> Body<R> for B
where
    B: FnOnce(Older) -> F,
    F: Future,
    F::Output: Into<Loaded<R>>,
{
    type Answer = F::Output;
    type Run = F;

    fn begin(self, older: Older) -> F {
        self(older)
    }
}

/// What a loader answered.
#[derive(Debug)]
pub(crate) struct Loaded<R> {
    /// The result.
    pub(crate) ret: R,
    /// How long it lives, when the loader says so.
    pub(crate) ttl: Ttl,
    /// It is not to be stored.
    pub(crate) skip: bool,
    /// The tags that the value names.
    pub(crate) tags: Vec<Tag>,
    /// What tells its source which value it is.
    pub(crate) validator: Option<Validator>,
}

impl<R> From<R> for Loaded<R> {
    fn from(ret: R) -> Self {
        Self { ret, ttl: Ttl::Default, skip: false, tags: Vec::new(), validator: None }
    }
}
