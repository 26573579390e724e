//! The matrix as people read it.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use crate::call::Call;
use crate::cell::Cell;
use crate::row::Row;

/// Prints the table and writes it to `target/fault-matrix.md`.
pub(crate) fn publish(rows: &[Row], lag: Duration) {
    let table = table(rows, lag);
    println!("{table}");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    std::fs::write(target.join("fault-matrix.md"), table).unwrap();
}

fn table(rows: &[Row], lag: Duration) -> String {
    let mut text = String::from("# Fault matrix\n\n");
    text.push_str(
        "Each cell: the slowest call, errors or wrong answers, the time from the end of the trouble to the\n",
    );
    text.push_str("first good answer, lines in the log. No call may be later than 50 ms beside what the machine took from it.\n");
    writeln!(text, "This machine was late by up to {lag:?}.\n").unwrap();
    let names: Vec<String> = Call::ALL
        .iter()
        .map(|call| format!("{} (<= {})", call.name(), deadline(rows, *call).as_millis()))
        .collect();
    writeln!(text, "| ground | trouble | {} |", names.join(" | ")).unwrap();
    writeln!(text, "|---|---|{}", "---|".repeat(names.len())).unwrap();
    for row in rows {
        let cells: Vec<String> = row.cells.iter().map(|cell| show(row, cell, lag)).collect();
        writeln!(text, "| {} | {} | {} |", row.ground.name(), row.trouble.name(), cells.join(" | ")).unwrap();
    }
    text
}

fn deadline(rows: &[Row], call: Call) -> Duration {
    let mut cells = rows.iter().flat_map(|row| &row.cells);
    cells.find(|cell| cell.call == call).map_or(Duration::ZERO, |cell| cell.main_verb().deadline)
}

fn show(row: &Row, cell: &Cell, lag: Duration) -> String {
    let verb = cell.main_verb();
    let healed = cell.healed.map_or("never".to_owned(), |healed| healed.as_millis().to_string());
    let offences = cell.offences(row.trouble, lag).len();
    format!("{} ms, {offences} wrong, healed {healed} ms, {} lines", verb.slowest().as_millis(), cell.lines)
}
