//! Servers that tests start: real, on free ports of the loopback, gone with the test.
#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use cache_core::testkit::RedisServer;

/// What the server on this port says to a PING; `None` when nobody answers.
fn ping(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_millis(300))).ok()?;
    stream.write_all(b"PING\r\n").ok()?;
    let mut answer = [0; 64];
    let length = stream.read(&mut answer).ok().filter(|length| *length > 0)?;
    Some(String::from_utf8_lossy(answer.get(..length)?).into_owned())
}

#[test]
fn a_server_answers_from_its_start_to_its_end() {
    for mut server in [RedisServer::start(), RedisServer::valkey()] {
        let port = server.port();
        assert_eq!(ping(port).as_deref(), Some("+PONG\r\n"));
        server.pause();
        assert_eq!(ping(port), None);
        server.resume();
        assert!(ping(port).is_some());
        server.kill();
        assert_eq!(ping(port), None);
        server.restart();
        assert_eq!((ping(port).is_some(), server.port()), (true, port));
        server.stop();
        assert_eq!(ping(port), None);
    }
}

#[test]
fn a_server_that_wants_a_password_counts_as_up() {
    let server = RedisServer::start_with(&["--requirepass", "secret"]);
    assert!(ping(server.port()).unwrap().contains("NOAUTH"));
}
