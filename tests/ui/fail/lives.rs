//! Lives that cannot be, and expressions that cannot see what they mention.

use std::time::Duration;

use larder::cached;

#[cached(ttl = 0)]
async fn zero(id: u64) -> u64 { id }

#[cached(ttl = "0s")]
async fn zero_as_text(id: u64) -> u64 { id }

#[cached(ttl = "0h0m")]
async fn zero_in_parts(id: u64) -> u64 { id }

#[cached(negative_ttl = 0)]
async fn zero_of_absence(id: u64) -> Option<u64> { Some(id) }

#[cached(ttl = -5)]
async fn negative(id: u64) -> u64 { id }

#[cached(ttl = "-5s")]
async fn negative_as_text(id: u64) -> u64 { id }

#[cached(ttl = 0.5)]
async fn a_fraction(id: u64) -> u64 { id }

#[cached(ttl = "1.5h")]
async fn a_fraction_as_text(id: u64) -> u64 { id }

#[cached(ttl = "five minutes")]
async fn in_words(id: u64) -> u64 { id }

#[cached(ttl = "5 parsecs")]
async fn of_an_unknown_unit(id: u64) -> u64 { id }

#[cached(ttl = "")]
async fn empty(id: u64) -> u64 { id }

#[cached(ttl = true)]
async fn of_a_flag(id: u64) -> u64 { id }

#[cached(ttl = 'm')]
async fn of_a_letter(id: u64) -> u64 { id }

#[cached(ttl = 18446744073709551615)]
async fn too_long(id: u64) -> u64 { id }

#[cached(ttl = 99999999999999999999999)]
async fn too_many_digits(id: u64) -> u64 { id }

#[cached(negative_ttl = "soon")]
async fn of_absence_in_words(id: u64) -> Option<u64> { Some(id) }

#[cached(ttl = Duration::from_secs(id))]
async fn of_an_argument(id: u64) -> u64 { id }

#[cached(negative_ttl = Duration::from_secs(id))]
async fn of_absence_of_an_argument(id: u64) -> Option<u64> { Some(id) }

#[cached(jitter = share)]
async fn jitter_of_an_argument(share: f64) -> f64 { share }

#[cached(schema = version)]
async fn schema_of_an_argument(version: u32) -> u32 { version }

#[cached(condition = |user: &u64| *user > id)]
async fn condition_of_an_argument(id: u64) -> u64 { id }

#[cached(ttl_with = |_: &u64| Duration::from_secs(id))]
async fn life_of_a_value_of_an_argument(id: u64) -> u64 { id }

#[cached(ttl = "5m", ttl_with = |user: &u64| Duration::from_secs(*user))]
async fn two_lives(id: u64) -> u64 { id }

struct Users(u64);

impl Users {
    #[cached(shared, ttl = Duration::from_secs(self.0))]
    pub async fn of_self(&self, id: u64) -> u64 { id }
}

fn main() {}
