//! What becomes of a request: accepted, pending until its body is in, or refused.

use super::Desk;
use super::answer::AnswerContext;
use super::counters::Tally;
use crate::error::OscarError;
use crate::secret::Kid;
use std::sync::Arc;

/// What a service says to a request.
#[derive(Debug)]
pub enum Verdict {
    /// Authentic, fresh and allowed: it may run.
    Accepted(VerifiedRequest),
    /// As good, but for its content, which Content-Digest named and which has not been compared yet.
    Pending(PendingBody),
    /// It must not run.
    Refused(Refusal),
    /// The first step of OscarToki v1: answer with what this holds; nothing runs.
    Handshake(Handshake),
}

/// The protocol that a request speaks; its answer speaks the same.
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// toki v2.
    V2,
    /// OscarToki v1, which proves neither what was asked nor what is answered.
    V1,
}

/// A request that was verified.
#[derive(Debug)]
pub struct VerifiedRequest {
    pub(crate) kid: Kid,
    pub(crate) sid: Option<[u8; 8]>,
    pub(crate) ts_ms: i64,
    pub(crate) nonce: [u8; 8],
    pub(crate) want: bool,
    pub(crate) version: Version,
    /// Which of this service's names it was sent to.
    pub(crate) name: usize,
    pub(crate) desk: Arc<Desk>,
    pub(crate) context: AnswerContext,
}

impl VerifiedRequest {
    /// The key id of the client.
    pub fn kid(&self) -> Kid {
        self.kid
    }

    /// The session, when it was sent in one.
    pub fn sid(&self) -> Option<[u8; 8]> {
        self.sid
    }

    /// When it was signed, by the client's corrected clock.
    pub fn ts_ms(&self) -> i64 {
        self.ts_ms
    }

    /// Its nonce; zeros in v1.
    pub fn nonce(&self) -> [u8; 8] {
        self.nonce
    }

    /// Whether it asks for a grant.
    pub fn want(&self) -> bool {
        self.want
    }

    /// The protocol that it speaks.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The name of this service that it was sent to, normalised; the fixed one, where one is configured.
    pub fn authority(&self) -> &str {
        self.desk.names.get(self.name)
    }

    /// What its answer is minted with.
    pub fn into_context(self) -> AnswerContext {
        self.context
    }
}

/// A request whose content must still be compared with its Content-Digest. The toki is spent already.
#[derive(Debug)]
pub struct PendingBody {
    pub(crate) request: VerifiedRequest,
    pub(crate) digest: [u8; 32],
}

impl PendingBody {
    /// The key id of the client.
    pub fn kid(&self) -> Kid {
        self.request.kid
    }

    /// The session, when it was sent in one.
    pub fn sid(&self) -> Option<[u8; 8]> {
        self.request.sid
    }

    /// Line 9: compares the SHA-256 of what arrived (`None`: not a byte) with what was signed.
    pub fn finish(self, digest: Option<&[u8; 32]>) -> Verdict {
        if digest == Some(&self.digest) {
            self.request.desk.accept(&self.request);
            Verdict::Accepted(self.request)
        } else {
            Verdict::Refused(self.refuse(OscarError::BodyMismatch("the content is not what Content-Digest says")))
        }
    }

    /// The body is over the limit, which is `policy` with status 413.
    pub fn too_large(self) -> Refusal {
        Refusal { status: 413, ..self.refuse(OscarError::Policy("the body is over this service's limit")) }
    }

    fn refuse(self, error: OscarError) -> Refusal {
        Refusal::signed(error, self.request.context, &self.request.desk.tally)
    }
}

/// A request that must not run, and how to say so.
#[derive(Debug)]
pub struct Refusal {
    pub(crate) error: OscarError,
    pub(crate) status: u16,
    pub(crate) version: Version,
    pub(crate) context: Option<AnswerContext>,
}

impl Refusal {
    /// Refused before its MAC had passed: nothing is signed.
    pub(crate) fn unsigned(error: OscarError, tally: &Tally) -> Self {
        tally.refuse(error);
        let status = match error {
            OscarError::Missing(_) | OscarError::UnknownKey(_) | OscarError::BadMac(_) => 401,
            OscarError::Policy(_) => 413,
            _ => 400,
        };
        Self { error, status, version: Version::V2, context: None }
    }

    /// A request of OscarToki v1: never signed, because the protocol's own answer would be taken for a client's toki.
    pub(crate) fn legacy(error: OscarError, tally: &Tally) -> Self {
        tally.refuse(error);
        let status = match error {
            OscarError::Malformed(_) | OscarError::UnknownAuthority(_) => 400,
            OscarError::Replayed(_) => 409,
            OscarError::Policy(_) | OscarError::Revoked(_) | OscarError::Reflected(_) => 403,
            OscarError::Busy(_) => 503,
            _ => 401,
        };
        Self { error, status, version: Version::V1, context: None }
    }

    /// Refused after its MAC had passed: the client gets a signed code.
    pub(crate) fn signed(error: OscarError, mut context: AnswerContext, tally: &Tally) -> Self {
        tally.refuse(error);
        let code = error.code().unwrap_or(6);
        let status = match code {
            1 | 3 if context.is_probe() => 204,
            1 | 3 => 401,
            2 => 409,
            5 => 400,
            7 => 503,
            _ => 403,
        };
        context.set_code(code);
        Self { error, status, version: Version::V2, context: Some(context) }
    }

    /// Why.
    pub fn error(&self) -> OscarError {
        self.error
    }

    /// The code of the signed answer; `None` when the refusal is unsigned and names itself in the header
    /// `oscartoki-error`.
    pub fn code(&self) -> Option<u8> {
        self.context.as_ref().and_then(|_| self.error.code())
    }

    /// The HTTP status to answer with.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The JSON that tells a client of OscarToki v1; an answer speaks the version of its request.
    pub fn legacy_body(&self) -> Option<String> {
        let name = self.error.name();
        (self.version == Version::V1).then(|| format!(r#"{{"status":"error","message":"{name}"}}"#))
    }

    /// Whether the answer carries `WWW-Authenticate: oscartoki`.
    pub fn www_authenticate(&self) -> bool {
        self.status == 401
    }

    /// Whether there is a context, so that the answer gets a toki.
    pub fn is_signed(&self) -> bool {
        self.context.is_some()
    }

    /// What the answer is minted with, when the refusal is signed.
    pub fn into_context(self) -> Option<AnswerContext> {
        self.context
    }
}

/// The first step of OscarToki v1, done: the answer is 200 with this body and this toki.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    pub(crate) kid: Kid,
    pub(crate) toki: String,
    pub(crate) tokikey: String,
}

impl Handshake {
    /// The key id under which the v1 key is registered.
    pub fn kid(&self) -> Kid {
        self.kid
    }

    /// The header `oscartoki` of the answer.
    pub fn toki(&self) -> &str {
        &self.toki
    }

    /// The tokikey that the body carries.
    pub fn tokikey(&self) -> &str {
        &self.tokikey
    }

    /// The body of the answer, JSON.
    pub fn body(&self) -> String {
        format!(r#"{{"status":"success","tokikey":"{}"}}"#, self.tokikey)
    }
}
