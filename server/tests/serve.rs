//! `oscar serve` as a process, over real HTTP.
#![allow(clippy::unwrap_used)]

mod common;

use common::{AUDIENCE, Desk, KID, get, raw, within};
use serde_json::{Value, json};
use std::io::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// `oscar curl` as this desk's client.
fn curl(desk: &Desk, code: i32, args: &[&str]) -> Value {
    desk.object(code, &[&["curl", "--secret", "secret", "--audience", AUDIENCE], args].concat())
}

/// One signed request as bytes, to be sent more than once.
fn minted(desk: &Desk, target: &str) -> String {
    let url = format!("https://{AUDIENCE}{target}");
    let lines = desk.ends(0, &["mint", "--secret", "secret", "--audience", AUDIENCE, "-X", "POST", &url]);
    format!("POST {target} HTTP/1.1\r\nhost: {AUDIENCE}\r\nconnection: close\r\n{}\r\n\r\n", lines.trim_end().replace('\n', "\r\n"))
}

fn code(answer: &str) -> Option<u8> {
    let toki = answer.lines().find_map(|line| line.strip_prefix("oscartoki: "))?;
    Some(oscartoki::AnswerToki::parse(toki.as_bytes()).unwrap().claimed_code())
}

#[test]
fn echo_tells_what_was_verified() {
    let desk = Desk::new();
    let serving = desk.serve(&["--first-start"]);
    assert_eq!(serving.line, format!("listening on http://{}", serving.address));
    let answer = curl(&desk, 0, &[&serving.url("/echo/a%2Fb?x=1&x=2")]);
    let offset = answer["offset_ms"].as_i64().unwrap();
    assert!((-2000..=2000).contains(&offset), "{answer}");
    let echo: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!(echo, json!({ "client": KID, "session": null, "method": "GET", "target": "/echo/a%2Fb?x=1&x=2", "body_sha256": null }));
    let mut shape = answer.clone();
    for free in ["offset_ms", "body"] {
        shape.as_object_mut().unwrap().remove(free).unwrap();
    }
    assert_eq!(
        shape,
        json!({ "status": 200, "verified": true, "code": 0, "in_session": false, "requests": 1, "resent": false, "probed": false, "grant_error": null })
    );
    let answer = curl(&desk, 0, &["-d", "hello", &serving.url("/echo")]);
    assert_eq!((&answer["requests"], &answer["probed"], &answer["in_session"]), (&json!(2), &json!(true), &json!(true)));
    let echo: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&echo["method"], &echo["body_sha256"]),
        (&json!("POST"), &json!("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"))
    );
    assert_eq!(echo["session"].as_str().unwrap().len(), 16);
    for (method, target) in [("DELETE", "/echo"), ("PATCH", "/echo/"), ("PURGE", "/echo/a/b"), ("OPTIONS", "/echo")] {
        let answer = curl(&desk, 0, &["-X", method, &serving.url(target)]);
        assert!(answer["body"].as_str().unwrap().contains(method), "{answer}");
    }
    assert_eq!(curl(&desk, 0, &["-X", "HEAD", &serving.url("/echo")])["body"], "");
    assert_eq!(curl(&desk, 0, &["--trust-clock", "-d", "x", &serving.url("/echo")])["requests"], 1);
    assert_eq!(curl(&desk, 0, &["--verify-first", &serving.url("/echo")])["requests"], 2);
    assert_eq!(desk.ends(0, &["curl", "--secret", "secret", "--audience", AUDIENCE, &serving.url("/echo")]).lines().count(), 1);
}

#[test]
fn json_says_where_and_a_signal_ends_it() {
    let desk = Desk::new();
    for signal in ["TERM", "INT"] {
        let serving = desk.serve(&["--first-start", "--json"]);
        assert_eq!(serde_json::from_str::<Value>(&serving.line).unwrap(), json!({ "listening": format!("http://{}", serving.address) }));
        assert_eq!(get(&serving.address, "/healthz", "").0, 200);
        curl(&desk, 0, &[&serving.url("/echo?secret=1")]);
        let (status, log) = serving.end(signal);
        assert_eq!(status, Some(0), "{log}");
        assert!(log.lines().count() >= 2 && log.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{log}");
        let key = std::fs::read_to_string(desk.path("key")).unwrap();
        assert!(!log.contains(&key.trim()[4..]) && !log.contains("ot2."), "{log}");
    }
}

#[test]
fn a_local_memory_is_not_ready_at_once() {
    let desk = Desk::new();
    let began = Instant::now();
    let mut serving = desk.launch(&["--listen", &free_address()]);
    let address = serving.wanted.clone();
    within(Duration::from_secs(10), || std::net::TcpStream::connect(&address).is_ok());
    assert_eq!(get(&address, "/readyz", "").0, 503);
    assert_eq!(get(&address, "/healthz", "").0, 200);
    let (status, answer) = raw(&address, &minted(&desk, "/echo"));
    assert_eq!((status, code(&answer)), (401, Some(1)));
    serving.wait_ready();
    let took = began.elapsed();
    assert!((Duration::from_millis(5900)..Duration::from_secs(12)).contains(&took), "{took:?}");
    assert_eq!(get(&address, "/readyz", "").0, 200);
    let (status, answer) = raw(&address, &minted(&desk, "/echo"));
    assert_eq!((status, code(&answer)), (200, Some(0)));
}

/// A port that nothing else is given: below those that the system picks.
fn free_address() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let port = 10_000 + (std::process::id() * 31 + NEXT.fetch_add(1, Ordering::Relaxed)) % 20_000;
        if let Ok(free) = std::net::TcpListener::bind(format!("127.0.0.1:{port}")) {
            return free.local_addr().unwrap().to_string();
        }
    }
}

#[test]
fn refusals_on_the_wire() {
    let desk = Desk::new();
    let serving = desk.serve(&["--first-start"]);
    let request = minted(&desk, "/echo/a?x=1");
    assert_eq!(raw(&serving.address, &request).0, 200);
    let (status, answer) = raw(&serving.address, &request);
    assert_eq!((status, code(&answer)), (409, Some(2)));
    let fresh = || minted(&desk, "/echo/a?x=1");
    for (changed, status, name) in [
        (fresh().replacen("POST", "PUT", 1), 401, "bad_mac"),
        (fresh().replacen("x=1", "x=2", 1), 401, "bad_mac"),
        (fresh().replacen("host: ", "host: evil.", 1), 400, "unknown_authority"),
        (fresh().replacen("host: ", "host: x@", 1), 400, "malformed"),
        (fresh().replacen("\r\n\r\n", "\r\nx-http-method: PUT\r\n\r\n", 1), 400, "malformed"),
        (fresh().replacen("POST /", "POST http://api.example.com/", 1), 400, "malformed"),
        (fresh().replacen("oscartoki", "x-oscartoki", 1), 401, "missing"),
    ] {
        let (got, answer) = raw(&serving.address, &changed);
        assert_eq!((got, answer.contains(&format!("oscartoki-error: {name}\r\n"))), (status, true), "{answer}");
        assert_eq!(answer.contains("www-authenticate: oscartoki\r\n"), status == 401, "{answer}");
        assert_eq!(code(&answer), None);
    }
    let upper = fresh().replacen(AUDIENCE, "API.Example.COM:443", 1);
    assert_eq!(raw(&serving.address, &upper).0, 200);
    // A client sees through it too.
    let refusal = curl(&desk, 1, &["-X", "GET", &serving.url("/healthz")]);
    assert_eq!(refusal, json!({ "error": "missing", "may_have_run": true, "signed": false, "status": 200 }));
    let other = desk.object(1, &["curl", "--secret", "secret", "--audience", "other", &serving.url("/echo")]);
    assert_eq!((&other["error"], &other["signed"]), (&json!("missing"), &json!(false)));
    // An unknown path is a signed 404 to who signed, a plain one to everybody else.
    let unknown = serving.url("/nothing");
    let answer = curl(&desk, 0, &[&unknown]);
    assert_eq!((&answer["status"], &answer["verified"], &answer["code"]), (&json!(404), &json!(true), &json!(0)));
    let failed = curl(&desk, 1, &["--fail", &unknown]);
    assert_eq!((&failed["status"], &failed["verified"], &failed["error"]), (&json!(404), &json!(true), &json!("status")));
    assert_eq!(curl(&desk, 0, &["--fail", &serving.url("/echo")])["status"], 200);
    let (status, answer) = get(&serving.address, "/nothing", "");
    assert_eq!((status, code(&answer)), (404, None));
}

#[test]
fn covered_headers_and_limits() {
    let desk = Desk::new();
    let serving = desk.serve(&["--first-start", "--ext", "idempotency-key"]);
    let answer = curl(&desk, 0, &["--repeatable", "-d", "x", &serving.url("/echo")]);
    assert_eq!((&answer["status"], &answer["requests"]), (&json!(200), &json!(1)), "{answer}");
    let answer = curl(&desk, 0, &["--repeatable", "-H", "Idempotency-Key: mine", "-d", "x", &serving.url("/echo")]);
    assert_eq!(answer["status"], 200);
    // Without the preset the two sides do not cover the same headers.
    assert_eq!(curl(&desk, 1, &["-d", "x", &serving.url("/echo")])["error"], "missing");
    let strict = desk.serve(&["--first-start", "--max-body", "3"]);
    assert_eq!(curl(&desk, 1, &["-d", "long", &strict.url("/echo")])["error"], "policy");
    desk.write("long", &"x".repeat(2_500_000));
    let wide = desk.serve(&["--first-start", "--max-body", "3000000"]);
    assert_eq!(curl(&desk, 0, &["-d", "@long", &wide.url("/echo")])["status"], 200);
    assert_eq!(curl(&desk, 1, &["-d", "@long", &serving.url("/echo")])["error"], "missing");
}

#[test]
fn session_files_keep_clock_and_grant() {
    let desk = Desk::new();
    let serving = desk.serve(&["--first-start"]);
    let first = curl(&desk, 0, &["--session", "state", "-d", "x", &serving.url("/echo")]);
    assert_eq!((&first["requests"], &first["in_session"]), (&json!(2), &json!(true)));
    assert!(common::is_private(&desk.path("state")));
    let state = std::fs::read_to_string(desk.path("state")).unwrap();
    assert!(state.contains("grant ok2.") && !state.contains("os2."), "{state}");
    let second = curl(&desk, 0, &["--session", "state", "-d", "x", &serving.url("/echo")]);
    assert_eq!((&second["requests"], &second["probed"], &second["in_session"]), (&json!(1), &json!(false), &json!(true)));
    // Many at once wait for each other.
    let children: Vec<_> = (0..4)
        .map(|_| {
            let url = serving.url("/echo");
            let args = ["curl", "--secret", "secret", "--audience", AUDIENCE, "--session", "state", "-d", "x", &url];
            desk.command(&args).stdout(std::process::Stdio::null()).spawn().unwrap()
        })
        .collect();
    assert!(children.into_iter().all(|mut child| child.wait().unwrap().success()));
}

#[test]
fn a_wrong_clock_costs_one_resend_or_a_probe() {
    let desk = Desk::new();
    let serving = desk.serve(&["--first-start"]);
    let now_ms = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let back = (now_ms - 15 * 3_600_000).to_string();
    let get = curl(&desk, 0, &["--now-ms", &back, &serving.url("/echo")]);
    assert_eq!((&get["requests"], &get["resent"], &get["probed"]), (&json!(2), &json!(true), &json!(false)));
    assert!((15 * 3_600_000 - 10_000..15 * 3_600_000 + 10_000).contains(&get["offset_ms"].as_i64().unwrap()), "{get}");
    let post = curl(&desk, 0, &["--now-ms", &back, "-d", "x", &serving.url("/echo")]);
    assert_eq!((&post["requests"], &post["resent"], &post["probed"]), (&json!(2), &json!(false), &json!(true)));
    let trusting = curl(&desk, 1, &["--now-ms", &back, "--trust-clock", "-d", "x", &serving.url("/echo")]);
    assert_eq!(trusting, json!({ "error": "stale", "may_have_run": true, "signed": true, "status": 401 }));
}

#[test]
fn revocations_and_keys_are_reread_within_two_seconds() {
    let desk = Desk::new();
    desk.write("revoked", "# nobody\n");
    let serving = desk.serve(&["--first-start", "--revocations", "revoked"]);
    let state = ["--session", "state"];
    let url = serving.url("/echo");
    curl(&desk, 0, &[&state[..], &["--verify-first", &url]].concat());
    let answer = curl(&desk, 0, &[&state[..], &[&url]].concat());
    let echo: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    let sid = echo["session"].as_str().unwrap();
    let mut file = std::fs::OpenOptions::new().append(true).open(desk.path("revoked")).unwrap();
    writeln!(file, "revoked {KID} {sid}").unwrap();
    std::thread::sleep(Duration::from_secs(2));
    let refusal = curl(&desk, 1, &[&state[..], &[&url]].concat());
    assert_eq!(refusal, json!({ "error": "revoked", "may_have_run": true, "signed": true, "status": 403 }));
    // The root goes on; then it is revoked whole.
    curl(&desk, 0, &[&url]);
    writeln!(file, "revoked {KID}").unwrap();
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(curl(&desk, 1, &[&url])["error"], "revoked");
    // A broken file changes nothing; the next good one counts.
    desk.write("revoked", "nonsense\n");
    desk.write("key", "nonsense\n");
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(curl(&desk, 1, &[&url])["error"], "revoked");
    desk.write("revoked", "");
    desk.ends(0, &["keygen", "--out", "other"]);
    desk.write("key", &desk.ends(0, &["audience-key", "--secret", "other", "--audience", AUDIENCE]));
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(desk.object(0, &["curl", "--secret", "other", "--audience", AUDIENCE, &url])["status"], 200);
    let (_, answer) = raw(&serving.address, &minted(&desk, "/echo"));
    assert!(answer.contains("oscartoki-error: unknown_key\r\n"), "{answer}");
    let (status, log) = serving.end("TERM");
    assert_eq!(status, Some(0));
    assert!(log.contains("was not taken over") && log.contains("revocations reread"), "{log}");
}

#[test]
fn metrics_are_on_the_admin_listener() {
    let desk = Desk::new();
    let admin = free_address();
    desk.write(
        "serve.toml",
        &format!(
            "audience = \"{AUDIENCE}\"\nkey = \"key\"\nfirst-start = true\nadmin-listen = \"{admin}\"\nauthority = \"other.example\"\n"
        ),
    );
    let serving = desk.serve(&["--config", "serve.toml"]);
    curl(&desk, 0, &[&serving.url("/echo")]);
    let request = minted(&desk, "/echo").replacen(AUDIENCE, "other.example", 1);
    assert!(raw(&serving.address, &request).1.contains("oscartoki-error: bad_mac"), "another name of ours is still another name");
    assert_eq!(get(&serving.address, "/metrics", "").0, 404);
    let (status, text) = get(&admin, "/metrics", "");
    assert_eq!(status, 200);
    for line in [
        "oscartoki_accepted_total 1",
        "oscartoki_refused_total{error=\"bad_mac\"} 1",
        "oscartoki_refused_total{error=\"stale\"} 0",
        "oscartoki_unremembered_total 0",
        "oscartoki_v1_accepted_total 0",
        "oscartoki_unsigned_bodies_total 0",
        "oscartoki_keys 1",
    ] {
        assert!(text.lines().any(|got| got == line), "{line}\n{text}");
    }
}

#[test]
fn a_handed_out_session_is_a_client() {
    let desk = Desk::new();
    let serving = desk.serve(&["--first-start"]);
    let secret = oscartoki::Secret::parse("os2.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8").unwrap();
    let client = oscartoki::Client::new(&secret, AUDIENCE, oscartoki::ClientConfig::default()).unwrap();
    desk.write("session", &client.hand_out(600, oscar::clock::now_ms()).unwrap().to_text());
    let answer = desk.object(0, &["curl", "--secret", "session", "-d", "x", &serving.url("/echo")]);
    assert_eq!((&answer["status"], &answer["in_session"], &answer["requests"]), (&json!(200), &json!(true), &json!(2)));
    let long = desk.serve(&["--first-start", "--max-ttl-s", "60"]);
    assert_eq!(desk.object(1, &["curl", "--secret", "session", &long.url("/echo")])["error"], "policy");
}

#[test]
fn v1_is_taken_where_a_key_allows_it() {
    let desk = Desk::new();
    let key = oscartoki::V1Key::new(b"a v1 key").unwrap();
    let line = |until: &str| format!("v1 until={until} dialect=any key={} kid=00000000000000f1\n", oscartoki::encoding::hex(b"a v1 key"));
    desk.write("v1", &line("2099-01-01T00:00:00Z"));
    let serving = desk.serve(&["--first-start", "--key", "key", "v1"]);
    let client = oscartoki::V1Client::new(&key, oscartoki::Dialect::Any);
    let exchange = client.begin(oscar::clock::now_ms()).unwrap();
    let (status, answer) = get(&serving.address, "/echo", &format!("oscartoki: {}\r\n", exchange.toki()));
    assert_eq!(status, 200, "{answer}");
    let body = answer.split_once("\r\n\r\n").unwrap().1.to_owned();
    let toki = |answer: &str| answer.lines().find_map(|line| line.strip_prefix("oscartoki: ")).map(str::to_owned);
    let tokikey = exchange.accept_first(body.as_bytes(), toki(&answer), oscar::clock::now_ms()).unwrap();
    let second = format!("oscartoki: {}\r\noscartokikey: {tokikey}\r\n", exchange.toki());
    let (status, answer) = get(&serving.address, "/echo/v1", &second);
    assert_eq!(status, 200, "{answer}");
    exchange.accept_second(toki(&answer), oscar::clock::now_ms()).unwrap();
    let stolen = toki(&answer).unwrap();
    let (status, replay) = get(&serving.address, "/echo/v1", &second);
    assert!(status >= 400 && toki(&replay).is_none() && replay.contains("{\"status\":\"error\",\"message\":\"replayed\"}"), "{replay}");
    let (status, reflected) = get(&serving.address, "/echo", &format!("oscartoki: {stolen}\r\n"));
    assert!(status >= 400 && toki(&reflected).is_none() && reflected.contains("reflected"), "{reflected}");
    // Off, or over, it is nothing.
    let off = desk.serve(&["--first-start"]);
    let fresh = format!("oscartoki: {}\r\n", client.begin(oscar::clock::now_ms()).unwrap().toki());
    assert!(get(&off.address, "/echo", &fresh).1.contains("oscartoki-error: malformed"));
    desk.write("ended", &line("2020-01-01T00:00:00Z"));
    let over = desk.serve(&["--first-start", "--key", "key", "ended"]);
    assert!(get(&over.address, "/echo", &fresh).1.contains("\"policy\""));
}

#[test]
fn a_mapped_memory_outlives_its_processes() {
    let desk = Desk::new();
    let (one, two) = (desk.serve(&["--memory", "shared", "--first-start"]), desk.serve(&["--memory", "shared"]));
    let request = minted(&desk, "/echo");
    assert_eq!(raw(&one.address, &request).0, 200);
    for serving in [&one, &two] {
        let (status, answer) = raw(&serving.address, &request);
        assert_eq!((status, code(&answer)), (409, Some(2)));
    }
    assert_eq!(one.end("KILL").0, None);
    let began = Instant::now();
    let again = desk.serve(&["--memory", "shared"]);
    assert!(began.elapsed() < Duration::from_secs(4), "a memory that survived needs no such start");
    let (status, answer) = raw(&again.address, &request);
    assert_eq!((status, code(&answer)), (409, Some(2)));
    assert_eq!(raw(&again.address, &minted(&desk, "/echo")).0, 200);
    // Deleted under them, it is no memory.
    std::fs::remove_file(desk.path("shared")).unwrap();
    within(Duration::from_secs(5), || code(&raw(&two.address, &minted(&desk, "/echo")).1) == Some(7));
    desk.fails(3, "config", &["serve", "--audience", AUDIENCE, "--key", "key", "--listen", "127.0.0.1:0", "--memory", "nowhere/shared"]);
}
