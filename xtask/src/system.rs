//! What xtask asks of the machine: find a program, run one for its output, install packages.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::steps::shown;
use crate::stream;

/// A program on PATH.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|candidate| candidate.is_file())
}

/// What a program writes to its stdout; an error when it does not end well.
pub(crate) fn output(mut command: Command) -> Result<String, String> {
    let command_line = shown(&command);
    let output = command.output().map_err(|error| format!("{command_line}: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{command_line}: {}: {}", output.status, said.trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a command and shows it and what it says.
pub(crate) fn aloud(command: Command) -> Result<(), String> {
    let command_line = shown(&command);
    println!("   {command_line}");
    stream::run(command, None, |line| println!("     {line}")).map_err(|why| format!("{command_line}: {why}"))
}

/// Installs packages with the machine's package manager, saying so.
pub(crate) fn install(debian: &[&str], homebrew: &[&str]) -> Result<(), String> {
    if on_path("apt-get").is_some() {
        println!("   installing {}: apt-get", debian.join(", "));
        aloud(as_root(&["apt-get", "update", "-qq"])?)?;
        let install =
            ["apt-get", "install", "-qq", "-o", "Dpkg::Use-Pty=0", "--yes", "--no-install-recommends"];
        return aloud(as_root(&[&install, debian].concat())?);
    }
    if on_path("brew").is_some() {
        println!("   installing {}: brew", homebrew.join(", "));
        let mut command = Command::new("brew");
        command.arg("install").args(homebrew);
        return aloud(command);
    }
    Err("neither apt-get nor brew is here".to_owned())
}

fn as_root(words: &[&str]) -> Result<Command, String> {
    let mut id = Command::new("id");
    id.arg("-u");
    let is_root = output(id)?.trim() == "0";
    if !is_root && on_path("sudo").is_none() {
        return Err(format!("`{}` needs root, and there is no sudo", words.join(" ")));
    }
    // `env` carries the variable through sudo, which drops the caller's.
    let prefix: &[&str] = if is_root { &["env"] } else { &["sudo", "env"] };
    let line = [prefix, &["DEBIAN_FRONTEND=noninteractive"], words].concat();
    let (program, args) = line.split_first().ok_or("nothing to run")?;
    let mut command = Command::new(program);
    command.args(args);
    Ok(command)
}

/// Makes a file that came out of an archive runnable.
#[cfg(unix)]
pub(crate) fn make_executable(file: &Path) -> Result<(), String> {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fs::set_permissions(file, fs::Permissions::from_mode(0o755))
        .map_err(|error| format!("{}: {error}", file.display()))
}

/// Files need no permission to run here.
#[cfg(not(unix))]
pub(crate) fn make_executable(_: &Path) -> Result<(), String> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_on_path_is_found() {
        assert!(on_path("sh").is_some_and(|path| path.ends_with("sh")));
        assert_eq!(on_path("larder-no-such-program"), None);
    }

    #[test]
    fn output_is_what_the_program_wrote() {
        let mut echo = Command::new("echo");
        echo.arg("seven");
        assert_eq!(output(echo), Ok("seven\n".to_owned()));
    }

    #[test]
    fn a_program_that_fails_is_an_error_with_its_words() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo no >&2; exit 4"]);
        assert_eq!(output(command), Err("sh -c 'echo no >&2; exit 4': exit status: 4: no".to_owned()));
    }
}
