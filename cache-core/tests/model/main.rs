//! Random operations against a simple model of what a cache may answer.
//!
//! A case is a manager of some tiers and a list of operations on a few keys: reads, writes, loads that stay open while
//! other things happen, invalidations, outages, time. After every operation the answer is judged by the [`model`]:
//! nothing that was invalidated is ever served, and while no tier is in trouble what was stored is found. After every
//! case the books are: no flight is left, every request was counted once, the near tier weighs what its entries weigh.
//!
//! `LARDER_MODEL_CASES=100000 cargo nextest run -p cache-core --test model` runs that many cases; without it the test
//! ends after 4,000 cases or ten seconds, whichever comes first.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

mod found;
mod model;
mod ops;
mod world;

use std::time::{Duration, Instant};

use proptest::prelude::{ProptestConfig, TestCaseError};
use proptest::test_runner::TestRunner;

use ops::{Case, case};
use world::World;

const CASES: u64 = 4_000;
const TIME: Duration = Duration::from_secs(10);
const AT_ONCE: u32 = 100;

#[test]
fn a_cache_answers_only_what_its_model_allows() {
    let asked = std::env::var("LARDER_MODEL_CASES").ok().map(|cases| cases.parse::<u64>().unwrap());
    let (began, mut run) = (Instant::now(), 0);
    while run < asked.unwrap_or(CASES) && (asked.is_some() || began.elapsed() < TIME) {
        let config =
            ProptestConfig { cases: AT_ONCE, failure_persistence: None, ..ProptestConfig::default() };
        let outcome =
            TestRunner::new(config).run(&case(), |case| try_out(&case).map_err(TestCaseError::fail));
        if let Err(error) = outcome {
            panic!("after {run} cases: {error}");
        }
        run += u64::from(AT_ONCE);
    }
}

/// Runs a case; what went wrong, if anything did.
fn try_out(case: &Case) -> Result<(), String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut world = World::new(&case.tiers);
        for (index, op) in case.ops.iter().enumerate() {
            world.run(op).await.map_err(|problem| format!("{problem}, at operation {index}: {op:?}"))?;
        }
        world.close().await
    })
}
