//! Batches whose types do not fit.

use std::collections::HashMap;

use larder::cached;

#[cached(batch = ids)]
async fn one_value(ids: Vec<u64>) -> u64 { ids.len() as u64 }

#[cached(batch = ids)]
async fn of_other_ids(ids: Vec<u64>) -> HashMap<String, u64> { let _ = ids; HashMap::new() }

#[cached(batch = ids)]
async fn perhaps(ids: Vec<u64>) -> Option<Vec<u64>> { Some(ids) }

#[cached(batch = ids, cache_none)]
async fn never_absent(ids: Vec<u64>) -> Vec<u64> { ids }

struct NoClone;

#[cached(batch = ids, skip(of))]
async fn an_argument_for_one_call(of: NoClone, ids: Vec<u64>) -> Vec<u64> { let _ = of; ids }

#[cached(batch = ids, timeout = "1s")]
async fn silent(ids: Vec<u64>) -> Vec<u64> { ids }

#[cached(batch = ids, batch_chunk = CHUNK)]
async fn chunks_of_another_type(ids: Vec<u64>) -> Vec<u64> { ids }

const CHUNK: &str = "10";

fn main() {}
