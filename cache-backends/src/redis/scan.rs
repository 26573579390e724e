//! Removing what matches, without blocking the server and without touching anybody else's keys.
//!
//! Promise: every key that was there all the while and is meant is removed and counted once (`UNLINK` answers 0
//! for a key that `SCAN` returns a second time). What the server's glob returns is judged here once more; a key
//! that is no UTF-8 is foreign. The leases of what is meant end first, everywhere: a fill that came before the end of
//! its lease is there when the second pass begins, which removes it. Each round trip has its own deadline; dropping the future stops between two.

use redis::Cmd;

use cache_core::error::Result;
use cache_core::key::{KeyPattern, Namespace};

use super::call::Terms;
use super::error::unexpected;
use super::leases::{data_of, glob_of_leases, lease_of};
use super::node::Node;
use super::reply;
use super::shape::{Keyed, Shape};

const PAGE: usize = 1_000;
const BATCH: usize = 500;

/// What a sweep removes: the server's glob narrows, the own judgement decides.
pub(super) enum Target<'a> {
    Pattern(&'a KeyPattern),
    Namespace(String),
}

impl Target<'_> {
    pub(super) fn all_of(namespace: &Namespace) -> Self {
        Self::Namespace(namespace.data_prefix())
    }

    fn glob(&self) -> String {
        match self {
            Self::Pattern(pattern) => pattern.server_glob(),
            Self::Namespace(prefix) => format!("{}*", escaped(prefix)),
        }
    }

    fn means(&self, key: &[u8]) -> bool {
        match self {
            Self::Pattern(pattern) => pattern.matches_bytes(key),
            Self::Namespace(prefix) => key.starts_with(prefix.as_bytes()) && std::str::from_utf8(key).is_ok(),
        }
    }
}

/// One way over the keys of all servers.
#[derive(Clone, Copy)]
enum Pass {
    Leases,
    Data,
}

impl Pass {
    fn glob(self, target: &Target<'_>) -> String {
        match self {
            Self::Leases => glob_of_leases(&target.glob()),
            Self::Data => target.glob(),
        }
    }

    fn means(self, target: &Target<'_>, key: &[u8]) -> bool {
        match self {
            Self::Leases => data_of(key).is_some_and(|data| target.means(data)),
            Self::Data => target.means(key),
        }
    }
}

impl Shape {
    /// Removes all that is meant, and counts it. Nothing is sent twice: a repeated count would be wrong, and a
    /// cursor means nothing to a server that was restarted meanwhile.
    pub(super) async fn sweep(&self, verb: &'static str, target: &Target<'_>) -> Result<u64> {
        let mut removed = 0;
        for pass in [Pass::Leases, Pass::Data] {
            removed = 0;
            for node in self.nodes().await.map_err(|error| error.during(verb))? {
                removed += self.sweep_node(verb, &node, (pass, target)).await?;
            }
        }
        Ok(removed)
    }

    async fn sweep_node(
        &self,
        verb: &'static str,
        node: &Node,
        (pass, target): (Pass, &Target<'_>),
    ) -> Result<u64> {
        let terms = || Terms::writing(verb, self.settings().scan_timeout);
        let glob = pass.glob(target);
        let (mut cursor, mut removed, mut meant) = (b"0".to_vec(), 0, Vec::new());
        loop {
            let page = node.ask(&terms().one(&scan(&cursor, &glob)), reply::page).await;
            let (next, keys) = page.map_err(|failure| terms().named(failure))?;
            meant.extend(keys.into_iter().filter(|key| pass.means(target, key)));
            let is_last = next == b"0";
            while meant.len() >= BATCH || (is_last && !meant.is_empty()) {
                let batch = meant.split_off(meant.len().saturating_sub(BATCH));
                removed += self.unlink(terms(), &batch).await?;
            }
            if is_last {
                return Ok(removed);
            }
            cursor = next;
        }
    }

    /// Removes keys by name, in batches, and counts those that were there. Their leases end first.
    pub(super) async fn remove(&self, verb: &'static str, keys: &[impl AsRef<[u8]>]) -> Result<u64> {
        let mut removed = 0;
        for batch in keys.chunks(BATCH) {
            let terms = Terms::writing(verb, self.settings().write_timeout).repeatable(true);
            let leases: Vec<_> = batch.iter().map(|key| lease_of(key.as_ref())).collect();
            let mut commands = self.unlinking(&leases);
            let ended = commands.len();
            commands.extend(self.unlinking(batch));
            removed += self.count_each(terms, commands, ended).await?;
        }
        Ok(removed)
    }

    async fn unlink(&self, terms: Terms, keys: &[impl AsRef<[u8]>]) -> Result<u64> {
        self.count_each(terms, self.unlinking(keys), 0).await
    }

    /// As few commands as may be: no command names keys of two slots.
    fn unlinking<'a>(&self, keys: &'a [impl AsRef<[u8]>]) -> Vec<Keyed<'a>> {
        match self {
            Self::One(_) => {
                let command = unlink(keys);
                keys.first().map(|key| Keyed { key: key.as_ref(), command }).into_iter().collect()
            }
            #[cfg(feature = "redis-cluster")]
            Self::Cluster(_) => {
                keys.iter().map(|key| Keyed { key: key.as_ref(), command: unlink(&[key]) }).collect()
            }
        }
    }

    /// The sum of what the commands answer, the first of them left out.
    async fn count_each(&self, terms: Terms, commands: Vec<Keyed<'_>>, left_out: usize) -> Result<u64> {
        let mut removed = 0;
        for (at, answer) in self.ask_each(terms, commands).await.into_iter().enumerate() {
            let nonsense = || unexpected(&"the server");
            let count = answer.and_then(|reply| reply::count(reply).ok_or_else(nonsense));
            let count = count.map_err(|failure| terms.named(failure))?;
            removed += if at < left_out { 0 } else { count };
        }
        Ok(removed)
    }
}

fn scan(cursor: &[u8], glob: &str) -> Cmd {
    let mut command = redis::cmd("SCAN");
    command.arg(cursor).arg("MATCH").arg(glob).arg("COUNT").arg(PAGE);
    command
}

fn unlink(keys: &[impl AsRef<[u8]>]) -> Cmd {
    let mut command = redis::cmd("UNLINK");
    for key in keys {
        command.arg(key.as_ref());
    }
    command
}

fn escaped(literal: &str) -> String {
    let mut glob = String::with_capacity(literal.len());
    for c in literal.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '^' | '-' | '\\') {
            glob.push('\\');
        }
        glob.push(c);
    }
    glob
}
