//! Thirty shapes of functions: each is cached, and its future stays small: what a miss needs is boxed then.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;

use larder::{KeyPart, cached};

use crate::{FAR, fresh};

/// Two calls give one value, and a future has at most so many bytes.
async fn is_cached<T: PartialEq + std::fmt::Debug, F: Future<Output = T>>(
    bound: usize,
    call: impl Fn() -> F,
) {
    let (first, second) = (call(), call());
    assert!(size_of_val(&first) <= bound, "{} bytes, at most {bound} were meant", size_of_val(&first));
    let first = first.await;
    assert_eq!(second.await, first);
}

#[derive(KeyPart, Clone, Copy)]
struct Id(u64);

#[derive(KeyPart, Clone)]
enum Scope {
    Everybody,
    One { id: Id, name: String },
}

#[derive(Clone)]
struct Point {
    x: i32,
    y: i32,
}

type Answer<T> = std::result::Result<T, String>;

#[cached(cache = FAR)]
async fn nothing() -> u64 {
    fresh()
}

#[cached(cache = FAR)]
async fn number(id: u64) -> u64 {
    id + fresh()
}

#[cached(cache = FAR)]
async fn text(name: &str) -> String {
    format!("{name}{}", fresh())
}

#[cached(cache = FAR)]
async fn owned(name: String) -> String {
    name + &fresh().to_string()
}

#[cached(cache = FAR)]
async fn both(id: u64, name: &str) -> Answer<String> {
    Ok(format!("{id}{name}{}", fresh()))
}

#[cached(cache = FAR)]
async fn optional(id: Option<u64>, name: Option<&str>) -> Option<u64> {
    Some(id? + name?.len() as u64 + fresh())
}

#[cached(cache = FAR)]
async fn early(id: u64) -> Answer<Option<u64>> {
    if id == 7 {
        return Ok(Some(fresh()));
    }
    let number: u64 = "5".parse().map_err(|_| String::new())?;
    Ok(Some(number))
}

#[cached(cache = FAR)]
async fn slices(ids: &[u64], names: &[&str]) -> u64 {
    ids.len() as u64 + names.len() as u64 + fresh()
}

#[cached(cache = FAR)]
async fn sequences(ids: Vec<u64>, pairs: BTreeMap<String, u8>, array: [u8; 3]) -> u64 {
    ids.len() as u64 + pairs.len() as u64 + u64::from(array[0]) + fresh()
}

#[cached(cache = FAR)]
async fn tuples((a, b): (u8, u8), pair: (&str, bool)) -> u64 {
    u64::from(a + b) + u64::from(pair.1) + fresh()
}

#[cached(key(x, y), cache = FAR)]
async fn destructured(Point { x, y }: Point) -> i64 {
    i64::from(x + y) + fresh().cast_signed()
}

#[cached(cache = FAR)]
async fn changed(mut id: u64, mut name: String) -> String {
    id += fresh();
    name.push_str(&id.to_string());
    name
}

#[cached(cache = FAR)]
async fn ignored(_: u64, _name: &str) -> u64 {
    fresh()
}

#[cached(cache = FAR)]
async fn floats(at: f64, near: f32) -> u64 {
    (at + f64::from(near)).to_bits() ^ fresh()
}

#[cached(cache = FAR)]
async fn derived(id: Id, scope: &Scope) -> u64 {
    let _ = scope;
    id.0 + fresh()
}

#[cached(cache = FAR)]
async fn clever(name: Cow<'_, str>, shared: Arc<str>, boxed: Box<u64>) -> String {
    format!("{name}{shared}{boxed}{}", fresh())
}

#[cached(cache = FAR)]
async fn generic<T: KeyPart + Display + Sync>(value: &T) -> String {
    format!("{value}{}", fresh())
}

#[cached(skip(source), cache = FAR)]
async fn skipped<S>(source: &S, id: u64) -> u64
where
    S: AsRef<[u64]> + Sync + ?Sized,
{
    source.as_ref().iter().sum::<u64>() + id + fresh()
}

#[cached(cache = FAR)]
async fn constant<const N: usize>(bytes: [u8; N]) -> usize {
    bytes.len() + usize::try_from(fresh()).unwrap()
}

#[cached(cache = FAR)]
async fn lifetimes<'a, 'b: 'a>(left: &'a str, right: &'b [&'a str]) -> u64 {
    (left.len() + right.len()) as u64 + fresh()
}

#[cached(cache = FAR)]
async fn anonymous(name: impl AsRef<str> + KeyPart, id: impl Into<u64> + KeyPart) -> String {
    format!("{}{}{}", name.as_ref(), id.into(), fresh())
}

#[cached(cache = FAR)]
async fn recursive(n: u64) -> u64 {
    if n < 2 { n + fresh() } else { Box::pin(recursive(n - 1)).await.wrapping_add(recursive(n - 2).await) }
}

#[cached(local)]
async fn shared(id: u64) -> Arc<[u64]> {
    Arc::from(vec![id, fresh()])
}

#[cached(skip(make), cache = FAR)]
async fn closure(make: impl Fn() -> u64 + Send + Sync, id: u64) -> u64 {
    make() + id + fresh()
}

#[cached(key = "{id}:{name}", cache = FAR)]
async fn template(id: u64, name: &str) -> String {
    format!("{id}{name}{}", fresh())
}

/// It awaits, and holds a buffer over it: the body's own size is not the caller's.
#[cached(cache = FAR)]
async fn heavy(id: u64) -> u64 {
    let buffer = [id; 512];
    tokio::task::yield_now().await;
    buffer.iter().sum::<u64>() + fresh()
}

/// A value of its own size is in the future once, as in any that returns it.
#[cached(local)]
async fn large(id: u64) -> [u64; 64] {
    [id + fresh(); 64]
}

#[cached(bypass = id == 0, refresh = force, key(id), cache = FAR)]
async fn decided(id: u64, force: bool) -> u64 {
    id + u64::from(force) + fresh()
}

struct Repo {
    id: u64,
}

struct Table<T>(T);

trait Rows {
    async fn row(&self, id: u64) -> String;
}

impl Repo {
    #[cached(key(self.id, page), cache = FAR)]
    async fn method(&self, page: u32) -> u64 {
        self.id + u64::from(page) + fresh()
    }

    #[cached(shared, cache = FAR)]
    async fn by_arc(self: Arc<Self>, page: u32) -> u64 {
        self.id + u64::from(page) + fresh()
    }

    #[cached(key(self.id), cache = FAR)]
    async fn by_value(self) -> u64 {
        self.id + fresh()
    }

    #[cached(key(self.id), cache = FAR)]
    async fn by_mut(&mut self) -> u64 {
        self.id + fresh()
    }

    #[cached(cache = FAR)]
    async fn associated(id: u64) -> u64 {
        Self { id }.id + fresh()
    }
}

impl<T: Display + Sync> Table<T> {
    #[cached(shared, cache = FAR)]
    async fn generic_impl<U: KeyPart + Sync>(&self, value: &U) -> String {
        let _ = value;
        format!("{}{}", self.0, fresh())
    }
}

impl<T: Display> Rows for Table<T> {
    #[cached(companions = "none", shared, cache = FAR)]
    async fn row(&self, id: u64) -> String {
        format!("{}{id}{}", self.0, fresh())
    }
}

#[tokio::test]
async fn arguments_of_every_shape() {
    is_cached(16, nothing).await;
    is_cached(32, || number(7)).await;
    is_cached(32, || text("a")).await;
    is_cached(64, || owned("a".to_owned())).await;
    is_cached(48, || both(7, "a")).await;
    is_cached(80, || optional(Some(7), Some("a"))).await;
    is_cached(32, || early(7)).await;
    is_cached(48, || slices(&[7], &["a"])).await;
    is_cached(120, || sequences(vec![7], BTreeMap::from([("a".to_owned(), 1)]), [1, 2, 3])).await;
    is_cached(64, || tuples((1, 2), ("a", true))).await;
    is_cached(32, || destructured(Point { x: 1, y: 2 })).await;
    is_cached(80, || changed(7, "a".to_owned())).await;
    is_cached(48, || ignored(7, "a")).await;
    is_cached(40, || floats(0.5, 1.0)).await;
    is_cached(40, || derived(Id(7), &Scope::Everybody)).await;
    let one = Scope::One { id: Id(1), name: "a".to_owned() };
    is_cached(40, || derived(Id(7), &one)).await;
    is_cached(112, || clever(Cow::Borrowed("a"), Arc::from("b"), Box::new(7))).await;
    is_cached(48, || template(7, "a")).await;
    is_cached(32, || decided(7, false)).await;
}

#[tokio::test]
async fn generics_of_every_shape() {
    is_cached(32, || generic(&7_u64)).await;
    is_cached(48, || skipped(&[1_u64, 2][..], 7)).await;
    is_cached(16, || constant([1, 2, 3])).await;
    is_cached(48, || lifetimes("a", &["b"])).await;
    is_cached(56, || anonymous("a", 7_u32)).await;
    is_cached(32, || closure(|| 1, 7)).await;
}

#[tokio::test]
async fn bodies_of_every_shape() {
    crate::switch_on();
    is_cached(32, || recursive(20)).await;
    is_cached(32, || shared(7)).await;
    is_cached(32, || heavy(7)).await;
    is_cached(32, || large(7)).await;
}

#[tokio::test]
async fn methods_of_every_shape() {
    let repo = Repo { id: 7 };
    is_cached(32, || repo.method(1)).await;
    is_cached(40, || Arc::new(Repo { id: 7 }).by_arc(1)).await;
    is_cached(32, || Repo { id: 7 }.by_value()).await;
    is_cached(32, || Repo::associated(7)).await;
    let table = Table("x");
    is_cached(40, || table.generic_impl(&7_u8)).await;
    is_cached(40, || table.row(7)).await;
    let mut repo = Repo { id: 8 };
    let first = repo.by_mut().await;
    assert_eq!(repo.by_mut().await, first);
}
