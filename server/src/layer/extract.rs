//! What a handler gets: who sent the request, or what it must finish first.

use super::refuse;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;
use oscartoki::encoding::hex;
use oscartoki::{AnswerContext, Kid, PendingBody, Refusal, Verdict, VerifiedRequest, Version};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The request is authentic, fresh and allowed, and its content is what was signed. An extractor; without
/// [`OscarLayer`](super::OscarLayer) around the route it answers 500.
#[derive(Clone, Debug)]
pub struct Verified {
    kid: Kid,
    sid: Option<[u8; 8]>,
    ts_ms: i64,
    version: Version,
    authority: String,
}

impl Verified {
    pub(super) fn new(request: &VerifiedRequest) -> Self {
        Self {
            kid: request.kid(),
            sid: request.sid(),
            ts_ms: request.ts_ms(),
            version: request.version(),
            authority: request.authority().to_owned(),
        }
    }

    /// The key id of the client.
    pub fn kid(&self) -> Kid {
        self.kid
    }

    /// The key id in hexadecimal digits.
    pub fn kid_hex(&self) -> String {
        hex(&self.kid)
    }

    /// The session, when it was sent in one.
    pub fn sid(&self) -> Option<[u8; 8]> {
        self.sid
    }

    /// When it was signed, by the client's corrected clock.
    pub fn ts_ms(&self) -> i64 {
        self.ts_ms
    }

    /// The protocol that it speaks; v1 proves neither what was asked nor what is answered.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The name of this service that it was sent to, normalised.
    pub fn authority(&self) -> &str {
        &self.authority
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Verified {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Response> {
        if let Some(verified) = parts.extensions.get::<Self>() {
            return Ok(verified.clone());
        }
        Err(misplaced(if parts.extensions.get::<Pending>().is_some() {
            "this route is streaming: its handler takes Pending and finishes it to get Verified"
        } else {
            "no OscarLayer stands around this route, so nothing was verified"
        }))
    }
}

/// On a streaming route: everything is good but for the content, which the handler reads, digests, and [finishes](Pending::finish)
/// before it acts. A handler that never does is answered for with `body_mismatch`.
#[derive(Clone, Debug)]
pub struct Pending(Arc<Mutex<Slot>>);

/// How far a streaming request is.
#[derive(Debug)]
pub(super) enum Slot {
    /// Content-Digest is to be compared.
    Open(PendingBody),
    /// The body was read and verified already: it came without Content-Digest.
    Read(VerifiedRequest),
    Done(AnswerContext),
    Refused(Refusal),
    Empty,
}

/// The content was not what was signed, or too long. As a response it is empty: the layer puts the signed refusal in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusedBody;

impl IntoResponse for RefusedBody {
    fn into_response(self) -> Response {
        refuse::empty(StatusCode::BAD_REQUEST)
    }
}

impl Pending {
    pub(super) fn new(slot: Slot) -> Self {
        Self(Arc::new(Mutex::new(slot)))
    }

    /// Compares the SHA-256 of what arrived (`None`: not a byte) with what was signed. Once; the second call is refused and changes nothing.
    pub fn finish(&self, digest: Option<&[u8; 32]>) -> Result<Verified, RefusedBody> {
        let mut slot = self.lock();
        let request = match std::mem::replace(&mut *slot, Slot::Empty) {
            Slot::Open(pending) => match pending.finish(digest) {
                Verdict::Accepted(request) => request,
                Verdict::Refused(refusal) => {
                    *slot = Slot::Refused(refusal);
                    return Err(RefusedBody);
                }
                Verdict::Pending(_) | Verdict::Handshake(_) => return Err(RefusedBody),
            },
            Slot::Read(request) => request,
            other => {
                *slot = other;
                return Err(RefusedBody);
            }
        };
        let verified = Verified::new(&request);
        *slot = Slot::Done(request.into_context());
        Ok(verified)
    }

    /// The body is over the handler's limit: signed 6, status 413.
    pub fn too_large(&self) -> RefusedBody {
        let mut slot = self.lock();
        *slot = match std::mem::replace(&mut *slot, Slot::Empty) {
            Slot::Open(pending) => Slot::Refused(pending.too_large()),
            other => other,
        };
        RefusedBody
    }

    /// What the answer is signed with, after the handler.
    pub(super) fn close(&self) -> Slot {
        match std::mem::replace(&mut *self.lock(), Slot::Empty) {
            Slot::Open(pending) => {
                tracing::error!("a streaming handler answered without finishing the body; its answer was dropped");
                match pending.finish(None) {
                    Verdict::Refused(refusal) => Slot::Refused(refusal),
                    _ => Slot::Empty,
                }
            }
            Slot::Read(request) => Slot::Done(request.into_context()),
            ended => ended,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Slot> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Pending {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Response> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| misplaced("no OscarLayer::streaming stands around this route, so nothing is pending"))
    }
}

fn misplaced(sentence: &'static str) -> Response {
    refuse::broken(sentence)
}
