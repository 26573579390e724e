//! Every promise of the port, on Redis and on Valkey, each as a test of its own.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use cache_backends::redis::RedisBackend;
use cache_core::testkit::RedisServer;
use cache_core::testkit::conformance::Subject;

const LIMIT: usize = 4 << 20;

fn subject(server: RedisServer) -> Subject {
    let long = Duration::from_secs(2);
    let builder = RedisBackend::builder(server.url()).connect_timeout(long).read_timeout(long);
    let backend = builder.write_timeout(long).max_entry_bytes(LIMIT).build().unwrap();
    Subject::new(backend).refusing(LIMIT + 1).keeping(server)
}

mod on_redis {
    cache_core::larder_conformance!(super::subject(super::RedisServer::start()));
}

mod on_valkey {
    cache_core::larder_conformance!(super::subject(super::RedisServer::valkey()));
}
