//! Every example runs to its end: each is a story with asserts, runnable without flags.
//!
//! An example whose defaults need too much for CI says its arguments on its first line:
//! `// xtask: args --cache memory --since 2000-01-01`.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::project::Project;
use crate::steps::{Steps, Stopped, cargo};

/// An example that is not done by then hangs.
const LIMIT: Duration = Duration::from_secs(180);

/// Builds them together, then one step per example.
pub(crate) fn run(steps: &mut Steps, project: &Project) -> Result<(), Stopped> {
    if project.examples.is_empty() {
        steps.note("there are no examples".to_owned());
        return Ok(());
    }
    steps.run("build the examples", cargo(["build", "--package", "larder", "--release", "--examples"]))?;
    let runs = steps.task("arguments of the examples", || arguments_of(project))?;
    for (name, args) in runs {
        let mut command = cargo(["run", "--quiet", "--package", "larder", "--release", "--example", name]);
        if !args.is_empty() {
            command.arg("--").args(args);
        }
        steps.run_as_test(&format!("example {name}"), command, LIMIT)?;
    }
    Ok(())
}

fn arguments_of(project: &Project) -> Result<Vec<(&str, Vec<String>)>, String> {
    project.examples.iter().map(|(name, source)| Ok((name.as_str(), arguments(source)?))).collect()
}

fn arguments(source: &Path) -> Result<Vec<String>, String> {
    let text = fs::read_to_string(source).map_err(|error| format!("{}: {error}", source.display()))?;
    Ok(arguments_in(&text))
}

fn arguments_in(text: &str) -> Vec<String> {
    let first = text.lines().next().unwrap_or_default();
    let args = first.strip_prefix("// xtask: args ").unwrap_or_default();
    args.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_come_from_the_first_line_only() {
        let text = "// xtask: args --cache memory --since 2000-01-01\n//! A story.\n";
        assert_eq!(arguments_in(text), ["--cache", "memory", "--since", "2000-01-01"]);
        assert!(arguments_in("//! A story.\n// xtask: args --x\n").is_empty());
    }
}
