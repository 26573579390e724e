//! `#[cached(impl)]` on blocks that it cannot be for.

use larder::cached;

struct Users(u64);

#[cached]
impl Users {
    #[cached(shared)]
    async fn without_impl(&self, id: u64) -> u64 { id }
}

#[cached(impl, ttl = "5m")]
impl Users {
    #[cached(shared)]
    async fn options_on_the_block(&self, id: u64) -> u64 { id }
}

#[cached(impl)]
impl Users {
    async fn nothing_is_marked(&self, id: u64) -> u64 { id }
}

#[cached(impl)]
impl Users {
    #[cached(shared, tll = 5)]
    async fn wrong_inside(&self, id: u64) -> u64 { id }

    #[cached]
    async fn undecided_inside(&self, id: u64) -> u64 { id }

    #[cached = "5m"]
    async fn misshaped_inside(id: u64) -> u64 { id }
}

trait Convert<T> {
    async fn convert(&self, id: u64) -> T;
}

#[cached(impl)]
impl<T: Default> Convert<T> for Users {
    #[cached(shared)]
    async fn convert(&self, id: u64) -> T { let _ = id; T::default() }
}

#[async_trait::async_trait]
trait Boxed {
    async fn boxed(&self, id: u64) -> u64;
}

#[async_trait::async_trait]
#[cached(impl)]
impl Boxed for Users {
    #[cached(shared)]
    async fn boxed(&self, id: u64) -> u64 { id }
}

fn main() {}
