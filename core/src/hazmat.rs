//! Deterministic twins: the caller gives what must otherwise be random or the clock's. For vectors, tests and tools;
//! a nonce that is used twice breaks the protocol. And [`RequestKey`]: a toki without the rules around it.

use crate::client::{Client, ClientConfig, Outcome, SignContext, SignOptions, SignedHeaders};
use crate::error::{OscarError, Result};
use crate::grant::Grant;
use crate::mac::MacKey;
use crate::message::{MessageRef, MessageToki};
use crate::nonce;
use crate::request::{AnswerRef, RequestRef};
use crate::secret::{AudienceKey, KeySchedule, Kid};
use crate::ticket::Ticket;
use crate::toki::{AnswerToki, REQUEST_TEXT_LEN, Toki, TokiFields, check_request};
use crate::url::PresignedUrl;

/// Mints the toki of `request` with the root key, or in the session of `grant`.
pub fn mint_request(
    key: &AudienceKey,
    grant: Option<&Grant>,
    request: &RequestRef<'_>,
    ts_ms: i64,
    nonce: [u8; 8],
    want: bool,
) -> Result<Toki> {
    let keys = KeySchedule::new(key);
    let id = grant.map_or(key.kid_bytes(), Grant::sid);
    let fields = TokiFields { id, session: grant.is_some(), want, ts_ms, nonce };
    match grant {
        None => Toki::mint(&keys.req, &fields, request),
        Some(grant) => Toki::mint(&keys.session(grant).req, &fields, request),
    }
}

/// The key of requests at hand, of the root or of a session: a toki and its MAC alone. It knows no clock and remembers nothing, so what it
/// verifies may be old, and may come again; a [`Service`](crate::Service) judges both.
#[derive(Clone, Debug)]
pub struct RequestKey {
    id: Kid,
    session: bool,
    key: MacKey,
}

impl RequestKey {
    /// Derives the root key's, or that of the session of `grant`.
    pub fn new(key: &AudienceKey, grant: Option<&Grant>) -> Self {
        let keys = KeySchedule::new(key);
        match grant {
            None => Self { id: key.kid_bytes(), session: false, key: keys.req },
            Some(grant) => Self { id: grant.sid(), session: true, key: keys.session(grant).req },
        }
    }

    /// Parses the text of a toki, checks the fields of `request` and the MAC over them. Errors: `malformed`, `unknown_key`, `bad_mac`.
    pub fn verify(&self, toki: &[u8], request: &RequestRef<'_>) -> Result<Toki> {
        let toki = Toki::parse(toki)?;
        if toki.claimed_session() != self.session || toki.claimed_id() != self.id {
            return Err(OscarError::UnknownKey("the toki was signed with another key"));
        }
        let mut buffer = [0; 255];
        let (authority, digest) = check_request(request, &mut buffer).map_err(OscarError::Malformed)?;
        toki.check_flags(digest.is_some(), !request.ext.is_empty())?;
        if toki.verifies(&self.key, request, authority, digest.as_ref()) {
            Ok(toki)
        } else {
            Err(OscarError::BadMac("the toki is not the MAC of this request"))
        }
    }

    /// Mints the toki of `request` with a fresh nonce and writes its text into `out`. Errors: `unsignable`, `busy` (no random bytes).
    pub fn mint(&self, request: &RequestRef<'_>, ts_ms: i64, want: bool, out: &mut [u8; REQUEST_TEXT_LEN]) -> Result<Toki> {
        let fields = TokiFields { id: self.id, session: self.session, want, ts_ms, nonce: nonce::draw()? };
        let toki = Toki::mint(&self.key, &fields, request)?;
        toki.write(out)?;
        Ok(toki)
    }
}

/// Mints the toki of `answer` to `request`; `session` is the grant that the request was sent under, `grant` the attached one.
pub fn mint_answer(
    key: &AudienceKey,
    session: Option<&Grant>,
    request: &Toki,
    code: u8,
    ts_ms: i64,
    answer: &AnswerRef<'_>,
    grant: Option<&Grant>,
) -> Result<AnswerToki> {
    check_session(session, request)?;
    let keys = KeySchedule::new(key);
    let res = session.map_or(keys.res.clone(), |grant| keys.session(grant).res);
    AnswerToki::mint(&res, &request.tag(), code, ts_ms, answer, grant)
}

/// [`Client::accept_ref`] for a request that some other client of this key signed: its toki tells what it asked for, its method is unknown.
/// Error: `malformed` when `session` is not the grant that the request was sent under.
pub fn accept(
    key: &AudienceKey,
    session: Option<&Grant>,
    request: &Toki,
    answer: &AnswerRef<'_>,
    toki: Option<&[u8]>,
    grant: Option<&[u8]>,
) -> Result<Outcome> {
    check_session(session, request)?;
    let client = Client::from_audience_key(key, ClientConfig::default())?;
    let context = client.context_of(session, request)?;
    Ok(client.accept_ref(context, answer, toki, grant, 0, None))
}

fn check_session(session: Option<&Grant>, request: &Toki) -> Result<()> {
    match session {
        None if request.claimed_session() => Err(OscarError::Malformed("a toki of a session without its grant")),
        Some(_) if !request.claimed_session() => Err(OscarError::Malformed("a grant beside a toki of the root key")),
        Some(grant) if grant.sid() != request.claimed_id() => Err(OscarError::Malformed("the grant is another session's")),
        _ => Ok(()),
    }
}

/// Mints the grant that answers `request`.
pub fn mint_grant(key: &AudienceKey, request: &Toki, sid: [u8; 8], exp_s: i64, ttl_s: i64) -> Result<Grant> {
    Grant::mint(&KeySchedule::new(key), key.kid_bytes(), &request.tag(), sid, exp_s, ttl_s)
}

/// [`Client::sign_ref`] with a nonce that the caller gives.
pub fn sign(
    client: &Client,
    request: &RequestRef<'_>,
    options: SignOptions,
    now_ms: i64,
    mono_ms: Option<i64>,
    nonce: [u8; 8],
    out: &mut SignedHeaders,
) -> Result<SignContext> {
    client.sign_with_nonce(request, options, now_ms, mono_ms, nonce, out)
}

/// Mints the toki of a message.
pub fn mint_message(key: &AudienceKey, message: &MessageRef<'_>, ts_ms: i64, nonce: [u8; 8], ttl_s: i64) -> Result<MessageToki> {
    MessageToki::mint(&KeySchedule::new(key), key.kid_bytes(), message, ts_ms, nonce, ttl_s)
}

/// Mints a presigned URL: the target with its parameter. The content of `request` is not covered.
pub fn mint_url(key: &AudienceKey, request: &RequestRef<'_>, exp_ms: i64) -> Result<String> {
    PresignedUrl::mint(&KeySchedule::new(key), key.kid_bytes(), request, exp_ms)
}

/// Mints a websocket ticket.
pub fn mint_ticket(key: &AudienceKey, connection: &[u8], origin: Option<&[u8]>, ts_ms: i64, nonce: [u8; 8]) -> Result<Ticket> {
    Ticket::mint(&KeySchedule::new(key), key.kid_bytes(), connection, origin, ts_ms, nonce)
}
