//! The static of a cached function: its keyspace, made at the first call.

use std::any::type_name_of_val;
use std::sync::OnceLock;

use super::{HasCachekit, Space, name};
use crate::engine::{Keyspace, Policy};
use crate::error::Result;

/// The keyspace of a function that is not generic.
#[derive(Debug)]
pub struct Site {
    name: Name,
    keyspace: OnceLock<Keyspace>,
}

/// What a keyspace is named after.
#[derive(Debug, Clone, Copy)]
enum Name {
    Function(&'static str),
    Prefix(&'static str),
    #[cfg(feature = "cachekit")]
    Cachekit(&'static str, &'static str),
}

impl Site {
    /// Of a function: named after it, its module, its type and its generic arguments.
    #[must_use]
    pub const fn of(function: &'static str) -> Self {
        Self { name: Name::Function(function), keyspace: OnceLock::new() }
    }

    /// Named by hand; generic arguments are appended, so that instantiations stay apart.
    #[must_use]
    pub const fn named(prefix: &'static str) -> Self {
        Self { name: Name::Prefix(prefix), keyspace: OnceLock::new() }
    }

    /// Of entries that services of cachekit share: their namespace and operation.
    #[must_use]
    pub const fn cachekit<B: HasCachekit>(namespace: &'static str, operation: &'static str) -> Self {
        Self { name: Name::cachekit(namespace, operation), keyspace: OnceLock::new() }
    }

    /// The keyspace in its cache. What its options say is checked once: options that cannot be kept are one logged error,
    /// and the function runs uncached, for a cached function has no error of ours to return. Costs one load after the first call. `here` is an item inside the function, which
    /// tells where it is and in which instantiation.
    #[inline]
    pub fn space<M, F>(&'static self, source: M, here: F, policy: fn(Policy) -> Policy) -> Space<M> {
        let made = self.keyspace.get();
        Space::new(source, made.unwrap_or_else(|| self.make(type_name_of_val(&here), policy)))
    }

    #[cold]
    fn make(&'static self, here: &str, policy: fn(Policy) -> Policy) -> &'static Keyspace {
        self.keyspace.get_or_init(|| self.name.keyspace(here, policy))
    }
}

/// The keyspaces of a generic function, one per instantiation: Rust shares one static among all of them, so it
/// is a chain by type name (2 to 4 ns for the first ones, no lock).
#[derive(Debug)]
pub struct MonoSite {
    name: Name,
    first: Link,
}

type Link = OnceLock<Box<Node>>;

#[derive(Debug)]
struct Node {
    here: &'static str,
    keyspace: Keyspace,
    next: Link,
}

impl MonoSite {
    /// [`Site::of`] of every instantiation.
    #[must_use]
    pub const fn of(function: &'static str) -> Self {
        Self { name: Name::Function(function), first: OnceLock::new() }
    }

    /// [`Site::named`] of every instantiation.
    #[must_use]
    pub const fn named(prefix: &'static str) -> Self {
        Self { name: Name::Prefix(prefix), first: OnceLock::new() }
    }

    /// [`Site::cachekit`] of every instantiation: they share their entries.
    #[must_use]
    pub const fn cachekit<B: HasCachekit>(namespace: &'static str, operation: &'static str) -> Self {
        Self { name: Name::cachekit(namespace, operation), first: OnceLock::new() }
    }

    /// [`Site::space`] of this instantiation.
    #[inline]
    pub fn space<M, F>(&'static self, source: M, here: F, policy: fn(Policy) -> Policy) -> Space<M> {
        Space::new(source, self.find(type_name_of_val(&here), policy))
    }

    #[inline]
    fn find(&'static self, here: &'static str, policy: fn(Policy) -> Policy) -> &'static Keyspace {
        let mut link = &self.first;
        loop {
            let found = link.get().map_or_else(|| self.make(link, here, policy), |node| &**node);
            if std::ptr::eq(found.here, here) || found.here == here {
                return &found.keyspace;
            }
            link = &found.next;
        }
    }

    #[cold]
    fn make(&self, link: &'static Link, here: &'static str, policy: fn(Policy) -> Policy) -> &'static Node {
        link.get_or_init(|| {
            let keyspace = self.name.keyspace(here, policy);
            Box::new(Node { here, keyspace, next: OnceLock::new() })
        })
    }
}

impl Name {
    #[cfg(feature = "cachekit")]
    const fn cachekit(namespace: &'static str, operation: &'static str) -> Self {
        Self::Cachekit(namespace, operation)
    }

    /// Never made: a function that asks for it has been refused.
    #[cfg(not(feature = "cachekit"))]
    const fn cachekit(_: &'static str, operation: &'static str) -> Self {
        Self::Prefix(operation)
    }

    /// The keyspace, for the type name of an item inside the function.
    #[cold]
    fn keyspace(self, here: &str, policy: fn(Policy) -> Policy) -> Keyspace {
        let mut policy = policy(Policy::new());
        let wrong = policy.check_anywhere().and_then(|()| self.check(&policy)).err();
        policy.refused = wrong.is_some();
        let keyspace = match self {
            Self::Function(function) => Keyspace::of_path(&name::of_path(here, function), policy),
            Self::Prefix(prefix) => Keyspace::named(&name::of_prefix(here, prefix), policy),
            #[cfg(feature = "cachekit")]
            Self::Cachekit(namespace, operation) => Keyspace::cachekit(namespace, operation, policy.clone())
                .unwrap_or_else(|_refused| Keyspace::named(&format!("{namespace}:{operation}"), policy)),
        };
        if let Some(error) = wrong {
            let function = keyspace.name.as_str();
            tracing::error!(function, %error, "options of a cached function cannot be kept: it is not cached");
        }
        keyspace
    }

    /// Whether entries of another cache can keep what is said.
    #[cfg_attr(
        not(feature = "cachekit"),
        expect(unused_variables, reason = "the others keep all that is said")
    )]
    fn check(self, policy: &Policy) -> Result<()> {
        match self {
            Self::Function(_) | Self::Prefix(_) => Ok(()),
            #[cfg(feature = "cachekit")]
            Self::Cachekit(namespace, operation) => {
                Keyspace::cachekit(namespace, operation, policy.clone()).map(drop)
            }
        }
    }
}
