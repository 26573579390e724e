//! Limits and windows that mean nothing, and loads that cannot own what they need.

use std::time::Duration;

use larder::cached;

type Answer = Result<u64, larder::Error>;

#[cached(timeout = 0)]
async fn a_limit_of_zero(id: u64) -> Answer { Ok(id) }

#[cached(max_load_time = "never")]
async fn a_limit_without_end(id: u64) -> Answer { Ok(id) }

#[cached(soft_timeout = "soon")]
async fn a_limit_in_words(id: u64) -> Answer { Ok(id) }

#[cached(timeout)]
async fn a_limit_without_a_value(id: u64) -> Answer { Ok(id) }

#[cached(timeout = Duration::from_secs(id))]
async fn a_limit_of_an_argument(id: u64) -> Answer { Ok(id) }

#[cached(timeout = "1s", soft_timeout = "2s")]
async fn a_soft_limit_behind_the_hard_one(id: u64) -> Answer { Ok(id) }

#[cached(stale_if_error = "0s")]
async fn a_window_of_zero(id: u64) -> Answer { Ok(id) }

#[cached(stale_while_revalidate = -1)]
async fn a_window_below_zero(id: u64) -> Answer { Ok(id) }

#[cached(never_stale, stale_if_error = "1h")]
async fn never_and_after_all(id: u64) -> Answer { Ok(id) }

#[cached(stale_if = |error: &larder::Error| error.is_outage())]
async fn which_errors_without_a_window(id: u64) -> Answer { Ok(id) }

#[cached(stale_if_error = "1h", stale_if = |_: &larder::Error| id > 7)]
async fn which_errors_of_an_argument(id: u64) -> Answer { Ok(id) }

#[cached(refresh_ahead = 1.0)]
async fn refreshed_at_the_end(id: u64) -> Answer { Ok(id) }

#[cached(refresh_ahead = "80%")]
async fn refreshed_at_a_text(id: u64) -> Answer { Ok(id) }

#[cached(detach = true)]
async fn detached_of_another_shape(id: u64) -> Answer { Ok(id) }

#[cached(detach)]
async fn detached_with_a_nested_borrow(name: Option<&str>) -> Answer { Ok(name.map_or(0, str::len) as u64) }

#[cached(stale_while_revalidate = "1m")]
async fn revalidated_with_a_lifetime<'a>(name: std::borrow::Cow<'a, str>) -> Answer { Ok(name.len() as u64) }

#[cached(refresh_ahead = 0.8, skip(names))]
async fn refreshed_with_a_mutable_borrow(names: &mut Vec<u64>) -> Answer { Ok(names.len() as u64) }

#[cached(timeout = "1s", detach)]
fn at_once(id: u64) -> Answer { Ok(id) }

#[cached(keep_warm = 0)]
async fn kept_warm_for_nothing(id: u64) -> Answer { Ok(id) }

#[cached(keep_warm)]
async fn kept_warm_for_how_long(id: u64) -> Answer { Ok(id) }

#[cached(keep_warm = "1h", ttl = "never")]
async fn kept_warm_for_ever(id: u64) -> Answer { Ok(id) }

#[cached(keep_warm = "1h", secure)]
async fn kept_warm_nowhere(id: u64) -> Answer { Ok(id) }

#[cached(keep_warm = Duration::from_secs(id))]
async fn kept_warm_by_an_argument(id: u64) -> Answer { Ok(id) }

#[cached(keep_warm = "1h", batch = ids)]
async fn kept_warm_by_the_dozen(ids: Vec<u64>) -> Result<std::collections::HashMap<u64, u64>, larder::Error> {
    Ok(ids.into_iter().map(|id| (id, id)).collect())
}

#[cached(keep_warm = "1h")]
fn kept_warm_at_once(id: u64) -> Answer { Ok(id) }

struct Users(u64);

impl Users {
    #[cached(detach, key(self.0))]
    pub async fn detached_with_a_mutable_self(&mut self) -> Answer { Ok(self.0) }

    #[cached(detach, key(self.0), companions = "none")]
    pub async fn detached_alone(&self) -> Answer { Ok(self.0) }
}

fn main() {}
