//! The table of verdicts.

use crate::cli::{Failure, Said};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{IsTerminal as _, Write as _};

/// What a row came to: nothing, or what was there in place of what must be.
pub type Came = Result<(), String>;

/// Rows in the order in which they ran.
#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
    /// What is worth knowing and no fault of ours, each once.
    notes: BTreeSet<String>,
    /// Rows are shown as they come.
    progress: bool,
}

struct Row {
    what: String,
    expected: &'static str,
    came: Came,
}

impl Table {
    pub fn new(json: bool) -> Self {
        Self { progress: !json && std::io::stderr().is_terminal(), ..Self::default() }
    }

    pub fn row(&mut self, what: impl Into<String>, expected: &'static str, came: Came) {
        let row = Row { what: what.into(), expected, came };
        if self.progress {
            let mut err = std::io::stderr().lock();
            let _ = write!(err, "\r\x1b[K{} {} {}", self.rows.len() + 1, row.mark(), row.what).and_then(|()| err.flush());
        }
        self.rows.push(row);
    }

    pub fn note(&mut self, note: String) {
        self.notes.insert(note);
    }

    /// Takes over the rows of another table; how many there were, and how many of them are not as they must be.
    pub fn absorb(&mut self, other: Self) -> (usize, usize) {
        let (all, failed) = (other.rows.len(), other.failed());
        self.rows.extend(other.rows);
        self.notes.extend(other.notes);
        (all, failed)
    }

    fn failed(&self) -> usize {
        self.rows.iter().filter(|row| row.came.is_err()).count()
    }

    /// Only what is not as it must be, below a grid of all; whether there is any such row.
    pub fn finish_below(self, grid: &str, cells: Value) -> Result<Said, Failure> {
        let failed = self.failed();
        let mut text = format!("{grid}\n\n");
        for row in self.rows.iter().filter(|row| row.came.is_err()) {
            text.push_str(&format!("{}\n", row.line(0)));
        }
        for note in &self.notes {
            text.push_str(&format!("note: {note}\n"));
        }
        let rows: Vec<_> = self.rows.iter().map(Row::object).collect();
        let object = json!({ "grid": cells, "rows": rows, "notes": self.notes, "passed": rows.len() - failed, "failed": failed });
        let said = Said::text(format!("{text}{}", self.tally()), object);
        if failed == 0 { Ok(said) } else { Err(Failure::rows(failed, said)) }
    }

    fn tally(&self) -> String {
        format!("{} rows: {} ✓, {} ✗", self.rows.len(), self.rows.len() - self.failed(), self.failed())
    }

    /// The whole table, and whether every row is as it must be.
    pub fn finish(self) -> Result<Said, Failure> {
        if self.progress {
            eprint!("\r\x1b[K");
        }
        let width = self.rows.iter().map(|row| row.what.chars().count()).max().unwrap_or_default();
        let lines: Vec<_> = self.rows.iter().map(|row| row.line(width)).collect();
        let failed = self.failed();
        let rows: Vec<_> = self.rows.iter().map(Row::object).collect();
        let said = Said::text(
            format!("{}\n\n{}", lines.join("\n"), self.tally()),
            json!({ "rows": rows, "notes": self.notes, "passed": rows.len() - failed, "failed": failed }),
        );
        if failed == 0 { Ok(said) } else { Err(Failure::rows(failed, said)) }
    }
}

impl Row {
    fn mark(&self) -> char {
        if self.came.is_ok() { '✓' } else { '✗' }
    }

    fn line(&self, width: usize) -> String {
        let came = self.came.as_ref().err().map(|came| format!(": {came}")).unwrap_or_default();
        format!("{} {:width$}  {}{came}", self.mark(), self.what, self.expected)
    }

    fn object(&self) -> Value {
        json!({ "row": self.what, "verdict": self.mark().to_string(), "expected": self.expected, "came": self.came.as_ref().err() })
    }
}

/// A row's condition.
pub fn must(holds: bool, otherwise: impl FnOnce() -> String) -> Came {
    if holds { Ok(()) } else { Err(otherwise()) }
}
