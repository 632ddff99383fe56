//! The hub as Socktopus' clients and apps meet it, and the attacks on the original.
#![allow(clippy::unwrap_used)]

mod common;

use common::hub::*;
use common::{AUDIENCE, Desk, raw, within};
use futures_util::SinkExt as _;
use oscartoki::socktopus::SocktopusToken;
use oscartoki::{Client, ClientConfig, Secret};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};

#[tokio::test(flavor = "multi_thread")]
async fn join_ping_receive_kick() {
    let (_desk, serving) = hub();
    let mut alice = join(&serving, "alice").await;
    let mut bob = join(&serving, "bob").await;
    let to = |who: &str, what: &str| json!({ "recipient": who, "content": what });
    let answer = send(&serving, json!([to("alice", "one"), to("nobody", "two"), to("bob", "three \u{1F511}"), to("alice", "four")])).await;
    assert_eq!(
        answer,
        json!({ "succeeded": [to("alice", "one"), to("bob", "three \u{1F511}"), to("alice", "four")], "failed": [to("nobody", "two")] })
    );
    assert_eq!(
        [heard(&mut alice).await, heard(&mut alice).await, heard(&mut bob).await],
        ["DATA:one", "DATA:four", "DATA:three \u{1F511}"]
    );
    // Other text is ignored.
    alice.send(Message::text("ping")).await.unwrap();
    ping(&mut alice).await;
    kick(&serving, "alice").await;
    assert_eq!([heard(&mut alice).await, heard(&mut alice).await], ["CLOSE", "close 1000"]);
    assert_eq!(refusal(&serving, &format!("?token={}", token("alice"))).await.0, 401);
    bob.send(Message::text("CLOSE")).await.unwrap();
    assert_eq!(heard(&mut bob).await, "close 1000");
    assert_eq!(send(&serving, json!([to("alice", "x"), to("bob", "x")])).await["succeeded"], json!([]));
    let (status, page) = common::get(&serving.address, "/", "");
    assert!(status == 200 && page.contains("2 apps") && !page.contains("shop") && page.contains("YOURAPP_SOCKTOPUS_SECRET="), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_let_in_learns_nothing() {
    let (_desk, serving) = hub();
    let used = token("carol");
    let _carol = open(&serving, &format!("?token={used}")).await.unwrap();
    let unauthorized = json!({ "code": 401, "message": "Unauthorized" });
    // A digit of the time moved into the id: the original took it for `9x`'s token, for ever.
    let shifted = {
        let good = token("9alice");
        let parts: Vec<&str> = good.split('h').collect();
        format!("{}39h{}h{}h{}", parts[0], parts[1], &parts[2][2..], parts[3])
    };
    for (what, token, status) in [
        ("used", used.clone(), 401),
        ("another secret", SocktopusToken { app: "shop".into(), connection: "x".into(), ts_ms: now() }.mint(b"wrong").unwrap(), 401),
        (
            "an unknown app",
            SocktopusToken { app: "nobody".into(), connection: "x".into(), ts_ms: now() }.mint(SECRET.as_bytes()).unwrap(),
            401,
        ),
        ("of another app's name", used.replace("73686f70", "6f74686572"), 401),
        ("old", token_at("x", now() - 6_000), 401),
        ("of the future", token_at("x", now() + 3_000), 401),
        ("far in the future", token_at("x", now() + 86_400_000), 401),
        ("a shifted digit", shifted, 400),
        ("nonsense", "abc".to_owned(), 400),
    ] {
        let came = refusal(&serving, &format!("?token={token}")).await;
        assert_eq!(came.0, status, "{what}: {}", came.1);
        assert!(status == 400 || came.1 == unauthorized, "{what}: {}", came.1);
        assert_eq!(came.1["code"], status, "{what}");
    }
    assert_eq!(refusal(&serving, "").await.0, 400);
    assert_eq!(refusal(&serving, "?token=").await.0, 400);
    assert_eq!(refusal(&serving, &format!("?token={0}&token={0}", token("x"))).await.0, 400);
    for (path, body) in [
        ("/send", json!({ "secretName": "shop", "secret": "wrong", "messages": [] })),
        ("/send", json!({ "secretName": "nobody", "secret": SECRET, "messages": [] })),
        ("/kick", json!({ "secretName": "other", "secret": SECRET, "connections": [] })),
    ] {
        assert_eq!(post(&serving, path, body).await, (401, unauthorized.clone()));
    }
    assert_eq!(post(&serving, "/send", json!({ "secretName": "shop", "secret": SECRET, "messages": [], "more": 1 })).await.0, 400);
    assert_eq!(
        post(
            &serving,
            "/send",
            json!({ "secretName": "shop", "secret": SECRET, "messages": [{ "recipient": "x", "content": "y".repeat(1 << 20) }] })
        )
        .await
        .0,
        413
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_paths_and_origins() {
    let (_desk, serving) = hub();
    let ask = |head: &str| {
        let (status, answer) =
            raw(&serving.address, &format!("{head}\r\nhost: {}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n", serving.address));
        let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
        assert_eq!(body["code"], status, "{answer}");
        (status, answer.lines().find_map(|line| line.strip_prefix("allow: ")).map(str::to_owned))
    };
    assert_eq!(ask("POST /recieve HTTP/1.1"), (405, Some("GET".into())));
    assert_eq!(ask("GET /send HTTP/1.1"), (405, Some("POST".into())));
    assert_eq!(ask("PUT /kick HTTP/1.1"), (405, Some("POST".into())));
    assert_eq!(ask("GET /receive HTTP/1.1").0, 404);
    assert_eq!(ask(&format!("GET /recieve?token={} HTTP/1.1", token("x"))).0, 400, "no websocket");
    for (origin, status) in [
        ("https://evil.example", 403),
        ("null", 403),
        ("", 403),
        ("https://app.example.evil.example", 403),
        ("https://app.example", 101),
        (&format!("http://{}", serving.address), 101),
    ] {
        let mut request = format!("ws://{}/recieve?token={}", serving.address, token("x")).into_client_request().unwrap();
        request.headers_mut().insert("origin", origin.parse().unwrap());
        let came = match tokio_tungstenite::connect_async(request).await {
            Ok(_) => 101,
            Err(Error::Http(response)) => response.status().as_u16(),
            Err(error) => panic!("{error}"),
        };
        assert_eq!(came, status, "{origin}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_connection_takes_the_place_of_the_first() {
    let (_desk, serving) = hub();
    let mut first = join(&serving, "dave").await;
    let mut second = join(&serving, "dave").await;
    assert_eq!([heard(&mut first).await, heard(&mut first).await], ["CLOSE", "close 1000"]);
    drop(first);
    tokio::time::sleep(Duration::from_millis(50)).await;
    send(&serving, json!([{ "recipient": "dave", "content": "still here" }])).await;
    assert_eq!(heard(&mut second).await, "DATA:still here");
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_over_the_limit_are_refused_by_their_header() {
    let (_desk, serving) = hub();
    let mut erin = join(&serving, "erin").await;
    erin.send(Message::text("x".repeat(64 << 10))).await.unwrap();
    ping(&mut erin).await;
    erin.send(Message::text("x".repeat((64 << 10) + 1))).await.unwrap();
    assert_eq!(heard(&mut erin).await, "close 1009");
    // 400 MB announced, nothing sent: the header is enough.
    let mut socket = tokio::net::TcpStream::connect(&serving.address).await.unwrap();
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let head = format!(
        "GET /recieve?token={} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        token("frank")
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut frame = vec![0x81, 0xff];
    frame.extend(400_000_000u64.to_be_bytes());
    frame.extend([1, 2, 3, 4]);
    socket.write_all(&frame).await.unwrap();
    let mut came = Vec::new();
    tokio::time::timeout(Duration::from_secs(5), socket.read_to_end(&mut came)).await.unwrap().unwrap();
    assert!(came.ends_with(&[0x88, 2, 0x03, 0xf1]), "{:?}", &came[came.len().saturating_sub(8)..]);
    let mut gina = join(&serving, "gina").await;
    gina.send(Message::binary(vec![1])).await.unwrap();
    assert_eq!(heard(&mut gina).await, "close 1003");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_client_that_does_not_read_costs_the_others_nothing() {
    let (_desk, serving) = hub();
    let stuck = join(&serving, "stuck").await;
    let mut others = Vec::new();
    for at in 0..15 {
        others.push(join(&serving, &format!("other {at}")).await);
    }
    let long = "x".repeat(256 << 10);
    let mut failed = false;
    let began = Instant::now();
    while !failed {
        let answer = send(&serving, json!([{ "recipient": "stuck", "content": long }, { "recipient": "stuck", "content": long }])).await;
        failed = answer["failed"].as_array().is_some_and(|failed| !failed.is_empty());
        assert!(began.elapsed() < Duration::from_secs(30), "its queue never filled");
    }
    for (at, other) in others.iter_mut().enumerate() {
        let began = Instant::now();
        send(&serving, json!([{ "recipient": format!("other {at}"), "content": "hello" }])).await;
        assert_eq!(heard(other).await, "DATA:hello");
        assert!(began.elapsed() < Duration::from_secs(1));
    }
    // It is gone, and its id is free.
    let mut stuck = stuck;
    let mut last = String::new();
    while !last.starts_with("close") && !last.starts_with("e") {
        last = heard(&mut stuck).await;
    }
    assert!(last == "close 1013" || last.starts_with("e"), "{last}");
    join(&serving, "stuck").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_senders_to_one_client_lose_nothing() {
    let (_desk, serving) = hub();
    let mut heidi = join(&serving, "heidi").await;
    let sends = (0..16).map(|sender| {
        let messages: Vec<Value> = (0..8).map(|at| json!({ "recipient": "heidi", "content": format!("{sender} {at}") })).collect();
        send(&serving, json!(messages))
    });
    let answers = futures_util::future::join_all(sends).await;
    assert!(answers.iter().all(|answer| answer["failed"] == json!([])));
    let mut next = [0; 16];
    for _ in 0..128 {
        let text = heard(&mut heidi).await;
        let (sender, at) = text.strip_prefix("DATA:").unwrap().split_once(' ').unwrap();
        let sender: usize = sender.parse().unwrap();
        assert_eq!(at.parse::<i32>().unwrap(), next[sender], "each sender's messages keep their order");
        next[sender] += 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kick_denies_who_is_not_connected_yet() {
    let (_desk, serving) = hub();
    let ahead = token_at("ivan", now() + 900);
    kick(&serving, "ivan").await;
    assert_eq!(refusal(&serving, &format!("?token={ahead}")).await.0, 401);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    join(&serving, "ivan").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_ping_for_twenty_seconds_and_a_stop() {
    let (_desk, serving) = hub();
    let mut quiet = open(&serving, &format!("?token={}", token("quiet"))).await.unwrap();
    let mut alive = join(&serving, "alive").await;
    let began = Instant::now();
    let watch = async {
        let said = [heard(&mut quiet).await, heard(&mut quiet).await];
        (said, began.elapsed())
    };
    let pings = async {
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_secs(7)).await;
            ping(&mut alive).await;
        }
    };
    let ((said, after), ()) = tokio::join!(watch, pings);
    assert_eq!(said, ["CLOSE", "close 1001"]);
    assert!((Duration::from_millis(19_500)..Duration::from_millis(20_900)).contains(&after), "{after:?}");
    let ended = tokio::task::spawn_blocking(move || {
        let began = Instant::now();
        (serving.end("TERM").0, began.elapsed())
    });
    assert_eq!([heard(&mut alive).await, heard(&mut alive).await], ["CLOSE", "close 1001"]);
    let (status, took) = ended.await.unwrap();
    assert!(status == Some(0) && took < Duration::from_secs(6), "{status:?} after {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_of_toki_open_connections_too() {
    let (desk, serving) = hub();
    let text = std::fs::read_to_string(desk.path("secret")).unwrap();
    let secret = Secret::parse(text.lines().find(|line| line.starts_with("os2.")).unwrap()).unwrap();
    let client = Client::new(&secret, AUDIENCE, ClientConfig::default()).unwrap();
    let ticket = || client.mint_ticket(b"judy", None, now()).unwrap();
    let one = ticket();
    let mut judy = open(&serving, &format!("?oscartoki={one}")).await.unwrap();
    ping(&mut judy).await;
    assert_eq!(refusal(&serving, &format!("?oscartoki={one}")).await.0, 401, "a ticket is spent");
    assert_eq!(refusal(&serving, "?oscartoki=ot2.nonsense").await.0, 400);
    // The ticket as the first frame; the second connection takes the first one's place.
    let mut again = open(&serving, "?oscartoki=").await.unwrap();
    again.send(Message::text(ticket())).await.unwrap();
    ping(&mut again).await;
    assert_eq!([heard(&mut judy).await, heard(&mut judy).await], ["CLOSE", "close 1000"]);
    let mut forged = open(&serving, "?oscartoki=").await.unwrap();
    forged.send(Message::text(one)).await.unwrap();
    assert_eq!(heard(&mut forged).await, "close 1008");
    // An app's secret reaches no holder of a ticket of the same id.
    assert_eq!(send(&serving, json!([{ "recipient": "judy", "content": "x" }])).await["succeeded"], json!([]));
}

#[test]
fn a_hub_needs_no_audience_and_refuses_equal_secrets() {
    let desk = Desk::new();
    let mut command = desk.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("A_SOCKTOPUS_SECRET", "same").env("B_SOCKTOPUS_SECRET", "same");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(err.starts_with("error: config: ") && !err.contains("same "), "{err}");
    let mut child = desk
        .command(&["serve", "--listen", "127.0.0.1:0"])
        .env("A_SOCKTOPUS_SECRET", "x")
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
    let address = line.trim().strip_prefix("listening on http://").unwrap().to_owned();
    within(Duration::from_secs(5), || common::get(&address, "/readyz", "").0 == 200);
    assert_eq!(common::get(&address, "/recieve", "").0, 400);
    assert_eq!(common::get(&address, "/echo", "").0, 404);
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A client that knows nothing of this code.
#[test]
fn a_client_from_the_originals_description_alone() {
    let (_desk, serving) = hub();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/socktopus.py");
    let output = std::process::Command::new("python3")
        .args([script, &serving.address, "shop", SECRET])
        .output()
        .expect("python3 is missing: scripts/setup installs it");
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}
