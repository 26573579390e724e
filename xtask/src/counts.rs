//! Reads how many tests ran out of the runners' own closing lines.
//!
//! Known: libtest (`test result: ok. 3 passed; 0 failed; ..`, also of doctests) and nextest
//! (`Summary [ 0.5s] 12 tests run: 11 passed (1 slow), 1 failed, 3 skipped`).

use std::ops::AddAssign;

/// Tests of one step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    /// Ignored, or not selected by the filter of the step.
    pub(crate) skipped: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// Follows the output of one step.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    libtest: Counts,
    nextest: Option<Counts>,
}

impl Reader {
    /// Takes what a line of output says, when it is a closing line.
    pub(crate) fn read(&mut self, line: &str) {
        let line = plain(line);
        if let Some(rest) = line.strip_prefix("test result: ") {
            let counts = rest.split_once(". ").map_or(rest, |(_, counts)| counts);
            self.libtest.add_all(counts, ';');
        } else if line.trim_start().starts_with("Summary [") {
            let counts = line.split_once(" run: ").map_or("", |(_, counts)| counts);
            self.nextest.get_or_insert_default().add_all(&without_parentheses(counts), ',');
        }
    }

    /// What the runner counted. Nextest shows the output of failed tests, libtest lines in it are its own tests again.
    pub(crate) fn counts(&self) -> Counts {
        self.nextest.unwrap_or(self.libtest)
    }
}

impl Counts {
    fn add_all(&mut self, counts: &str, separator: char) {
        for count in counts.split(separator) {
            let Some((number, what)) = count.trim().split_once(' ') else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            match what.trim() {
                "passed" => self.passed += number,
                "failed" | "timed out" | "exec failed" => self.failed += number,
                "ignored" | "skipped" => self.skipped += number,
                _ => {}
            }
        }
    }
}

/// Without the escape sequences that colour a line.
fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            chars.by_ref().find(char::is_ascii_alphabetic);
        } else {
            text.push(c);
        }
    }
    text
}

fn without_parentheses(counts: &str) -> String {
    let mut depth = 0_u32;
    let outside = counts.chars().filter(|c| {
        depth += u32::from(*c == '(');
        let keep = depth == 0;
        depth = depth.saturating_sub(u32::from(*c == ')'));
        keep
    });
    outside.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts_of(lines: &[&str]) -> Counts {
        let mut reader = Reader::default();
        lines.iter().for_each(|line| reader.read(line));
        reader.counts()
    }

    #[test]
    fn libtest_lines_are_added_up() {
        let counts = counts_of(&[
            "test result: ok. 12 passed; 0 failed; 2 ignored; 0 measured; 3 filtered out; finished in 0.01s",
            "test result: FAILED. 1 passed; 4 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        ]);
        assert_eq!(counts, Counts { passed: 13, failed: 4, skipped: 2 });
    }

    #[test]
    fn nextest_lines_are_read_with_their_remarks() {
        let line = "     Summary [   1.033s] 45 tests run: 42 passed (1 slow, 2 leaky), 1 failed, 2 timed out, 7 skipped";
        assert_eq!(counts_of(&[line]), Counts { passed: 42, failed: 3, skipped: 7 });
    }

    #[test]
    fn a_nextest_run_cut_short_counts_what_ran() {
        let line = "     Summary [   0.033s] 2/45 tests run: 1 passed, 1 failed, 0 skipped";
        assert_eq!(counts_of(&[line]), Counts { passed: 1, failed: 1, skipped: 0 });
    }

    #[test]
    fn the_output_of_a_failed_test_under_nextest_is_not_counted_again() {
        let inner = "test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out";
        let line = "     Summary [   0.033s] 2 tests run: 1 passed, 1 failed, 0 skipped";
        assert_eq!(counts_of(&[inner, line, inner]), Counts { passed: 1, failed: 1, skipped: 0 });
    }

    #[test]
    fn coloured_lines_are_read_alike() {
        let line = "\u{1b}[32;1m     Summary\u{1b}[0m [   0.0s] \u{1b}[1m1\u{1b}[0m test run: \u{1b}[1m1\u{1b}[0m passed, 0 skipped";
        assert_eq!(counts_of(&[line]), Counts { passed: 1, failed: 0, skipped: 0 });
    }

    #[test]
    fn other_lines_count_nothing() {
        let lines = ["running 3 tests", "test key::tests::passed ... ok", "3 passed; 4 failed", ""];
        assert_eq!(counts_of(&lines), Counts::default());
    }
}
