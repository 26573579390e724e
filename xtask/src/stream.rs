//! Runs a child and hands out its lines while they come, both of its streams in one order.
//!
//! Invariant: it ends when the child has ended, even if something that the child left behind (a server) still
//! holds the pipe.

use std::io::{self, BufRead, BufReader, PipeReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// How long to listen before looking whether the child still runs.
const SILENCE: Duration = Duration::from_millis(200);

/// Runs the command to its end; the error says how it ended. With a limit, it is killed when its time is up.
pub(crate) fn run(
    command: Command,
    limit: Option<Duration>,
    mut on_line: impl FnMut(&str),
) -> Result<(), String> {
    let (mut child, lines) = start(command).map_err(|error| format!("cannot be started: {error}"))?;
    let begun = Instant::now();
    loop {
        match lines.recv_timeout(SILENCE) {
            Ok(line) => on_line(&line),
            Err(RecvTimeoutError::Timeout) if has_ended(&mut child)? => break,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if let Some(limit) = limit.filter(|limit| begun.elapsed() > *limit) {
            return Err(end(&mut child, limit));
        }
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(status.to_string()) }
}

fn start(mut command: Command) -> io::Result<(Child, Receiver<String>)> {
    let (output, input) = io::pipe()?;
    command.stdin(Stdio::null()).stdout(input.try_clone()?).stderr(input);
    let child = command.spawn()?;
    // The command holds our copies of the writing end: without this the reader never sees the end.
    drop(command);
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || read(output, &sender));
    Ok((child, lines))
}

fn read(output: PipeReader, lines: &mpsc::Sender<String>) {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    while output.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        let text = String::from_utf8_lossy(&line);
        if lines.send(text.trim_end_matches(['\n', '\r']).to_owned()).is_err() {
            return;
        }
        line.clear();
    }
}

fn has_ended(child: &mut Child) -> Result<bool, String> {
    child.try_wait().map(|status| status.is_some()).map_err(|error| error.to_string())
}

fn end(child: &mut Child, limit: Duration) -> String {
    let killed = child.kill().and_then(|()| child.wait());
    let how =
        killed.map_or_else(|error| format!("and cannot be ended: {error}"), |_| "and was ended".to_owned());
    format!("took longer than {} s {how}", limit.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(script: &str, limit: Option<Duration>) -> (Result<(), String>, Vec<String>) {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let mut lines = Vec::new();
        let result = run(command, limit, |line| lines.push(line.to_owned()));
        (result, lines)
    }

    #[test]
    fn both_streams_come_in_the_order_they_were_written() {
        let (result, lines) = lines_of("echo one; echo two >&2; echo three", None);
        assert_eq!(result, Ok(()));
        assert_eq!(lines, ["one", "two", "three"]);
    }

    #[test]
    fn a_process_left_behind_does_not_hold_the_run() {
        let begun = Instant::now();
        let (result, lines) = lines_of("sleep 20 & echo $!", None);
        assert_eq!(result, Ok(()));
        assert!(begun.elapsed() < Duration::from_secs(10));
        Command::new("kill").arg(&lines[0]).status().unwrap();
    }

    #[test]
    fn a_program_that_does_not_end_is_ended() {
        let (result, _) = lines_of("exec sleep 20", Some(Duration::from_millis(100)));
        assert_eq!(result, Err("took longer than 0 s and was ended".to_owned()));
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error() {
        let result = run(Command::new("/nonexistent/larder"), None, |_| {});
        assert!(result.unwrap_err().starts_with("cannot be started: "));
    }
}
