//! What compiles and what does not: every rejection is one error, at the user's token, naming the fix.
//!
//! `TRYBUILD=overwrite cargo test --test ui` writes the expected texts anew. Texts of the compiler itself differ
//! between its versions, so the suite is for the pinned toolchain.

#[test]
fn what_is_right_compiles() {
    trybuild::TestCases::new().pass("tests/ui/pass/*.rs");
}

#[test]
fn what_is_wrong_says_so() {
    trybuild::TestCases::new().compile_fail("tests/ui/fail/*.rs");
}
