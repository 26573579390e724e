//! Under the strictest lints, in the oldest edition that trybuild offers, with a renamed dependency.

#![deny(warnings, missing_docs, rust_2018_idioms, unreachable_pub, unused_qualifications, single_use_lifetimes)]
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

    /// Renames a user.
    #[invalidate_cache(user(id, name), crate = cupboard)]
    pub async fn rename(id: u64, name: &str) -> Result<(), std::num::ParseIntError> {
        let _ = (id, name);
        Ok(())
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
        let _ = (Page::First, Page::Numbered(1));
    });
}
