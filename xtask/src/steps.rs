//! Carries steps out: says what runs, how long it took, what it counted, and remembers it for the summary.
//!
//! Invariant: once a step has failed its error is [`Stopped`], so `?` ends the run there.

use std::env;
use std::ffi::OsStr;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::counts::{Counts, Reader};
use crate::stream;

/// A step failed; which and why is in the record.
#[derive(Debug)]
pub(crate) struct Stopped;

/// What became of one step.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) title: String,
    pub(crate) took: Duration,
    pub(crate) counts: Counts,
    pub(crate) failure: Option<String>,
}

/// The run so far.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    pub(crate) records: Vec<Record>,
    pub(crate) notes: Vec<String>,
    pub(crate) tests_expected: bool,
    environment: Vec<(String, String)>,
}

impl Steps {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A run that counts no test at all is then a failed one.
    pub(crate) fn expect_tests(&mut self) {
        self.tests_expected = true;
    }

    /// Sets a variable for every later step.
    pub(crate) fn export(&mut self, name: &str, value: &str) {
        println!("   {name}={value}");
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Says something now and again in the summary.
    pub(crate) fn note(&mut self, text: String) {
        println!("   note: {text}");
        self.notes.push(text);
    }

    /// Runs a command as a step.
    pub(crate) fn run(&mut self, title: &str, command: Command) -> Result<(), Stopped> {
        self.command(title, command, None)
    }

    /// Runs a program that has no summary line of its own and counts it as one test.
    pub(crate) fn run_as_test(
        &mut self,
        title: &str,
        command: Command,
        limit: Duration,
    ) -> Result<(), Stopped> {
        self.command(title, command, Some(limit))?;
        if let Some(record) = self.records.last_mut() {
            record.counts.passed += 1;
        }
        Ok(())
    }

    /// Runs a function as a step.
    pub(crate) fn task<T>(
        &mut self,
        title: &str,
        work: impl FnOnce() -> Result<T, String>,
    ) -> Result<T, Stopped> {
        println!("\n== {title}");
        let begun = Instant::now();
        let result = work();
        let failure = result.as_ref().err().cloned();
        self.record(title, begun, Counts::default(), failure)?;
        result.map_err(|_| Stopped)
    }

    fn command(&mut self, title: &str, mut command: Command, limit: Option<Duration>) -> Result<(), Stopped> {
        println!("\n== {title}: {}", shown(&command));
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let begun = Instant::now();
        let mut reader = Reader::default();
        let result = stream::run(command, limit, |line| {
            println!("{line}");
            reader.read(line);
        });
        self.record(title, begun, reader.counts(), result.err())
    }

    fn record(
        &mut self,
        title: &str,
        begun: Instant,
        counts: Counts,
        failure: Option<String>,
    ) -> Result<(), Stopped> {
        let took = begun.elapsed();
        let failed = failure.is_some();
        match &failure {
            None => println!("   done in {:.1} s", took.as_secs_f64()),
            Some(why) => println!("   FAILED after {:.1} s: {title}: {why}", took.as_secs_f64()),
        }
        self.records.push(Record { title: title.to_owned(), took, counts, failure });
        if failed { Err(Stopped) } else { Ok(()) }
    }
}

/// The cargo that runs us.
pub(crate) fn cargo<const N: usize>(args: [&str; N]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args);
    command
}

/// A command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let variables = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
    let mut words: Vec<String> =
        variables.map(|(name, value)| format!("{}={}", word(name), quoted(value))).collect();
    let program = word(command.get_program());
    words.push(program.rsplit('/').next().unwrap_or(&program).to_owned());
    words.extend(command.get_args().map(quoted));
    words.join(" ")
}

fn word(text: &OsStr) -> String {
    text.to_string_lossy().into_owned()
}

fn quoted(text: &OsStr) -> String {
    let text = word(text);
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,@+".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text } else { format!("'{text}'") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        let mut command = Command::new("/usr/bin/cargo");
        command.args(["test", "-E", "package(larder)"]).env("CACHE_ENABLED", "false");
        assert_eq!(shown(&command), "CACHE_ENABLED=false cargo test -E 'package(larder)'");
    }

    #[test]
    fn a_step_counts_the_tests_of_its_runner() {
        let mut steps = Steps::new();
        let line = "echo 'test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out'";
        steps.run("tests", shell(line)).unwrap();
        assert_eq!(steps.records[0].counts, Counts { passed: 3, failed: 0, skipped: 1 });
    }

    #[test]
    fn a_step_that_exits_with_an_error_stops_the_run() {
        let mut steps = Steps::new();
        steps.run("broken", shell("exit 3")).unwrap_err();
        assert_eq!(steps.records[0].failure.as_deref(), Some("exit status: 3"));
    }

    #[test]
    fn exported_variables_reach_every_later_step() {
        let mut steps = Steps::new();
        steps.export("LARDER_REDIS_SERVER", "/opt/redis");
        steps.run("reads it", shell("test \"$LARDER_REDIS_SERVER\" = /opt/redis")).unwrap();
    }

    #[test]
    fn a_program_that_ends_well_counts_as_one_test() {
        let mut steps = Steps::new();
        steps.run_as_test("example", shell("true"), Duration::from_secs(10)).unwrap();
        assert_eq!(steps.records[0].counts.passed, 1);
    }
}
