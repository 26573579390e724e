//! Cases that were wrong once.

use super::ops::{Case, Op, Tiers};
use super::try_out;

const BOTH: Tiers =
    Tiers { near: false, primary: true, fallback: true, near_ttl: None, tagged: false, behind: false };
const LONG: u64 = 100_000;

fn holds(tiers: Tiers, ops: &[Op]) {
    try_out(&Case { tiers, ops: ops.to_vec() }).unwrap();
}

fn set(key: usize) -> Op {
    Op::Set { key, life: LONG, huge: false }
}

#[test]
fn what_the_fallback_held_before_the_cache_was_off_is_not_served_afterwards() {
    let off_and_on = [Op::Enable(false), Op::Enable(true)];
    holds(BOTH, &[&[Op::PrimaryDown(true), set(0)], off_and_on.as_slice(), &[Op::Get(0)]].concat());
}

#[test]
fn a_fallback_that_missed_an_invalidation_is_not_served_when_it_is_back() {
    for change in [Op::Delete(0), Op::DeleteMany(vec![0, 1]), Op::DeletePattern(0), Op::Clear, set(0)] {
        let away = [Op::FallbackDown(true), change, Op::FallbackDown(false)];
        holds(BOTH, &[&[Op::PrimaryDown(true), set(0)], away.as_slice(), &[Op::Get(0)]].concat());
    }
}

#[test]
fn a_fallback_that_could_not_be_cleared_is_not_served_in_the_next_outage() {
    let first_outage = [Op::PrimaryDown(true), set(0), Op::FallbackDown(true), Op::PrimaryDown(false)];
    let second = [set(0), Op::FallbackDown(false), Op::PrimaryDown(true), Op::Get(0)];
    holds(BOTH, &[first_outage, second].concat());
}
