//! Methods and associated functions.

use std::sync::Arc;

use larder::{CacheManager, cached};

use crate::{FAR, fresh, tiered};

struct Repo {
    id: u64,
    cache: CacheManager,
}

impl Repo {
    fn new(id: u64) -> Self {
        Self { id, cache: tiered() }
    }

    #[cached(key(self.id, page), cache = FAR)]
    pub(crate) async fn own(&self, page: u32) -> u64 {
        let _ = page;
        fresh() + self.id - self.id
    }

    #[cached(shared, cache = FAR)]
    async fn common(&self, _page: u32) -> u64 {
        fresh()
    }

    #[cached(key(self.id), cache = self.cache, prefix = "mine")]
    async fn mine(&self) -> u64 {
        fresh()
    }

    #[cached(key(self.id), cache = FAR)]
    async fn through_arc(self: Arc<Self>) -> u64 {
        fresh()
    }

    #[cached(shared, cache = FAR)]
    async fn through_mut(&mut self, by: u64) -> u64 {
        self.id += by;
        self.id
    }

    #[cached(cache = FAR)]
    async fn associated(id: u64) -> Arc<u64> {
        Arc::new(Self::plus(id))
    }

    #[cached(assoc, cache = FAR)]
    async fn said_so(id: u64) -> u64 {
        id + fresh()
    }

    fn plus(id: u64) -> u64 {
        id + fresh()
    }
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
struct Row(u64);

impl Row {
    #[cached(cache = FAR)]
    async fn find(id: u64) -> Result<Self, String> {
        Ok(Self(id + fresh()))
    }

    #[cached(shared, cache = FAR)]
    async fn sorted(self: &Arc<Self>, list: &mut Vec<u64>, floor: Option<&mut u64>) -> Vec<u64> {
        list.sort_unstable();
        list.push(self.0 + floor.map_or(0, |floor| *floor));
        list.clone()
    }
}

#[tokio::test]
async fn self_may_be_the_value_and_arguments_exclusive() {
    let row = Row::find(1).await.unwrap();
    assert_eq!(Row::find(1).await, Ok(row));
    let row = Arc::new(Row(7));
    assert_eq!(row.sorted(&mut vec![3, 1], Some(&mut 1)).await, [1, 3, 8]);
    let mut list = vec![3, 1];
    assert_eq!(row.sorted(&mut list, Some(&mut 1)).await, [1, 3, 8]);
    assert_eq!(list, [3, 1]);
    assert_eq!(row.sorted(&mut list, None).await, [1, 3, 7]);
}

struct Other;

impl Other {
    #[cached(shared, cache = FAR)]
    async fn common(&self, _page: u32) -> u64 {
        fresh()
    }
}

#[tokio::test]
async fn self_is_in_the_key_or_shared_on_purpose() {
    let (one, two) = (Repo::new(1), Repo::new(2));
    assert_eq!(one.own(1).await, one.own(1).await);
    assert_eq!(one.own(1).await, Repo::new(1).own(1).await);
    assert_ne!(one.own(1).await, two.own(1).await);
    assert_eq!(one.common(1).await, two.common(1).await);
    assert_ne!(one.common(1).await, one.common(2).await);
    assert_ne!(one.common(1).await, Other.common(1).await);
}

#[tokio::test]
async fn the_cache_may_be_a_field() {
    let (one, other) = (Repo::new(1), Repo::new(1));
    assert_eq!(one.mine().await, one.mine().await);
    assert_ne!(one.mine().await, other.mine().await);
    assert_eq!(one.mine_peek().await, Some(one.mine().await));
    assert_eq!(one.mine_invalidate().await.unwrap().removed, 1);
    assert_eq!(one.mine_peek().await, None);
    assert!(other.mine_peek().await.is_some());
    assert_eq!(one.cache.get::<u64>("mine:1").await.unwrap(), None);
}

#[tokio::test]
async fn every_receiver_works() {
    let repo = Arc::new(Repo::new(40));
    assert_eq!(Arc::clone(&repo).through_arc().await, Arc::clone(&repo).through_arc().await);
    assert_eq!(repo.through_arc_peek().await, Some(Arc::clone(&repo).through_arc().await));
    let mut repo = Repo::new(50);
    assert_eq!(repo.through_mut(1).await, 51);
    assert_eq!(repo.through_mut(1).await, 51);
    assert_eq!(repo.through_mut_refresh(1).await, 52);
}

#[tokio::test]
async fn associated_functions_work() {
    assert_eq!(Repo::associated(1).await, Repo::associated(1).await);
    assert_ne!(Repo::associated(1).await, Repo::associated(2).await);
    assert_eq!(Repo::said_so(1).await, Repo::said_so(1).await);
    assert_eq!(Repo::said_so_cache_key(1).as_str(), "t:d:macros.methods.Repo.said_so:1");
}
