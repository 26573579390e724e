//! A property site: what it shows is cached per viewer and filter, and gone as soon as somebody changes it.
//!
//! ```text
//! cargo run --release --example property_search
//! ```
//!
//! A page of one property is an entity: one entry, named by its id, for a day. A page of results is a question: one
//! entry per viewer (it marks favourites), filter and page, for five minutes. A change names what it concerns: the
//! entity, the questions about its city, the questions of one viewer. Nobody spells out a key.
#![allow(clippy::print_stdout, reason = "a story is printed")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use larder::{CacheManager, KeyPart, KeyPattern, MemoryBackend, Near, cached, invalidate_cache};
use serde::{Deserialize, Serialize};

type DbError = String;
type UserId = u64;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Property {
    id: u64,
    city: String,
    price: u64,
    favourite: bool,
}

/// A typed question: the key is made of its fields, whatever is in them.
#[derive(Debug, Clone, KeyPart)]
struct Filter {
    max_price: Option<u64>,
    sort: Sort,
}

#[derive(Debug, Clone, Copy, KeyPart)]
enum Sort {
    Newest,
    Cheapest,
}

#[derive(Debug, Default)]
struct Tables {
    properties: BTreeMap<u64, Property>,
    favourites: BTreeSet<(UserId, u64)>,
}

struct Site {
    tables: Mutex<Tables>,
    queries: AtomicU64,
    cache: CacheManager,
}

impl Site {
    #[cached(prefix = "property", ttl = "24h", negative_ttl = "1m", shared, cache = self.cache)]
    async fn property(&self, id: u64) -> Result<Option<Property>, DbError> {
        Ok(self.query().properties.get(&id).cloned())
    }

    /// Nobody's entries are those of `None`, never of user 0. Ten to a page.
    #[cached(prefix = "properties", ttl = "5m", user = viewer, shared, cache = self.cache)]
    async fn search(
        &self,
        viewer: Option<UserId>,
        city: &str,
        filter: &Filter,
        page: usize,
    ) -> Result<Vec<Property>, DbError> {
        let tables = self.query();
        let wanted = |property: &&Property| {
            property.city == city && filter.max_price.is_none_or(|most| property.price <= most)
        };
        let mut found: Vec<Property> = tables.properties.values().rev().filter(wanted).cloned().collect();
        if let Sort::Cheapest = filter.sort {
            found.sort_by_key(|property| property.price);
        }
        for property in &mut found {
            property.favourite =
                viewer.is_some_and(|viewer| tables.favourites.contains(&(viewer, property.id)));
        }
        Ok(found.into_iter().skip(page * 10).take(10).collect())
    }

    /// A new property concerns the questions about its city; what people typed cannot reach further.
    #[invalidate_cache(self.property(property.id), patterns("properties:*:{property.city}:*"), cache = self.cache)]
    async fn create(&self, property: Property) -> Result<(), DbError> {
        let mut tables = self.query();
        if tables.properties.contains_key(&property.id) {
            return Err(format!("property {} exists", property.id));
        }
        tables.properties.insert(property.id, property);
        Ok(())
    }

    #[invalidate_cache(self.property(id), patterns("properties:*"), cache = self.cache)]
    async fn set_price(&self, id: u64, price: u64) -> Result<(), DbError> {
        let mut tables = self.query();
        tables.properties.get_mut(&id).ok_or("no such property")?.price = price;
        Ok(())
    }

    #[invalidate_cache(self.property(id), all(self.search), cache = self.cache)]
    async fn delete(&self, id: u64) -> Result<(), DbError> {
        self.query().properties.remove(&id).map(drop).ok_or_else(|| "no such property".to_owned())
    }

    /// Concerns the questions of one viewer.
    #[invalidate_cache(patterns("properties:~user:{viewer}:*"), cache = self.cache)]
    async fn like(&self, viewer: UserId, id: u64) -> Result<(), DbError> {
        self.query().favourites.insert((viewer, id));
        Ok(())
    }

    /// Where the database would be; every visit is counted.
    fn query(&self) -> MutexGuard<'_, Tables> {
        self.queries.fetch_add(1, Ordering::Relaxed);
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many visits there were since this was last asked.
    fn visits(&self) -> u64 {
        self.queries.swap(0, Ordering::Relaxed)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let backend = MemoryBackend::builder().max_bytes(32 << 20).build();
    let cache = CacheManager::builder().namespace("site").near(Near::mib(16)).primary(backend).build()?;
    let site = Site { tables: Mutex::default(), queries: AtomicU64::new(0), cache };
    for (id, city, price) in [(1, "Graz", 300), (2, "Graz", 200), (3, "Linz", 100)] {
        site.create(Property { id, city: city.to_owned(), price, favourite: false }).await?;
    }
    let ids = |found: Vec<Property>| found.into_iter().map(|property| property.id).collect::<Vec<_>>();
    let newest = Filter { max_price: None, sort: Sort::Newest };
    let cheap = Filter { max_price: Some(250), sort: Sort::Cheapest };
    site.visits();

    // One visit per viewer and filter.
    for _ in 0..100 {
        assert_eq!(ids(site.search(None, "Graz", &newest, 0).await?), [2, 1]);
        assert_eq!(ids(site.search(Some(0), "Graz", &newest, 0).await?), [2, 1]);
        assert_eq!(ids(site.search(Some(7), "Graz", &cheap, 0).await?), [2]);
        assert_eq!(ids(site.search(Some(7), "Linz", &newest, 0).await?), [3]);
        assert_eq!(site.property(1).await?.map(|property| property.price), Some(300));
        assert_eq!(site.property(9).await?, None);
    }
    println!("600 pages, {} visits to the database", site.queries.load(Ordering::Relaxed));
    assert_eq!(site.visits(), 6);

    // A new one: the city's questions are asked again, Linz is left alone; that 9 is missing is forgotten too.
    site.create(Property { id: 9, city: "Graz".to_owned(), price: 50, favourite: false }).await?;
    assert_eq!(ids(site.search(None, "Graz", &newest, 0).await?), [9, 2, 1]);
    assert_eq!(ids(site.search(Some(7), "Linz", &newest, 0).await?), [3]);
    assert_eq!(site.property(9).await?.map(|property| property.price), Some(50));
    assert_eq!(site.visits(), 3, "the change itself, one question, one entity");

    // A change that fails changes nothing.
    assert!(site.set_price(77, 1).await.is_err());
    assert_eq!(ids(site.search(None, "Graz", &newest, 0).await?), [9, 2, 1]);
    assert_eq!(site.visits(), 1);

    site.set_price(2, 400).await?;
    assert_eq!(ids(site.search(Some(7), "Graz", &cheap, 0).await?), [9]);
    assert_eq!(site.property(2).await?.map(|property| property.price), Some(400));

    // What one viewer likes is nobody else's question. User 7 is not user 77, and `*` is no user.
    for viewer in [7, 77] {
        site.search(Some(viewer), "Graz", &newest, 0).await?;
    }
    site.visits();
    site.like(7, 9).await?;
    assert!(site.search(Some(7), "Graz", &newest, 0).await?.iter().any(|property| property.favourite));
    assert!(!site.search(Some(77), "Graz", &newest, 0).await?.iter().any(|property| property.favourite));
    assert_eq!(site.visits(), 2, "the change itself, and the questions of user 7");

    site.delete(9).await?;
    assert_eq!(site.property(9).await?, None);
    assert_eq!(ids(site.search(Some(7), "Graz", &newest, 0).await?), [2, 1]);

    // Signing out drops all that is stored for a user, under whatever name; an operator drops one entity.
    site.search(Some(77), "Linz", &newest, 0).await?;
    assert_eq!(site.cache.delete_pattern(KeyPattern::for_user(77)?).await?.removed, 1);
    assert_eq!(site.cache.delete_pattern(KeyPattern::for_entity("property", 2)?).await?.removed, 1);
    assert!(site.property_peek(2).await.is_none() && site.property_peek(1).await.is_some());
    println!("{} hits, {} loads", site.cache.stats().hits(), site.cache.stats().loads);
    Ok(())
}
