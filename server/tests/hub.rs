//! The hub as Socktopus' clients and apps meet it, and the attacks on the original.
#![allow(clippy::unwrap_used)]

mod common;

use common::{AUDIENCE, Desk, Serving, raw, within};
use futures_util::{SinkExt as _, StreamExt as _};
use oscartoki::socktopus::SocktopusToken;
use oscartoki::{Client, ClientConfig, Secret};
use serde_json::{Value, json};
use std::time::{Duration, Instant, SystemTime};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;
const SECRET: &str = "a secret of the app";

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

fn hub() -> (Desk, Serving) {
    let mut desk = Desk::new();
    for (name, secret) in [("SHOP_SOCKTOPUS_SECRET", SECRET), ("OTHER_SOCKTOPUS_SECRET", "another")] {
        desk.environment.push((name.to_owned(), secret.to_owned()));
    }
    let serving = desk.serve(&["--first-start", "--origin", "https://app.example"]);
    (desk, serving)
}

fn token_at(connection: &str, ts_ms: i64) -> String {
    SocktopusToken { app: "shop".into(), connection: connection.into(), ts_ms }.mint(SECRET.as_bytes()).unwrap()
}

/// A token of its own for each call, as a server mints them.
fn token(connection: &str) -> String {
    use std::sync::atomic::{AtomicI64, Ordering};
    static LAST: AtomicI64 = AtomicI64::new(0);
    let last = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(now().max(last + 1))).unwrap();
    token_at(connection, now().max(last + 1))
}

async fn open(serving: &Serving, query: &str) -> Result<Socket, Error> {
    let config = WebSocketConfig::default().max_message_size(Some(8 << 20));
    let request = format!("ws://{}/recieve{query}", serving.address).into_client_request().unwrap();
    tokio_tungstenite::connect_async_with_config(request, Some(config), true).await.map(|(socket, _)| socket)
}

/// Joined: a PONG proves it.
async fn join(serving: &Serving, connection: &str) -> Socket {
    let mut socket = open(serving, &format!("?token={}", token(connection))).await.unwrap();
    ping(&mut socket).await;
    socket
}

async fn ping(socket: &mut Socket) {
    socket.send(Message::text("PING")).await.unwrap();
    assert_eq!(heard(socket).await, "PONG");
}

/// The next text, or `close CODE`.
async fn heard(socket: &mut Socket) -> String {
    loop {
        match tokio::time::timeout(Duration::from_secs(30), socket.next()).await.unwrap() {
            Some(Ok(Message::Text(text))) => return text.to_string(),
            Some(Ok(Message::Close(frame))) => return format!("close {}", frame.map_or(0, |frame| u16::from(frame.code))),
            Some(Ok(_)) => {}
            Some(Err(error)) => return format!("error {error}"),
            None => return "end".into(),
        }
    }
}

async fn post(serving: &Serving, path: &str, body: Value) -> (u16, Value) {
    let (address, path, body) = (serving.address.clone(), path.to_owned(), body.to_string());
    tokio::task::spawn_blocking(move || {
        let head = format!("POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}", body.len());
        let (status, answer) = raw(&address, &format!("{head}\r\n\r\n{body}"));
        (status, serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap())
    })
    .await
    .unwrap()
}

async fn send(serving: &Serving, messages: Value) -> Value {
    let (status, answer) = post(serving, "/send", json!({ "secretName": "shop", "secret": SECRET, "messages": messages })).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

async fn kick(serving: &Serving, connection: &str) {
    let body = json!({ "secretName": "shop", "secret": SECRET, "connections": [connection] });
    assert_eq!(post(serving, "/kick", body).await, (200, json!(200)));
}

/// What a handshake that is refused is answered.
async fn refusal(serving: &Serving, query: &str) -> (u16, Value) {
    match open(serving, query).await {
        Err(Error::Http(response)) => {
            (response.status().as_u16(), serde_json::from_slice(response.body().as_deref().unwrap_or_default()).unwrap_or_default())
        }
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("{query} was let in"),
    }
}

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

/// Channels, for who says that it speaks them.
async fn speaking(serving: &Serving, connection: &str) -> Socket {
    let url = format!("ws://{}/recieve?token={}", serving.address, token(connection));
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "oscar.hub.1".parse().unwrap());
    let (mut socket, response) = tokio_tungstenite::connect_async(request).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "oscar.hub.1");
    ping(&mut socket).await;
    socket
}

async fn told(socket: &mut Socket, command: Value) -> Value {
    socket.send(Message::text(command.to_string())).await.unwrap();
    serde_json::from_str(&heard(socket).await).unwrap()
}

async fn publish(serving: &Serving, channel: &str, content: &str) -> Value {
    let body = json!({ "secretName": "shop", "secret": SECRET, "channel": channel, "content": content });
    let (status, answer) = post(serving, "/publish", body).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn channels_presence_history_and_recovery() {
    let (_desk, serving) = hub();
    let mut kim = speaking(&serving, "kim").await;
    let subscribed = told(&mut kim, json!({ "subscribe": "news", "presence": true })).await;
    assert_eq!((&subscribed["offset"], &subscribed["recovered"]), (&json!(0), &json!(false)));
    let mut lee = speaking(&serving, "lee").await;
    told(&mut lee, json!({ "subscribe": "news" })).await;
    assert_eq!(heard(&mut kim).await, r#"{"channel":"news","joined":"lee"}"#);
    let first = publish(&serving, "news", "one").await;
    assert_eq!((&first["offset"], &first["subscribers"], &first["epoch"]), (&json!(1), &json!(2), &subscribed["epoch"]));
    for socket in [&mut kim, &mut lee] {
        let frame: Value = serde_json::from_str(&heard(socket).await).unwrap();
        assert_eq!(frame, json!({ "channel": "news", "epoch": first["epoch"], "offset": 1, "content": "one" }));
    }
    assert_eq!(told(&mut kim, json!({ "presence": "news" })).await["connections"], json!(["kim", "lee"]));
    drop(lee);
    assert_eq!(heard(&mut kim).await, r#"{"channel":"news","left":"lee"}"#);
    for at in 2..=5 {
        publish(&serving, "news", &format!("message {at}")).await;
        heard(&mut kim).await;
    }
    // Back again, where it left off.
    let mut lee = speaking(&serving, "lee").await;
    let back = told(&mut lee, json!({ "subscribe": "news", "epoch": first["epoch"], "offset": 3 })).await;
    assert_eq!((&back["recovered"], &back["offset"]), (&json!(true), &json!(5)));
    for at in [4, 5] {
        let frame: Value = serde_json::from_str(&heard(&mut lee).await).unwrap();
        assert_eq!(frame["offset"], at);
    }
    for (epoch, offset) in [("0000000000000000", 3), (first["epoch"].as_str().unwrap(), 99)] {
        let mut other = speaking(&serving, "other").await;
        let back = told(&mut other, json!({ "subscribe": "news", "epoch": epoch, "offset": offset })).await;
        assert_eq!(back["recovered"], false, "{epoch} {offset}");
    }
    let history = told(&mut lee, json!({ "history": "news", "limit": 2 })).await;
    let contents: Vec<&str> = history["messages"].as_array().unwrap().iter().map(|one| one["content"].as_str().unwrap()).collect();
    assert_eq!(contents, ["message 4", "message 5"]);
    assert_eq!(told(&mut lee, json!({ "unsubscribe": "news" })).await, json!({ "unsubscribed": "news" }));
    for nonsense in
        [json!({ "subscribe": "" }), json!({ "subscribe": 1 }), json!({ "shout": "x" }), json!([]), json!({ "subscribe": "x".repeat(256) })]
    {
        assert_eq!(told(&mut lee, nonsense).await["error"], "malformed");
    }
    for at in 0..128 {
        assert_eq!(told(&mut lee, json!({ "subscribe": format!("c{at}") })).await["recovered"], false);
    }
    assert_eq!(told(&mut lee, json!({ "subscribe": "one too many" })).await["error"], "policy");
    // Who does not speak it is left in peace, and other apps have channels of their own.
    let mut plain = join(&serving, "plain").await;
    plain.send(Message::text(json!({ "subscribe": "news" }).to_string())).await.unwrap();
    ping(&mut plain).await;
    let body = json!({ "secretName": "other", "secret": "another", "channel": "news" });
    assert_eq!(post(&serving, "/presence", body.clone()).await.1["connections"], json!([]));
    assert_eq!(post(&serving, "/history", body).await.1["messages"], json!([]));
    assert_eq!(
        post(&serving, "/publish", json!({ "secretName": "shop", "secret": "wrong", "channel": "news", "content": "x" })).await.0,
        401
    );
    assert_eq!(post(&serving, "/publish", json!({ "channel": "news", "content": "x" })).await.0, 400);
    assert_eq!(post(&serving, "/publish", json!({ "secretName": "shop", "secret": SECRET, "channel": "news" })).await.0, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_in_place_of_a_socket() {
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _};
    let (_desk, serving) = hub();
    let events = async |query: String, header: &str| {
        let mut stream = tokio::net::TcpStream::connect(&serving.address).await.unwrap();
        stream.write_all(format!("GET /events?{query} HTTP/1.1\r\nhost: x\r\n{header}\r\n").as_bytes()).await.unwrap();
        tokio::io::BufReader::new(stream).lines()
    };
    let next = async |lines: &mut tokio::io::Lines<tokio::io::BufReader<tokio::net::TcpStream>>, what: &str| loop {
        let line = tokio::time::timeout(Duration::from_secs(10), lines.next_line()).await.unwrap().unwrap().unwrap();
        if let Some(rest) = line.strip_prefix(what) {
            return rest.to_owned();
        }
    };
    let mut mia = events(format!("token={}&channel=news", token("mia")), "").await;
    let subscribed: Value = serde_json::from_str(&next(&mut mia, "data: ").await).unwrap();
    assert_eq!(subscribed["subscribed"], "news");
    send(&serving, json!([{ "recipient": "mia", "content": "a\nb" }])).await;
    assert_eq!((next(&mut mia, "event: ").await, next(&mut mia, "data: ").await), ("message".to_owned(), r#""a\nb""#.to_owned()));
    publish(&serving, "news", "one").await;
    let id = next(&mut mia, "id: ").await;
    drop(mia);
    publish(&serving, "news", "two").await;
    let mut back = events(format!("token={}&channel=news", token("mia")), &format!("last-event-id: {id}\r\n")).await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        seen.push(serde_json::from_str::<Value>(&next(&mut back, "data: ").await).unwrap());
    }
    assert_eq!((&seen[0]["recovered"], &seen[1]["content"]), (&json!(true), &json!("two")));
    kick(&serving, "mia").await;
    assert_eq!((next(&mut back, "data: CLOSE").await, next(&mut back, "event: ").await), (String::new(), "close".to_owned()));
    let mut refused = events("token=nonsense".to_owned(), "").await;
    assert_eq!(next(&mut refused, "HTTP/1.1 ").await, "400 Bad Request");
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_publishes_and_revocations() {
    let mut desk = Desk::new();
    desk.environment.push(("SHOP_SOCKTOPUS_SECRET".into(), SECRET.into()));
    desk.write("revocations", "");
    let admin_at = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let serving = desk.serve(&["--first-start", "--revocations", "revocations", "--admin-listen", &admin_at]);
    let text = std::fs::read_to_string(desk.path("secret")).unwrap();
    let secret = Secret::parse(text.lines().find(|line| line.starts_with("os2.")).unwrap()).unwrap();
    let client = Client::new(&secret, AUDIENCE, ClientConfig::default()).unwrap();
    let ticket = || client.mint_ticket(b"noa", None, now()).unwrap();
    let mut noa = open(&serving, &format!("?oscartoki={}", ticket())).await.unwrap();
    ping(&mut noa).await;
    let curl = |path: &str, body: Value| {
        let (url, body) = (serving.url(path), body.to_string());
        desk.object(0, &["curl", "--secret", "secret", "--audience", AUDIENCE, "-d", &body, &url])
    };
    let answer = curl("/send", json!({ "messages": [{ "recipient": "noa", "content": "signed" }] }));
    assert_eq!((&answer["status"], &answer["verified"]), (&json!(200), &json!(true)));
    assert_eq!(heard(&mut noa).await, "DATA:signed");
    assert_eq!(curl("/publish", json!({ "channel": "c", "content": "x" }))["status"], 200);
    // A signature opens one's own app, not another's by its name; and nothing without either.
    assert_eq!(curl("/send", json!({ "secretName": "shop", "secret": SECRET, "messages": [] }))["status"], 400);
    assert_eq!(post(&serving, "/send", json!({ "messages": [] })).await.0, 400);
    assert_eq!(curl("/kick", json!({ "connections": ["noa"] }))["body"], "200");
    assert_eq!([heard(&mut noa).await, heard(&mut noa).await], ["CLOSE", "close 1000"]);
    assert_eq!(refusal(&serving, &format!("?oscartoki={}", ticket())).await.0, 401, "denied for a while");

    let other = client.mint_ticket(b"olli", None, now()).unwrap();
    let mut olli = open(&serving, &format!("?oscartoki={other}")).await.unwrap();
    ping(&mut olli).await;
    let admin = |head: &str, body: &str| {
        let head = format!("{head} HTTP/1.1\r\nhost: {admin_at}\r\nconnection: close\r\ncontent-length: {}", body.len());
        raw(&admin_at, &format!("{head}\r\n\r\n{body}"))
    };
    let list = admin("GET /connections", "").1;
    assert!(list.contains(&format!("kid:{}", common::KID)) && list.contains("olli"), "{list}");
    assert_eq!(admin("POST /revoke", r#"{"kid":"nonsense"}"#).0, 400);
    assert_eq!(admin("POST /kick", r#"{"app":"nobody","connection":"x"}"#).0, 404);
    let (status, answer) = admin("POST /revoke", &format!("{{\"kid\":\"{}\"}}", common::KID));
    assert!(status == 200 && answer.contains("\"filed\":true"), "{answer}");
    assert_eq!([heard(&mut olli).await, heard(&mut olli).await], ["CLOSE", "close 1000"]);
    assert_eq!(std::fs::read_to_string(desk.path("revocations")).unwrap(), format!("revoked {}\n", common::KID));
    assert_eq!(refusal(&serving, &format!("?oscartoki={}", client.mint_ticket(b"pia", None, now()).unwrap())).await.0, 401);
    let metrics = admin("GET /metrics", "").1;
    assert!(metrics.contains("oscar_hub_connections 0") && metrics.contains("oscar_hub_kicked_total 1"), "{metrics}");
    assert!(admin("GET /", "").1.contains("EventSource"));
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
