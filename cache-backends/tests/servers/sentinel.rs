//! A primary, its replicas, and the sentinels that watch over them.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use cache_core::testkit::server::RedisServer;
use tempfile::TempDir;

use super::{Kind, free_port, start};

const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct SentinelServers {
    pub(crate) sentinels: Vec<Sentinel>,
    /// The first primary, then its replicas.
    pub(crate) servers: Vec<RedisServer>,
}

pub(crate) struct Sentinel {
    child: Child,
    port: u16,
    _home: TempDir,
}

impl SentinelServers {
    /// One primary, two replicas that know a user, three sentinels that notice after half a second
    /// and want a password of their own.
    pub(crate) fn start(kind: Kind) -> Self {
        let user = ["--user", "app", "on", ">c4n4ry", "~*", "+@all"];
        let quick = ["--repl-diskless-sync-delay", "0"];
        let primary = start(kind, &[&user[..], &quick[..]].concat());
        let port = primary.port().to_string();
        let replica = || {
            let replicaof = ["--replicaof", "127.0.0.1", &port];
            start(kind, &[&user[..], &quick[..], &replicaof[..]].concat())
        };
        let servers = vec![replica(), replica()];
        let servers: Vec<_> = std::iter::once(primary).chain(servers).collect();
        let sentinels: Vec<_> = (0..3).map(|_| Sentinel::watching(&servers[0])).collect();
        for sentinel in &sentinels {
            sentinel.until_it_knows_all();
        }
        Self { sentinels, servers }
    }

    pub(crate) fn url(&self) -> String {
        let hosts = self.sentinels.iter().map(|sentinel| format!("127.0.0.1:{}", sentinel.port));
        let hosts = hosts.collect::<Vec<_>>().join(",");
        format!("redis+sentinel://app:c4n4ry@{hosts}/main?sentinel_password=s3ntinel")
    }

    /// Whether most of the sentinels name another primary than the first.
    pub(crate) fn have_a_successor(&self) -> bool {
        let first = self.servers[0].port().to_string();
        let is_other = |sentinel: &&Sentinel| sentinel.says("port").is_some_and(|port| port != first);
        self.sentinels.iter().filter(is_other).count() * 2 > self.sentinels.len()
    }

    /// How many failovers there have been: a starved machine brings about more than were meant.
    pub(crate) fn failovers(&self) -> u64 {
        let epoch = |sentinel: &Sentinel| sentinel.says("config-epoch")?.parse().ok();
        self.sentinels.iter().filter_map(epoch).max().unwrap_or(0)
    }

    /// Somebody else's connection to one server.
    pub(crate) fn outsider(&self, server: usize) -> redis::Connection {
        redis::Client::open(self.servers[server].url()).unwrap().get_connection().unwrap()
    }
}

impl Sentinel {
    fn watching(primary: &RedisServer) -> Self {
        let home = tempfile::tempdir().unwrap();
        let port = free_port();
        let file = home.path().join("sentinel.conf");
        let lines = [
            format!("port {port}"),
            "bind 127.0.0.1".to_owned(),
            "requirepass s3ntinel".to_owned(),
            "sentinel sentinel-pass s3ntinel".to_owned(),
            format!("dir {}", home.path().display()),
            format!("sentinel monitor main 127.0.0.1 {} 2", primary.port()),
            "sentinel down-after-milliseconds main 500".to_owned(),
            "sentinel failover-timeout main 2000".to_owned(),
        ];
        fs::write(&file, lines.join("\n") + "\n").unwrap();
        let mut command = Command::new(primary.program());
        command.arg(&file).arg("--sentinel").stdin(Stdio::null()).stdout(Stdio::null());
        Self { child: command.spawn().unwrap(), port, _home: home }
    }

    fn until_it_knows_all(&self) {
        let began = Instant::now();
        while !self.knows_all().unwrap_or(false) {
            assert!(began.elapsed() < PATIENCE, "the sentinels do not find each other");
            sleep(Duration::from_millis(20));
        }
    }

    fn knows_all(&self) -> Option<bool> {
        Some(self.says("num-slaves")? == "2" && self.says("num-other-sentinels")? == "2")
    }

    /// A field of what it says about the primary.
    fn says(&self, name: &str) -> Option<String> {
        let client = redis::Client::open(self.url()).ok()?;
        let mut connection = client.get_connection().ok()?;
        let fields: Vec<String> =
            redis::cmd("SENTINEL").arg("MASTER").arg("main").query(&mut connection).ok()?;
        let at = fields.iter().position(|field| field == name)?;
        fields.get(at + 1).cloned()
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://:s3ntinel@127.0.0.1:{}", self.port)
    }

    /// Freezes it: it accepts connections and answers nothing.
    pub(crate) fn pause(&self) {
        let signal = format!("kill -STOP {}", self.child.id());
        assert!(Command::new("sh").arg("-c").arg(signal).status().unwrap().success());
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
