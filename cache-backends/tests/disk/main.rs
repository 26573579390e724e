//! The disk backend from outside: its verbs, restarts, crashes, damage, bounds and threads.
//!
//! Some tests start this very binary again as another process; `child` says what it does there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod child;
mod claims;
mod crash;
mod damage;
mod fault;
mod guard;
mod power;
mod restart;
mod runtime;
mod space;
mod support;
mod syscalls;
mod times;
mod verbs;
