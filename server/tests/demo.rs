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

/// A client that claims what it did not do: every row in which the driver can know better says so.
const LIAR: &str = r#"#!/bin/sh
echo '{"client":"00","session":null,"method":"POST","target":"/echo","body_sha256":null}'
echo 'verified: status 200, code 0, requests 2, probed, in session'
"#;

#[test]
fn a_pair_that_cannot_run_and_a_client_that_lies_fail_the_matrix() {
    let desk = Desk::new();
    let examples = desk.path("examples");
    let write = |file: &str, text: &str| {
        let path = examples.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    };
    write("liar/client", LIAR);
    write("liar/service", &format!("#!/bin/sh\nexec {} serve \"$@\"\n", env!("CARGO_BIN_EXE_oscar")));
    write("half/client", "#!/bin/sh\nexit 9\n");
    let output = desk.command(&["demo", "--matrix", "--json", "--examples", examples.to_str().unwrap()]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let table: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = table["rows"].as_array().unwrap();
    let failed = |prefix: &str| {
        let rows = rows.iter().filter(|row| row["row"].as_str().unwrap().starts_with(prefix) && row["verdict"] == "✗");
        rows.map(|row| row["row"].as_str().unwrap()[prefix.len()..].to_owned()).collect::<Vec<_>>()
    };
    let liar = failed("liar client → liar service: ");
    assert!(!liar.contains(&"verify_first".to_owned()), "nothing contradicts it: {liar:#?}");
    for row in ["rolled session", "32 parallel requests", "POST with a body", "session handed out", "answer's status changed"] {
        assert!(liar.contains(&row.to_owned()), "{row}: {liar:#?}");
    }
    assert!(liar.iter().any(|row| row.starts_with("raw target")) && liar.iter().any(|row| row.ends_with("sent again")), "{liar:#?}");
    assert_eq!(failed("half client → liar service").len(), 15, "it ended with 9 each time; one target need not be sendable");
    assert_eq!(failed("half service: starts").len(), 1);
    assert_eq!(failed("liar client → half service").len() + failed("half client → half service").len(), 2, "pairs that did not run");
    assert!(
        table["grid"]
            .as_array()
            .unwrap()
            .iter()
            .any(|cell| cell["client"] == "half" && cell["service"] == "half" && cell["rows"].is_null())
    );
    assert_eq!(failed("liar service"), Vec::<String>::new(), "the service itself is in order");

    let unknown = desk.command(&["demo", "--matrix", "--clients", "nobody", "--examples", examples.to_str().unwrap()]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(2));
}
