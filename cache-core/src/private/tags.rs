//! Tags of a cached function, and the groups that its arguments make.
//!
//! How an expansion says them, all after the near tier has missed, so that a hit stays free of allocations:
//!
//! * `tags("user:{id}")`: between probe and load, `missed.tagged(|tags| tags.tag(&format!("user:{id}"))).load(body)`. The
//!   same on [`Decided`](super::Decided) and [`Entry`](super::Entry) (refresh, with status), each of which asks for them
//!   only where they are of use.
//!   For a function of many ids the closure that finds the entry of an id says its tags: `Find.on(..).tagged(..)`.
//! * `group_by(tenant)`: in the same closure, `tags.group("tenant", &(part(&tenant), ()))`; invalidated by
//!   `Space::new(source, keyspace).group("tenant", &(part(&tenant), ())).invalidate().await`, or by
//!   [`Pending::group`](super::Pending::group). Names of several parameters are joined by a comma, in their order.
//! * `tags_with = path`: `kind(..).tags_with(tags_with(shape, path))`, of type `fn(&T) -> impl IntoIterator<Item:
//!   AsRef<str>>`.
//! * `#[invalidate_cache(tags("tenant:{t}"))]`: `pending.tag(&format!("tenant:{t}"))`.

use std::fmt;

use super::{ManagerSource, Space};
use crate::engine::{Shape, What};
use crate::entry::Invalidated;
use crate::error::Result;
use crate::key::{Namespace, Parts, SpaceName, Tag, TagId};
use crate::manager::CacheManager;

/// Collects the tags of a call.
#[derive(Debug)]
pub struct Tags<'a> {
    namespace: &'a Namespace,
    space: &'a SpaceName,
    named: Vec<Tag>,
}

impl<'a> Tags<'a> {
    pub(super) fn collect(
        namespace: &'a Namespace,
        space: &'a SpaceName,
        tags: impl FnOnce(&mut Tags<'a>),
    ) -> Vec<Tag> {
        let mut collecting = Self { namespace, space, named: Vec::new() };
        tags(&mut collecting);
        collecting.named
    }

    /// A tag by its name.
    pub fn tag(&mut self, name: &(impl AsRef<str> + ?Sized)) {
        self.push(Tag::new(name.as_ref()));
    }

    /// The group of the entries whose arguments of these names have these values.
    pub fn group(&mut self, names: &str, values: &impl Parts) {
        self.push(Tag::of_group(self.namespace, self.space, names, values));
    }

    fn push(&mut self, tag: Tag) {
        if self.named.iter().all(|other| other.id() != tag.id()) {
            self.named.push(tag);
        }
    }
}

/// The entries of a cached function that share some arguments.
pub struct Group {
    pub(super) manager: CacheManager,
    pub(super) tag: TagId,
}

impl<M: ManagerSource> Space<M> {
    /// The entries whose arguments of these names have these values.
    pub fn group(self, names: &str, values: &impl Parts) -> Group {
        let manager = self.source.manager();
        let tag = Tag::of_group(manager.namespace(), &self.keyspace.name, names, values).id();
        Group { manager, tag }
    }
}

impl Group {
    /// Invalidates them in every tier: two round trips, however many there are.
    ///
    /// # Errors
    /// An unreachable primary, only when the manager fails closed.
    pub async fn invalidate(self) -> Result<Invalidated> {
        self.manager.engine().invalidate(What::Tags(&[self.tag])).await
    }

    /// The same of a synchronous function, whose entries are in the near tier alone: nothing can fail.
    pub fn invalidate_blocking(self) -> Invalidated {
        self.manager.engine().invalidate_blocking(What::Tags(&[self.tag]))
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group").field("tag", &self.tag).finish_non_exhaustive()
    }
}

/// Names tags by values.
pub trait NamesTags<V>: Copy {
    /// Whether it ever names one.
    const SOME: bool;

    /// The tags of a value.
    fn tags(self, value: &V) -> Vec<Tag>;
}

/// No value names a tag.
#[derive(Debug, Clone, Copy)]
pub struct NoTags;

impl<V> NamesTags<V> for NoTags {
    const SOME: bool = false;

    fn tags(self, _: &V) -> Vec<Tag> {
        Vec::new()
    }
}

#[derive(Debug, Clone, Copy)]
struct With<C>(C);

impl<V, I, C> NamesTags<V> for With<C>
where
    I: IntoIterator<Item: AsRef<str>>,
    C: Fn(&V) -> I + Copy,
{
    const SOME: bool = true;

    fn tags(self, value: &V) -> Vec<Tag> {
        (self.0)(value).into_iter().map(|name| Tag::new(name.as_ref())).collect()
    }
}

/// The tags that the values of a shape name: `fn(&T) -> impl IntoIterator<Item: AsRef<str>>`.
#[inline]
pub fn tags_with<S, I, C>(_: S, tags: C) -> impl NamesTags<S::Val>
where
    S: Shape,
    I: IntoIterator<Item: AsRef<str>>,
    C: Fn(&S::Val) -> I + Copy,
{
    With(tags)
}
