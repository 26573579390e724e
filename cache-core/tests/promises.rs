//! The pages of `docs/promises/` name the tests that hold each promise. A test that is not there any more holds nothing:
//! this fails with the line that names it.

#![allow(clippy::unwrap_used)]

use std::collections::HashSet;
use std::fs;
use std::path::Path;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The names of a text's tests: functions under an attribute that ends in `test`, and the names that a list macro runs.
fn tests_of(text: &str) -> Vec<String> {
    let (mut names, mut is_test, mut in_list) = (Vec::new(), false, false);
    for line in text.lines().map(str::trim) {
        let attribute = line.strip_prefix("#[").map(|rest| rest.split(['(', ']']).next().unwrap_or_default());
        if let Some(attribute) = attribute {
            is_test |= attribute == "test" || attribute.ends_with("::test");
        } else if let Some(at) = line.find("fn ").filter(|_| !line.starts_with("//")) {
            let name: String =
                line[at + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            names.extend(is_test.then_some(name));
            is_test = false;
        }
        if in_list && line.chars().all(|c| c.is_alphanumeric() || c == '_') && !line.is_empty() {
            names.push(line.to_owned());
        }
        in_list = (in_list || line.starts_with("on_both_servers!")) && line != "}";
    }
    names
}

/// The promises of the conformance suite are functions that every backend's tests run.
fn conformance_of(text: &str) -> Vec<String> {
    let functions = text.lines().filter_map(|line| line.strip_prefix("pub async fn "));
    functions.filter_map(|rest| rest.split('(').next().map(str::to_owned)).collect()
}

fn collect(folder: &Path, names: &mut HashSet<String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            names.extend(tests_of(&text));
            if folder.ends_with("testkit/conformance") {
                names.extend(conformance_of(&text));
            }
        }
    }
}

fn tests_of_the_tree() -> HashSet<String> {
    let mut names = HashSet::new();
    for folder in ["tests", "src", "cache-core", "cache-backends", "cache-macros"] {
        collect(&Path::new(ROOT).join(folder), &mut names);
    }
    names
}

/// What is wrong with the lines of a page: a promise without a test, a test that is not there.
fn problems(page: &str, tests: &HashSet<String>) -> Vec<String> {
    let mut problems = Vec::new();
    let rows =
        page.lines().enumerate().filter(|(_, line)| line.starts_with("| ") && !line.starts_with("| what"));
    for (number, row) in rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        let named: Vec<&str> = cells.last().unwrap().split('`').skip(1).step_by(2).collect();
        if cells.len() != 2 || named.is_empty() {
            problems.push(format!("line {}: no test is named: {row}", number + 1));
        }
        for name in named {
            let is_file = name.contains('/') && Path::new(ROOT).join(name).exists();
            if !is_file && !tests.contains(name) {
                problems.push(format!("line {}: there is no test `{name}`", number + 1));
            }
        }
    }
    problems
}

#[test]
fn every_promise_names_tests_that_exist() {
    let tests = tests_of_the_tree();
    for (name, least) in [("engine", 50), ("backends", 30), ("macros", 30), ("peers", 25)] {
        let page = fs::read_to_string(Path::new(ROOT).join(format!("docs/promises/{name}.md"))).unwrap();
        let rows = page.lines().filter(|line| line.starts_with("| ")).count();
        assert!(rows > least, "{name}.md was not read: {rows} rows");
        let problems = problems(&page, &tests);
        assert!(problems.is_empty(), "\n{name}.md\n{}\n", problems.join("\n"));
    }
}

#[test]
fn a_test_that_is_not_there_and_a_promise_without_one_are_found() {
    let text = "#[tokio::test(start_paused = true)]\nasync fn held() {\n#[cfg(test)]\nfn helper() {}\n\
                on_both_servers! {\n    listed\n}\nunlisted\n";
    assert_eq!(tests_of(text), ["held", "listed"]);
    let tests: HashSet<String> = tests_of(text).into_iter().collect();
    let page = "| what | test |\n|---|---|\n| a | `held`, `listed` |\n| b | `helper` |\n| c | none |\n\
                | d | `docs/wire-format.md`, `docs/nowhere.md` |\n";
    let found = problems(page, &tests);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[0].contains("no test `helper`") && found[1].contains("| c |"), "{found:?}");
    assert!(found[2].contains("docs/nowhere.md"), "{found:?}");
}
