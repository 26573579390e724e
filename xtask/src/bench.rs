//! `cargo xtask bench [NAME]`: criterion, one question per file of `benches/`.

use crate::steps::{Steps, Stopped, cargo};

/// Runs one benchmark, or all of them. What follows the name goes to criterion.
pub(crate) fn run(steps: &mut Steps, args: &[String]) -> Result<(), Stopped> {
    let (name, rest) = match args.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => ("*", args),
    };
    let mut command = cargo(["bench", "--package", "larder", "--bench", name]);
    if !rest.is_empty() {
        command.arg("--").args(rest);
    }
    steps.run("bench", command)
}
