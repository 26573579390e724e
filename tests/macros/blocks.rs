//! `#[cached(impl)]` on `impl` blocks.

use std::fmt::Display;

use larder::{CacheManager, cached};

use crate::{FAR, fresh};

struct Pg(u64);

trait Repo {
    type Row;
    const KIND: &'static str;
    async fn get(&self, id: u64) -> Result<Self::Row, String>;
    async fn latest() -> u64;
    async fn plain(&self) -> u64;
    fn label(&self, id: u64) -> String;
}

#[cached(impl)]
impl Repo for Pg {
    type Row = Vec<u64>;
    const KIND: &'static str = "pg";

    /// Documented, and with a lint of its own.
    #[cached(key(self.0, id), cache = FAR, prefix = "pg_row")]
    async fn get(&self, id: u64) -> Result<Self::Row, String> {
        if id == 0 {
            return Err(format!("{} has no row {id}", Self::KIND));
        }
        let row: Self::Row = vec![self.0, id, fresh()];
        Ok(Self::Row::from_iter(row))
    }

    #[cached(cache = FAR, prefix = "pg_latest")]
    async fn latest() -> u64 {
        fresh()
    }

    async fn plain(&self) -> u64 {
        fresh()
    }

    #[larder::cached(key(id), shared)]
    fn label(&self, id: u64) -> String {
        format!("{} {id} {}", self.0, fresh())
    }
}

#[larder::invalidate_cache(repo.get(id), all(Pg::latest))]
async fn change(repo: &Pg, id: u64) {
    let _ = (repo, id);
}

#[tokio::test]
async fn methods_of_a_trait_have_companions_beside_the_block() {
    crate::switch_on();
    let repo = Pg(11);
    let first = repo.get(7).await.unwrap();
    assert_eq!((Repo::get(&repo, 7).await.unwrap(), &first[..2]), (first.clone(), &[11, 7][..]));
    assert_eq!(repo.get_peek(7).await, Some(Ok(first.clone())));
    assert_eq!(repo.get_cache_key(7).relative(), "pg_row:11:7");
    assert_ne!(repo.get_uncached(7).await.unwrap(), first);
    let second = repo.get_refresh(7).await.unwrap();
    assert_eq!(repo.get(7).await.unwrap(), second);
    assert_eq!(repo.get(0).await, Err("pg has no row 0".to_owned()));

    let latest = Pg::latest().await;
    assert_eq!((Pg::latest().await, Pg::latest_peek().await), (latest, Some(latest)));
    change(&repo, 7).await;
    assert_eq!((repo.get_peek(7).await, Pg::latest_peek().await), (None, None));

    assert_ne!(repo.plain().await, repo.plain().await);
    let label = repo.label(1);
    assert_eq!((repo.label(1), Pg(12).label_peek(1)), (label.clone(), Some(label)));
}

struct Wrapper<T>(T, CacheManager);

trait Shown {
    async fn shown(&self, times: usize) -> String;
}

#[cached(impl)]
impl<T> Shown for Wrapper<T>
where
    T: Display + Sync,
{
    #[cached(shared, prefix = "shown", cache = self.1)]
    async fn shown(&self, times: usize) -> String {
        format!("{} {}", self.0.to_string().repeat(times), fresh())
    }
}

#[tokio::test]
async fn generic_types_work() {
    let cache = crate::tiered();
    let (number, letter) = (Wrapper(7_u8, cache.clone()), Wrapper('x', cache.clone()));
    let first = number.shown(2).await;
    assert!(first.starts_with("77 ") && letter.shown(2).await.starts_with("xx "));
    assert_eq!((number.shown(2).await, number.shown_peek(2).await), (first.clone(), Some(first)));
}

#[cached(impl)]
impl Pg {
    /// It mentions neither `self` nor `Self`, and need not say that it stands in a block.
    #[cached(cache = FAR)]
    async fn number(id: u64) -> u64 {
        helper(id)
    }

    fn not_cached(&self) -> u64 {
        self.0
    }

    #[cached(shared, cache = FAR, companions = "none")]
    pub(crate) async fn alone(&self, id: u64) -> u64 {
        helper(id)
    }
}

fn helper(id: u64) -> u64 {
    id + fresh()
}

#[tokio::test]
async fn blocks_of_a_type_alone_work() {
    let first = Pg::number(7).await;
    assert_eq!((Pg::number(7).await, Pg::number_peek(7).await), (first, Some(first)));
    assert_eq!(Pg(5).not_cached(), 5);
    assert_eq!(Pg(1).alone(7).await, Pg(2).alone(7).await);
}

#[async_trait::async_trait]
trait Boxed: Send + Sync {
    type Error: Send;
    async fn find(&self, name: &str, id: u64) -> Result<String, Self::Error>;
}

#[cached(impl)]
#[async_trait::async_trait]
impl Boxed for Pg {
    type Error = String;

    #[cached(key(self.0, name, id), cache = FAR, prefix = "boxed")]
    async fn find(&self, name: &str, id: u64) -> Result<String, Self::Error> {
        let number: u64 = if id == 0 { Err("none")? } else { id };
        Ok(format!("{name}{number} {}", fresh()))
    }
}

#[tokio::test]
async fn it_goes_above_async_trait() {
    let repo: Box<dyn Boxed<Error = String>> = Box::new(Pg(77));
    let first = repo.find("ann", 7).await.unwrap();
    assert_eq!(repo.find("ann", 7).await.unwrap(), first);
    assert_eq!(Pg(77).find_peek("ann", 7).await, Some(Ok(first.clone())));
    assert_eq!(Pg(77).find_invalidate("ann", 7).await.unwrap().removed, 1);
    assert_ne!(repo.find("ann", 7).await.unwrap(), first);
    assert_eq!(repo.find("ann", 0).await, Err("none".to_owned()));
}
