//! What `secure` does not go with.

use larder::cached;

#[cached(secure, local)]
async fn sealed_and_kept_here(id: u64) -> u64 { id }

#[cached(secure, stale_if_error = "1h")]
async fn secure_and_served_after_its_life(id: u64) -> Result<u64, String> { Ok(id) }

#[cached(stale_while_revalidate = "1h", secure(near))]
async fn secure_and_served_while_it_is_refreshed(id: u64) -> u64 { id }

#[cached(secure)]
fn secure_without_a_byte_tier(id: u64) -> u64 { id }

#[cached(near)]
async fn near_without_need(id: u64) -> u64 { id }

#[cached(secure = true)]
async fn secure_with_a_value(id: u64) -> u64 { id }

#[cached(secure(far))]
async fn secure_where(id: u64) -> u64 { id }

#[cached(secure())]
async fn secure_nowhere(id: u64) -> u64 { id }

fn main() {}
