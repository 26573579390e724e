//! Every test that `docs/promises/backends.md` names exists.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

/// The text of all Rust files below a directory.
fn sources(dir: &Path, text: &mut String) {
    for entry in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            sources(&entry, text);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(entry).unwrap());
        }
    }
}

#[test]
fn every_test_that_the_page_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut text = String::new();
    for dir in ["cache-backends/src", "cache-backends/tests", "cache-core/src", "cache-core/tests", "tests"] {
        sources(&root.join(dir), &mut text);
    }
    let page = fs::read_to_string(root.join("docs/promises/backends.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| promise"));
    let mut named = 0;
    for row in rows {
        let tests = row.rsplit('|').nth(1).unwrap();
        let names: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "a promise without a test: {row}");
        for name in names {
            assert!(text.contains(&format!("fn {name}(")), "no test is called {name}");
            named += 1;
        }
    }
    assert!(named > 60, "only {named} tests are named");
}
