//! An option of `#[cached]` that needs a feature says so where that is left out: one error, which names it.
//!
//! The tests of this workspace have every feature, so this is a crate of our making with the default ones, in a target directory
//! of its own.

use std::fs;
use std::path::Path;

use crate::steps::cargo;
use crate::system;

/// What a function asks for, and the feature that it needs.
const OPTIONS: [(&str, &str); 4] = [
    ("format = \"json\"", "json"),
    ("format = \"bincode\"", "bincode"),
    ("interop = \"cachekit\", namespace = \"shop\", operation = \"get\"", "cachekit"),
    ("interop = \"cachekit\", namespace = \"shop\", operation = \"any\", companions = \"none\"", "cachekit"),
];

/// Compiles a function with each, which has to fail.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let place = root.join("target/left-out");
    written(root, &place).map_err(|error| format!("{}: {error}", place.display()))?;
    let mut command = cargo(["check", "--quiet", "--offline"]);
    command.current_dir(&place).env("CARGO_TARGET_DIR", place.join("built"));
    match system::output(command) {
        Ok(_) => Err("a function that needs a feature compiled without it".to_owned()),
        Err(said) => said_of_each(&said),
    }
}

fn written(root: &Path, place: &Path) -> std::io::Result<()> {
    let manifest = format!(
        "[package]\nname = \"left-out\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
         larder = {{ path = {:?} }}\n",
        root.display().to_string()
    );
    fs::create_dir_all(place.join("src"))?;
    fs::write(place.join("Cargo.toml"), manifest)?;
    fs::copy(root.join("Cargo.lock"), place.join("Cargo.lock"))?;
    fs::write(place.join("src/lib.rs"), source())
}

fn source() -> String {
    let functions = OPTIONS.iter().enumerate().map(|(index, (options, _))| {
        format!("#[larder::cached({options})]\npub async fn number_{index}(id: u64) -> u64 {{ id }}\n\n")
    });
    functions.collect()
}

/// One error for each function, and no other.
fn said_of_each(said: &str) -> Result<(), String> {
    let errors: Vec<&str> = said.lines().filter(|line| line.contains("error[")).collect();
    for feature in ["json", "bincode", "cachekit"] {
        let named = format!("needs the feature `{feature}` of larder");
        let wanted = OPTIONS.iter().filter(|(_, needed)| *needed == feature).count();
        let found = errors.iter().filter(|line| line.contains(&named)).count();
        if found != wanted {
            return Err(format!("{found} errors name the feature `{feature}`, not {wanted}:\n{said}"));
        }
    }
    if errors.len() == OPTIONS.len() { Ok(()) } else { Err(format!("an error is not ours:\n{said}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "\
cargo check: exit status: 101: error[E0277]: `format = \"json\"` needs the feature `json` of larder
error[E0277]: `format = \"bincode\"` needs the feature `bincode` of larder
error[E0277]: `interop = \"cachekit\"` needs the feature `cachekit` of larder
error[E0277]: `interop = \"cachekit\"` needs the feature `cachekit` of larder
error: could not compile `left-out` (lib) due to 4 previous errors";

    #[test]
    fn each_is_asked_for_once_and_no_other_error_passes() {
        assert_eq!(source().matches("#[larder::cached(").count(), OPTIONS.len());
        assert_eq!(said_of_each(OURS), Ok(()));
        assert!(said_of_each(&OURS.replace("`json` of", "`jsn` of")).is_err());
        assert!(said_of_each(&format!("{OURS}\nerror[E0425]: cannot find function `argument`")).is_err());
    }
}
