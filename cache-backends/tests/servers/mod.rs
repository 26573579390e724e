//! Servers of every shape for the length of a test, on free ports of the loopback device.
//!
//! Invariant: whoever drops a value ends the servers behind it, and nobody else's.
#![allow(dead_code, reason = "each test binary uses some of them")]

pub(crate) mod cluster;
pub(crate) mod sentinel;
pub(crate) mod terminator;
pub(crate) mod tls;

use std::net::{Ipv4Addr, TcpListener};

use cache_core::testkit::server::RedisServer;

/// Which server a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Redis,
    Valkey,
}

pub(crate) fn start(kind: Kind, args: &[&str]) -> RedisServer {
    match kind {
        Kind::Redis => RedisServer::start_with(args),
        Kind::Valkey => RedisServer::valkey_with(args),
    }
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}
