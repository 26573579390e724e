//! What enters the key.

use larder::cached;

use crate::{FAR, TIERED, fresh};

#[cached]
async fn by_all(_name: &str, _page: Option<u32>) -> u64 {
    fresh()
}

#[tokio::test]
async fn every_argument_counts_unless_said() {
    crate::switch_on();
    let ann = by_all("ann", None).await;
    assert_eq!(by_all("ann", None).await, ann);
    assert_eq!(by_all(&String::from("ann"), None).await, ann);
    for (name, page) in [("ann", Some(0)), ("ann", Some(1)), ("", None), ("bob", None)] {
        assert_ne!(by_all(name, page).await, ann, "{name:?} {page:?}");
    }
}

struct Request {
    trace: String,
    tenant: u32,
}

#[cached(key(request.tenant, id), skip(db), cache = &*FAR, prefix = "report")]
async fn by_field(db: &std::cell::OnceCell<u8>, request: &Request, id: String) -> u64 {
    let _ = (db, &request.trace, id);
    fresh()
}

#[tokio::test]
async fn a_key_of_expressions_ignores_the_rest() {
    let (db, request) = (std::cell::OnceCell::new(), |tenant| Request { trace: fresh().to_string(), tenant });
    let first = by_field(&db, &request(1), "x".to_owned()).await;
    assert_eq!(by_field(&db, &request(1), "x".to_owned()).await, first);
    assert_ne!(by_field(&db, &request(2), "x".to_owned()).await, first);
    assert_ne!(by_field(&db, &request(1), "y".to_owned()).await, first);
    assert_eq!(by_field_cache_key(&request(1), "x".to_owned()).as_str(), "t:d:report:1u32:x");
}

#[cached(key = "{tenant}:{id}:v-1:n{id}", cache = FAR, prefix = "doc:page")]
async fn by_template(tenant: &str, id: u64) -> u64 {
    let _ = (tenant, id);
    fresh()
}

#[tokio::test]
async fn a_template_is_parts_and_never_joins_them() {
    assert_eq!(by_template_cache_key("acme", 7).as_str(), "t:d:doc:page:acme:7:v-1:(n,7)");
    assert_eq!(by_template_cache_key("a:b", 7).as_str(), "t:d:doc:page:a%3Ab:7:v-1:(n,7)");
    let first = by_template("acme", 7).await;
    assert_eq!(by_template("acme", 7).await, first);
    assert_ne!(by_template("acme:7", 7).await, first);
}

#[cached(key(name.to_lowercase().trim(), *flag, LIMIT, number as u8, format!("{name}")), cache = FAR, prefix = "c")]
async fn by_computation(name: String, flag: &bool, number: u64) -> u64 {
    let _ = (name, flag, number);
    fresh()
}

const LIMIT: usize = 3;

#[tokio::test]
async fn a_part_may_be_computed() {
    let key = |name: &str, flag| by_computation_cache_key(name.to_owned(), &flag, 257);
    assert_eq!(key("Ann", true).as_str(), "t:d:c:ann:true:3usize:1u8:Ann");
    let first = by_computation("Ann".to_owned(), &true, 257).await;
    assert_eq!(by_computation("Ann".to_owned(), &true, 1).await, first);
    assert_ne!(by_computation("Ann".to_owned(), &false, 1).await, first);
}

#[cached(key(left, size), skip(tag), cache = FAR, prefix = "p")]
async fn by_pattern((left, _): (u64, u64), Size { size, .. }: Size, (tag, ..): (u8, u8)) -> u64 {
    let _ = (left, size, tag);
    fresh()
}

#[derive(Clone, Copy)]
struct Size {
    size: u64,
    unit: u8,
}

#[tokio::test]
async fn a_part_may_be_bound_by_a_pattern() {
    let size = |size| Size { size, unit: 0 };
    assert_eq!(by_pattern_cache_key((1, 2), size(3)).as_str(), "t:d:p:1:3");
    let first = by_pattern((1, 2), size(3), (0, 0)).await;
    assert_eq!(by_pattern((1, 9), size(3), (1, 1)).await, first);
    assert_ne!(by_pattern((2, 2), size(3), (0, 0)).await, first);
}

#[cached(prefix = "q")]
async fn by_whole_pattern((_left, _right): (u64, u64), _: u8) -> u64 {
    fresh()
}

#[tokio::test]
async fn a_pattern_counts_as_a_whole() {
    crate::switch_on();
    let first = by_whole_pattern((1, 2), 3).await;
    assert_eq!(by_whole_pattern((1, 2), 3).await, first);
    for (pair, other) in [((1, 3), 3), ((2, 2), 3), ((1, 2), 4)] {
        assert_ne!(by_whole_pattern(pair, other).await, first);
    }
}

#[cached(cache = TIERED)]
async fn by_nothing() -> u64 {
    fresh()
}

#[tokio::test]
async fn a_function_without_arguments_has_one_entry() {
    assert_eq!(by_nothing().await, by_nothing().await);
    assert_eq!(by_nothing_cache_key().as_str(), "t:d:macros.keys.by_nothing");
}

mod other {
    #[larder::cached(cache = crate::FAR)]
    pub(super) async fn by_nothing() -> u64 {
        crate::fresh()
    }
}

async fn nested() -> u64 {
    #[cached(cache = FAR)]
    async fn by_nothing() -> u64 {
        fresh()
    }
    by_nothing().await
}

#[tokio::test]
async fn functions_of_one_name_do_not_share() {
    let all = [other::by_nothing().await, nested().await, by_nothing().await];
    let again = [other::by_nothing().await, nested().await, by_nothing().await];
    assert_eq!(all, again);
    assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2]);
}
