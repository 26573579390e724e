//! The static of a cached function: its keyspace, made at the first call.

use std::any::type_name_of_val;
use std::sync::OnceLock;

use super::name;
use crate::engine::{Keyspace, Policy};

/// The keyspace of a function that is not generic.
#[derive(Debug, Default)]
pub struct Site(OnceLock<Keyspace>);

impl Site {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The keyspace. Costs one load after the first call.
    #[inline]
    pub fn keyspace<F>(&'static self, here: F, make: fn(Here) -> Keyspace) -> &'static Keyspace {
        self.0.get_or_init(|| make(Here::of(&here)))
    }
}

/// The keyspaces of a generic function, one per instantiation: Rust shares one static among all of them, so it
/// is a chain by type name (2 to 4 ns for the first ones, no lock).
#[derive(Debug, Default)]
pub struct MonoSite(OnceLock<Box<Node>>);

#[derive(Debug)]
struct Node {
    here: Here,
    keyspace: Keyspace,
    next: MonoSite,
}

impl MonoSite {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The keyspace of this instantiation.
    #[inline]
    pub fn keyspace<F>(&'static self, here: F, make: fn(Here) -> Keyspace) -> &'static Keyspace {
        let here = Here::of(&here);
        let mut site = self;
        loop {
            let node =
                site.0.get_or_init(|| Box::new(Node { here, keyspace: make(here), next: Self::new() }));
            if std::ptr::eq(node.here.0, here.0) || node.here.0 == here.0 {
                return &node.keyspace;
            }
            site = &node.next;
        }
    }
}

/// Where a cached function is, and in which instantiation: the type name of a function item inside it.
#[derive(Debug, Clone, Copy)]
pub struct Here(&'static str);

impl Here {
    #[inline]
    fn of<F>(item: &F) -> Self {
        Self(type_name_of_val(item))
    }

    /// The keyspace, named after the function, its module, its type and its generic arguments.
    #[must_use]
    pub fn keyspace(self, function: &str, policy: Policy) -> Keyspace {
        Keyspace::of_path(&name::of_path(self.0, function), policy)
    }

    /// The keyspace, named by hand; generic arguments are appended, so that instantiations stay apart.
    #[must_use]
    pub fn keyspace_named(self, prefix: &str, policy: Policy) -> Keyspace {
        Keyspace::named(&name::of_prefix(self.0, prefix), policy)
    }
}
