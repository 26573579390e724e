//! Functions that are generic over what they return, and do not say that it is an outcome.

use larder::{Outcome, cached};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

#[cached(skip(value))]
async fn a_parameter<R: Clone + Send + Sync + Serialize + DeserializeOwned + 'static>(id: u64, value: R) -> R { let _ = id; value }

#[cached(local, skip(value))]
async fn of_a_local_function<R: Clone + Send + Sync + Unpin + 'static>(id: u64, value: R) -> R { let _ = id; value }

#[cached(skip(value))]
fn on_a_thread<R: Clone + Send + Sync + 'static>(id: u64, value: R) -> R { let _ = id; value }

trait Source { type Out: Clone + Send + Sync + Serialize + DeserializeOwned + 'static; }

#[cached(skip(value))]
async fn projected<S: Source>(id: u64, value: S::Out) -> S::Out { let _ = id; value }

#[cached(skip(value))]
async fn projected_at_length<S: Source>(id: u64, value: S::Out) -> <S as Source>::Out { let _ = id; value }

struct Table<T>(T);

impl<T: Clone + Send + Sync + Serialize + DeserializeOwned + 'static> Table<T> {
    #[cached(shared)]
    async fn a_parameter_of_the_block(&self, id: u64) -> T { let _ = id; self.0.clone() }
}

trait Reads { type Out; async fn read(&self, id: u64) -> Self::Out; }

impl<T: Clone + Send + Sync + Serialize + DeserializeOwned + 'static> Reads for Table<T> {
    type Out = T;

    #[cached(shared, companions = "none")]
    async fn read(&self, id: u64) -> Self::Out { let _ = id; self.0.clone() }
}

#[cached(skip(value), timeout = "1s")]
async fn cannot_say_that_it_is_late<R: Outcome>(id: u64, value: R) -> R { let _ = id; value }

#[cached(skip(value), cache_none)]
async fn cannot_say_that_there_is_none<R: Outcome>(id: u64, value: R) -> R { let _ = id; value }

struct Bare;

fn outcome<R: Outcome>() {}

fn chosen() { outcome::<Bare>(); }

#[derive(Serialize, Deserialize, Outcome)]
struct NoClone(u64);

#[derive(Clone, Serialize, Deserialize, Outcome)]
#[outcome(skip)]
struct WithAnotherAttribute(u64);

fn main() {}
