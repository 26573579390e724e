//! This test binary, started again as another process that loads.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use crate::{LEASE_TIME, manager};

const URL: &str = "LARDER_TEST_LEASES_URL";

/// A process that loads the keys it is told, one after the other. Killed when dropped.
pub(crate) struct Child {
    process: std::process::Child,
    orders: ChildStdin,
    reports: BufReader<ChildStdout>,
}

impl Child {
    pub(crate) fn start(url: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "child::play_the_role", "--nocapture", "--test-threads=1"]).env(URL, url);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (orders, reports) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        Self { process, orders, reports: BufReader::new(reports) }
    }

    /// Lets it begin to load a key; it has read its source when this returns.
    pub(crate) fn begin(&mut self, key: &str) {
        writeln!(self.orders, "{key}").unwrap();
        self.report("loading");
    }

    /// Lets the load end; what the process says of it: its value, and how many values leases have refused.
    pub(crate) fn end(&mut self) -> String {
        writeln!(self.orders).unwrap();
        self.report("loaded ")
    }

    fn report(&mut self, wanted: &str) -> String {
        loop {
            let mut line = String::new();
            assert!(self.reports.read_line(&mut line).unwrap() > 0, "the process ended");
            if let Some((_, rest)) = line.split_once(wanted) {
                return rest.trim_end().to_owned();
            }
        }
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Does nothing in an ordinary run: only a child has a server to go to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn play_the_role() {
    let Ok(url) = std::env::var(URL) else { return };
    let cache = manager(&url).lease_time(LEASE_TIME).build().unwrap();
    while let Some(key) = order().await {
        let loader = || async {
            println!("loading");
            order().await;
            Ok::<_, String>(1_u64)
        };
        let value = cache.get_or_load(key, loader).await.unwrap();
        println!("loaded {value}, rejected {}", cache.stats().rejected);
    }
}

async fn order() -> Option<String> {
    let read = || std::io::stdin().lines().next()?.ok();
    tokio::task::spawn_blocking(read).await.unwrap()
}
