//! `RedisBackend` against real servers, each test on Redis and on Valkey.

mod outage;
mod secrets;
mod support;
mod sweep;
mod verbs;
