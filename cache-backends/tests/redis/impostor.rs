//! Servers that misbehave in ways that a real one cannot be made to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// The address of a server that answers everything with these bytes.
pub(crate) fn impostor(answer: &'static [u8]) -> String {
    serve(move |mut stream| {
        let mut heard = [0; 4_096];
        while stream.read(&mut heard).is_ok_and(|bytes| bytes > 0) {
            if stream.write_all(answer).is_err() {
                return;
            }
        }
    })
}

/// A server that is polite until it is asked for something.
pub(crate) struct Impostor {
    url: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Impostor {
    /// It notes the first command behind the handshake, and closes the connection without an answer.
    pub(crate) fn that_hangs_up() -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&heard);
        let url = serve(move |mut stream| {
            let mut commands = BufReader::new(stream.try_clone().unwrap());
            while let Some(name) = next_command(&mut commands) {
                if !["HELLO", "CLIENT", "PING"].contains(&name.as_str()) {
                    notes.lock().unwrap().push(name);
                    return;
                }
                stream.write_all(b"+OK\r\n").unwrap();
            }
        });
        Self { url, heard }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What it was asked for since the last time.
    pub(crate) fn heard(&self) -> Vec<String> {
        std::mem::take(&mut self.heard.lock().unwrap())
    }
}

/// A sentinel that names what it is told to name.
pub(crate) struct FalseSentinel {
    url: String,
    named: Arc<Mutex<(u16, u64)>>,
}

impl FalseSentinel {
    /// It names this port, and the failover of that number.
    pub(crate) fn naming(port: u16, epoch: u64) -> Self {
        let named = Arc::new(Mutex::new((port, epoch)));
        let says = Arc::clone(&named);
        let url = serve(move |mut stream| {
            let mut commands = BufReader::new(stream.try_clone().unwrap());
            while let Some(name) = next_command(&mut commands) {
                let (port, epoch) = *says.lock().unwrap();
                let fields =
                    ["ip", "127.0.0.1", "port", &port.to_string(), "config-epoch", &epoch.to_string()]
                        .map(|field| format!("${}\r\n{field}\r\n", field.len()))
                        .concat();
                let answer =
                    if name == "SENTINEL" { format!("*6\r\n{fields}") } else { "+OK\r\n".to_owned() };
                if stream.write_all(answer.as_bytes()).is_err() {
                    return;
                }
            }
        });
        let url = format!("{}/main?protocol=resp2", url.replace("redis://", "redis+sentinel://"));
        Self { url, named }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn names(&self, port: u16, epoch: u64) {
        *self.named.lock().unwrap() = (port, epoch);
    }
}

fn serve(speak: impl Fn(TcpStream) + Clone + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let speak = speak.clone();
            thread::spawn(move || speak(stream));
        }
    });
    url
}

/// Reads one command; its name.
fn next_command(commands: &mut impl BufRead) -> Option<String> {
    let arguments = number(commands, '*')?;
    let mut name = None;
    for _ in 0..arguments {
        let mut argument = vec![0; number(commands, '$')? + 2];
        commands.read_exact(&mut argument).ok()?;
        argument.truncate(argument.len() - 2);
        name.get_or_insert_with(|| String::from_utf8_lossy(&argument).into_owned());
    }
    name
}

fn number(commands: &mut impl BufRead, sign: char) -> Option<usize> {
    let mut line = String::new();
    commands.read_line(&mut line).ok()?;
    line.trim_end().strip_prefix(sign)?.parse().ok()
}
