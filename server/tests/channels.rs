//! The hub beyond Socktopus: channels, events, signed acts, revocation.
#![allow(clippy::unwrap_used)]

mod common;

use common::hub::*;
use common::{AUDIENCE, Desk, Serving, raw};
use futures_util::SinkExt as _;
use oscartoki::{Client, ClientConfig, Secret};
use serde_json::{Value, json};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

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
