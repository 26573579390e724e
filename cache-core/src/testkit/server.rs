//! A real Redis or Valkey server for the length of a test.
//!
//! Promise: when a constructor returns, this very process answers on its loopback port; when the value is
//! dropped, the process and its directory are gone. Invariant: only the own child is ever signalled.
//! Nothing is kept on disk by the server (`--save '' --appendonly no`), so a restart is an empty server.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10);
const ATTEMPTS: usize = 20;

/// A server of its own on a free port of the loopback device, with a directory of its own.
///
/// ```no_run
/// # use cache_core::testkit::server::RedisServer;
/// let mut server = RedisServer::start();
/// println!("{}", server.url());
/// server.kill();
/// server.restart();
/// ```
#[derive(Debug)]
pub struct RedisServer {
    program: PathBuf,
    args: Vec<String>,
    port: u16,
    home: PathBuf,
    child: Option<Child>,
}

impl RedisServer {
    /// A Redis server.
    ///
    /// # Panics
    /// When none is installed, or it does not answer within 10 s.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// A Redis server with further options, e.g. `&["--requirepass", "secret"]`.
    ///
    /// # Panics
    /// When none is installed, or it does not answer within 10 s.
    #[must_use]
    pub fn start_with(args: &[&str]) -> Self {
        Self::launch("redis-server", "LARDER_REDIS_SERVER", args)
    }

    /// A Valkey server.
    ///
    /// # Panics
    /// When none is installed, or it does not answer within 10 s.
    #[must_use]
    pub fn valkey() -> Self {
        Self::valkey_with(&[])
    }

    /// A Valkey server with further options.
    ///
    /// # Panics
    /// When none is installed, or it does not answer within 10 s.
    #[must_use]
    pub fn valkey_with(args: &[&str]) -> Self {
        Self::launch("valkey-server", "LARDER_VALKEY_SERVER", args)
    }

    fn launch(name: &str, variable: &str, args: &[&str]) -> Self {
        let args = args.iter().map(ToString::to_string).collect();
        let program = find(name, variable);
        let mut server = Self { program, args, port: free_port(), home: new_home(), child: None };
        for _ in 0..ATTEMPTS {
            if server.spawn() {
                return server;
            }
            server.port = free_port();
        }
        panic!("{name} found no free port in {ATTEMPTS} attempts; its last words:\n{}", server.log());
    }

    /// `redis://127.0.0.1:<port>`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The port, the same for the life of this value.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The program that runs, e.g. to run sentinels of the same kind.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Ends the server at once (`SIGKILL`), as a crash does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks the server to end (`SIGTERM`) and waits until it did.
    pub fn stop(&mut self) {
        self.signal("TERM");
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline && !self.has_ended() {
            sleep(Duration::from_millis(2));
        }
        self.kill();
    }

    /// Freezes the server (`SIGSTOP`): the kernel still accepts connections, nothing answers.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets a frozen server go on (`SIGCONT`).
    pub fn resume(&self) {
        self.signal("CONT");
    }

    /// Ends the server if it runs, and starts it again on the same port, empty.
    ///
    /// # Panics
    /// When it does not answer within 10 s.
    pub fn restart(&mut self) {
        self.kill();
        let deadline = Instant::now() + PATIENCE;
        while !self.spawn() {
            assert!(
                Instant::now() < deadline,
                "port {} stayed taken; last words:\n{}",
                self.port,
                self.log()
            );
            sleep(Duration::from_millis(50));
        }
    }

    /// Starts the child and waits until it answers; `false` when it ended, as it does when the port is taken.
    fn spawn(&mut self) -> bool {
        let _ = fs::remove_file(self.log_file());
        let child = self.command().spawn();
        self.child = Some(child.unwrap_or_else(|error| panic!("cannot run {:?}: {error}", self.program)));
        let deadline = Instant::now() + PATIENCE;
        while !self.is_ready() {
            if self.has_ended() {
                return false;
            }
            assert!(
                Instant::now() < deadline,
                "no answer on port {}; last words:\n{}",
                self.port,
                self.log()
            );
            sleep(Duration::from_millis(2));
        }
        true
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"]);
        command.args(["--save", "", "--appendonly", "no", "--dir"]).arg(&self.home);
        command.arg("--logfile").arg(self.log_file()).args(&self.args);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Its own log says that it listens (another server on a port that was taken meanwhile would answer, too),
    /// and it answers.
    fn is_ready(&self) -> bool {
        self.log().contains("Ready to accept connections") && answers(self.port).unwrap_or(false)
    }

    fn has_ended(&mut self) -> bool {
        self.child.as_mut().is_none_or(|child| matches!(child.try_wait(), Ok(Some(_))))
    }

    fn log_file(&self) -> PathBuf {
        self.home.join("server.log")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// The standard library can only send `SIGKILL`; the shell's own `kill` sends the rest.
    fn signal(&self, name: &str) {
        let Some(child) = &self.child else { return };
        let status = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", child.id())).status();
        assert!(status.is_ok_and(|status| status.success()), "cannot send SIG{name} to the server");
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.home);
    }
}

/// The variable, then `target/servers` of the workspace, then PATH, then `/usr/bin`.
fn find(name: &str, variable: &str) -> PathBuf {
    let named = std::env::var_os(variable).map(PathBuf::from);
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::iter::once(workspace.join("target/servers"))
        .chain(std::env::split_paths(&path))
        .chain([PathBuf::from("/usr/bin")])
        .map(|place| place.join(name));
    named.into_iter().chain(places).find(|candidate| candidate.is_file()).unwrap_or_else(|| {
        panic!("no {name} in ${variable}, target/servers, PATH or /usr/bin: run cargo xtask test, which installs it")
    })
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port of the loopback device");
    listener.local_addr().expect("the port that was bound").port()
}

fn new_home() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let home = std::env::temp_dir().join(format!("larder-server-{}-{number}", std::process::id()));
        match fs::create_dir(&home) {
            Ok(()) => return home,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => panic!("cannot create {home:?}: {error}"),
        }
    }
}

/// Whether something speaks the protocol there. A server that wants a password is up as well.
fn answers(port: u16) -> io::Result<bool> {
    let timeout = Duration::from_millis(200);
    let mut stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), timeout)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.write_all(b"PING\r\n")?;
    let mut reply = [0; 5];
    stream.read_exact(&mut reply)?;
    Ok(reply == *b"+PONG" || reply == *b"-NOAU")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "run cargo xtask test, which installs it")]
    fn a_missing_program_names_the_command_that_installs_it() {
        find("no-such-server", "LARDER_NO_SUCH_SERVER");
    }
}
