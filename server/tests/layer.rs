//! The tower layer in one process, by a clock that stands still.
#![allow(clippy::unwrap_used)]

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, Response, StatusCode, Version, header};
use axum::routing::{any, get, post};
use bytes::Bytes;
use oscar::layer::RefusedBody;
use oscar::{OscarLayer, Pending, Verified};
use oscartoki::{
    Answer, Client, ClientConfig, ExtList, Headers, Keyring, MemoryReplayLog, OscarError, Outcome, Request as Signing, Secret, Service,
    ServiceConfig, SignOptions, SignedRequest, sha256,
};
use std::sync::Arc;
use tower::ServiceExt as _;
use tower_http::compression::CompressionLayer;
use tower_http::decompression::{DecompressionLayer, RequestDecompressionLayer};

const NOW: i64 = 1_795_300_000_000;
const NAME: &str = "api.example.com";
const KID: &str = "1f0e6552cdeefa20";

struct Pair {
    client: Client,
    layer: OscarLayer,
}

fn pair(change: impl FnOnce(&mut ServiceConfig)) -> Pair {
    let secret = Secret::from_bytes(&(0..32).collect::<Vec<u8>>()).unwrap();
    let ring = Keyring::new(NAME).unwrap();
    ring.add(&secret.audience_key(NAME, 0).unwrap()).unwrap();
    let mut config = ServiceConfig { authorities: vec![NAME.into()], first_start: true, ..ServiceConfig::default() };
    change(&mut config);
    let client = ClientConfig { ext: config.ext.clone(), answer_ext: config.answer_ext.clone(), ..ClientConfig::default() };
    let service = Service::new(config, Arc::new(ring), Arc::new(MemoryReplayLog::new(4096)), NOW).unwrap();
    Pair { client: Client::new(&secret, NAME, client).unwrap(), layer: OscarLayer::with_clock(Arc::new(service), || NOW) }
}

impl Pair {
    fn sign(&self, verb: &str, target: &str, body: &[u8]) -> SignedRequest {
        let fields =
            Signing { verb: verb.into(), authority: NAME.into(), target: target.into(), content: body.to_vec(), ..Signing::default() };
        self.client.sign(&fields, SignOptions { trust_clock: true, ..SignOptions::default() }, NOW, None).unwrap()
    }

    fn request(&self, verb: &str, target: &str, body: &[u8], signed: &SignedRequest, with_digest: bool) -> Request<Body> {
        let mut request = Request::builder().method(verb).uri(target).header("host", NAME).header("oscartoki", signed.toki());
        if let Some(grant) = signed.grant() {
            request = request.header("oscartokikey", grant);
        }
        if let Some(digest) = signed.content_digest().filter(|_| with_digest) {
            request = request.header("content-digest", digest);
        }
        request.body(Body::from(body.to_vec())).unwrap()
    }

    /// Signs, sends, and accepts what comes.
    async fn exchange(&self, app: &Router, verb: &str, target: &str, body: &[u8]) -> (Seen, Outcome) {
        let signed = self.sign(verb, target, body);
        let seen = send(app, self.request(verb, target, body, &signed, true)).await;
        let outcome = self.accept(&signed, &seen);
        (seen, outcome)
    }

    fn accept(&self, signed: &SignedRequest, seen: &Seen) -> Outcome {
        let pairs: Vec<_> = seen.headers.iter().map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes())).collect();
        let ext = ExtList::new(&self.client.config().answer_ext).unwrap().encode(&Headers::Pairs(&pairs)).unwrap();
        let answer = Answer { status: i64::from(seen.status.as_u16()), ext, content: seen.body.to_vec(), content_digest: None };
        self.client.accept(signed, &answer, seen.text("oscartoki"), seen.text("oscartokikey"), NOW, None)
    }
}

#[derive(Clone, Debug)]
struct Seen {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Seen {
    fn text(&self, name: &str) -> Option<String> {
        self.headers.get(name).map(|value| value.to_str().unwrap().to_owned())
    }

    /// Holds a name in a list of names.
    fn lists(&self, header: &str, name: &str) -> bool {
        self.text(header).is_some_and(|list| list.split(',').any(|listed| listed.trim().eq_ignore_ascii_case(name)))
    }

    /// An unsigned refusal with this status and name.
    fn refuses(&self, status: u16, name: &str) {
        assert_eq!((self.status.as_u16(), self.text("oscartoki-error").as_deref()), (status, Some(name)), "{self:?}");
        assert_eq!(self.text("oscartoki"), None);
        assert_eq!(self.text("www-authenticate").as_deref(), (status == 401).then_some("oscartoki"));
    }
}

async fn send(app: &Router, request: Request<Body>) -> Seen {
    see(app.clone().oneshot(request).await.unwrap()).await
}

async fn see(response: Response<Body>) -> Seen {
    let (parts, body) = response.into_parts();
    Seen { status: parts.status, headers: parts.headers, body: to_bytes(body, 1 << 24).await.unwrap() }
}

fn echo(layer: &OscarLayer) -> Router {
    Router::new().route("/echo/{*rest}", any(|_: Verified, body: Bytes| async { body })).layer(layer.clone())
}

/// An app whose handler must not run.
fn sealed(layer: &OscarLayer) -> Router {
    async fn never() -> StatusCode {
        panic!("the handler ran")
    }
    Router::new().fallback(never).layer(layer.clone())
}

fn is(outcome: &Outcome, name: &str) {
    assert_eq!(outcome.error.map(|error| error.name()), Some(name), "{outcome:?}");
}

#[tokio::test]
async fn an_authentic_request_runs_and_its_answer_is_signed() {
    let pair = pair(|_| {});
    let app = Router::new().route("/echo/{*rest}", any(|_: Verified, body: Bytes| async { body }));
    let app = app.layer(axum::extract::DefaultBodyLimit::disable()).layer(pair.layer.clone());
    for (verb, body) in [("POST", &b"{\"amount\":10}"[..]), ("GET", b""), ("PUT", &vec![7; 1 << 20])] {
        let (seen, outcome) = pair.exchange(&app, verb, "/echo/a%2Fb?x=1&x=2", body).await;
        assert_eq!((outcome.error, outcome.code, outcome.content_authentic), (None, Some(0), true));
        assert_eq!((seen.status, &seen.body[..]), (StatusCode::OK, body));
        assert_eq!(seen.text("cache-control").as_deref(), Some("no-store, no-transform"));
    }
    let (_, outcome) = pair.exchange(&app, "GET", "/echo/a?", b"").await;
    assert_eq!(outcome.error, None, "an empty ? stays");
    assert_eq!((pair.layer.service().counters().accepted, pair.layer.streamed()), (4, 0));
}

#[tokio::test]
async fn the_extractor_knows_who_asked() {
    let pair = pair(|_| {});
    let who = |client: Verified| async move {
        format!("{} {} {} {}", client.kid_hex(), client.sid().is_some(), client.ts_ms(), client.authority())
    };
    let app = Router::new().route("/who", get(who)).layer(pair.layer.clone());
    for session in [false, true] {
        let (seen, outcome) = pair.exchange(&app, "GET", "/who", b"").await;
        assert_eq!((outcome.error, &seen.body[..]), (None, format!("{KID} {session} {NOW} {NAME}").as_bytes()));
    }
}

#[tokio::test]
async fn what_is_not_authentic_never_reaches_the_handler() {
    let pair = pair(|_| {});
    let app = sealed(&pair.layer);
    let fresh = || {
        let signed = pair.sign("POST", "/a?b=1", b"{}");
        pair.request("POST", "/a?b=1", b"{}", &signed, true)
    };
    send(&app, Request::post("/a").header("host", NAME).body(Body::empty()).unwrap()).await.refuses(401, "missing");
    send(&app, Request::post("/a").body(Body::from(vec![0; 2 << 20])).unwrap()).await.refuses(401, "missing");
    for (name, value) in [
        ("oscartoki", "ot2.again"),
        ("host", NAME),
        ("content-digest", "sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:"),
        ("oscartokikey", ""),
        ("x-http-method-override", "GET"),
        ("x-http-method", "POST"),
        ("x-method-override", ""),
    ] {
        let mut request = fresh();
        request.headers_mut().append(name, value.parse().unwrap());
        send(&app, request).await.refuses(400, "malformed");
    }
    let mut elsewhere = fresh();
    elsewhere.headers_mut().insert("host", "evil.example".parse().unwrap());
    send(&app, elsewhere).await.refuses(400, "unknown_authority");
    let mut put = fresh();
    *put.method_mut() = Method::PUT;
    send(&app, put).await.refuses(401, "bad_mac");
    for target in ["/A?b=1", "/a?b=2", "/a", "/a?b=1&", "/%61?b=1"] {
        let mut moved = fresh();
        *moved.uri_mut() = target.parse().unwrap();
        send(&app, moved).await.refuses(401, "bad_mac");
    }
    let mut absolute = fresh();
    *absolute.uri_mut() = format!("http://{NAME}/a?b=1").parse().unwrap();
    send(&app, absolute).await.refuses(400, "malformed");
    assert_eq!(pair.layer.service().counters().accepted, 0);
}

#[tokio::test]
async fn http2_names_its_authority_once_or_twice_alike() {
    let pair = pair(|_| {});
    let app = echo(&pair.layer);
    let signed = pair.sign("GET", "/echo/a?x", b"");
    let request = |authority: &str, host: Option<&str>| {
        let mut request = pair.request("GET", "/echo/a?x", b"", &signed, true);
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() = format!("https://{authority}/echo/a?x").parse().unwrap();
        request.headers_mut().remove("host");
        if let Some(host) = host {
            request.headers_mut().insert("host", host.parse().unwrap());
        }
        request
    };
    send(&app, request(NAME, Some("other.example.com"))).await.refuses(400, "malformed");
    send(&app, request("other.example.com", None)).await.refuses(400, "unknown_authority");
    assert_eq!(send(&app, request("API.example.com:443", Some(NAME))).await.status, StatusCode::OK);
    let replay = send(&app, request(NAME, None)).await;
    assert_eq!((replay.status, pair.accept(&signed, &replay).code), (StatusCode::CONFLICT, Some(2)));
}

#[tokio::test]
async fn a_nested_route_is_verified_by_the_target_on_the_wire() {
    let pair = pair(|_| {});
    let inner = Router::new().route("/a", get(|_: Verified| async { "in" })).layer(pair.layer.clone());
    let app = Router::new().nest("/v1", inner);
    let (seen, outcome) = pair.exchange(&app, "GET", "/v1/a?x=%20", b"").await;
    assert_eq!((outcome.error, &seen.body[..]), (None, &b"in"[..]));
    let signed = pair.sign("GET", "/a", b"");
    send(&app, pair.request("GET", "/v1/a", b"", &signed, true)).await.refuses(401, "bad_mac");
}

#[tokio::test]
async fn bodies_are_compared_before_the_handler() {
    let pair = pair(|_| {});
    let app = sealed(&pair.layer);
    // With Content-Digest a changed body is a signed 5, without it the MAC of another request.
    for changed in [&b"[]"[..], b"", b"{} "] {
        let signed = pair.sign("POST", "/a", b"{}");
        let seen = send(&app, pair.request("POST", "/a", changed, &signed, true)).await;
        let outcome = pair.accept(&signed, &seen);
        is(&outcome, "body_mismatch");
        assert_eq!((seen.status.as_u16(), outcome.code, outcome.may_have_run), (400, Some(5), false));
    }
    let signed = pair.sign("POST", "/a", b"{}");
    send(&app, pair.request("POST", "/a", b"[]", &signed, false)).await.refuses(401, "bad_mac");
    send(&app, pair.request("POST", "/a", b"", &signed, false)).await.refuses(400, "malformed");
}

#[tokio::test]
async fn a_body_over_the_limit_is_413() {
    let pair = pair(|config| config.max_body = 1000);
    let app = echo(&pair.layer);
    let long = vec![1; 1001];
    let (seen, outcome) = pair.exchange(&app, "POST", "/echo/a", &long).await;
    is(&outcome, "policy");
    assert_eq!((seen.status.as_u16(), outcome.code), (413, Some(6)));
    let signed = pair.sign("POST", "/echo/a", &long);
    send(&app, pair.request("POST", "/echo/a", &long, &signed, false)).await.refuses(413, "policy");
    let (seen, outcome) = pair.exchange(&app, "POST", "/echo/a", &long[1..]).await;
    assert_eq!((seen.status.as_u16(), outcome.error), (200, None));
    let signed = pair.sign("POST", "/echo/a", &long[1..]);
    let seen = send(&app, pair.request("POST", "/echo/a", &long[1..], &signed, false)).await;
    assert_eq!((seen.status.as_u16(), pair.accept(&signed, &seen).error), (200, None));
}

#[tokio::test]
async fn long_coded_and_endless_answers_go_out_unsigned_and_counted() {
    let pair = pair(|config| config.max_answer = 1000);
    let chunks =
        || async { Body::from_stream(futures_util::stream::iter((0..300).map(|_| Ok::<_, OscarError>(Bytes::from_static(b"12345"))))) };
    let app = Router::new()
        .route("/short", get(|| async { "x".repeat(1000) }))
        .route("/long", get(|| async { "x".repeat(1001) }))
        .route("/chunks", get(chunks))
        .route("/coded", get(|| async { ([(header::CONTENT_ENCODING, "br")], "?") }))
        .route("/events", get(|| async { ([(header::CONTENT_TYPE, "text/event-stream; charset=utf-8")], "data: 1\n\n") }))
        .route("/empty", get(|| async { StatusCode::NO_CONTENT }))
        .layer(pair.layer.clone());
    let (seen, outcome) = pair.exchange(&app, "GET", "/short", b"").await;
    assert_eq!((outcome.error, outcome.content_authentic, seen.body.len(), pair.layer.streamed()), (None, true, 1000, 0));
    for (count, (target, len)) in (1..).zip([("/long", 1001), ("/chunks", 1500), ("/coded", 1), ("/events", 9)]) {
        let (seen, outcome) = pair.exchange(&app, "GET", target, b"").await;
        is(&outcome, "policy");
        assert_eq!((outcome.signed, outcome.code, outcome.content_authentic, seen.body.len()), (true, Some(0), false, len), "{target}");
        assert_eq!(pair.layer.streamed(), count);
    }
    for (verb, target, status) in [("GET", "/empty", 204), ("HEAD", "/short", 200), ("HEAD", "/long", 200)] {
        let signed = pair.sign(verb, target, b"");
        let seen = send(&app, pair.request(verb, target, b"", &signed, true)).await;
        // What the server cuts from the answer to a HEAD was never signed.
        let seen = Seen { body: Bytes::new(), ..seen };
        let outcome = pair.accept(&signed, &seen);
        assert_eq!(
            (outcome.error, outcome.content_authentic, seen.status.as_u16(), pair.layer.streamed()),
            (None, true, status, 4),
            "{verb} {target}"
        );
    }
}

#[tokio::test]
async fn probes_replays_and_covered_headers() {
    let pair = pair(|config| {
        config.ext = vec!["content-type".into()];
        config.answer_ext = vec!["etag".into()];
    });
    let app = Router::new().route("/a", any(|| async { ([(header::ETAG, "\"1\"")], "x") })).layer(pair.layer.clone());
    let ext = pair.client.request_ext(&Headers::Pairs(&[(b"content-type", b"text/plain")])).unwrap();
    let fields = Signing { verb: "POST".into(), authority: NAME.into(), target: "/a".into(), ext, ..Signing::default() };
    let typed = |verb: &str, signed: &SignedRequest, kind: &str| {
        let mut request = pair.request(verb, "/a", b"", signed, true);
        request.headers_mut().insert("content-type", kind.parse().unwrap());
        request
    };
    let probe = pair.client.sign(&fields, SignOptions::default(), NOW, None).unwrap();
    assert!(probe.is_probe());
    let seen = send(&app, typed("HEAD", &probe, "text/plain")).await;
    let outcome = pair.accept(&probe, &seen);
    assert_eq!((seen.status.as_u16(), outcome.code, outcome.error, outcome.adopted.is_some()), (204, Some(1), None, true));

    let signed = pair.client.sign(&fields, SignOptions::default(), NOW, None).unwrap();
    send(&app, typed("POST", &signed, "text/html")).await.refuses(401, "bad_mac");
    let mut swapped = send(&app, typed("POST", &signed, "text/plain")).await;
    assert_eq!(swapped.status, StatusCode::OK);
    swapped.headers.insert("etag", "\"2\"".parse().unwrap());
    is(&pair.accept(&signed, &swapped), "bad_mac");
    let replay = send(&app, typed("POST", &signed, "text/plain")).await;
    assert_eq!((replay.status, replay.text("oscartoki-error")), (StatusCode::CONFLICT, None));
    assert_eq!(pair.layer.service().counters().refused["replayed"], 1);
}

async fn upload(pending: Pending, body: Body) -> Result<String, RefusedBody> {
    let bytes = to_bytes(body, 1 << 24).await.map_err(|_| RefusedBody)?;
    if bytes.len() > 2 << 20 {
        return Err(pending.too_large());
    }
    let verified = pending.finish((!bytes.is_empty()).then(|| sha256(&bytes)).as_ref())?;
    assert_eq!(pending.finish(None).unwrap_err(), RefusedBody);
    Ok(format!("{} {}", verified.kid_hex(), bytes.len()))
}

#[tokio::test]
async fn a_streaming_route_finishes_the_body_itself() {
    let pair = pair(|_| {});
    let app = Router::new()
        .route("/upload", post(upload))
        .route("/careless", post(|_: Pending| async { "done" }))
        .route("/wrong", post(|_: Verified| async { "done" }))
        .layer(pair.layer.streaming());
    let long = vec![3; (1 << 20) + 1];
    let (seen, outcome) = pair.exchange(&app, "POST", "/upload", &long).await;
    assert_eq!((outcome.error, &seen.body[..]), (None, format!("{KID} {}", long.len()).as_bytes()));
    let (seen, outcome) = pair.exchange(&app, "POST", "/upload", &vec![3; (2 << 20) + 1]).await;
    assert_eq!((seen.status.as_u16(), outcome.code), (413, Some(6)));
    let signed = pair.sign("POST", "/upload", b"{}");
    let seen = send(&app, pair.request("POST", "/upload", b"[]", &signed, true)).await;
    assert_eq!((seen.status.as_u16(), pair.accept(&signed, &seen).code), (400, Some(5)));
    // Without Content-Digest the body was read before, and verified.
    let signed = pair.sign("POST", "/upload", b"{}");
    let seen = send(&app, pair.request("POST", "/upload", b"{}", &signed, false)).await;
    assert_eq!((&seen.body[..], pair.accept(&signed, &seen).error), (format!("{KID} 2").as_bytes(), None));
    for target in ["/careless", "/wrong"] {
        let (seen, outcome) = pair.exchange(&app, "POST", target, b"{}").await;
        assert_eq!((seen.status.as_u16(), outcome.code), (400, Some(5)), "{target}");
        assert!(!String::from_utf8_lossy(&seen.body).contains("done"));
    }
}

#[tokio::test]
async fn a_missing_layer_is_500_with_a_sentence() {
    let app = Router::new().route("/a", get(|_: Verified| async { "in" })).route("/b", get(|_: Pending| async { "in" }));
    for (target, sentence) in
        [("/a", "no OscarLayer stands around this route"), ("/b", "no OscarLayer::streaming stands around this route")]
    {
        let seen = send(&app, Request::get(target).body(Body::empty()).unwrap()).await;
        assert_eq!(seen.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(String::from_utf8_lossy(&seen.body).contains(sentence), "{seen:?}");
    }
}

#[tokio::test]
async fn it_stands_outside_decompression_and_inside_compression() {
    let pair = pair(|_| {});
    let right = Router::new()
        .route("/zip", post(|_: Verified, body: String| async move { body.repeat(100) }))
        .layer(RequestDecompressionLayer::new())
        .layer(pair.layer.clone())
        .layer(CompressionLayer::new());
    // What is signed is what is sent.
    let coded = gzip(b"oscartoki");
    let request = |signed: &SignedRequest| {
        let mut request = pair.request("POST", "/zip", &coded, signed, true);
        request.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
        request.headers_mut().insert("accept-encoding", "gzip".parse().unwrap());
        request
    };
    let seen = send(&right, request(&pair.sign("POST", "/zip", &coded))).await;
    assert_eq!(seen.text("content-encoding").as_deref(), Some("gzip"), "the answer was not compressed");
    // A client's library decodes before the toki is checked.
    let signed = pair.sign("POST", "/zip", &coded);
    let reading = right.layer(DecompressionLayer::new());
    let (parts, body) = reading.oneshot(request(&signed)).await.unwrap().into_parts();
    let seen = Seen { status: parts.status, headers: parts.headers, body: to_bytes(Body::new(body), 1 << 20).await.unwrap() };
    assert_eq!(seen.body, "oscartoki".repeat(100));
    assert_eq!((pair.accept(&signed, &seen).error, pair.layer.streamed()), (None, 0));

    let wrong = Router::new()
        .route("/zip", post(|_: Verified| async { "x".repeat(1000) }))
        .layer(CompressionLayer::new())
        .layer(pair.layer.clone())
        .layer(RequestDecompressionLayer::new());
    let signed = pair.sign("POST", "/zip", &coded);
    let (parts, body) = wrong.oneshot(request(&signed)).await.unwrap().into_parts();
    let seen = Seen { status: parts.status, headers: parts.headers, body: to_bytes(Body::new(body), 1 << 20).await.unwrap() };
    assert_eq!((seen.status.as_u16(), pair.accept(&signed, &seen).code), (400, Some(5)), "a decoded body is not what was signed");
}

/// One gzip member that stores its bytes.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let len = u16::try_from(bytes.len()).unwrap();
    let mut crc = !0_u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    out.extend_from_slice(&len.to_le_bytes());
    out.extend_from_slice(&(!len).to_le_bytes());
    out.extend_from_slice(bytes);
    out.extend_from_slice(&(!crc).to_le_bytes());
    out.extend_from_slice(&u32::from(len).to_le_bytes());
    out
}

#[tokio::test]
async fn preflights_pass_before_the_verifier_and_refusals_have_their_headers() {
    let pair = pair(|_| {});
    let cors = oscar::layer::cors().allow_origin(["https://app.example.com".parse().unwrap()]).allow_methods([Method::POST]);
    let app = sealed(&pair.layer).layer(cors);
    let preflight = Request::options("/a")
        .header("host", NAME)
        .header("origin", "https://app.example.com")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "oscartoki,content-digest");
    let seen = send(&app, preflight.body(Body::empty()).unwrap()).await;
    assert_eq!((seen.status, seen.text("oscartoki-error")), (StatusCode::OK, None));
    assert!(
        ["oscartoki", "oscartokikey", "content-digest"].iter().all(|name| seen.lists("access-control-allow-headers", name)),
        "{seen:?}"
    );
    let refused = Request::post("/a").header("host", NAME).header("origin", "https://app.example.com");
    let seen = send(&app, refused.body(Body::empty()).unwrap()).await;
    seen.refuses(401, "missing");
    assert_eq!(seen.text("access-control-allow-origin").as_deref(), Some("https://app.example.com"));
    assert!(
        ["oscartoki", "oscartokikey", "oscartoki-error"].iter().all(|name| seen.lists("access-control-expose-headers", name)),
        "{seen:?}"
    );
}

#[tokio::test]
async fn a_handler_can_neither_sign_nor_stay_silent() {
    let pair = pair(|_| {});
    let forging = || async { ([("oscartoki", "ot2.mine"), ("oscartokikey", "ok2.mine"), ("cache-control", "public")], "x") };
    let app = Router::new()
        .route("/forging", get(forging))
        .route("/401", get(|| async { (StatusCode::UNAUTHORIZED, [("www-authenticate", "Bearer")], "who?") }))
        .layer(pair.layer.clone());
    let (seen, outcome) = pair.exchange(&app, "GET", "/forging", b"").await;
    assert_eq!((outcome.error, seen.headers.get_all("oscartoki").iter().count()), (None, 1));
    assert_eq!(seen.text("cache-control").as_deref(), Some("no-store, no-transform"));
    let (seen, outcome) = pair.exchange(&app, "GET", "/401", b"").await;
    assert_eq!((outcome.error, outcome.code, seen.status.as_u16()), (None, Some(0), 401));
    assert_eq!(seen.headers.get_all("www-authenticate").iter().count(), 2);
    let (seen, outcome) = pair.exchange(&app, "GET", "/nowhere", b"").await;
    assert_eq!((outcome.error, seen.status.as_u16()), (None, 404));
}
