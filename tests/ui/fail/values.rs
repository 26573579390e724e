//! Return types that cannot be stored, or not as it was asked.

use larder::cached;

struct Plain;

#[derive(Clone)]
struct NoSerde;

#[derive(serde::Serialize, serde::Deserialize)]
struct NoClone;

#[derive(Clone)]
struct NotSend(std::rc::Rc<u8>);

#[cached]
async fn no_serde(id: u64) -> Result<Option<NoSerde>, String> { let _ = id; Ok(None) }

#[cached]
async fn no_clone(id: u64) -> Result<Option<NoClone>, String> { let _ = id; Ok(None) }

#[cached(local)]
async fn not_send(id: u64) -> Option<NotSend> { let _ = id; None }

#[cached]
fn no_clone_at_once(id: u64) -> Option<Plain> { let _ = id; None }

#[cached(cache_none)]
async fn never_absent(id: u64) -> Result<u64, String> { Ok(id) }

#[cached(negative_ttl = "30s")]
async fn never_absent_for_a_while(id: u64) -> Vec<u64> { vec![id] }

#[cached]
async fn of_a_parameter<T: Clone>(id: u64) -> Option<T> { let _ = id; None }

fn main() {}
