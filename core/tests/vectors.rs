//! Every file of `core/vectors` through the public API, as the example `vectors` runs it.
#![allow(clippy::unwrap_used)]

#[path = "../examples/generate/generated.rs"]
mod generated;
#[path = "../examples/vectors/runner.rs"]
mod runner;

use serde_json::Value;
use std::collections::HashSet;
use std::path::PathBuf;

const OPS: &[&str] = &[
    "key.derive",
    "key.parse",
    "toki.mint",
    "toki.verify",
    "service",
    "grant.mint",
    "answer.mint",
    "answer.verify",
    "message.mint",
    "message.verify",
    "url.mint",
    "url.verify",
    "ticket.mint",
    "ticket.verify",
    "client",
    "v1.mint",
    "v1.verify",
    "v1.tokikey.mint",
    "v1.tokikey.verify",
    "tcx.pass.mint",
    "tcx.pass.verify",
    "tcx.headers",
    "tcx.verdict",
    "socktopus.mint",
    "socktopus.verify",
];

fn files() -> Vec<(PathBuf, Vec<Value>)> {
    let folders = [concat!(env!("CARGO_MANIFEST_DIR"), "/vectors"), concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/neighbours")];
    let mut files: Vec<PathBuf> =
        folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files.into_iter().map(|file| (file.clone(), runner::read(&file).unwrap())).collect()
}

/// A case refuses when its own result, or that of one of its steps, is an error.
fn refuses(case: &Value) -> bool {
    let is_error = |expect: &Value| expect.get("error").is_some() || expect.get("error_any_of").is_some();
    is_error(&case["expect"]) || case["in"]["steps"].as_array().is_some_and(|steps| steps.iter().any(|step| is_error(&step["expect"])))
}

#[test]
fn every_case_holds() {
    let (mut passed, mut failures) = (0, Vec::new());
    for (file, cases) in files() {
        let tally = runner::run(&file.file_name().unwrap().to_string_lossy(), &cases);
        passed += tally.passed;
        failures.extend(tally.failures);
    }
    assert!(failures.is_empty(), "{}\n{passed} passed, {} failed", failures.join("\n"), failures.len());
    assert!(passed >= 400, "only {passed} cases");
}

#[test]
fn every_operation_is_there_and_half_the_cases_refuse() {
    let cases: Vec<Value> = files().into_iter().flat_map(|(_, cases)| cases).collect();
    let seen: HashSet<&str> = cases.iter().filter_map(|case| case["op"].as_str()).collect();
    let absent: Vec<&&str> = OPS.iter().filter(|op| !seen.contains(**op)).collect();
    assert!(absent.is_empty(), "no case of {absent:?}");
    let refusals = cases.iter().filter(|case| refuses(case)).count();
    assert!(2 * refusals >= cases.len(), "{refusals} of {} cases refuse", cases.len());
}

#[test]
fn the_generated_file_is_what_would_be_generated() {
    let cases = generated::cases().unwrap();
    let refusals = cases.iter().filter(|case| refuses(case)).count();
    assert!(cases.len() >= 60 && 2 * refusals >= cases.len(), "{refusals} of {} generated cases refuse", cases.len());
    let names: HashSet<&str> = cases.iter().filter_map(|case| case["name"].as_str()).collect();
    assert_eq!(names.len(), cases.len(), "every case has a name of its own");

    let stale = format!("{} is stale; make it again: {}", generated::FILE, generated::COMMAND);
    let text = generated::text(&cases);
    assert!(text.len() < 200_000, "{} bytes", text.len());
    let file = format!("{}/vectors/{}", env!("CARGO_MANIFEST_DIR"), generated::FILE);
    let committed: Value = serde_json::from_str(&std::fs::read_to_string(file).expect(&stale)).expect(&stale);
    // Compared as values: the order of members hangs on a feature of serde_json that other crates may switch on.
    assert!(committed == serde_json::from_str::<Value>(&text).unwrap(), "{stale}");
}

#[test]
fn what_is_not_in_the_format_fails() {
    let case = |text: &str| vec![serde_json::from_str::<Value>(text).unwrap()];
    let bad = [
        r#"{"name":"an unknown op","op":"toki.burn","in":{},"expect":{"error":"malformed"}}"#,
        r#"{"name":"an unknown member","op":"key.parse","in":{"text":"","kind":"secret","colour":"red"},"expect":{"error":"malformed"}}"#,
        r#"{"name":"an unknown error","op":"key.parse","in":{"text":"","kind":"secret"},"expect":{"error_any_of":["malformed","odd"]}}"#,
        r#"{"name":"an unknown kind","op":"key.parse","in":{"text":"","kind":"key"},"expect":{"error":"malformed"}}"#,
        r#"{"name":"no expectation","op":"key.parse","in":{"text":"","kind":"secret"}}"#,
        r#"{"name":"an error for an ok","op":"key.parse","in":{"text":"","kind":"secret"},"expect":{"ok":{}}}"#,
        r#"{"name":"another error","op":"key.parse","in":{"text":"","kind":"secret"},"expect":{"error":"stale"}}"#,
        r#"{"name":"an unknown step","op":"service","in":{"keys":[],"steps":[{"do":"nap","in":{},"expect":{"ok":{}}}]},"expect":{"ok":{}}}"#,
    ];
    for text in bad {
        let tally = runner::run("here", &case(text));
        assert_eq!((tally.passed, tally.failures.len()), (0, 1), "{text}");
    }
    let good = r#"{"name":"right","op":"key.parse","in":{"text":"","kind":"secret"},"expect":{"error":"malformed"}}"#;
    assert_eq!(runner::run("here", &case(good)).passed, 1);
}
