//! A client, and a service that answers what a test tells it to.

use oscartoki::{
    AnswerRef, AudienceKey, Client, ClientConfig, Content, Grant, OscarError, Outcome, RequestRef, Secret, SignContext, SignOptions,
    SignedHeaders, Toki, hazmat,
};

pub const AUDIENCE: &str = "api.example.com";
pub const NOW: i64 = 1_795_300_000_123;
pub const HOUR_MS: i64 = 3_600_000;
pub const SID: [u8; 8] = [0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7];

pub fn secret() -> Secret {
    Secret::from_bytes(&(0..32).collect::<Vec<u8>>()).unwrap()
}

pub fn key() -> AudienceKey {
    secret().audience_key(AUDIENCE, 0).unwrap()
}

pub fn client() -> Client {
    configured(ClientConfig::default())
}

pub fn configured(config: ClientConfig) -> Client {
    Client::new(&secret(), AUDIENCE, config).unwrap()
}

pub fn request(verb: &str) -> RequestRef<'_> {
    RequestRef { verb: verb.as_bytes(), authority: AUDIENCE.as_bytes(), target: b"/v1/transfer?dry=0", ..RequestRef::default() }
}

pub const PLAIN: SignOptions = SignOptions { repeatable: false, trust_clock: false, verify_first: false, resend: false, stream: false };
pub const TRUSTING: SignOptions = SignOptions { trust_clock: true, ..PLAIN };

/// A signed request, as it goes over the wire.
#[derive(Debug)]
pub struct Sent {
    pub toki: Toki,
    pub grant: Option<Grant>,
    pub probe: bool,
    pub context: SignContext,
}

pub fn try_sign(
    client: &Client,
    request: &RequestRef<'_>,
    options: SignOptions,
    now_ms: i64,
    mono_ms: Option<i64>,
) -> Result<Sent, OscarError> {
    let mut headers = SignedHeaders::default();
    let context = client.sign_ref(request, options, now_ms, mono_ms, &mut headers)?;
    let grant = headers.grant().map(|text| Grant::parse(text.as_bytes()).unwrap());
    assert_eq!(context.is_probe(), headers.is_probe());
    Ok(Sent { toki: Toki::parse(headers.toki().as_bytes()).unwrap(), grant, probe: headers.is_probe(), context })
}

pub fn sign(client: &Client, verb: &str, options: SignOptions, now_ms: i64) -> Sent {
    try_sign(client, &request(verb), options, now_ms, None).unwrap()
}

/// The answer's toki and grant by hand.
pub fn mint(sent: &Sent, code: u8, ts_ms: i64, answer: &AnswerRef<'_>, grant: Option<&Grant>) -> String {
    hazmat::mint_answer(&key(), sent.grant.as_ref(), &sent.toki, code, ts_ms, answer, grant).unwrap().to_text()
}

/// Accepts an authentic answer without content; `mono` in step with the wall clock.
pub fn answer(client: &Client, sent: Sent, code: u8, ts_ms: i64, received_ms: i64, grant: Option<&Grant>) -> Outcome {
    let fields = AnswerRef { status: if code == 0 { 200 } else { 401 }, ..AnswerRef::default() };
    let toki = mint(&sent, code, ts_ms, &fields, grant);
    let grant = grant.map(Grant::to_text);
    client.accept_ref(sent.context, &fields, Some(toki.as_bytes()), grant.as_deref().map(str::as_bytes), received_ms, None)
}

/// One exchange that gives the client a clock sample, at `received_ms`, with offset 0.
pub fn sample(client: &Client, received_ms: i64) {
    let sent = sign(client, "GET", PLAIN, received_ms);
    let outcome = answer(client, sent, 0, received_ms, received_ms, None);
    assert_eq!((outcome.error, outcome.offset_ms), (None, Some(0)));
}

/// A grant that answers `sent`.
pub fn grant_for(sent: &Sent, exp_s: i64, ttl_s: i64) -> Grant {
    hazmat::mint_grant(&key(), &sent.toki, SID, exp_s, ttl_s).unwrap()
}

/// Puts the client into a session that ends at `exp_s`, with a clock sample.
pub fn enter_session(client: &Client, now_ms: i64, exp_s: i64, ttl_s: i64) -> Grant {
    let sent = sign(client, "GET", PLAIN, now_ms);
    let grant = grant_for(&sent, exp_s, ttl_s);
    let outcome = answer(client, sent, 0, now_ms, now_ms, Some(&grant));
    assert_eq!((outcome.error, outcome.grant_error, outcome.adopted), (None, None, Some(SID)));
    grant
}

pub const BODY: Content<'static> = Content::Bytes(b"{\"ok\":true}");
