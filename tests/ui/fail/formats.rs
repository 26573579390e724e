//! Stored forms of one's own that are none, or have no place.

use std::io::Write;

use larder::{CustomFormat, FormatError, cached};
use serde::{Serialize, de::DeserializeOwned};

/// Not a form.
struct Plain;

/// A form.
struct Compact;

impl CustomFormat for Compact {
    const NAME: &'static str = "compact";

    fn encode<T: Serialize>(_: &T, _: &mut impl Write) -> Result<(), FormatError> {
        Err("not written".into())
    }

    fn decode<T: DeserializeOwned>(_: &[u8]) -> Result<T, FormatError> {
        Err("not written".into())
    }
}

const COMPACT: Compact = Compact;

#[cached(format = Plain)]
async fn of_no_format(id: u64) -> u64 { id }

#[cached(format = std::string::String, detach)]
async fn of_another_type(id: u64) -> u64 { id }

#[cached(format = Plain, batch = ids)]
async fn of_no_format_of_a_batch(ids: Vec<u64>) -> Vec<u64> { ids }

#[cached(format = F)]
async fn of_a_parameter_without_a_bound<F: 'static>(id: u64) -> u64 { id }

#[cached(format = larder::Format::MessagePack)]
async fn of_a_variant(id: u64) -> u64 { id }

#[cached(format = COMPACT)]
async fn of_a_value(id: u64) -> u64 { id }

#[cached(format = json)]
async fn without_quotes(id: u64) -> u64 { id }

#[cached(format = Compact::new())]
async fn of_a_call(id: u64) -> u64 { id }

#[cached(format = Compact {})]
async fn of_a_struct(id: u64) -> u64 { id }

#[cached(format = 2)]
async fn of_a_number(id: u64) -> u64 { id }

#[cached(format(Compact))]
async fn of_a_list(id: u64) -> u64 { id }

#[cached(local, format = Compact)]
async fn beside_local(id: u64) -> u64 { id }

#[cached(format = Compact)]
fn on_a_thread(id: u64) -> u64 { id }

#[cached(interop = "cachekit", namespace = "shop", operation = "get", format = Compact)]
async fn beside_interop(id: u64) -> u64 { id }

#[cached(format = Compact)]
async fn of_a_value_without_serde(id: u64) -> Secret { Secret(id) }

#[derive(Clone)]
struct Secret(u64);

fn main() {}
