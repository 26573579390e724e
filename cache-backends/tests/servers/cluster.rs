//! A cluster: masters that share the slots, with a replica each or without.

use std::thread::sleep;
use std::time::{Duration, Instant};

use cache_core::testkit::server::RedisServer;

use super::{Kind, free_port, start};

const SLOTS: usize = 16_384;
const PATIENCE: Duration = Duration::from_secs(30);

/// Masters first, then their replicas in the same order.
pub(crate) struct ClusterServers {
    pub(crate) servers: Vec<RedisServer>,
    buses: Vec<u16>,
    masters: usize,
}

impl ClusterServers {
    /// Three masters.
    pub(crate) fn start(kind: Kind) -> Self {
        Self::start_with(kind, 0, &[])
    }

    /// Three masters, so many replicas each, further options for all.
    pub(crate) fn start_with(kind: Kind, replicas: usize, more: &[&str]) -> Self {
        let masters = 3;
        let (mut servers, mut buses) = (Vec::new(), Vec::new());
        for _ in 0..masters * (1 + replicas) {
            let bus = free_port();
            let port = bus.to_string();
            let own = ["--cluster-enabled", "yes", "--cluster-port", &port, "--cluster-node-timeout", "1000"];
            let quick = ["--repl-diskless-sync-delay", "0", "--cluster-replica-validity-factor", "0"];
            servers.push(start(kind, &[&own[..], &quick[..], more].concat()));
            buses.push(bus);
        }
        let cluster = Self { servers, buses, masters };
        cluster.share_slots();
        cluster.meet();
        cluster.until("all know all", |each| known(each) == cluster.servers.len());
        cluster.replicate();
        cluster.until("the cluster works", |each| {
            let info: String = cluster_command(&["INFO"]).query(each).unwrap();
            info.contains("cluster_state:ok") && info.contains("cluster_slots_ok:16384")
        });
        cluster
    }

    /// The addresses of all masters.
    pub(crate) fn url(&self) -> String {
        let hosts =
            self.servers.iter().take(self.masters).map(|server| format!("127.0.0.1:{}", server.port()));
        format!("redis+cluster://{}", hosts.collect::<Vec<_>>().join(","))
    }

    /// The address of one server, as that of the cluster.
    pub(crate) fn url_of(&self, server: usize) -> String {
        format!("redis+cluster://127.0.0.1:{}", self.servers[server].port())
    }

    /// Somebody else's connection to one server.
    pub(crate) fn outsider(&self, server: usize) -> redis::Connection {
        redis::Client::open(self.servers[server].url()).unwrap().get_connection().unwrap()
    }

    /// The number of the master that began with this slot.
    pub(crate) fn first_holder(&self, slot: usize) -> usize {
        (0..self.masters).find(|master| slot < self.range(*master).1).unwrap()
    }

    /// The number of the server that holds a slot now, as another one sees it.
    pub(crate) fn holder(&self, slot: usize, asked: usize) -> Option<usize> {
        let ranges: Vec<redis::Value> = cluster_command(&["SLOTS"]).query(&mut self.outsider(asked)).ok()?;
        let port = ranges.into_iter().find_map(|range| {
            let parts: Vec<redis::Value> = redis::from_redis_value(range).ok()?;
            let first: usize = redis::from_redis_value(parts[0].clone()).ok()?;
            let last: usize = redis::from_redis_value(parts[1].clone()).ok()?;
            let holder: Vec<redis::Value> = redis::from_redis_value(parts[2].clone()).ok()?;
            let port: u16 = redis::from_redis_value(holder[1].clone()).ok()?;
            (first <= slot && slot <= last).then_some(port)
        })?;
        self.servers.iter().position(|server| server.port() == port)
    }

    pub(crate) fn id(&self, server: usize) -> String {
        cluster_command(&["MYID"]).query(&mut self.outsider(server)).unwrap()
    }

    fn range(&self, master: usize) -> (usize, usize) {
        (SLOTS * master / self.masters, SLOTS * (master + 1) / self.masters)
    }

    fn share_slots(&self) {
        for master in 0..self.masters {
            let (first, end) = self.range(master);
            let mut outsider = self.outsider(master);
            let epoch = (master + 1).to_string();
            cluster_command(&["SET-CONFIG-EPOCH", &epoch]).exec(&mut outsider).unwrap();
            let range = [first.to_string(), (end - 1).to_string()];
            cluster_command(&["ADDSLOTSRANGE", &range[0], &range[1]]).exec(&mut outsider).unwrap();
        }
    }

    fn meet(&self) {
        let mut first = self.outsider(0);
        for (server, bus) in self.servers.iter().zip(&self.buses).skip(1) {
            let (port, bus) = (server.port().to_string(), bus.to_string());
            cluster_command(&["MEET", "127.0.0.1", &port, &bus]).exec(&mut first).unwrap();
        }
    }

    fn replicate(&self) {
        for replica in self.masters..self.servers.len() {
            let master = self.id(replica % self.masters);
            cluster_command(&["REPLICATE", &master]).exec(&mut self.outsider(replica)).unwrap();
            let synced = |info: &str| info.contains("master_link_status:up");
            let mut outsider = self.outsider(replica);
            until("the replica is in sync", || {
                synced(&redis::cmd("INFO").arg("replication").query::<String>(&mut outsider).unwrap())
            });
        }
    }

    fn until(&self, what: &str, holds: impl Fn(&mut redis::Connection) -> bool) {
        for server in 0..self.servers.len() {
            let mut outsider = self.outsider(server);
            until(what, || holds(&mut outsider));
        }
    }
}

pub(crate) fn cluster_command(words: &[&str]) -> redis::Cmd {
    let mut command = redis::cmd("CLUSTER");
    command.arg(words);
    command
}

fn known(each: &mut redis::Connection) -> usize {
    let nodes: String = cluster_command(&["NODES"]).query(each).unwrap();
    nodes.lines().filter(|line| !line.contains("handshake") && line.contains("connected")).count()
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        sleep(Duration::from_millis(20));
    }
}
