//! Each feature of the facade alone, none, and all together: a feature adds names and needs no other by accident.
//!
//! By clippy, which is `cargo check` and more, so that what is dead code without its feature fails too.

use crate::left_out;
use crate::project::Project;
use crate::steps::{Steps, Stopped, cargo};

/// One step per selection.
pub(crate) fn run(steps: &mut Steps, project: &Project) -> Result<(), Stopped> {
    for (title, features) in selections(&project.features) {
        let mut command = cargo(["clippy", "--package", "larder", "--no-default-features"]);
        if !features.is_empty() {
            command.args(["--features", &features]);
        }
        command.args(["--", "-D", "warnings"]);
        steps.run(&title, command)?;
    }
    steps.task("features: what is left out says so", || left_out::run(&project.root))
}

/// Title and the value of `--features`.
fn selections(features: &[String]) -> Vec<(String, String)> {
    let mut selections = vec![("features: none".to_owned(), String::new())];
    selections.extend(features.iter().map(|feature| (format!("features: {feature}"), feature.clone())));
    selections.push(("features: all".to_owned(), features.join(",")));
    selections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_then_each_alone_then_all() {
        let features = ["disk".to_owned(), "redis".to_owned()];
        let values: Vec<String> = selections(&features).into_iter().map(|(_, value)| value).collect();
        assert_eq!(values, ["", "disk", "redis", "disk,redis"]);
    }
}
