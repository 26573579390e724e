//! Servers of every shape for the length of a test, on free ports of the loopback device.
//!
//! Invariant: whoever drops a value ends the servers behind it, and nobody else's.
#![allow(dead_code, reason = "each test binary uses some of them")]

pub(crate) mod tls;

use std::net::{Ipv4Addr, TcpListener};

pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}
