//! Under the strictest lints, in the oldest edition that trybuild offers, with a renamed dependency.

#![deny(warnings, missing_docs, rust_2018_idioms, unreachable_pub, unused_qualifications, single_use_lifetimes)]
#![deny(unused_lifetimes, unused_parens, unused_braces, elided_lifetimes_in_paths)]
#![forbid(unsafe_code)]

extern crate larder as cupboard;

/// A user.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct User {
    /// Its name.
    pub name: String,
}

mod db {
    use cupboard::{cached, invalidate_cache};

    /// Finds a user.
    #[cached(ttl = "5m", crate = cupboard)]
    pub async fn user(id: u64, name: &str) -> Result<Option<crate::User>, std::num::ParseIntError> {
        let name = format!("{}{name}", id.to_string().parse::<u64>()?);
        Ok(Some(crate::User { name }))
    }

    /// Finds a row: its companions need less of its parameters than it does.
    #[cached(local, skip(row, other), crate = cupboard)]
    pub async fn row<'row, T: Copy + Send + Sync + 'static>(row: &'row T, other: &'row T, id: u64) -> (T, u64) {
        (*if id == 0 { row } else { other }, id)
    }

    /// Renames a user.
    #[invalidate_cache(user(id, name), crate = cupboard)]
    pub async fn rename(id: u64, name: &str) -> Result<(), std::num::ParseIntError> {
        let _ = (id, name);
        Ok(())
    }
}

mod more {
    use cupboard::{cached, invalidate_cache};

    /// Not async, with most of the options.
    #[cached(prefix = "age", ttl_with = |age: &u64| std::time::Duration::from_secs(*age), bypass = off, refresh = force, key(name), sensitive(name), user = user, crate = cupboard)]
    pub fn age(name: &str, off: bool, force: bool, user: Option<u64>) -> Option<u64> {
        let known = user? + name.len() as u64;
        Some(known)
    }

    /// Not async either.
    #[invalidate_cache(age(name, Some(7)), all(age), crate = cupboard)]
    pub fn forget(name: &str) -> bool {
        !name.is_empty()
    }

    /// A trait.
    pub(crate) trait Named {
        /// An error.
        type Error;

        /// A name.
        fn name(&self, id: u64) -> impl Future<Output = Result<String, Self::Error>> + Send;
    }

    /// Its type.
    #[derive(Debug)]
    pub(crate) struct Names(pub u64);

    #[cached(impl)]
    impl Named for Names {
        type Error = std::num::ParseIntError;

        #[cached(key(self.0, id), crate = cupboard)]
        async fn name(&self, id: u64) -> Result<String, Self::Error> {
            let number: u64 = id.to_string().parse()?;
            Ok(format!("{} {number}", self.0))
        }
    }
}

/// A part of a key.
#[derive(cupboard::KeyPart)]
#[key_part(crate = cupboard)]
pub enum Page {
    /// The first.
    First,
    /// Another.
    Numbered(u64),
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        assert_eq!(db::user(1, "ann").await.unwrap().unwrap().name, "1ann");
        assert!(db::rename(1, "ann").await.is_ok());
        assert_eq!(more::age("ann", false, true, Some(4)), Some(7));
        assert!(more::forget("ann"));
        assert_eq!(more::Named::name(&more::Names(1), 2).await.unwrap(), "1 2");
        let _ = more::Names(1).name_peek(2).await;
        assert_eq!(db::row(&1_u8, &2, 3).await, (2, 3));
        let _ = (Page::First, Page::Numbered(1));
    });
}
