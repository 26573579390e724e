//! What cannot be cached, and methods that do not say whose entry it is.

use larder::{cached, invalidate_cache};

#[cached]
async unsafe fn not_safe(id: u64) -> u64 { id }

#[cached]
const fn at_compile_time(id: u64) -> u64 { id }

#[cached]
struct User { id: u64 }

#[cached]
const LIMIT: u64 = 7;

#[invalidate_cache(user(id))]
mod users {}

#[invalidate_cache(user(id))]
impl User {}

#[cached]
async fn returns_a_borrow(name: &str) -> &str { name }

#[cached]
async fn returns_a_named_borrow<'a>(name: &'a str) -> Option<std::borrow::Cow<'a, str>> { Some(name.into()) }

#[cached]
fn returns_a_borrow_at_once(name: &str) -> Option<&str> { Some(name) }

#[cached]
async fn returns_an_opaque_type(id: u64) -> impl std::fmt::Display { id }

#[cached]
fn returns_a_future(id: u64) -> impl Future<Output = u64> { async move { id } }

#[cached(format = "json")]
fn format_of_a_synchronous_one(id: u64) -> u64 { id }

#[cached(schema = 2, immutable)]
fn schema_of_a_synchronous_one(id: u64) -> u64 { id }

#[cached(shared)]
async fn shared_without_self(id: u64) -> u64 { id }

struct Users(u64);

impl Users {
    #[cached]
    async fn undecided(&self, id: u64) -> u64 { id }

    #[cached(key(id))]
    async fn undecided_with_a_key(&self, id: u64) -> u64 { id + self.0 }

    #[cached]
    fn undecided_at_once(&self, id: u64) -> u64 { id }

    #[cached(skip(self))]
    async fn skipped(&self, id: u64) -> u64 { id }

    #[cached(shared, key(self.0, id))]
    async fn shared_and_in_the_key(&self, id: u64) -> u64 { id }

    #[cached(shared, user = self.0)]
    async fn shared_and_in_a_scope(&self, id: u64) -> u64 { id }

    #[cached(shared, assoc)]
    async fn associated_with_self(&self, id: u64) -> u64 { id }
}

trait Declared {
    #[cached]
    async fn declared(&self, id: u64) -> u64;

    #[invalidate_cache(user(id))]
    fn declared_too(&self, id: u64);
}

trait Native {
    async fn user(&self, id: u64) -> u64;
    fn at_once(&self, id: u64) -> u64;
    async fn by_nobody() -> u64;
}

impl Native for Users {
    #[cached(shared)]
    async fn user(&self, id: u64) -> u64 { id }

    #[cached(key(self.0, id))]
    fn at_once(&self, id: u64) -> u64 { id }

    #[cached(assoc)]
    async fn by_nobody() -> u64 { 7 }
}

#[async_trait::async_trait]
trait Boxed {
    async fn boxed(&self, id: u64) -> u64;
}

#[async_trait::async_trait]
impl Boxed for Users {
    #[cached(shared)]
    async fn boxed(&self, id: u64) -> u64 { id }
}

fn main() {}
