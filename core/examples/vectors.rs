//! `cargo run --release -p oscartoki --example vectors -- FILE...` runs files of test vectors through the public API.
//! Prints `FAIL <file>: <name>: got …, want …` for each failing case, then the tally. Exit 1: a case failed; 2: a file can't be read.

#[path = "vectors/runner.rs"]
mod runner;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let files: Vec<String> = std::env::args().skip(1).collect();
    if files.is_empty() {
        eprintln!("usage: vectors FILE...");
        return ExitCode::from(2);
    }
    let (mut passed, mut failed) = (0, 0);
    for file in &files {
        let cases = match runner::read(Path::new(file)) {
            Ok(cases) => cases,
            Err(reason) => {
                eprintln!("{reason}");
                return ExitCode::from(2);
            }
        };
        let tally = runner::run(file, &cases);
        tally.failures.iter().for_each(|line| println!("{line}"));
        passed += tally.passed;
        failed += tally.failures.len();
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
