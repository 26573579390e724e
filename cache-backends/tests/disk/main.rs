//! The disk backend from outside: its verbs, restarts, crashes, damage, bounds and threads.
//!
//! Some tests start this very binary again as another process; `child` says what it does there.

mod child;
mod crash;
mod damage;
mod fault;
mod guard;
mod restart;
mod runtime;
mod space;
mod support;
mod verbs;
