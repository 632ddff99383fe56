//! Exit codes and JSON shapes of every command.
#![allow(clippy::unwrap_used)]

mod common;

use common::{AUDIENCE, Desk, KID, is_private};
use serde_json::json;
use std::io::Write as _;
use std::process::Stdio;

const TOKI: &str = "ot2.IQofDmVSze76IAGiADgBewECAwQFBgcIW8XPj1Fcadcpvhuo3QgFWA";
const URL: &str = "https://api.example.com/v1/transfer?dry=0";
const NOW: &str = "1795300000123";

#[test]
fn keygen_prints_a_secret_or_writes_it_once() {
    let desk = Desk::new();
    let made = desk.object(0, &["keygen"]);
    assert!(made["secret"].as_str().unwrap().starts_with("os2.") && made["kid"].as_str().unwrap().len() == 16, "{made}");
    assert!(desk.ends(0, &["keygen"]).starts_with("os2."));
    let kid = desk.object(0, &["keygen", "--out", "new"])["kid"].clone();
    assert!(is_private(&desk.path("new")));
    let before = std::fs::read(desk.path("new")).unwrap();
    desk.fails(3, "config", &["keygen", "--out", "new"]);
    desk.fails(3, "config", &["keygen", "--out", "nowhere/new"]);
    assert_eq!(std::fs::read(desk.path("new")).unwrap(), before);
    assert_eq!(desk.object(0, &["audience-key", "--secret", "new", "--audience", "a"])["kid"], kid);
}

#[test]
fn audience_key_derives() {
    let desk = Desk::new();
    let key = desk.object(0, &["audience-key", "--secret", "secret", "--audience", AUDIENCE]);
    assert_eq!(key["kid"], KID);
    let text = key["audience_key"].as_str().unwrap();
    assert_eq!(desk.ends(0, &["audience-key", "--secret", "secret", "--audience", AUDIENCE]).trim_end(), text);
    let next = desk.object(0, &["audience-key", "--secret", "secret", "--audience", AUDIENCE, "--generation", "1"]);
    assert_ne!((&next["kid"], &next["audience_key"]), (&key["kid"], &key["audience_key"]));
    desk.fails(2, "usage", &["audience-key", "--secret", "secret"]);
    desk.fails(2, "usage", &["audience-key", "--audience", AUDIENCE]);
    desk.fails(3, "config", &["audience-key", "--secret", "nothing", "--audience", AUDIENCE]);
    desk.fails(3, "wrong_kind", &["audience-key", "--secret", "key", "--audience", AUDIENCE]);
    desk.fails(3, "unsignable", &["audience-key", "--secret", "secret", "--audience", "a b"]);
    desk.fails(3, "unsignable", &["audience-key", "--secret", "secret", "--audience", "a", "--generation=-1"]);
    desk.write("two", "os2.a\nos2.b\n");
    desk.fails(3, "config", &["audience-key", "--secret", "two", "--audience", AUDIENCE]);
    desk.write("bad", "os2.a\n");
    desk.fails(3, "malformed", &["audience-key", "--secret", "bad", "--audience", AUDIENCE]);
    desk.write("weak", "os2.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n");
    desk.fails(3, "weak_secret", &["audience-key", "--secret", "weak", "--audience", AUDIENCE]);
}

#[test]
fn secrets_come_from_the_environment_and_stdin_too() {
    let desk = Desk::new();
    let secret = std::fs::read_to_string(desk.path("secret")).unwrap();
    let args = ["audience-key", "--audience", AUDIENCE, "--json"];
    let from_env = desk.command(&args).env("OSCAR_SECRET", secret.lines().last().unwrap()).output().unwrap();
    let mut child = desk.command(&[&args[..], &["--secret", "-"]].concat()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(secret.as_bytes()).unwrap();
    let from_stdin = child.wait_with_output().unwrap();
    let from_file = desk.run(&[&args[..], &["--secret", "secret"]].concat());
    assert!(!from_file.stdout.is_empty());
    assert_eq!((&from_env.stdout, &from_stdin.stdout), (&from_file.stdout, &from_file.stdout));
}

#[test]
fn mint_makes_the_vector_of_the_spec() {
    let desk = Desk::new();
    desk.write("body", "{\"amount\":10}");
    let args = ["mint", "--secret", "secret", "--audience", AUDIENCE, "-X", "POST", "--body", "body"];
    let fixed = [&args[..], &["--hazmat", "--nonce", "0102030405060708", "--now-ms", NOW, URL]].concat();
    let digest = "sha-256=:qLiLgv6QoWBI64hR/jgkBTlc05Xa+qfKm+kOwA+Cpys=:";
    assert_eq!(desk.object(0, &fixed), json!({ "headers": { "oscartoki": TOKI, "content-digest": digest } }));
    let lines = desk.ends(0, &fixed);
    assert_eq!(
        lines.lines().collect::<std::collections::BTreeSet<_>>(),
        [&*format!("oscartoki: {TOKI}"), &*format!("content-digest: {digest}")].into()
    );
    let fresh = desk.object(0, &["mint", "--secret", "secret", "--audience", AUDIENCE, "-X", "GET", URL]);
    assert_eq!(fresh["headers"].as_object().unwrap().len(), 1);
    desk.fails(2, "usage", &[&args[..], &["--now-ms", NOW, URL]].concat());
    desk.fails(2, "usage", &[&args[..], &["--nonce", "0102030405060708", URL]].concat());
    desk.fails(2, "usage", &[&args[..], &["--hazmat", "--nonce", "01", URL]].concat());
    desk.fails(2, "usage", &[&args[..], &["api.example.com/"]].concat());
    desk.fails(1, "unsignable", &["mint", "--secret", "secret", "--audience", AUDIENCE, "-X", "post", URL]);
    desk.fails(1, "unsignable", &["mint", "--secret", "secret", "--audience", AUDIENCE, "-X", "CONNECT", URL]);
    desk.fails(1, "unsignable", &["mint", "--secret", "secret", "--audience", AUDIENCE, "-X", "GET", "https://a:0/"]);
    desk.fails(3, "config", &["mint", "--secret", "secret", "--audience", AUDIENCE, "-X", "GET", "--body", "nothing", URL]);
}

#[test]
fn verify_judges_one_captured_request() {
    let desk = Desk::new();
    desk.write("body", "{\"amount\":10}");
    let args = ["verify", "--key", "key", "--audience", AUDIENCE, "-X", "POST", "--body", "body", "--toki", TOKI];
    let at = |now: &'static str, url: &'static str| [&args[..], &["--now-ms", now, url]].concat();
    assert_eq!(desk.object(0, &at(NOW, URL)), json!({ "kid": KID, "sid": null, "ts_ms": 1_795_300_000_123_i64 }));
    assert!(desk.ends(0, &at(NOW, URL)).contains(KID));
    let refusal = |error: &str| json!({ "error": error, "may_have_run": false, "signed": false, "status": null });
    assert_eq!(desk.object(1, &at("1795300030123", URL)), refusal("stale"));
    assert_eq!(desk.object(1, &at("1795299998122", URL)), refusal("stale"));
    assert_eq!(desk.object(0, &at("1795299998123", URL))["kid"], KID);
    assert_eq!(desk.object(1, &at(NOW, "https://api.example.com/v1/transfer?dry=1")), refusal("bad_mac"));
    assert_eq!(desk.object(1, &at(NOW, "https://api.example.org/v1/transfer?dry=0")), refusal("bad_mac"));
    desk.fails(1, "stale", &[&args[..], &[URL]].concat());
    desk.write("other", "{\"amount\":11}");
    desk.fails(
        1,
        "bad_mac",
        &["verify", "--key", "key", "--audience", AUDIENCE, "-X", "POST", "--body", "other", "--toki", TOKI, "--now-ms", NOW, URL],
    );
    desk.fails(1, "malformed", &["verify", "--key", "key", "--audience", AUDIENCE, "-X", "POST", "--toki", TOKI, "--now-ms", NOW, URL]);
    desk.fails(1, "malformed", &["verify", "--key", "key", "--audience", AUDIENCE, "-X", "POST", "--toki", "ot2.", URL]);
    desk.fails(1, "malformed", &["verify", "--key", "key", "--audience", AUDIENCE, "-X", "GET", "--toki", TOKI, "--grant", "ok2.", URL]);
    desk.fails(3, "wrong_kind", &["verify", "--key", "secret", "--audience", AUDIENCE, "-X", "POST", "--toki", TOKI, URL]);
    desk.fails(2, "usage", &["verify", "--key", "key", "--audience", AUDIENCE, "-X", "POST", URL]);
    let explained = desk.object(1, &[&at(NOW, "https://api.example.com:8443/v1/transfer?dry=0")[..], &["--explain"]].concat());
    assert_eq!(explained["error"], "bad_mac");
    assert!(explained["explained"].as_str().unwrap().contains("port"), "{explained}");
    desk.write("none", "# no key\n");
    desk.fails(
        1,
        "unknown_key",
        &["verify", "--key", "none", "--audience", AUDIENCE, "-X", "POST", "--body", "body", "--toki", TOKI, "--now-ms", NOW, URL],
    );
}

#[test]
fn verify_takes_a_session_of_the_spec() {
    let desk = Desk::new();
    let grant = "ok2.KgAfDmVSze76IKChoqOkpaanawIc-AJYPYh3PGeQSf4";
    let toki = "ot2.IQGgoaKjpKWmpwGiADgE6AAAAAAAAAAAKAdcjgLTeo10qgnNFT2kLA";
    let url = "https://api.example.com/v1/accounts?limit=10";
    let args = ["verify", "--key", "key", "--audience", AUDIENCE, "-X", "GET", "--toki", toki, "--now-ms", "1795300001000"];
    let verdict = desk.object(0, &[&args[..], &["--grant", grant, url]].concat());
    assert_eq!(verdict, json!({ "kid": KID, "sid": "a0a1a2a3a4a5a6a7", "ts_ms": 1_795_300_001_000_i64 }));
    desk.fails(1, "malformed", &[&args[..], &[url]].concat());
    desk.fails(1, "policy", &[&args[..], &["--max-ttl-s", "599", "--grant", grant, url]].concat());
}

#[test]
fn explain_completions_man_and_usage() {
    let desk = Desk::new();
    for name in oscartoki::OscarError::NAMES {
        let page = desk.object(0, &["explain", name]);
        assert!(!page["cause"].as_str().unwrap().is_empty() && !page["fix"].as_str().unwrap().is_empty(), "{page}");
        assert!(desk.ends(0, &["explain", name]).contains("Cause:"));
    }
    desk.fails(2, "usage", &["explain", "nonsense"]);
    for shell in ["bash", "zsh", "fish"] {
        assert!(desk.ends(0, &["completions", shell]).contains("audience-key"));
    }
    desk.fails(2, "usage", &["completions", "csh"]);
    assert!(desk.ends(0, &["man"]).contains("audience\\-key"));
    assert!(desk.object(0, &["man"])["man"].as_str().unwrap().contains(".TH"));
    desk.fails(2, "usage", &["curl"]);
    desk.fails(2, "usage", &["nonsense"]);
    desk.fails(2, "usage", &["keygen", "--nonsense"]);
    assert!(desk.ends(0, &["--version"]).starts_with("oscar "));
    assert!(desk.ends(0, &["--help"]).contains("audience-key"));
}

#[test]
fn curl_without_a_service_is_4_and_with_a_bad_call_2_or_3() {
    let desk = Desk::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/");
    desk.fails(4, "network", &["curl", "--secret", "secret", &url]);
    assert_eq!(desk.object(4, &["curl", "--secret", "secret", &url])["error"], "network");
    desk.fails(2, "usage", &["curl", "--secret", "secret", "127.0.0.1"]);
    desk.fails(2, "usage", &["curl", "--secret", "secret", "-H", "nonsense", &url]);
    desk.fails(2, "usage", &["curl", "--secret", "secret", "-H", "oscartoki: mine", &url]);
    desk.fails(2, "usage", &["curl", &url]);
    desk.fails(3, "wrong_kind", &["curl", "--secret", "key", &url]);
    desk.fails(3, "config", &["curl", "--secret", "secret", "-d", "@nothing", &url]);
    desk.write("state", "nonsense");
    desk.fails(3, "malformed", &["curl", "--secret", "secret", "--session", "state", &url]);
}

#[test]
fn serve_refuses_a_bad_configuration() {
    let desk = Desk::new();
    desk.fails(2, "usage", &["serve", "--key", "key"]);
    desk.fails(2, "usage", &["serve", "--audience", AUDIENCE]);
    desk.fails(3, "wrong_kind", &["serve", "--audience", AUDIENCE, "--key", "secret"]);
    desk.fails(3, "config", &["serve", "--audience", AUDIENCE, "--key", "nothing"]);
    desk.fails(3, "config", &["serve", "--audience", AUDIENCE, "--key", "key", "--config", "nothing"]);
    for (name, text) in [("unknown", "audiense = \"a\""), ("type", "max-ttl-s = \"x\""), ("broken", "audience =")] {
        desk.write(name, text);
        desk.fails(3, "config", &["serve", "--audience", AUDIENCE, "--key", "key", "--config", name]);
    }
    desk.fails(3, "malformed", &["serve", "--audience", AUDIENCE, "--key", "key", "--authority", "a/b", "--listen", "127.0.0.1:0"]);
    desk.fails(3, "malformed", &["serve", "--audience", "a b", "--key", "key", "--listen", "127.0.0.1:0"]);
    desk.fails(3, "policy", &["serve", "--audience", AUDIENCE, "--key", "key", "--window-s", "31", "--listen", "127.0.0.1:0"]);
    desk.write("revoked", "revoked nonsense\n");
    desk.fails(3, "malformed", &["serve", "--audience", AUDIENCE, "--key", "key", "--revocations", "revoked", "--listen", "127.0.0.1:0"]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    desk.fails(4, "network", &["serve", "--audience", AUDIENCE, "--key", "key", "--listen", &taken.local_addr().unwrap().to_string()]);
}
