//! A cluster: masters that share the slots, with a replica each or without.

use std::thread::sleep;
use std::time::{Duration, Instant};

use cache_core::testkit::server::RedisServer;

use super::tls::Authority;
use super::{Kind, free_port, start};

const SLOTS: usize = 16_384;
const PATIENCE: Duration = Duration::from_secs(30);

/// Masters first, then their replicas in the same order.
pub(crate) struct ClusterServers {
    pub(crate) servers: Vec<RedisServer>,
    /// Where each is spoken to by clients and by the others.
    ports: Vec<(u16, u16)>,
    authority: Option<Authority>,
    masters: usize,
}

impl ClusterServers {
    /// Three masters.
    pub(crate) fn start(kind: Kind) -> Self {
        Self::start_with(kind, 0, &[])
    }

    /// Three masters, so many replicas each, further options for all.
    pub(crate) fn start_with(kind: Kind, replicas: usize, more: &[&str]) -> Self {
        let mut cluster = Self { servers: Vec::new(), ports: Vec::new(), authority: None, masters: 3 };
        for _ in 0..cluster.masters * (1 + replicas) {
            let bus = free_port();
            let server = start_one(kind, bus, more);
            cluster.ports.push((server.port(), bus));
            cluster.servers.push(server);
        }
        cluster.formed()
    }

    /// Three masters of Redis that speak TLS with each other and with clients.
    pub(crate) fn start_by_tls() -> Self {
        let authority = Authority::new();
        authority.certify("server", &["127.0.0.1"]);
        let mut cluster = Self { servers: Vec::new(), ports: Vec::new(), authority: None, masters: 3 };
        for _ in 0..cluster.masters {
            let (port, bus) = (free_port(), free_port());
            let options = authority.options(port, "server", "no");
            let options = ["--tls-cluster", "yes"].into_iter().chain(options.iter().map(String::as_str));
            cluster.servers.push(start_one(Kind::Redis, bus, &options.collect::<Vec<_>>()));
            cluster.ports.push((port, bus));
        }
        cluster.authority = Some(authority);
        cluster.formed()
    }

    fn formed(self) -> Self {
        let cluster = self;
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

    /// The cluster by one server that speaks TLS, with the roots of its certificate.
    pub(crate) fn url_by_tls(&self) -> String {
        let roots = self.authority.as_ref().unwrap().file("ca.pem");
        format!("rediss+cluster://127.0.0.1:{}?ca_file={}", self.ports[0].0, roots.display())
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

    /// Whether all but the first server name another holder of its slots, and say that the cluster works.
    pub(crate) fn have_a_successor(&self) -> bool {
        let says_so = |server: usize| {
            let info: redis::RedisResult<String> =
                cluster_command(&["INFO"]).query(&mut self.outsider(server));
            info.is_ok_and(|info| info.contains("cluster_state:ok"))
                && self.holder(0, server).is_some_and(|holder| holder != 0)
        };
        (1..self.servers.len()).all(says_so)
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
        for (port, bus) in self.ports.iter().skip(1) {
            let (port, bus) = (port.to_string(), bus.to_string());
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

fn start_one(kind: Kind, bus: u16, more: &[&str]) -> RedisServer {
    let port = bus.to_string();
    let own = ["--cluster-enabled", "yes", "--cluster-port", &port, "--cluster-node-timeout", "1000"];
    let quick = ["--repl-diskless-sync-delay", "0", "--cluster-replica-validity-factor", "0"];
    start(kind, &[&own[..], &quick[..], more].concat())
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
