//! `oscar tcx …` and the TCX part of `oscar serve`, as the original's clients meet them.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Desk, Serving, raw, within};
use oscartoki::tcx::{TcxClient, TcxDialect, TcxHeader, TcxMode, TcxParam, TcxStep, TcxType};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// An app of the store, as its client.
fn add(desk: &Desk, mode: TcxMode) -> Value {
    serde_json::from_str(&desk.ends(0, &["tcx", "app", "add", "a shop", "--mode", mode.name(), "--store", "tcx.db"])).unwrap()
}

fn client_of(app: &Value, kind: TcxType, dialect: TcxDialect, master: Option<String>) -> TcxClient {
    let of = |name: &str| app[name].as_str().unwrap().to_owned();
    let mode = TcxMode::from_name(&of("mode")).unwrap();
    TcxClient::new(of("app_id"), of("app_secret"), of("app_public"), kind, mode, dialect, master, false).unwrap()
}

fn post(serving: &Serving, target: &str, kind: &str, body: &str) -> Value {
    let head = format!(
        "POST {target} HTTP/1.1\r\nhost: any.example\r\nconnection: close\r\ncontent-type: {kind}\r\ncontent-length: {}",
        body.len()
    );
    told(&raw(&serving.address, &format!("{head}\r\n\r\n{body}")))
}

/// Every verdict travels with 200.
fn told((status, answer): &(u16, String)) -> Value {
    assert_eq!(*status, 200, "{answer}");
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

fn call(serving: &Serving, target: &str, headers: &[TcxHeader]) -> Value {
    let lines: String = headers.iter().map(|header| format!("{}: {}\r\n", header.name, header.text)).collect();
    told(&raw(&serving.address, &format!("GET {target} HTTP/1.1\r\nhost: any.example\r\nconnection: close\r\n{lines}\r\n")))
}

/// The access token of a client, got by whatever it takes.
fn access(serving: &Serving, client: &TcxClient) -> String {
    loop {
        match client.access(now()).unwrap() {
            TcxStep::Use { token } => return token,
            TcxStep::Wait => std::thread::sleep(Duration::from_millis(5)),
            TcxStep::Send { number, path, body } => {
                let answer = post(serving, &path, "application/json", &body);
                assert_eq!(client.received(number, answer.to_string().as_bytes(), now()).unwrap(), None, "{answer}");
            }
        }
    }
}

#[test]
fn a_session_of_every_type_in_every_mode() {
    let desk = Desk::new();
    let apps: Vec<Value> = [TcxMode::None, TcxMode::Time, TcxMode::Param].into_iter().map(|mode| add(&desk, mode)).collect();
    assert!(common::is_private(&desk.path("tcx.db")));
    let serving = desk.serve(&["--first-start", "--tcx-store", "tcx.db"]);
    for app in &apps {
        let app_id = app["app_id"].as_str().unwrap();
        let master: Value = serde_json::from_str(&desk.ends(0, &["tcx", "master-key", app_id, "--store", "tcx.db"])).unwrap();
        assert_eq!(master["expires_at"], Value::Null);
        for dialect in [TcxDialect::Documented, TcxDialect::Server4] {
            for kind in [TcxType::Owtc, TcxType::Twtc, TcxType::Ftc] {
                let client = client_of(app, kind, dialect, Some(master["master_key"].as_str().unwrap().to_owned()));
                let token = (kind == TcxType::Twtc).then(|| access(&serving, &client));
                let datetime = client.datetime(now());
                let params =
                    vec![TcxParam::new("amount", "10.50"), TcxParam::new("tcx_datetime", &datetime), TcxParam::new("note", "café")];
                let target = format!("/tcx/echo/a%2Fb?note=caf%C3%A9&amount=10.50&tcx_datetime={datetime}");
                let headers = client.headers(params, Some(datetime), token).unwrap();
                let echo = call(&serving, &target, &headers);
                assert_eq!(echo, json!({ "app_id": app_id, "type": kind.name(), "method": "GET", "target": target }));
                // The same pass again.
                let again = call(&serving, &target, &headers);
                assert_eq!(
                    (&again["status_code"], &again["status_number"], &again["status"]),
                    (&json!("TCXPFX"), &json!("505003"), &json!(0))
                );
                assert_eq!(again["status_message"], "TCX Pass did not match");
            }
        }
    }
    assert_eq!(call(&serving, "/tcx/echo", &[])["status_code"], "TCXREQ");
    assert_eq!(post(&serving, "/tcx/authorize", "application/json", "{}")["status_number"], "405000");
    assert_eq!(post(&serving, "/tcx/authorize", "application/json", "nonsense")["status_code"], "TCXCRQ");
    assert_eq!(post(&serving, "/tcx/reauthorize", "application/x-www-form-urlencoded", "app_id=x&token=")["status_number"], "405100");
    assert_eq!(post(&serving, "/tcx/authorize", "application/x-www-form-urlencoded", "app_id=x&app_pass=y")["status_number"], "505001");
    // A handler's own paths need no toki, an echo of the other kind still does.
    assert_eq!(common::get(&serving.address, "/echo", "").0, 401);
    assert_eq!(serving.end("TERM").0, Some(0));
    let list = desk.ends(0, &["tcx", "app", "list", "--store", "tcx.db"]);
    let secret = apps[0]["app_secret"].as_str().unwrap();
    assert!(!list.contains(secret) && !list.contains(apps[0]["app_public"].as_str().unwrap()), "{list}");
    assert!(!std::fs::read(desk.path("tcx.db")).unwrap().windows(40).any(|part| part == secret.as_bytes()));
}

#[test]
fn bodies_are_covered_and_come_through() {
    let desk = Desk::new();
    let app = add(&desk, TcxMode::Param);
    let serving = desk.serve(&["--first-start", "--tcx-store", "tcx.db", "--tcx-table", "server4"]);
    let client = client_of(&app, TcxType::Owtc, TcxDialect::Server4, None);
    let post = |kind: &str, body: &str, params: &[(&str, &str)]| {
        let params = params.iter().map(|(name, text)| TcxParam::new(*name, *text)).collect();
        let headers = client.headers(params, None, None).unwrap();
        let lines: String = headers.iter().map(|header| format!("{}: {}\r\n", header.name, header.text)).collect();
        let head = format!(
            "POST /tcx/echo?q=1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: {kind}\r\ncontent-length: {}",
            body.len()
        );
        told(&raw(&serving.address, &format!("{head}\r\n{lines}\r\n{body}")))
    };
    let (form, json) = ("application/x-www-form-urlencoded; charset=utf-8", "application/json");
    assert_eq!(post(form, "a=1+2&b=%26", &[("q", "1"), ("a", "1 2"), ("b", "x")])["status_number"], "50FF003");
    assert_eq!(post(form, "a=1+2", &[("q", "1"), ("a", "1 2")])["method"], "POST");
    assert_eq!(post(form, "a=1+2&b=%26", &[("q", "1"), ("a", "1 2"), ("b", "&")])["status_number"], "50FF003", "strict");
    assert_eq!(post(json, r#"{"a":"1"}"#, &[("q", "1"), ("a", "1")])["method"], "POST");
    assert_eq!(post(json, r#"{"a":1}"#, &[("q", "1"), ("a", "1")])["status_code"], "TCXPFX");
    assert_eq!(post(json, r#"{"a":"1","b":{"c":"2"}}"#, &[("q", "1"), ("a", "1")])["status_code"], "TCXPFX");
    assert_eq!(post(json, r#"{"a":"1","a":"1"}"#, &[("q", "1"), ("a", "1")])["status_code"], "TCXPFX");
    assert_eq!(post("text/plain", "a=1", &[("q", "1")])["method"], "POST");
}

#[test]
fn administration_is_followed_and_strict() {
    let desk = Desk::new();
    let app = add(&desk, TcxMode::None);
    let app_id = app["app_id"].as_str().unwrap();
    let serving = desk.serve(&["--first-start", "--tcx-store", "tcx.db"]);
    let code = || {
        call(&serving, "/tcx/echo", &client_of(&app, TcxType::Owtc, TcxDialect::Documented, None).headers(Vec::new(), None, None).unwrap())
    };
    assert_eq!(code()["app_id"], app_id);
    assert_eq!(desk.object(0, &["tcx", "app", "suspend", app_id, "--store", "tcx.db"]), json!({ "app_id": app_id, "suspended": true }));
    within(Duration::from_secs(2), || code()["status_code"] == "TCXAFX");
    assert_eq!(desk.object(0, &["tcx", "app", "list", "--store", "tcx.db"])["apps"][0]["suspended"], true);
    assert_eq!(desk.object(0, &["tcx", "app", "suspend", app_id, "--resume", "--store", "tcx.db"])["suspended"], false);
    within(Duration::from_secs(2), || code()["app_id"] == app_id);
    for args in [&["tcx", "app", "suspend", "nobody", "--store", "tcx.db"][..], &["tcx", "master-key", "nobody", "--store", "tcx.db"]] {
        desk.fails(1, "unknown_key", args);
    }
    desk.fails(3, "config", &["tcx", "app", "list", "--store", "absent.db"]);
    desk.fails(2, "usage", &["tcx", "app", "add", "x", "--mode", "odd", "--store", "tcx.db"]);
    desk.fails(2, "usage", &["tcx", "master-key", app_id, "--days", "0", "--store", "tcx.db"]);
    let key = desk.object(0, &["tcx", "master-key", app_id, "--days", "2", "--store", "tcx.db"]);
    assert_eq!((key["master_key"].as_str().unwrap().len(), key["expires_at"].as_str().unwrap().len()), (40, 19));
}

#[test]
fn of_sixty_four_with_one_pass_over_two_processes_one_is_served() {
    let desk = Desk::new();
    let app = add(&desk, TcxMode::None);
    let servings = [desk.serve(&["--first-start", "--tcx-store", "tcx.db"]), desk.serve(&["--first-start", "--tcx-store", "tcx.db"])];
    let client = client_of(&app, TcxType::Twtc, TcxDialect::Documented, None);
    let TcxStep::Send { body, .. } = client.access(now()).unwrap() else { panic!() };
    let served = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for at in 0..64 {
            let (servings, body, served) = (&servings, &body, &served);
            scope.spawn(move || {
                let answer = post(&servings[at % 2], "/tcx/authorize", "application/json", body);
                match answer["status_code"].as_str() {
                    Some("TCXSSS") => drop(served.fetch_add(1, Ordering::Relaxed)),
                    code => assert_eq!(code, Some("TCXAFX"), "{answer}"),
                }
            });
        }
    });
    assert_eq!(served.into_inner(), 1);
}

/// Killed in the middle: what was answered is kept, and no pass or refresh token serves twice.
#[test]
fn a_kill_loses_no_issued_token_and_issues_none_twice() {
    let desk = Desk::new();
    let app = add(&desk, TcxMode::None);
    let app_id = app["app_id"].as_str().unwrap();
    let (mut granted, mut passes) = (Vec::<(String, String, String)>::new(), Vec::new());
    for round in 0..6u64 {
        let serving = desk.serve(&["--first-start", "--tcx-store", "tcx.db"]);
        let address = serving.address.clone();
        let bodies: Vec<String> = (0..24)
            .map(|_| match client_of(&app, TcxType::Twtc, TcxDialect::Documented, None).access(now()).unwrap() {
                TcxStep::Send { body, .. } => body,
                step => panic!("{step:?}"),
            })
            .collect();
        let sent = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            let (address, sent) = (&address, &sent);
            let threads: Vec<_> = bodies
                .iter()
                .map(|body| {
                    scope.spawn(move || {
                        use std::io::{Read as _, Write as _};
                        let mut stream = std::net::TcpStream::connect(address).ok()?;
                        let head = "POST /tcx/authorize HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ";
                        stream.write_all(format!("{head}{}\r\n\r\n{body}", body.len()).as_bytes()).ok()?;
                        sent.fetch_add(1, Ordering::Relaxed);
                        let mut answer = String::new();
                        stream.read_to_string(&mut answer).ok()?;
                        let answer: Value = serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()?;
                        let of = |name: &str| answer["data"][name].as_str().map(str::to_owned);
                        Some((of("token")?, of("refresh")?, body.clone()))
                    })
                })
                .collect();
            within(Duration::from_secs(10), || sent.load(Ordering::Relaxed) > 4);
            std::thread::sleep(Duration::from_millis(round * 4));
            serving.end("KILL");
            granted.extend(threads.into_iter().filter_map(|thread| thread.join().unwrap()));
        });
        passes.extend(bodies);
    }
    assert!(!granted.is_empty());
    let serving = desk.serve(&["--first-start", "--tcx-store", "tcx.db"]);
    for (token, _, _) in &granted {
        let headers = client_of(&app, TcxType::Twtc, TcxDialect::Documented, None).headers(Vec::new(), None, Some(token.clone())).unwrap();
        assert_eq!(call(&serving, "/tcx/echo", &headers)["app_id"], app_id, "an issued token was lost");
    }
    // A pass serves once over all lives of the service: of those that were answered none again, of the others once at most.
    for (_, _, body) in &granted {
        assert_eq!(post(&serving, "/tcx/authorize", "application/json", body)["status_code"], "TCXAFX", "an answered pass served again");
    }
    for body in &passes {
        post(&serving, "/tcx/authorize", "application/json", body);
        assert_eq!(post(&serving, "/tcx/authorize", "application/json", body)["status_code"], "TCXAFX", "a pass served twice");
    }
    for (_, refresh, _) in granted.iter().take(3) {
        let body = json!({ "app_id": app_id, "token": base64(refresh.as_bytes()) }).to_string();
        assert_eq!(post(&serving, "/tcx/reauthorize", "application/json", &body)["status_number"], "F05103");
        assert_eq!(post(&serving, "/tcx/reauthorize", "application/json", &body)["status_number"], "505101");
    }
}

/// What X-TCX-TOKEN would say of it.
fn base64(bytes: &[u8]) -> String {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let headers = oscartoki::tcx::tcx_headers(TcxType::Twtc, "x", "x", Some(text)).unwrap();
    headers.into_iter().find(|header| header.name == "X-TCX-TOKEN").unwrap().text
}
