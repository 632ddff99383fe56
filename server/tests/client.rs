//! The reqwest client against services on loopback, honest and not.
#![allow(clippy::unwrap_used)]

use axum::Router;
use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::response::IntoResponse as _;
use axum::routing::{any, get, post};
use oscar::client::{SendError, SignedClient, ToSend, Verified as Answer};
use oscar::{OscarLayer, Verified};
use oscartoki::{Client, ClientConfig, Keyring, MemoryReplayLog, Secret, Service, ServiceConfig, SignOptions};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tower_http::compression::CompressionLayer;

const NAME: &str = "api.example.com";

/// An app on a port of its own, which it is told.
async fn listen(app: impl FnOnce(&str) -> Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let app = app(&address);
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

fn secret() -> Secret {
    Secret::from_bytes(&(1..33).collect::<Vec<u8>>()).unwrap()
}

fn layer(address: &str, change: impl FnOnce(&mut ServiceConfig)) -> OscarLayer {
    let ring = Keyring::new(NAME).unwrap();
    ring.add(&secret().audience_key(NAME, 0).unwrap()).unwrap();
    let mut config = ServiceConfig { authorities: vec![address.into()], first_start: true, ..ServiceConfig::default() };
    change(&mut config);
    let log = Arc::new(MemoryReplayLog::new(4096));
    OscarLayer::new(Arc::new(Service::new(config, Arc::new(ring), log, oscar::clock::now_ms()).unwrap()))
}

fn sender(config: ClientConfig) -> SignedClient {
    SignedClient::new(Client::new(&secret(), NAME, config).unwrap()).unwrap()
}

fn to(method: Method, address: &str, target: &str) -> ToSend {
    ToSend::new(method, format!("http://{address}{target}").parse().unwrap())
}

fn refused(sent: Result<Answer, SendError>) -> (&'static str, bool, bool, Option<u16>) {
    match sent {
        Err(SendError::Refused { outcome, .. }) => (outcome.error.unwrap().name(), outcome.may_have_run, outcome.signed, outcome.status),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn answers_are_verified_after_decoding() {
    let app = |address: &str| {
        let body = get(|_: Verified| async { "oscartoki ".repeat(200) });
        Router::new().route("/zip", body).layer(layer(address, |_| {})).layer(CompressionLayer::new())
    };
    let address = listen(app).await;
    let answer = sender(ClientConfig::default()).send(to(Method::GET, &address, "/zip?a=%20")).await.unwrap();
    assert_eq!((answer.status, answer.body.len()), (StatusCode::OK, 2000));
    assert!(answer.outcome.content_authentic && answer.outcome.signed);
    assert_eq!(answer.headers.get(header::CONTENT_ENCODING), None);
}

#[tokio::test]
async fn redirects_are_answers() {
    let app = |address: &str| {
        let away = any(|| async { (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "/elsewhere")]) });
        let elsewhere = any(|| async { panic!("it was followed") as &'static str });
        Router::new().route("/away", away).route("/elsewhere", elsewhere).layer(layer(address, |_| {}))
    };
    let address = listen(app).await;
    let answer = sender(ClientConfig::default()).send(to(Method::POST, &address, "/away").with_body("x")).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.headers[header::LOCATION].as_bytes()), (307, &b"/elsewhere"[..]));
    assert_eq!(answer.effort.requests, 2);
}

#[tokio::test]
async fn a_probe_goes_first_and_carries_no_condition() {
    let app = |address: &str| {
        let seen = |request: Request| async move {
            let has = |name: &str| request.headers().contains_key(name);
            format!("{} {} {}", request.method(), has("if-match"), has("x-other"))
        };
        let watch = axum::middleware::from_fn(|request: Request, next: axum::middleware::Next| async move {
            let probe = request.method() == Method::HEAD;
            if probe && ["if-match", "content-digest", "content-length", "range"].iter().any(|name| request.headers().contains_key(*name)) {
                return StatusCode::IM_A_TEAPOT.into_response();
            }
            assert!(!probe || request.headers().contains_key("x-other"));
            next.run(request).await
        });
        Router::new().route("/a", post(seen)).layer(layer(address, |_| {})).layer(watch)
    };
    let address = listen(app).await;
    let sender = sender(ClientConfig::default());
    let mut request = to(Method::POST, &address, "/a").with_body("{}");
    for name in ["if-match", "range", "x-other"] {
        request.headers.insert(name, "1".parse().unwrap());
    }
    let answer = sender.send(request.clone()).await.unwrap();
    assert_eq!((&answer.body[..], answer.effort.requests, answer.effort.probed), (&b"POST true true"[..], 2, true));
    let answer = sender.send(request).await.unwrap();
    assert_eq!((answer.effort.requests, answer.effort.in_session), (1, true));
}

#[tokio::test]
async fn what_is_not_the_services_is_no_answer() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let denying = || async {
        CALLS.fetch_add(1, Ordering::Relaxed);
        (StatusCode::UNAUTHORIZED, [("oscartoki-error", "stale")], "who?")
    };
    let address = listen(|_| Router::new().fallback(denying)).await;
    let sender = sender(ClientConfig::default());
    let trusting = SignOptions { trust_clock: true, ..SignOptions::default() };
    let sent = sender.send(ToSend { options: trusting, ..to(Method::POST, &address, "/").with_body("x") }).await;
    assert_eq!(
        (refused(sent), CALLS.load(Ordering::Relaxed)),
        (("missing", true, false, Some(401)), 1),
        "an unsigned answer causes no resend"
    );
    let sent = sender.send(to(Method::GET, &address, "/")).await;
    assert_eq!((refused(sent), CALLS.load(Ordering::Relaxed)), (("missing", true, false, Some(401)), 2));
    // A failed probe: the request itself never went out.
    let sent = sender.send(to(Method::POST, &address, "/").with_body("x")).await;
    assert_eq!((refused(sent), CALLS.load(Ordering::Relaxed)), (("missing", false, false, Some(401)), 3));
}

#[tokio::test]
async fn long_and_streamed_answers_need_the_callers_word() {
    let app = |address: &str| {
        let events = get(|| async { ([(header::CONTENT_TYPE, "text/event-stream")], "data: 1\n\n") });
        Router::new().route("/long", get(|| async { "x".repeat(2000) })).route("/events", events).layer(layer(address, |_| {}))
    };
    let address = listen(app).await;
    let strict = sender(ClientConfig { max_answer: 1999, ..ClientConfig::default() });
    assert_eq!(refused(strict.send(to(Method::GET, &address, "/long")).await).0, "policy");
    assert_eq!(refused(strict.send(to(Method::GET, &address, "/events")).await), ("policy", true, true, Some(200)));
    let asked = SignOptions { stream: true, ..SignOptions::default() };
    let answer = strict.send(ToSend { options: asked, ..to(Method::GET, &address, "/events") }).await.unwrap();
    assert_eq!((&answer.body[..], answer.outcome.content_authentic), (&b"data: 1\n\n"[..], false));
}

#[tokio::test]
async fn no_connection_is_a_network_error() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let sender = sender(ClientConfig::default());
    for (method, may_have_run) in [(Method::GET, true), (Method::POST, false)] {
        match sender.send(to(method, &free, "/?oscartoki=ot2.secret")).await {
            Err(SendError::Network { reason, may_have_run: got }) => {
                assert_eq!(got, may_have_run, "a POST had only its probe on the way");
                assert!(!reason.contains("ot2."), "{reason}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn many_at_once_share_one_client() {
    let app = |address: &str| {
        Router::new()
            .route("/a", post(|client: Verified, body: String| async move { format!("{} {body}", client.sid().is_some()) }))
            .layer(layer(address, |_| {}))
    };
    let address = listen(app).await;
    let sender = sender(ClientConfig { roll: oscartoki::Rolling::Every, ..ClientConfig::default() });
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..32 {
        let (sender, request) = (sender.clone(), to(Method::POST, &address, "/a").with_body(number.to_string()));
        calls.spawn(async move { (number, sender.send(request).await.unwrap()) });
    }
    while let Some(done) = calls.join_next().await {
        let (number, answer) = done.unwrap();
        assert_eq!(&answer.body[..], format!("true {number}").as_bytes());
        assert_eq!(answer.outcome.grant_error, None);
    }
}

#[tokio::test]
async fn http2_is_verified_by_its_authority() {
    let app = |address: &str| {
        Router::new().route("/a", post(|request: Request| async move { format!("{:?}", request.version()) })).layer(layer(address, |_| {}))
    };
    let address = listen(app).await;
    let client = Client::new(&secret(), NAME, ClientConfig::default()).unwrap();
    let sender = SignedClient::configured(client, |http| http.http2_prior_knowledge()).unwrap();
    let answer = sender.send(to(Method::POST, &address, "/a?x=%20").with_body("{}")).await.unwrap();
    assert_eq!((&answer.body[..], answer.effort.probed), (&b"HTTP/2.0"[..], true));
}
