//! Return types and selves that do not fit a limit, a window or a load that goes on by itself.

use larder::cached;

#[cached(timeout = "1s")]
async fn cannot_say_that_it_is_late(id: u64) -> Option<u64> { Some(id) }

#[cached(max_load_time = "1s")]
async fn has_an_error_of_its_own(id: u64) -> Result<u64, String> { Ok(id) }

#[cached(stale_if_error = "1h", stale_if = |error: &u8| *error > 7)]
async fn another_error(id: u64) -> Result<u64, String> { Ok(id) }

#[cached(stale_if_error = "1h", stale_if = |_| true)]
async fn no_error_at_all(id: u64) -> u64 { id }

#[cached(refresh_ahead = std::time::Duration::MAX)]
async fn refreshed_at_another_type(id: u64) -> u64 { id }

struct NoClone(u64);

impl NoClone {
    #[cached(detach, key(self.0))]
    async fn self_cannot_be_cloned(&self) -> u64 { self.0 }
}

#[cached(keep_warm = "1h", skip(argument))]
async fn an_argument_cannot_be_cloned(id: u64, argument: NoClone) -> u64 { id + argument.0 }

fn main() {}
