//! The main job, as far as this crate goes: every row of Rust against Rust holds, what is missing is a row and no silence.
#![allow(clippy::unwrap_used)]

mod common;

use common::Desk;
use serde_json::Value;

#[test]
fn rust_against_rust_holds_and_what_is_missing_is_said() {
    let desk = Desk::new();
    let folder = desk.path("tmp");
    std::fs::create_dir(&folder).unwrap();
    let output = desk
        .command(&["demo", "--json"])
        .env("TMPDIR", &folder)
        .env_remove("OSCAR_DEMO_PYTHON")
        .env_remove("OSCAR_DEMO_C_CLIENT")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "a missing part is a row that fails");
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("error: demo: "), "quiet in a pipe but for the verdict");
    let table: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = table["rows"].as_array().unwrap();
    assert!(rows.len() >= 25, "{} rows", rows.len());
    let of = |verdict: &'static str| rows.iter().filter(move |row| row["verdict"] == verdict).map(|row| row["row"].as_str().unwrap());
    let missing: Vec<_> = of("✗").collect();
    assert!(missing.iter().all(|row| row.starts_with("C client") || row.contains("Python")), "{missing:#?}");
    assert_eq!((missing.len(), of("✓").count()), (5, rows.len() - 5));
    assert!(rows.iter().all(|row| row["came"].is_null() == (row["verdict"] == "✓") && row["expected"].is_string()));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "the demo's folder is gone");
}

#[test]
fn an_interrupted_demo_leaves_nothing() {
    let desk = Desk::new();
    let folder = desk.path("tmp");
    std::fs::create_dir(&folder).unwrap();
    let mut child = desk.command(&["demo"]).env("TMPDIR", &folder).stderr(std::process::Stdio::piped()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_secs(2));
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    // Its services name files of that folder.
    let running = std::process::Command::new("pgrep").args(["-f", folder.to_str().unwrap()]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&running.stdout), "");
}
