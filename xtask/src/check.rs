//! `cargo xtask check`: what to run before every commit. No servers, no examples, seconds when warm.

use crate::steps::{Steps, Stopped, cargo};

/// Format, clippy, unit tests.
pub(crate) fn run(steps: &mut Steps) -> Result<(), Stopped> {
    steps.expect_tests();
    format(steps)?;
    clippy(steps)?;
    steps.run("unit tests", cargo(["test", "--workspace", "--lib", "--bins", "--no-fail-fast"]))
}

pub(crate) fn format(steps: &mut Steps) -> Result<(), Stopped> {
    steps.run("format", cargo(["fmt", "--all", "--check"]))
}

pub(crate) fn clippy(steps: &mut Steps) -> Result<(), Stopped> {
    steps.run("clippy", cargo(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}
