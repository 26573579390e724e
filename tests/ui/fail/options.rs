//! Options that there are not, or that are not written like this.

use larder::cached;

#[cached(color = 3)]
async fn unknown(id: u64) -> u64 { id }

#[cached(tll = "5m", cachenone)]
async fn misspelled(id: u64) -> u64 { id }

#[cached(prefx = "user", skp(id), condtion = is_good, companion = "none", jiter = 0.1, scheme = 2, forma = "json")]
async fn misspelled_otherwise(id: u64) -> u64 { id }

#[cached(sensitve(id), bypas = true, refesh = true, tenent = id, usr = id, ttl_wth = life)]
async fn misspelled_again(id: u64) -> u64 { id }

#[cached("5m")]
async fn positional(id: u64) -> u64 { id }

#[cached(300)]
async fn positional_number(id: u64) -> u64 { id }

#[cached(ttl = )]
async fn without_a_value(id: u64) -> u64 { id }

#[cached(ttl = "5m" local)]
async fn without_a_comma(id: u64) -> u64 { id }

#[cached(ttl: "5m")]
async fn with_a_colon(id: u64) -> u64 { id }

#[cached(ttl == "5m")]
async fn with_two_signs(id: u64) -> u64 { id }

#[cached(larder::ttl = "5m")]
async fn with_a_path(id: u64) -> u64 { id }

#[cached(ttl = 60, ttl = 70)]
async fn twice(id: u64) -> u64 { id }

#[cached(local, prefix = "a", local, skip(id), prefix = "b", skip(id))]
async fn twice_of_each_shape(id: u64) -> u64 { id }

#[cached(ttl, local = true, prefix(user), key, skip = id, cache_none("1m"))]
async fn of_another_shape(id: u64) -> u64 { id }

#[cached(shared = true, assoc(), immutable = 1, condition, bypass(id), refresh, user(id), tenant, sensitive = id)]
async fn of_yet_another_shape(id: u64) -> u64 { id }

#[cached(ttl_with("1m"), negative_ttl, jitter, schema("2"), format, cache, companions, crate)]
async fn without_what_they_need(id: u64) -> u64 { id }

#[cached(ttl = 0, prefx = "user", jitter = 1.5, skip(idd))]
async fn wrong_in_four_ways(id: u64) -> u64 { id }

#[cached(companions = "some")]
async fn companions_unknown(id: u64) -> u64 { id }

#[cached(companions = none)]
async fn companions_without_quotes(id: u64) -> u64 { id }

#[cached(prefix = "")]
async fn prefix_empty(id: u64) -> u64 { id }

#[cached(prefix = "blog::post")]
async fn prefix_with_an_empty_segment(id: u64) -> u64 { id }

#[cached(prefix = user)]
async fn prefix_without_quotes(id: u64) -> u64 { id }

#[cached(prefix = 7)]
async fn prefix_of_a_number(id: u64) -> u64 { id }

#[cached(format = "yaml")]
async fn format_unknown(id: u64) -> u64 { id }

#[cached(format = "jsn")]
async fn format_misspelled(id: u64) -> u64 { id }

#[cached(format = "bincod")]
async fn format_nearly(id: u64) -> u64 { id }

#[cached(local, format = "json")]
async fn format_of_local(id: u64) -> u64 { id }

#[cached(single_flight = "distribute")]
async fn single_flight_misspelled(id: u64) -> u64 { id }

#[cached(single_flight = "global")]
async fn single_flight_unknown(id: u64) -> u64 { id }

#[cached(single_flight = Distributed)]
async fn single_flight_without_quotes(id: u64) -> u64 { id }

#[cached(local, single_flight = "distributed")]
async fn single_flight_of_local(id: u64) -> u64 { id }

#[cached(single_flight = "distributed")]
fn single_flight_of_threads(id: u64) -> u64 { id }

#[cached(batch = ids, single_flight = "distributed")]
async fn single_flight_of_a_batch(ids: Vec<u64>) -> std::collections::HashMap<u64, u64> { ids.into_iter().map(|id| (id, id)).collect() }

#[cached(schema = "two")]
async fn schema_of_text(id: u64) -> u64 { id }

#[cached(schema = -1)]
async fn schema_negative(id: u64) -> u64 { id }

#[cached(schema = 4294967296)]
async fn schema_too_large(id: u64) -> u64 { id }

#[cached(jitter = 1.5)]
async fn jitter_too_large(id: u64) -> u64 { id }

#[cached(jitter = -0.5)]
async fn jitter_negative(id: u64) -> u64 { id }

#[cached(jitter = "10%")]
async fn jitter_of_text(id: u64) -> u64 { id }

#[cached(jitter = 1)]
async fn jitter_of_everything(id: u64) -> u64 { id }

#[cached(crate = "larder")]
async fn crate_in_quotes(id: u64) -> u64 { id }

#[cached(impl)]
async fn impl_on_a_function(id: u64) -> u64 { id }

fn main() {}
