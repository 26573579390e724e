//! Generic functions, generic impls, and what keeps their instantiations apart.

use std::fmt::Display;
use std::sync::Arc;

use larder::{KeyPart, Outcome, cached};

use crate::{FAR, fresh};

trait Source: Send + Sync {
    const NAME: &'static str;
}

struct Real;
struct Mock;

impl Source for Real {
    const NAME: &'static str = "real";
}

impl Source for Mock {
    const NAME: &'static str = "mock";
}

#[cached(skip(client), cache = FAR, prefix = "read")]
async fn read<S: Source>(client: Arc<S>, id: u64) -> String
where
    S: 'static,
{
    let _ = client;
    format!("{} {id} {}", S::NAME, fresh())
}

#[tokio::test]
async fn a_mock_and_the_real_one_do_not_share() {
    let real = read(Arc::new(Real), 1).await;
    let mock = read(Arc::new(Mock), 1).await;
    assert!(real.starts_with("real") && mock.starts_with("mock"));
    assert_eq!((read(Arc::new(Real), 1).await, read(Arc::new(Mock), 1).await), (real.clone(), mock));
    assert_eq!(read_peek::<Real>(1).await, Some(real));
    assert_eq!(read_invalidate::<Mock>(1).await.unwrap().removed, 1);
    assert!(read_peek::<Mock>(1).await.is_none() && read_peek::<Real>(1).await.is_some());
    assert_eq!(read_cache_key::<Real>(1).as_str(), "t:d:read<macros.generics.Real>:1");
}

#[cached(cache = FAR)]
async fn typed<T: KeyPart + Display + Sync>(value: &T) -> String {
    format!("{value} {}", fresh())
}

#[tokio::test]
async fn types_are_told_apart() {
    let number = typed(&1_u64).await;
    assert_eq!(typed(&1_u64).await, number);
    assert_ne!(typed(&1_u8).await, number);
    assert_ne!(typed(&"1").await, number);
    assert_eq!(typed_peek(&1_u64).await, Some(number));
}

#[cached(cache = FAR)]
async fn sized<const N: usize, const LOUD: bool>(id: u64) -> String {
    format!("{N} {LOUD} {id} {}", fresh())
}

#[tokio::test]
async fn constants_are_told_apart() {
    let first = sized::<3, true>(1).await;
    assert!(first.starts_with("3 true 1"));
    assert_eq!(sized::<3, true>(1).await, first);
    assert!(sized::<4, true>(1).await.starts_with("4 true 1"));
    assert!(sized::<3, false>(1).await.starts_with("3 false 1"));
}

#[cached(skip(source), cache = FAR)]
async fn anonymous(source: &impl Source, name: impl AsRef<str> + KeyPart) -> String {
    fn name_of<S: Source>(_: &S) -> &'static str {
        S::NAME
    }
    format!("{} {} {}", name_of(source), name.as_ref(), fresh())
}

#[tokio::test]
async fn impl_trait_arguments_are_told_apart() {
    let real = anonymous(&Real, "x").await;
    assert!(real.starts_with("real x"));
    assert_eq!(anonymous(&Real, "x").await, real);
    assert!(anonymous(&Mock, "x").await.starts_with("mock x"));
    assert!(anonymous(&Real, String::from("y")).await.starts_with("real y"));
    assert_eq!(anonymous_peek::<Real>("x").await, Some(real));
}

struct Table<T> {
    rows: Vec<T>,
}

impl<T: Clone + Send + Sync + serde::Serialize + serde::de::DeserializeOwned + 'static> Table<T> {
    #[cached(shared, cache = FAR, prefix = "row")]
    async fn row(&self, index: usize) -> Option<T> {
        self.rows.get(index).cloned()
    }

    #[cached(shared, local)]
    async fn with<U: Outcome>(&self, _index: usize, value: Hidden<U>) -> U {
        value.0
    }
}

#[derive(KeyPart)]
struct Hidden<U>(#[key_part(skip)] U);

#[tokio::test]
async fn instantiations_of_a_type_are_told_apart() {
    crate::switch_on();
    let (numbers, texts) = (Table { rows: vec![1_u8] }, Table { rows: vec!["one".to_owned()] });
    assert_eq!(numbers.row(0).await, Some(1));
    assert_eq!(texts.row(0).await.as_deref(), Some("one"));
    assert_eq!((Table { rows: vec![9_u8] }).row(0).await, Some(1));
    assert_eq!(numbers.row(7).await, None);
    assert_eq!(numbers.row_cache_key(0).as_str(), "t:d:row<macros.generics.Table<u8>>:0usize");

    assert_eq!(numbers.with(0, Hidden(1_u8)).await, 1);
    assert_eq!(numbers.with(0, Hidden(2_u8)).await, 1);
    assert_eq!(numbers.with(0, Hidden('c')).await, 'c');
    assert_eq!(texts.with(0, Hidden(3_u8)).await, 3);
}

#[cached(cache = FAR)]
async fn borrowing<'a, 'b: 'a>(left: &'a str, right: &'b [&'a str], whole: Option<&str>) -> u64
where
    'b: 'a,
{
    let _ = (left, right, whole);
    fresh()
}

#[tokio::test]
async fn arguments_may_be_borrowed() {
    let first = borrowing("a", &["b", "c"], Some("d")).await;
    let (left, right) = (String::from("a"), [String::from("b"), String::from("c")]);
    let right: Vec<&str> = right.iter().map(String::as_str).collect();
    assert_eq!(borrowing(&left, &right, Some("d")).await, first);
    assert_ne!(borrowing("a", &["b,c"], Some("d")).await, first);
    assert_eq!(borrowing_peek(&left, &right, Some("d")).await, Some(first));
}
