//! Runs a file of cases and says which fail. Shared by the example `vectors` and the test of the same name.

pub mod given;
pub mod neighbours;
pub mod ops;
pub mod steps;

use given::{Fault, Result};
use oscartoki::OscarError;
use serde_json::{Map, Value, json};
use std::path::Path;
use steps::{Sequence, object};

/// What a file gave.
#[derive(Debug, Default)]
pub struct Tally {
    /// Cases that hold.
    pub passed: usize,
    /// One line per case that does not.
    pub failures: Vec<String>,
}

/// The cases of a file; the error says why it can't be read.
pub fn read(file: &Path) -> std::result::Result<Vec<Value>, String> {
    let told = |error: String| format!("{}: {error}", file.display());
    let text = std::fs::read_to_string(file).map_err(|error| told(error.to_string()))?;
    let mut value: Value = serde_json::from_str(&text).map_err(|error| told(error.to_string()))?;
    match value.get_mut("cases").map(Value::take) {
        Some(Value::Array(cases)) => Ok(cases),
        _ => Err(told("there is no list of cases".to_owned())),
    }
}

/// Runs `cases`, which came from `file`.
pub fn run(file: &str, cases: &[Value]) -> Tally {
    let mut tally = Tally::default();
    for case in cases {
        match judge(case) {
            Ok(()) => tally.passed += 1,
            Err((got, want)) => {
                let name = case["name"].as_str().unwrap_or_default();
                tally.failures.push(format!("FAIL {file}: {name}: got {got}, want {want}"));
            }
        }
    }
    tally
}

/// What one case gave and what it wants, when these differ.
fn judge(case: &Value) -> std::result::Result<(), (String, String)> {
    let expect = &case["expect"];
    let (Some(op), Some(members)) = (case["op"].as_str(), case["in"].as_object()) else {
        return Err(("a case without op or in".to_owned(), expect.to_string()));
    };
    let Some(built) = Sequence::build(op, members) else {
        return compare(ops::run(op, members), expect);
    };
    let mut sequence = match built {
        Ok(sequence) => sequence,
        Err(fault) => return compare(Err(fault), expect),
    };
    compare(Ok(json!({})), expect)?;
    let none = Map::new();
    for (index, step) in members.get("steps").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let members = step.get("in").map_or(Ok(&none), object);
        let told = members.and_then(|members| sequence.take(index, step["do"].as_str().unwrap_or_default(), members));
        compare(told, &step["expect"]).map_err(|(got, want)| (format!("step {index} {got}"), want))?;
    }
    Ok(())
}

fn compare(told: Result<Value>, expect: &Value) -> std::result::Result<(), (String, String)> {
    let got = match told {
        Ok(value) => value,
        Err(Fault::Refused(error)) => json!({ "error": error.name() }),
        Err(Fault::Case(reason)) => return Err((reason, expect.to_string())),
    };
    if agrees(&got, expect) { Ok(()) } else { Err((got.to_string(), expect.to_string())) }
}

/// `ok`: every member named is equal, null meaning absent or null. Otherwise one of the errors, and every member beside it.
fn agrees(got: &Value, expect: &Value) -> bool {
    let Some(expect) = expect.as_object() else { return false };
    if let Some(ok) = expect.get("ok") {
        return expect.len() == 1 && got.get("error").is_none() && holds(got, ok.as_object());
    }
    let (one, any) = (expect.get("error"), expect.get("error_any_of").and_then(Value::as_array));
    let names: Vec<&str> = one.into_iter().chain(any.into_iter().flatten()).filter_map(Value::as_str).collect();
    let known = names.iter().all(|name| OscarError::NAMES.contains(name));
    let beside = expect.iter().filter(|(name, _)| !name.starts_with("error"));
    known && got["error"].as_str().is_some_and(|error| names.contains(&error)) && beside.into_iter().all(|(name, want)| got[name] == *want)
}

fn holds(got: &Value, wanted: Option<&Map<String, Value>>) -> bool {
    wanted.into_iter().flatten().all(|(name, want)| got[name] == *want)
}
