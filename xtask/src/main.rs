//! The commands of this repository: `cargo xtask check` is the inner loop, `cargo xtask test` is all that CI runs.
//!
//! Promise: every step says what it runs, the first one that fails ends the run, and the last line counts the
//! tests. Invariant: nothing is left out silently; what cannot be had is an error, or a line of the summary.
//! Start reading in `test.rs`; `steps.rs` is what carries a step out.

// A command line tool speaks on stdout.
#![allow(clippy::print_stdout)]

mod bench;
mod check;
mod compile_time;
mod counts;
mod deny;
mod examples;
mod features;
mod left_out;
mod project;
mod servers;
mod steps;
mod stream;
mod summary;
mod system;
mod test;
mod wheel;

use std::env;
use std::process::ExitCode;

use crate::steps::Steps;

const USAGE: &str = "\
cargo xtask check          format, clippy, unit tests: the inner loop, no servers
cargo xtask test           everything CI runs, servers included (they are found or installed)
cargo xtask bench [NAME]   the benchmarks; arguments after NAME go to criterion
cargo xtask compile-time   what 200 cached functions cost to compile, beside those of `cached` 4.1
cargo xtask deny [CHECK..] licences, bans and sources of the dependencies (or the checks named: advisories, ..)
";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let Some((command, rest)) = args.split_first() else { return usage("no command") };
    let mut steps = Steps::new();
    let result = match command.as_str() {
        "check" => check::run(&mut steps),
        "test" => test::run(&mut steps),
        "bench" => bench::run(&mut steps, rest),
        "compile-time" => compile_time::run(&mut steps),
        "deny" => deny::run(&mut steps, rest),
        other => return usage(&format!("no command `{other}`")),
    };
    summary::close(&steps, result.is_ok())
}

fn usage(why: &str) -> ExitCode {
    print!("{why}; there are:\n{USAGE}");
    ExitCode::FAILURE
}
