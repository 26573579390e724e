//! Batches that list no ids, or want what a batch cannot do.

use std::collections::HashMap;

use larder::cached;

#[cached(batch = idd)]
async fn mistyped(ids: Vec<u64>) -> Vec<u64> { ids }

#[cached(batch = ids)]
async fn no_list(ids: u64) -> Vec<u64> { vec![ids] }

#[cached(batch = ids)]
async fn a_set(ids: std::collections::BTreeSet<u64>) -> Vec<u64> { ids.into_iter().collect() }

#[cached(batch = ids)]
async fn a_slice_to_write(ids: &mut [u64]) -> Vec<u64> { ids.to_vec() }

#[cached(batch("ids"))]
async fn of_another_shape(ids: Vec<u64>) -> Vec<u64> { ids }

#[cached(batch = self.ids)]
async fn of_an_expression(ids: Vec<u64>) -> Vec<u64> { ids }

#[cached(batch = ids, skip(ids))]
async fn skipped(ids: Vec<u64>) -> Vec<u64> { ids }

#[cached(batch = ids, key(tenant), skip(ids))]
async fn not_in_the_key(tenant: u64, ids: Vec<u64>) -> Vec<u64> { let _ = tenant; ids }

#[cached(batch = ids, user = ids)]
async fn of_many_users(ids: Vec<u64>) -> Vec<u64> { ids }

#[cached(batch = ids)]
fn at_once(ids: Vec<u64>) -> Vec<u64> { ids }

#[cached(batch = ids, detach, stale_if_error = "1h", soft_timeout = "1s", stale_while_revalidate = "1m", refresh_ahead = 0.8)]
async fn with_windows(ids: Vec<u64>) -> Vec<u64> { ids }

#[cached(batch = ids, condition = |id: &u64| *id > 0, bypass = ids.is_empty(), refresh = false)]
async fn with_decisions(ids: Vec<u64>) -> Vec<u64> { ids }

#[cached(batch = ids, ttl_with = |_: &u64| larder::Ttl::Never)]
async fn with_lives(ids: Vec<u64>) -> Vec<u64> { ids }

#[cached(batch = ids, companions = "none")]
async fn alone(ids: Vec<u64>) -> Vec<u64> { ids }

#[cached(batch_chunk = 10)]
async fn chunks_of_nothing(id: u64) -> u64 { id }

#[cached(batch = ids, batch_chunk = 0)]
async fn chunks_of_none(ids: Vec<u64>) -> Vec<u64> { ids }

#[cached(batch = ids, batch_chunk = "10")]
async fn chunks_in_quotes(ids: Vec<u64>) -> Vec<u64> { ids }

#[cached(batch = ids, batch = more)]
async fn two(ids: Vec<u64>, more: Vec<u64>) -> Vec<u64> { let _ = more; ids }

struct Repo;

impl Repo {
    #[cached(batch = ids, shared)]
    async fn of_a_moved_self(self, ids: Vec<u64>) -> Vec<u64> { ids }
}

fn main() { let _ = HashMap::<u8, u8>::new(); }
