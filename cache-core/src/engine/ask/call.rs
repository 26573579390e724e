//! What a caller brings: how its results are taken apart, and the body that has not begun.

use std::fmt;

use crate::engine::ask::typed::{Body, Loaded, Older, Recipe};
use crate::engine::load::detach::{self, Launch};

/// A call: what is loaded, and what is done with it.
pub(crate) struct Call<R: Recipe, B> {
    pub(in crate::engine) recipe: R,
    pub(in crate::engine) body: B,
    /// How the body is started on its own, when it owns what it needs.
    pub(in crate::engine) detach: Option<Launch<R, B>>,
}

/// What is to be known of a call before its body is needed.
#[derive(Debug)]
pub(crate) struct About<'a, R> {
    pub(in crate::engine) recipe: &'a R,
    /// The load is not its caller's alone: it can be left to itself.
    pub(in crate::engine) detached: bool,
}

impl<'a, R> About<'a, R> {
    /// Of a call whose load is its caller's alone, or not.
    pub(crate) fn of(recipe: &'a R, detached: bool) -> Self {
        Self { recipe, detached }
    }
}

impl<R> Clone for About<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for About<'_, R> {}

impl<R: Recipe, B> Call<R, B> {
    /// What is to be known before the body is needed.
    pub(crate) fn about(&self) -> About<'_, R> {
        About { recipe: &self.recipe, detached: self.detach.is_some() }
    }

    /// Runs the body, and nothing else.
    pub(crate) async fn run(self) -> R::Ret
    where
        B: Body<R::Ret>,
    {
        Into::<Loaded<R::Ret>>::into(self.body.begin(Older::default()).await).ret
    }

    /// The body belongs to the caller: it ends when the last one who waits for it has gone.
    pub(crate) fn attached(recipe: R, body: B) -> Self {
        Self { recipe, body, detach: None }
    }
}

impl<R, B> Call<R, B>
where
    R: Recipe + Send + Sync + 'static,
    R::Ret: Send + 'static,
    B: Body<R::Ret, Run: Send + 'static> + Send + 'static,
{
    /// The body belongs to nobody: it goes on when its callers have gone.
    pub(crate) fn detached(recipe: R, body: B) -> Self {
        Self { recipe, body, detach: Some(detach::launch) }
    }
}

impl<R: Recipe, B> fmt::Debug for Call<R, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("detached", &self.detach.is_some()).finish_non_exhaustive()
    }
}
