//! The invalidations of a function that changes something.

use super::{Group, ManagerSource, Space, Verb};
use crate::engine::{Keyspace, Shape, What};
use crate::key::{CacheKey, KeyPattern, Parts, Tag, TagId};
use crate::manager::CacheManager;

/// Targets that were computed before the body ran, to be invalidated when it succeeded.
///
/// Dropped undecided (the caller went away while the body ran, or it panicked), it invalidates on a task of its
/// own: whether the change happened is unknown, and a miss is the safe side.
#[derive(Debug)]
pub struct Pending {
    /// Where keys and patterns that are given as text are removed.
    manager: CacheManager,
    /// Whether cached functions are invalidated there too, whatever cache they fill.
    everything_here: bool,
    targets: Vec<(CacheManager, Target)>,
}

#[derive(Debug, Clone)]
enum Target {
    Key(CacheKey),
    Space(&'static Keyspace),
    Pattern(KeyPattern),
    Tag(TagId),
}

impl Pending {
    /// Nothing yet. Every cached function is invalidated in the cache that it fills.
    pub fn new(source: &impl ManagerSource) -> Self {
        Self { manager: source.manager(), everything_here: false, targets: Vec::new() }
    }

    /// Nothing yet. Everything is invalidated in this cache.
    pub fn within(source: &impl ManagerSource) -> Self {
        Self { manager: source.manager(), everything_here: true, targets: Vec::new() }
    }

    /// Every entry of a cached function, in the cache that it fills.
    pub fn all<M: ManagerSource>(&mut self, space: Space<M>) {
        self.targets.push((space.source.manager(), Target::Space(space.keyspace)));
    }

    /// Every entry of a cached function, in this cache.
    pub fn all_here<M>(&mut self, space: Space<M>) {
        self.targets.push((self.manager.clone(), Target::Space(space.keyspace)));
    }

    /// A pattern; its interpolated parts went through [`pattern_text`](super::pattern_text).
    pub fn pattern(&mut self, pattern: &str) {
        match KeyPattern::parse(pattern) {
            Ok(pattern) => self.targets.push((self.manager.clone(), Target::Pattern(pattern))),
            Err(error) => {
                tracing::error!(%error, "an invalidation pattern cannot be read; nothing is removed for it")
            }
        }
    }

    /// A key written as text; its interpolated parts went through [`key_text`](super::key_text).
    pub fn text_key(&mut self, text: &str) {
        let key = CacheKey::of_text(self.manager.namespace(), text);
        self.targets.push((self.manager.clone(), Target::Key(key)));
    }

    /// A tag.
    pub fn tag(&mut self, name: &(impl AsRef<str> + ?Sized)) {
        self.targets.push((self.manager.clone(), Target::Tag(Tag::new(name.as_ref()).id())));
    }

    /// The entries of a cached function whose arguments of these names have these values.
    pub fn group<M: ManagerSource>(&mut self, space: Space<M>, names: &str, values: &impl Parts) {
        let manager = if self.everything_here { self.manager.clone() } else { space.source.manager() };
        let Group { manager, tag } = space.within(manager).group(names, values);
        self.targets.push((manager, Target::Tag(tag)));
    }

    /// Invalidates what was named so far, once before the body too.
    pub async fn before(&mut self) {
        for (manager, target) in &self.targets {
            invalidate(manager, target).await;
        }
    }

    /// The same for a synchronous function, as [`Pending::settle_blocking`] does it.
    pub fn before_blocking(&self) {
        self.targets.iter().cloned().for_each(|(manager, target)| overtake(manager, target));
    }

    /// [`Pending::settle`] of a synchronous function. What is near goes now; what is far is journalled now, so that it is not read
    /// any more, and removed by a task where there is a runtime, else before the next use of the byte tiers.
    pub fn settle_blocking(mut self, succeeded: bool) {
        if !succeeded {
            self.targets.clear();
        }
    }

    /// The body ended: invalidates when it succeeded, forgets when nothing changed. A caller that goes away
    /// meanwhile leaves what is not done yet to the drop of this.
    pub async fn settle(mut self, succeeded: bool) {
        if !succeeded {
            self.targets.clear();
        }
        while let Some((manager, target)) = self.targets.last() {
            invalidate(manager, target).await;
            self.targets.pop();
        }
    }
}

/// One entry of a cached function.
impl Verb for &mut Pending {
    type Output = ();

    fn on<M: ManagerSource, P: Parts>(self, space: Space<M>, parts: &P) {
        let manager = if self.everything_here { self.manager.clone() } else { space.source.manager() };
        let key = CacheKey::of_parts(manager.namespace(), &space.keyspace.name, parts);
        self.targets.push((manager, Target::Key(key)));
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        std::mem::take(&mut self.targets).into_iter().for_each(|(manager, target)| overtake(manager, target));
    }
}

/// Invalidates what is near now, and all else on a task of its own.
fn overtake(manager: CacheManager, target: Target) {
    manager.engine().overtake(what(&target));
    let engine = manager.engine_handle();
    engine.spawn(Box::pin(async move { invalidate(&manager, &target).await }));
}

async fn invalidate(manager: &CacheManager, target: &Target) {
    if let Err(error) = manager.engine().invalidate(what(target)).await {
        tracing::warn!(%error, "an invalidation failed");
    }
}

fn what(target: &Target) -> What<'_> {
    match target {
        Target::Key(key) => What::Key(key),
        Target::Space(space) => What::Space(&space.name),
        Target::Pattern(pattern) => What::Pattern(pattern),
        Target::Tag(tag) => What::Tags(std::slice::from_ref(tag)),
    }
}

/// Whether a result lets its invalidations run: everything but a failure.
pub fn succeeded<S: Shape>(shape: S, ret: &S::Ret) -> bool {
    !shape.is_failure(ret)
}
