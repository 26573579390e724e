//! `cargo xtask compile-time`: what 200 cached functions cost to compile, beside those of `cached` 4.1.
//!
//! Two crates of our making, alike but for the attribute, in a target directory of their own. Dependencies are built
//! first; then each crate is compiled anew in turn, and what is printed is the median of the rounds. A ratio below 1
//! means that larder is faster.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::project::Project;
use crate::steps::{Steps, Stopped, cargo};
use crate::system;

const FUNCTIONS: usize = 200;
const ROUNDS: usize = 5;

/// Compares `cargo check` and `cargo build`.
pub(crate) fn run(steps: &mut Steps) -> Result<(), Stopped> {
    let project = steps.task("project", Project::read)?;
    let place = project.root.join("target/compile-time");
    let crates = steps.task("two crates", || crates(&project.root, &place))?;
    for verb in ["check", "build"] {
        let medians = steps.task(&format!("cargo {verb}"), || compare(verb, &crates))?;
        let [ours, theirs] = medians.map(|median| median.as_secs_f64());
        steps.note(format!(
            "{FUNCTIONS} functions, cargo {verb}: larder {ours:.2} s, cached 4.1 {theirs:.2} s, x{:.2}",
            ours / theirs
        ));
    }
    Ok(())
}

/// The crates of larder and of its peer.
fn crates(root: &Path, place: &Path) -> Result<[PathBuf; 2], String> {
    let ours = format!("larder = {{ path = {:?} }}", root.display().to_string());
    let theirs = "cached = { version = \"4.1\", default-features = false, features = [\"ahash\", \"async\", \
                  \"proc_macro\", \"time_stores\"] }\nserde = \"1\"";
    let ours = written(root, &place.join("with-larder"), &ours, "#[larder::cached(ttl = \"1h\")]")?;
    let theirs = written(
        root,
        &place.join("with-cached"),
        theirs,
        "#[cached::macros::concurrent_cached(max_size = 20_000, ttl_secs = 3_600)]",
    )?;
    Ok([ours, theirs])
}

/// Writes one crate.
fn written(root: &Path, folder: &Path, dependencies: &str, attribute: &str) -> Result<PathBuf, String> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let manifest = format!(
        "[package]\nname = {name:?}\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n{dependencies}\n"
    );
    let told = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(folder.join("src")).map_err(told)?;
    fs::write(folder.join("Cargo.toml"), manifest).map_err(told)?;
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).map_err(told)?;
    fs::write(folder.join("src/lib.rs"), source(attribute)).map_err(told)?;
    Ok(folder.to_owned())
}

/// Two hundred functions of three shapes.
fn source(attribute: &str) -> String {
    let mut source = String::new();
    for index in 0..FUNCTIONS {
        let function = match index % 3 {
            0 => format!("pub async fn number_{index}(id: u64) -> u64 {{ id + {index} }}"),
            1 => format!(
                "pub async fn text_{index}(id: u64, name: String) -> String {{ format!(\"{{name}}{{id}}\") }}"
            ),
            _ => format!(
                "pub async fn list_{index}(page: u32) -> Vec<String> {{ vec![page.to_string(); {index}] }}"
            ),
        };
        let _ = writeln!(source, "{attribute}\n{function}\n");
    }
    source
}

/// The median of each crate over interleaved rounds; the round before the first one builds the dependencies.
fn compare(verb: &str, crates: &[PathBuf; 2]) -> Result<[Duration; 2], String> {
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        for (folder, times) in crates.iter().zip(&mut times) {
            let took = compiled(verb, folder, round)?;
            if round > 0 {
                println!("   {} round {round}: {:.2} s", folder.display(), took.as_secs_f64());
                times.push(took);
            }
        }
    }
    Ok(times.map(|mut times| {
        times.sort_unstable();
        times.get(times.len() / 2).copied().unwrap_or_default()
    }))
}

/// Changes a crate and compiles it.
fn compiled(verb: &str, folder: &Path, round: usize) -> Result<Duration, String> {
    let source = folder.join("src/lib.rs");
    let text = fs::read_to_string(&source).map_err(|error| format!("{}: {error}", source.display()))?;
    let functions = text.split("\n//").next().unwrap_or_default();
    fs::write(&source, format!("{functions}\n// {verb} {round}\n"))
        .map_err(|error| format!("{}: {error}", source.display()))?;
    let mut command = cargo([verb, "--quiet", "--offline"]);
    // Incremental compilation would measure a comment.
    command
        .current_dir(folder)
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_TARGET_DIR", folder.join("../built"));
    let begun = Instant::now();
    system::output(command)?;
    Ok(begun.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_is_marked_and_has_a_name_of_its_own() {
        let source = source("#[larder::cached]");
        assert_eq!(source.matches("#[larder::cached]\npub async fn ").count(), FUNCTIONS);
        assert!(source.contains("fn number_198(") && source.contains("fn list_2("));
    }
}
