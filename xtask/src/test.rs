//! `cargo xtask test`: everything, in this order, up to the first failure.

use std::process::Command;

use crate::project::Project;
use crate::steps::{Steps, Stopped, cargo};
use crate::system::on_path;
use crate::{check, deny, examples, features, servers};

/// Servers, format, clippy, features, docs, tests, examples, the cache disabled, benches, licences.
pub(crate) fn run(steps: &mut Steps) -> Result<(), Stopped> {
    steps.expect_tests();
    let project = steps.task("project", Project::read)?;
    servers::run(steps, &project.root)?;
    check::format(steps)?;
    check::clippy(steps)?;
    features::run(steps, &project)?;
    docs(steps)?;
    tests(steps)?;
    examples::run(steps, &project)?;
    disabled(steps)?;
    steps.run("benches compile", cargo(["check", "--package", "larder", "--benches"]))?;
    deny::run_if_to_be_had(steps, &project)
}

fn docs(steps: &mut Steps) -> Result<(), Stopped> {
    let mut command = cargo(["doc", "--workspace", "--no-deps", "--all-features"]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    steps.run("docs", command)
}

fn tests(steps: &mut Steps) -> Result<(), Stopped> {
    if !has_nextest() {
        steps.note("cargo-nextest is not installed: tests run by `cargo test`".to_owned());
    }
    steps.run("tests", runner())?;
    steps.run("doc tests", cargo(["test", "--workspace", "--doc", "--no-fail-fast"]))
}

/// The facade's tests once more with the cache switched off: functions must answer the same.
fn disabled(steps: &mut Steps) -> Result<(), Stopped> {
    let mut command = if has_nextest() {
        // The same selection of packages as before, so that nothing is built twice.
        let mut command = runner();
        command.args(["--filterset", "package(larder)"]);
        command
    } else {
        cargo(["test", "--package", "larder", "--tests", "--no-fail-fast"])
    };
    command.env("CACHE_ENABLED", "false");
    steps.run("tests with the cache disabled", command)
}

/// Unit and integration tests of the workspace. Examples are left to their own step.
fn runner() -> Command {
    if has_nextest() {
        cargo(["nextest", "run", "--workspace", "--tests", "--no-fail-fast", "--no-tests", "pass"])
    } else {
        cargo(["test", "--workspace", "--tests", "--no-fail-fast"])
    }
}

fn has_nextest() -> bool {
    on_path("cargo-nextest").is_some()
}
