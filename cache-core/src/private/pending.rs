//! The invalidations of a function that changes something.

use super::ManagerSource;
use crate::engine::{Keyspace, Shape, What};
use crate::key::{CacheKey, KeyPart, KeyPattern, PartWriter};
use crate::manager::CacheManager;

/// Targets that were computed before the body ran, to be invalidated when it succeeded.
///
/// Dropped undecided (the caller went away while the body ran), it invalidates on a task of its own: whether
/// the change happened is unknown, and a miss is the safe side.
#[derive(Debug)]
pub struct Pending {
    manager: CacheManager,
    targets: Vec<Target>,
}

#[derive(Debug, Clone)]
enum Target {
    Key(CacheKey),
    Space(&'static Keyspace),
    Pattern(KeyPattern),
}

impl Pending {
    /// Nothing yet.
    pub fn new(source: &impl ManagerSource) -> Self {
        Self { manager: source.manager(), targets: Vec::new() }
    }

    /// One entry of a cached function.
    pub fn key(&mut self, key: CacheKey) {
        self.targets.push(Target::Key(key));
    }

    /// Every entry of a cached function.
    pub fn space(&mut self, space: &'static Keyspace) {
        self.targets.push(Target::Space(space));
    }

    /// A pattern; its interpolated parts went through [`pattern_text`].
    pub fn pattern(&mut self, pattern: &str) {
        match KeyPattern::parse(pattern) {
            Ok(pattern) => self.targets.push(Target::Pattern(pattern)),
            Err(error) => {
                tracing::error!(%error, "an invalidation pattern cannot be read; nothing is removed for it")
            }
        }
    }

    /// A key written as text; its interpolated parts went through [`key_text`].
    pub fn text_key(&mut self, text: &str) {
        self.targets.push(Target::Key(CacheKey::of_text(self.manager.namespace(), text)));
    }

    /// The body succeeded.
    pub async fn run(mut self) {
        let (manager, targets) = (self.manager.clone(), std::mem::take(&mut self.targets));
        invalidate(&manager, targets).await;
    }

    /// The body failed: nothing changed.
    pub fn forget(mut self) {
        self.targets.clear();
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if self.targets.is_empty() {
            return;
        }
        let (manager, targets) = (self.manager.clone(), std::mem::take(&mut self.targets));
        for target in &targets {
            manager.engine().overtake(what(target));
        }
        let engine = manager.engine_handle();
        engine.spawn(Box::pin(async move { invalidate(&manager, targets).await }));
    }
}

async fn invalidate(manager: &CacheManager, targets: Vec<Target>) {
    for target in targets {
        if let Err(error) = manager.engine().invalidate(what(&target)).await {
            tracing::warn!(%error, "an invalidation failed");
        }
    }
}

fn what(target: &Target) -> What<'_> {
    match target {
        Target::Key(key) => What::Key(key),
        Target::Space(space) => What::Space(&space.name),
        Target::Pattern(pattern) => What::Pattern(pattern),
    }
}

/// Whether a result lets its invalidations run: everything but a failure.
pub fn succeeded<S: Shape>(shape: S, ret: &S::Ret) -> bool {
    !shape.is_failure(ret)
}

/// The text of a part within a pattern: exactly this value, without its type.
pub fn pattern_text(part: &(impl KeyPart + ?Sized)) -> String {
    KeyPattern::of_part(part)
}

/// The text of a part within a key template.
pub fn key_text(part: &(impl KeyPart + ?Sized)) -> String {
    let mut writer = PartWriter::default();
    writer.segment(part);
    writer.finish().1.split_off(1)
}
