//! The end of a run: one line per step, the notes, and the count of the tests alone on the last line.

use std::process::ExitCode;

use crate::counts::Counts;
use crate::steps::{Record, Steps};

/// Prints the summary; the exit code of the run.
pub(crate) fn close(steps: &Steps, finished: bool) -> ExitCode {
    let total = total(steps);
    let ran_nothing = finished && steps.tests_expected && total.passed + total.failed == 0;
    println!("\n== summary");
    steps.records.iter().for_each(|record| println!("{}", line(record)));
    steps.notes.iter().for_each(|note| println!("note: {note}"));
    if ran_nothing {
        println!("FAILED: no test ran");
    }
    if let Some(record) = steps.records.iter().find(|record| record.failure.is_some()) {
        println!("FAILED: {}: {}", record.title, record.failure.as_deref().unwrap_or_default());
    }
    if steps.tests_expected {
        println!("{} passed, {} failed", total.passed, total.failed);
    }
    if finished && total.failed == 0 && !ran_nothing { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// All tests of the run. A step that failed without a failed test (clippy, say) counts as one failed, so that
/// the last line never says that nothing failed when something did.
fn total(steps: &Steps) -> Counts {
    let mut total = Counts::default();
    for record in &steps.records {
        total += record.counts;
        if record.failure.is_some() && record.counts.failed == 0 {
            total.failed += 1;
        }
    }
    total
}

fn line(record: &Record) -> String {
    let outcome = if record.failure.is_none() { "ok    " } else { "FAILED" };
    let Counts { passed, failed, skipped } = record.counts;
    let tests = match (passed + failed, skipped) {
        (0, 0) => String::new(),
        (_, 0) => format!(" ({passed} passed, {failed} failed)"),
        _ => format!(" ({passed} passed, {failed} failed, {skipped} ignored or not selected)"),
    };
    format!("{outcome} {:>7.1} s  {}{tests}", record.took.as_secs_f64(), record.title)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn record(counts: Counts, failure: Option<&str>) -> Record {
        let took = Duration::from_millis(1260);
        Record { title: "tests".to_owned(), took, counts, failure: failure.map(str::to_owned) }
    }

    fn steps_of(records: Vec<Record>) -> Steps {
        let mut steps = Steps::new();
        steps.records = records;
        steps
    }

    #[test]
    fn a_step_is_one_line_with_its_time_and_its_tests() {
        let counts = Counts { passed: 7, failed: 0, skipped: 2 };
        let expected = "ok         1.3 s  tests (7 passed, 0 failed, 2 ignored or not selected)";
        assert_eq!(line(&record(counts, None)), expected);
        assert_eq!(line(&record(Counts::default(), Some("exit status: 1"))), "FAILED     1.3 s  tests");
    }

    #[test]
    fn the_total_goes_over_all_runners() {
        let counts = Counts { passed: 7, failed: 1, skipped: 0 };
        let steps = steps_of(vec![record(counts, None), record(counts, Some("exit status: 100"))]);
        assert_eq!(total(&steps), Counts { passed: 14, failed: 2, skipped: 0 });
    }

    #[test]
    fn a_step_that_failed_without_a_test_counts_as_failed() {
        let steps = steps_of(vec![record(Counts::default(), Some("exit status: 101"))]);
        assert_eq!(total(&steps).failed, 1);
        assert_eq!(close(&steps, false), ExitCode::FAILURE);
    }

    #[test]
    fn a_test_run_without_tests_has_failed() {
        let mut steps = steps_of(vec![record(Counts::default(), None)]);
        assert_eq!(close(&steps, true), ExitCode::SUCCESS);
        steps.expect_tests();
        assert_eq!(close(&steps, true), ExitCode::FAILURE);
    }
}
