//! What servers say about themselves: `INFO`, of each that holds keys.
//!
//! Promise: a server that answers is reported even where others do not, and no text shows a password. Who may not ask
//! (`-info`) gets a refusal that says so.

use redis::{Pipeline, Value};

use cache_core::error::{Error, Result};
use cache_core::port::backend::{BackendHealth, ServerHealth};

use super::call::Terms;
use super::error::unexpected;
use super::node::Node;
use super::shape::Shape;

/// One at a time: servers before version 7 take no more.
const SECTIONS: [&str; 3] = ["server", "memory", "replication"];
/// So much of a run's name tells it from others.
const RUN_ID: usize = 8;

impl Shape {
    /// One after the other, each within the time that a connection may take.
    pub(super) async fn health(&self) -> Result<BackendHealth> {
        let (mut health, mut last) = (BackendHealth::default(), None);
        for node in self.nodes().await.map_err(|error| error.during("health"))? {
            match of_node(&node).await {
                Ok(server) => health.servers.push(server),
                Err(error) => {
                    health.silent.push(error.to_string());
                    last = Some(error);
                }
            }
        }
        match last {
            Some(error) if health.servers.is_empty() => Err(error.during("health")),
            _ => Ok(health),
        }
    }
}

async fn of_node(node: &Node) -> Result<ServerHealth, Error> {
    let mut commands = Pipeline::new();
    for section in SECTIONS {
        commands.cmd("INFO").arg(section);
    }
    let terms = Terms::reading("health", node.settings().connect_timeout);
    let mut text = String::new();
    for answer in node.ask_each(terms, &commands).await {
        let section = answer.map_err(|failure| terms.named(failure))?;
        text.push_str(&read_text(section).ok_or_else(|| unexpected(node.source()).error)?);
    }
    Ok(read(&text, node.source().to_string()))
}

/// A text: RESP3 marks it as one, RESP2 does not.
fn read_text(reply: Value) -> Option<String> {
    match reply {
        Value::BulkString(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        Value::VerbatimString { text, .. } | Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

/// Reads lines of `name:value`. What is missing stays empty: managed servers leave things out.
fn read(text: &str, address: String) -> ServerHealth {
    let field = |name: &str| {
        let value =
            |line: &str| line.strip_prefix(name)?.strip_prefix(':').map(|value| value.trim().to_owned());
        text.lines().find_map(value)
    };
    let bytes = |name| field(name).and_then(|digits| digits.parse::<u64>().ok());
    let mut server = ServerHealth::default();
    server.address = address;
    server.version = match field("valkey_version") {
        Some(version) => format!("valkey {version}"),
        None => {
            format!("redis {}", field("redis_version").unwrap_or_else(|| "of no known version".to_owned()))
        }
    };
    server.role = match field("role").as_deref() {
        Some("slave") => "replica".to_owned(),
        role => role.unwrap_or_default().to_owned(),
    };
    server.run_id = field("run_id").unwrap_or_default().chars().take(RUN_ID).collect();
    server.used_memory = bytes("used_memory");
    server.max_memory = bytes("maxmemory").filter(|bytes| *bytes > 0);
    server
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_or_foreign_is_left_empty() {
        let text = "# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:9.1.2\r\nrun_id:0123456789ab\r\n\
                    used_memory_human:1M\r\nused_memory:1048576\r\nmaxmemory:0\r\nrole:slave\r\n";
        let server = read(text, "redis://h:1".to_owned());
        assert_eq!((server.version.as_str(), server.run_id.as_str()), ("valkey 9.1.2", "01234567"));
        assert_eq!(
            (server.role.as_str(), server.used_memory, server.max_memory),
            ("replica", Some(1 << 20), None)
        );
        let nothing = read("used_memory:x\r\nno field at all", String::new());
        assert_eq!((nothing.used_memory, nothing.version.as_str()), (None, "redis of no known version"));
        assert_eq!(read("maxmemory:7", String::new()).max_memory, Some(7));
    }
}
