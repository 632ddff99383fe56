//! Keys are in no log, at its most talkative, and in no error of `oscar`.
#![allow(clippy::unwrap_used)]

mod common;

use common::{AUDIENCE, Desk, get};
use std::process::Stdio;

/// The parts of the desk's keys that no output may show, as text and as hex.
fn keys(desk: &Desk) -> Vec<String> {
    let texts = ["secret", "key"].map(|name| {
        let file = std::fs::read_to_string(desk.path(name)).unwrap();
        file.lines().find(|line| line.starts_with('o')).unwrap().trim().to_owned()
    });
    let secret = oscartoki::Secret::parse(&texts[0]).unwrap();
    let key = secret.audience_key(AUDIENCE, 0).unwrap();
    // An audience key's text begins with its kid, which is no secret.
    let parts = [texts[0][4..].to_owned(), texts[1][20..].to_owned(), oscartoki::encoding::hex(key.expose())];
    parts.into_iter().chain(["000102030405060708".into(), "0, 1, 2, 3, 4, 5, 6, 7".into()]).collect()
}

fn shows_none(desk: &Desk, what: &str, printed: &str) {
    for key in keys(desk) {
        assert!(!printed.contains(&key), "{what} shows a key: {printed}");
    }
}

#[test]
fn a_service_that_logs_everything_shows_no_key() {
    for format in [&["--first-start"][..], &["--first-start", "--json"]] {
        let desk = Desk::new();
        let mut serving = desk.launch_logging(format, "trace");
        serving.wait_ready();
        let url = serving.url("/echo?token=1");
        desk.ends(0, &["curl", "--secret", "secret", "--audience", AUDIENCE, "-d", "hello", &url]);
        desk.ends(0, &["curl", "--secret", "secret", "--audience", AUDIENCE, "-H", "x-a: b", &url]);
        get(&serving.address, "/echo", "oscartoki: ot2.AAAA\r\n");
        let metrics = get(&serving.address, "/metrics", "").1;
        shows_none(&desk, "/metrics", &metrics);
        let (status, log) = serving.end("TERM");
        assert_eq!(status, Some(0), "{log}");
        assert!(log.lines().count() >= 2, "{log}");
        shows_none(&desk, "the log", &log);
        // The sentence of an error names the prefix alone.
        assert!(!log.contains("ot2.I") && !log.contains("ok2.K"), "the log shows a toki: {log}");
    }
}

#[test]
fn errors_show_no_key() {
    let desk = Desk::new();
    let secret = std::fs::read_to_string(desk.path("secret")).unwrap();
    let key = std::fs::read_to_string(desk.path("key")).unwrap();
    desk.write("long", &format!("{}A\n", secret.trim()));
    desk.write("twice", &format!("{key}{}", secret.lines().last().unwrap()));
    desk.write("short", &key[..40]);
    let mint = ["-X", "POST", "https://api.example.com/a"];
    for (option, file) in
        [("--secret", "long"), ("--secret", "key"), ("--secret", "short"), ("--secret", "twice"), ("--key", "secret"), ("--key", "short")]
    {
        for command in ["mint", "serve", "verify", "audience-key"] {
            let args = [&[command, option, file, "--audience", AUDIENCE], &mint[..if command == "mint" { 3 } else { 0 }]].concat();
            let output = desk.command(&args).env("OSCAR_LOG", "trace").stdin(Stdio::null()).output().unwrap();
            let printed = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
            assert_ne!(output.status.code(), Some(0), "{args:?}: {printed}");
            shows_none(&desk, &args.join(" "), &printed);
        }
    }
}
