//! For tests, ours and those of people who write backends. Nothing here is meant for production.

pub mod server;
