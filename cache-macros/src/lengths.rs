//! How much every user compiles for each function, in printed lines. It does not grow unseen.

use crate::snapshots::{pretty, tokens};

/// What each form is printed with at most: its options, the function, and the lines.
const FORMS: &[(&str, &str, usize)] = &[
    ("", "pub async fn user(id: u64, name: &str) -> Result<User, DbError> { db::fetch(id, name).await }", 67),
    ("", "pub fn user(id: u64, name: &str) -> Result<User, DbError> { db::fetch(id, name) }", 63),
    ("", "async fn user(id: u64) -> User { db::fetch(id).await }", 56),
    ("batch = ids", "pub async fn users(ids: Vec<u64>) -> Vec<User> { db::fetch(ids).await }", 47),
    (
        "companions = \"none\"",
        "pub async fn user(id: u64, name: &str) -> Result<User, DbError> { db::fetch(id, name).await }",
        42,
    ),
    (
        "companions = \"none\"",
        "pub fn user(id: u64, name: &str) -> Result<User, DbError> { db::fetch(id, name) }",
        36,
    ),
];

#[test]
fn a_function_expands_to_few_lines() {
    for (args, item, most) in FORMS {
        let printed = pretty(crate::expand_cached(tokens(args), tokens(item)));
        let lines = printed.lines().count();
        assert!(
            lines <= *most,
            "`#[cached({args})] {item}` is printed with {lines} lines, at most {most} before. What every function \
             repeats is compiled for every function: put logic into `cache_core::private`, where it is compiled once \
             (docs/decisions/0019). Lower the limit when the expansion shrinks.\n{printed}"
        );
    }
}
