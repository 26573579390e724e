//! Methods of a trait's `impl`: nothing can stand beside them.

use larder::cached;

use crate::{FAR, fresh};

trait Repo {
    async fn get(&self, id: u64) -> Result<u64, String>;
    async fn first() -> u64;
}

trait Other {
    async fn get(&self, id: u64) -> Result<u64, String>;
}

struct Pg(u64);
struct Wrapper<T>(T);

impl Repo for Pg {
    #[cached(companions = "none", key(self.0, id), cache = FAR)]
    async fn get(&self, id: u64) -> Result<u64, String> {
        static LOADS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        if id == 0 {
            return Err("none".into());
        }
        let number: u64 = "5".parse().map_err(|_| String::new())?;
        Ok(number + LOADS.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
    }

    #[cached(companions = "none", assoc, cache = FAR)]
    async fn first() -> u64 {
        fresh()
    }
}

impl Other for Pg {
    #[cached(companions = "none", shared, cache = FAR)]
    async fn get(&self, id @ (0 | _): u64) -> Result<u64, String> {
        Ok(id + fresh() + 1_000_000)
    }
}

impl<T: Repo> Repo for Wrapper<T> {
    #[cached(companions = "none", shared, cache = FAR, prefix = "wrapped")]
    async fn get(&self, id: u64) -> Result<u64, String> {
        self.0.get(id).await
    }

    #[cached(companions = "none", assoc, cache = FAR, prefix = "first")]
    async fn first() -> u64 {
        T::first().await
    }
}

struct Lite;

impl Repo for Lite {
    async fn get(&self, id: u64) -> Result<u64, String> {
        Ok(id * 100)
    }

    async fn first() -> u64 {
        0
    }
}

#[tokio::test]
async fn native_async_traits_work() {
    let first = Repo::get(&Pg(1), 7).await;
    assert!(first.is_ok());
    assert_eq!(Repo::get(&Pg(1), 7).await, first);
    assert_ne!(Repo::get(&Pg(2), 7).await, first);
    assert_eq!(Repo::get(&Pg(1), 0).await, Err("none".to_owned()));
    assert_eq!(Other::get(&Pg(1), 7).await, Other::get(&Pg(2), 7).await);
    assert_ne!(Other::get(&Pg(1), 7).await, Repo::get(&Pg(1), 7).await);
    assert_eq!(Pg::first().await, Pg::first().await);
}

#[tokio::test]
async fn instantiations_of_a_trait_impl_are_told_apart() {
    let (pg, lite) = (Wrapper(Pg(9)), Wrapper(Lite));
    let first = pg.get(7).await.unwrap();
    assert_eq!(lite.get(7).await, Ok(700));
    assert_eq!(pg.get(7).await, Ok(first));
    let first = Wrapper::<Pg>::first().await;
    assert_eq!((Wrapper::<Lite>::first().await, Wrapper::<Pg>::first().await), (0, first));
}

trait Provided {
    fn name(&self) -> String;

    #[cached(companions = "none", shared, cache = FAR, prefix = "provided")]
    async fn title(&self, id: u64) -> String
    where
        Self: Sync,
    {
        format!("{} {id}", self.name())
    }
}

impl Provided for Pg {
    fn name(&self) -> String {
        "pg".to_owned()
    }
}

impl Provided for str {
    fn name(&self) -> String {
        self.to_owned()
    }
}

#[tokio::test]
async fn provided_methods_work() {
    assert_eq!((Pg(1).title(7).await, "a".title(7).await), ("pg 7".to_owned(), "a 7".to_owned()));
    assert_eq!((Pg(2).title(7).await, "b".title(7).await), ("pg 7".to_owned(), "a 7".to_owned()));
}

#[async_trait::async_trait]
trait Boxed: Send + Sync {
    async fn get(&self, id: u64, name: &str) -> Result<String, String>;
    async fn rename(&self, id: u64, (name, _): (String, u8)) -> Result<(), String>;
}

#[async_trait::async_trait]
impl Boxed for Pg {
    #[cached(companions = "none", key(self.0, id, name), cache = FAR)]
    async fn get(&self, id: u64, name: &str) -> Result<String, String> {
        let number: u64 = if id == 0 { Err("none")? } else { id };
        Ok(format!("{name}{number} {}", fresh()))
    }

    #[larder::invalidate_cache(patterns("*.get:{self.0}:{id}:*"), cache = FAR)]
    async fn rename(&self, id: u64, (name, _): (String, u8)) -> Result<(), String> {
        let _ = id;
        if name.is_empty() { Err("empty".to_owned()) } else { Ok(()) }
    }
}

#[tokio::test]
async fn boxed_async_traits_work() {
    let repo: Box<dyn Boxed> = Box::new(Pg(77));
    let first = repo.get(7, "ann").await.unwrap();
    assert_eq!(repo.get(7, "ann").await.unwrap(), first);
    assert!(repo.get(7, "bob").await.unwrap().starts_with("bob7"));
    assert_eq!(repo.get(0, "ann").await, Err("none".to_owned()));
    assert!(repo.rename(7, (String::new(), 0)).await.is_err());
    assert_eq!(repo.get(7, "ann").await.unwrap(), first);
    repo.rename(7, ("carl".to_owned(), 0)).await.unwrap();
    assert_ne!(repo.get(7, "ann").await.unwrap(), first);
}
