//! What cargo knows about the repository: where it is, the facade's features and examples.

use std::path::PathBuf;

use serde_json::Value;

use crate::steps::cargo;
use crate::system;

/// The facade package.
const FACADE: &str = "larder";

/// The repository as `cargo metadata` describes it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Project {
    pub(crate) root: PathBuf,
    /// Every feature of the facade but `default`, sorted.
    pub(crate) features: Vec<String>,
    /// Name and source of every example of the facade, sorted.
    pub(crate) examples: Vec<(String, PathBuf)>,
}

impl Project {
    /// Asks cargo.
    pub(crate) fn read() -> Result<Self, String> {
        let json = system::output(cargo(["metadata", "--no-deps", "--format-version", "1"]))?;
        Self::parse(&json)
    }

    fn parse(json: &str) -> Result<Self, String> {
        let metadata: Value =
            serde_json::from_str(json).map_err(|error| format!("cargo metadata: {error}"))?;
        let root = text(&metadata, "workspace_root").ok_or("cargo metadata names no workspace root")?;
        let facade = list(&metadata, "packages").iter().find(|package| text(package, "name") == Some(FACADE));
        let facade = facade.ok_or_else(|| format!("cargo metadata names no package `{FACADE}`"))?;
        Ok(Self { root: root.into(), features: features_of(facade), examples: examples_of(facade) })
    }
}

fn features_of(package: &Value) -> Vec<String> {
    let features = package.get("features").and_then(Value::as_object).into_iter().flatten();
    let mut names: Vec<String> =
        features.map(|(name, _)| name.clone()).filter(|name| name != "default").collect();
    names.sort();
    names
}

fn examples_of(package: &Value) -> Vec<(String, PathBuf)> {
    let is_example = |target: &&Value| list(target, "kind").iter().any(|kind| kind == "example");
    let examples = list(package, "targets").iter().filter(is_example);
    let mut examples: Vec<_> = examples
        .filter_map(|target| Some((text(target, "name")?.to_owned(), text(target, "src_path")?.into())))
        .collect();
    examples.sort();
    examples
}

fn text<'a>(object: &'a Value, field: &str) -> Option<&'a str> {
    object.get(field)?.as_str()
}

fn list<'a>(object: &'a Value, field: &str) -> &'a [Value] {
    object.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_and_examples_of_the_facade_are_found() {
        let json = r#"{"workspace_root": "/r", "packages": [
            {"name": "cache-core", "features": {"lz4": []}, "targets": []},
            {"name": "larder", "features": {"redis": [], "default": ["redis"], "disk": []}, "targets": [
                {"name": "larder", "kind": ["lib"], "src_path": "/r/src/lib.rs"},
                {"name": "quick_start", "kind": ["example"], "src_path": "/r/examples/quick_start.rs"}]}]}"#;
        let project = Project::parse(json).unwrap();
        assert_eq!(project.root, PathBuf::from("/r"));
        assert_eq!(project.features, ["disk", "redis"]);
        assert_eq!(project.examples, [("quick_start".to_owned(), "/r/examples/quick_start.rs".into())]);
    }

    #[test]
    fn this_repository_is_read() {
        let project = Project::read().unwrap();
        assert!(project.root.join("ARCHITECTURE.md").is_file());
        assert!(project.features.iter().any(|feature| feature == "redis"));
    }

    #[test]
    fn a_workspace_without_the_facade_is_an_error() {
        let error = Project::parse(r#"{"workspace_root": "/r", "packages": []}"#).unwrap_err();
        assert_eq!(error, "cargo metadata names no package `larder`");
    }
}
