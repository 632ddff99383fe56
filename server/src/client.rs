//! A client over reqwest. It owns its reqwest client, because redirects and retries would send a toki twice or elsewhere; what
//! section 7 of the protocol asks for is done by core's [`Call`].

use crate::clock;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use oscartoki::{AnswerHead, Call, Client, Content, Headers, OscarError, Outcome, Request, SignOptions, SignedRequest, Step};
use reqwest::Url;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

const TOKI: HeaderName = HeaderName::from_static("oscartoki");
const GRANT: HeaderName = HeaderName::from_static("oscartokikey");
const DIGEST: HeaderName = HeaderName::from_static("content-digest");

/// Sends signed requests and hands out answers that have been verified.
#[derive(Clone)]
pub struct SignedClient {
    client: Client,
    http: reqwest::Client,
    now_ms: Arc<dyn Fn() -> i64 + Send + Sync>,
}

/// A request to be signed.
#[derive(Clone, Debug)]
pub struct ToSend {
    /// The method.
    pub method: Method,
    /// The address; what its target becomes on the wire is signed.
    pub url: Url,
    /// Headers. `oscartoki`, `oscartokikey`, Content-Digest and Host are the client's.
    pub headers: HeaderMap,
    /// Content.
    pub body: Bytes,
    /// How it is signed.
    pub options: SignOptions,
}

impl ToSend {
    /// A request without content.
    pub fn new(method: Method, url: Url) -> Self {
        Self { method, url, headers: HeaderMap::new(), body: Bytes::new(), options: SignOptions::default() }
    }

    /// With content.
    pub fn with_body(self, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..self }
    }
}

/// An authentic answer.
#[derive(Debug)]
pub struct Verified {
    /// The status, whichever.
    pub status: StatusCode,
    /// The headers; only those of the client's `answer_ext` are covered.
    pub headers: HeaderMap,
    /// The content, after removing content-coding.
    pub body: Bytes,
    /// What was verified.
    pub outcome: Arc<Outcome>,
    /// What it took.
    pub effort: Effort,
}

/// What one call took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    /// How many requests went out, the probe included.
    pub requests: i64,
    /// Whether a probe went first.
    pub probed: bool,
    /// Whether the request was resent.
    pub resent: bool,
    /// Whether the last request was signed in a session.
    pub in_session: bool,
}

/// Why there is no authentic answer.
#[derive(Debug)]
pub enum SendError {
    /// Refused, or not authentic: the outcome has the name, and says `may_have_run`.
    Refused {
        /// What is known.
        outcome: Arc<Outcome>,
        /// What `oscartoki-error` says: shown, never acted on.
        hint: Option<String>,
        /// What it took.
        effort: Effort,
    },
    /// No answer came.
    Network {
        /// The reason, in words.
        reason: String,
        /// Whether the request may have had its effect.
        may_have_run: bool,
    },
    /// The request can't be built.
    Unsendable(OscarError),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { outcome, .. } => match &outcome.error {
                Some(error) => error.fmt(f),
                None => f.write_str("the answer was not accepted"),
            },
            Self::Network { reason, .. } => write!(f, "network: {reason}"),
            Self::Unsendable(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SendError {}

impl SignedClient {
    /// A client by the system's clock, which waits a minute for an answer. Error: the reqwest client can't be built.
    pub fn new(client: Client) -> Result<Self, reqwest::Error> {
        Self::configured(client, |http| http.timeout(Duration::from_secs(60)))
    }

    /// A client with other settings of reqwest: timeouts, proxies, certificates. Redirects and retries stay off whatever they say.
    pub fn configured(client: Client, settings: impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> Result<Self, reqwest::Error> {
        install_tls();
        let builder = || {
            let builder = settings(reqwest::Client::builder()).redirect(reqwest::redirect::Policy::none());
            builder.retry(reqwest::retry::never()).referer(false)
        };
        // A machine without root certificates still speaks http; every https there is untrusted.
        let http = builder().build().or_else(|_| builder().tls_certs_only([]).build())?;
        Ok(Self { client, http, now_ms: Arc::new(clock::now_ms) })
    }

    /// The same client by another clock: milliseconds since the epoch.
    pub fn with_clock(self, now_ms: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self { now_ms: Arc::new(now_ms), ..self }
    }

    /// Keys, clock and grants.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Sends a request with the rules of section 7: a probe where one must go first, one resend of a safe request.
    pub async fn send(&self, request: ToSend) -> Result<Verified, SendError> {
        let call = self.client.call(self.fields(&request)?, request.options);
        let mut hint = None;
        let mut answer = None;
        loop {
            match call.next((self.now_ms)(), Some(clock::mono_ms())) {
                Step::Send(signed) => {
                    let sent = self.exchange(&call, &signed, &request).await;
                    let (head, body) =
                        sent.map_err(|reason| SendError::Network { reason, may_have_run: broke_off(&call, &self.now_ms) })?;
                    hint = head.headers.get("oscartoki-error").and_then(|value| value.to_str().ok()).map(str::to_owned);
                    answer = Some((head, body));
                }
                Step::Done(outcome) => {
                    let Some((head, body)) = answer else { return Err(SendError::Refused { outcome, hint, effort: effort(&call) }) };
                    return Ok(Verified { status: head.status, headers: head.headers, body, outcome, effort: effort(&call) });
                }
                Step::Failed(outcome) => return Err(SendError::Refused { outcome, hint, effort: effort(&call) }),
            }
        }
    }

    /// The fields that are signed: the target and authority that reqwest will write.
    fn fields(&self, request: &ToSend) -> Result<Request, SendError> {
        let pairs: Vec<_> = request.headers.iter().map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes())).collect();
        let ext = self.client.request_ext(&Headers::Pairs(&pairs)).map_err(SendError::Unsendable)?;
        let url = &request.url;
        let host = url.host_str().ok_or(SendError::Unsendable(OscarError::Unsignable("a URL without a host")))?;
        Ok(Request {
            verb: request.method.as_str().to_owned(),
            authority: url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")),
            target: url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path())),
            ext,
            content: request.body.to_vec(),
            content_digest: None,
        })
    }

    /// Sends one request and tells `call` what came. The error is a network failure.
    async fn exchange(&self, call: &Call, signed: &SignedRequest, request: &ToSend) -> Result<(Head, Bytes), String> {
        let probe = signed.is_probe();
        let mut headers = request.headers.clone();
        if probe {
            let dropped: Vec<_> = headers.keys().filter(|name| self.client.drops_from_probe(name.as_str())).cloned().collect();
            for name in dropped {
                headers.remove(name);
            }
        }
        set(&mut headers, TOKI, Some(signed.toki()))?;
        set(&mut headers, GRANT, signed.grant())?;
        set(&mut headers, DIGEST, signed.content_digest())?;
        let method = if probe { Method::HEAD } else { request.method.clone() };
        let mut builder = self.http.request(method, request.url.clone()).headers(headers);
        if !probe && !request.body.is_empty() {
            builder = builder.body(request.body.clone());
        }
        let mut response = builder.send().await.map_err(|error| chain(&error))?;
        let (received_ms, mono_ms) = ((self.now_ms)(), clock::mono_ms());
        let head = Head { status: response.status(), headers: response.headers().clone() };
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| chain(&error))? {
            body.extend_from_slice(&chunk);
            if self.client.over_limit(body.len()) {
                call.too_large(i64::from(head.status.as_u16()));
                return Ok((head, Bytes::new()));
            }
        }
        let body = body.freeze();
        let content = if body.is_empty() { Content::None } else { Content::Bytes(&body) };
        let pairs: Vec<_> = head.headers.iter().map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes())).collect();
        let seen = AnswerHead { status: head.status.as_u16(), headers: Headers::Pairs(&pairs) };
        call.received_head(&seen, content, received_ms, Some(mono_ms));
        Ok((head, body))
    }
}

impl fmt::Debug for SignedClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedClient").field("client", &self.client).finish_non_exhaustive()
    }
}

struct Head {
    status: StatusCode,
    headers: HeaderMap,
}

fn set(headers: &mut HeaderMap, name: HeaderName, text: Option<impl AsRef<str>>) -> Result<(), String> {
    headers.remove(&name);
    if let Some(text) = text {
        headers.insert(name, HeaderValue::from_str(text.as_ref()).map_err(|error| error.to_string())?);
    }
    Ok(())
}

fn broke_off(call: &Call, now_ms: &Arc<dyn Fn() -> i64 + Send + Sync>) -> bool {
    call.failed();
    match call.next(now_ms(), None) {
        Step::Failed(outcome) | Step::Done(outcome) => outcome.may_have_run,
        Step::Send(_) => true,
    }
}

fn effort(call: &Call) -> Effort {
    Effort { requests: call.requests(), probed: call.probed(), resent: call.resent(), in_session: call.in_session() }
}

/// An error with its causes, in one sentence; the address is left out, it may hold a toki.
fn chain(error: &reqwest::Error) -> String {
    let mut text = if error.is_timeout() {
        "no answer in time".to_owned()
    } else if error.is_connect() {
        "no connection".to_owned()
    } else {
        "the exchange broke off".to_owned()
    };
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let next = cause.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        source = cause.source();
    }
    text
}

/// Whether a header may be given by the caller.
pub fn is_ours(name: &HeaderName) -> bool {
    [TOKI, GRANT, DIGEST, http::header::HOST, http::header::CONTENT_LENGTH, http::header::TRANSFER_ENCODING].contains(name)
}

/// Makes ring the TLS provider of this process, unless it has one. Every [`SignedClient`] does; who builds a reqwest client of their own calls
/// it before.
pub fn install_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Idempotency keys of `oscar curl --repeatable`: 16 random bytes.
pub fn idempotency_key() -> oscartoki::Result<String> {
    let bytes = oscartoki::Secret::generate()?;
    Ok(oscartoki::encoding::hex(&oscartoki::sha256(bytes.to_text().as_bytes())[..16]))
}
