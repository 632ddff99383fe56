//! A hub, and clients and apps of it.

use super::{Desk, Serving, raw};
use futures_util::{SinkExt as _, StreamExt as _};
use oscartoki::socktopus::SocktopusToken;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

pub type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;
pub const SECRET: &str = "a secret of the app";

pub fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

pub fn hub() -> (Desk, Serving) {
    let mut desk = Desk::new();
    for (name, secret) in [("SHOP_SOCKTOPUS_SECRET", SECRET), ("OTHER_SOCKTOPUS_SECRET", "another")] {
        desk.environment.push((name.to_owned(), secret.to_owned()));
    }
    let serving = desk.serve(&["--first-start", "--origin", "https://app.example"]);
    (desk, serving)
}

pub fn token_at(connection: &str, ts_ms: i64) -> String {
    SocktopusToken { app: "shop".into(), connection: connection.into(), ts_ms }.mint(SECRET.as_bytes()).unwrap()
}

/// A token of its own for each call, as a server mints them.
pub fn token(connection: &str) -> String {
    use std::sync::atomic::{AtomicI64, Ordering};
    static LAST: AtomicI64 = AtomicI64::new(0);
    let last = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(now().max(last + 1))).unwrap();
    token_at(connection, now().max(last + 1))
}

pub async fn open(serving: &Serving, query: &str) -> Result<Socket, Error> {
    let config = WebSocketConfig::default().max_message_size(Some(8 << 20));
    let request = format!("ws://{}/recieve{query}", serving.address).into_client_request().unwrap();
    tokio_tungstenite::connect_async_with_config(request, Some(config), true).await.map(|(socket, _)| socket)
}

/// Joined: a PONG proves it.
pub async fn join(serving: &Serving, connection: &str) -> Socket {
    let mut socket = open(serving, &format!("?token={}", token(connection))).await.unwrap();
    ping(&mut socket).await;
    socket
}

pub async fn ping(socket: &mut Socket) {
    socket.send(Message::text("PING")).await.unwrap();
    assert_eq!(heard(socket).await, "PONG");
}

/// The next text, or `close CODE`.
pub async fn heard(socket: &mut Socket) -> String {
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

pub async fn post(serving: &Serving, path: &str, body: Value) -> (u16, Value) {
    let (address, path, body) = (serving.address.clone(), path.to_owned(), body.to_string());
    tokio::task::spawn_blocking(move || {
        let head = format!("POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}", body.len());
        let (status, answer) = raw(&address, &format!("{head}\r\n\r\n{body}"));
        (status, serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap())
    })
    .await
    .unwrap()
}

pub async fn send(serving: &Serving, messages: Value) -> Value {
    let (status, answer) = post(serving, "/send", json!({ "secretName": "shop", "secret": SECRET, "messages": messages })).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

pub async fn kick(serving: &Serving, connection: &str) {
    let body = json!({ "secretName": "shop", "secret": SECRET, "connections": [connection] });
    assert_eq!(post(serving, "/kick", body).await, (200, json!(200)));
}

/// What a handshake that is refused is answered.
pub async fn refusal(serving: &Serving, query: &str) -> (u16, Value) {
    match open(serving, query).await {
        Err(Error::Http(response)) => {
            (response.status().as_u16(), serde_json::from_slice(response.body().as_deref().unwrap_or_default()).unwrap_or_default())
        }
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("{query} was let in"),
    }
}
