//! What compiles and what does not: every rejection is one error, at the user's token, naming the fix.
//!
//! `TRYBUILD=overwrite cargo test --test ui` writes the expected texts anew. Texts of the compiler itself differ
//! between its versions, so the suite is for the pinned toolchain.

#![allow(clippy::unwrap_used)]

#[test]
fn what_is_right_compiles() {
    trybuild::TestCases::new().pass("tests/ui/pass/*.rs");
}

#[test]
fn what_is_wrong_says_so() {
    trybuild::TestCases::new().compile_fail("tests/ui/fail/*.rs");
}

/// A case that is lost with its file is seen: the number only grows.
#[test]
fn there_are_four_hundred_rejections_and_no_case_without_its_text() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui/fail");
    let mut rejections = 0;
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let texts = std::fs::read_to_string(path.with_extension("stderr")).unwrap_or_default();
            let errors = texts.lines().filter(|line| line.starts_with("error")).count();
            assert!(errors > 0, "{} says nothing", path.display());
            rejections += errors;
        }
    }
    assert!(rejections >= 400, "{rejections} rejections");
}
