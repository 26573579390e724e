//! The static of a cached function: its keyspace, made at the first call.

use std::sync::OnceLock;

use crate::engine::Keyspace;

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
    pub fn keyspace(&'static self, make: fn() -> Keyspace) -> &'static Keyspace {
        self.0.get_or_init(make)
    }
}

/// The keyspaces of a generic function, one per instantiation: Rust shares one static among all of them, so it
/// is a chain by type name (2 to 4 ns for the first ones, no lock).
#[derive(Debug, Default)]
pub struct MonoSite(OnceLock<Box<Node>>);

#[derive(Debug)]
struct Node {
    types: &'static str,
    keyspace: Keyspace,
    next: MonoSite,
}

impl MonoSite {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The keyspace of the instantiation with these types (`type_name` of all of them).
    #[inline]
    pub fn keyspace(&'static self, types: &'static str, make: fn() -> Keyspace) -> &'static Keyspace {
        let mut site = self;
        loop {
            let node = site.0.get_or_init(|| Box::new(Node { types, keyspace: make(), next: Self::new() }));
            if std::ptr::eq(node.types, types) || node.types == types {
                return &node.keyspace;
            }
            site = &node.next;
        }
    }
}
