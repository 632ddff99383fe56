//! The service as other languages see it: owned values, and objects in place of what is consumed here.

use super::{AnswerContext, AnswerHeaders, Handshake, PendingBody, Service, ServiceConfig, Verdict, VerifiedRequest, Version};
use crate::error::{OscarError, Result};
use crate::http::{Headers, RequestHead};
use crate::keyring::Keyring;
use crate::replay::ReplayMemory;
use crate::request::{Answer, Content, Request};
use std::sync::{Arc, Mutex, PoisonError};

/// A verdict, and what its answer is minted with. That is used up by the first [`JudgedRequest::answer`], and a pending
/// one by [`JudgedRequest::finish`]; a second use is `replayed`.
#[cfg_attr(feature = "uniffi", derive(uniffi::Object))]
#[derive(Debug)]
pub struct JudgedRequest {
    refused: Option<OscarError>,
    code: Option<u8>,
    status: u16,
    stage: Stage,
    facts: Option<Facts>,
    legacy_body: Option<String>,
    rest: Mutex<Rest>,
}

/// How far the request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Judged,
    Pending,
    Handshake,
}

#[derive(Clone, Debug)]
struct Facts {
    kid: Vec<u8>,
    sid: Option<Vec<u8>>,
    ts_ms: i64,
    nonce: Vec<u8>,
    want: bool,
    authority: String,
    version: Version,
}

/// What has not been used up yet.
#[derive(Debug)]
enum Rest {
    Context(AnswerContext),
    Pending(PendingBody),
    Handshake(Handshake),
    /// Used up, or never there: an unsigned refusal.
    Nothing,
}

/// The headers of an answer.
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedAnswer {
    /// The header `oscartoki`.
    pub toki: String,
    /// The header `oscartokikey`, when a grant is attached.
    pub grant: Option<String>,
}

#[cfg_attr(feature = "uniffi", uniffi::export)]
impl Service {
    /// [`Service::new`] with a memory as other languages hold it.
    #[cfg_attr(feature = "uniffi", uniffi::constructor)]
    pub fn with_memory(config: ServiceConfig, keyring: Arc<Keyring>, memory: &ReplayMemory, now_ms: i64) -> Result<Self> {
        Self::new(config, keyring, memory.log().clone(), now_ms)
    }

    /// Judges one request by its fields; a content digest stands for Content-Digest and makes the verdict pending.
    pub fn verify(&self, request: &Request, toki: Option<String>, grant: Option<String>, now_ms: i64) -> Result<Arc<JudgedRequest>> {
        let request = request.as_ref()?;
        let verdict = self.verify_ref(&request, toki.as_deref().map(str::as_bytes), grant.as_deref().map(str::as_bytes), now_ms);
        Ok(Arc::new(verdict.into()))
    }

    /// Judges one request by its raw head. `authority` is `:authority` where there is one; `headers` are all of them, packed:
    /// lp(name) lp(value) one after another. `content` is what has arrived, `None` when nothing was read yet.
    pub fn verify_head(
        &self,
        verb: &str,
        authority: Option<String>,
        target: &str,
        headers: Vec<u8>,
        content: Option<Vec<u8>>,
        now_ms: i64,
    ) -> Result<Arc<JudgedRequest>> {
        let headers = Headers::packed(&headers)?;
        let head =
            RequestHead { verb: verb.as_bytes(), authority: authority.as_deref().map(str::as_bytes), target: target.as_bytes(), headers };
        let content = content.as_deref().map_or(Content::None, Content::Bytes);
        Ok(Arc::new(self.verify_head_ref(&head, content, now_ms).into()))
    }

    /// Ext of an answer: the configured ones of its headers, which are packed.
    pub fn pack_answer_ext(&self, headers: Vec<u8>) -> Result<Vec<u8>> {
        self.answer_ext().encode(&Headers::packed(&headers)?).map_err(OscarError::Unsignable)
    }

    /// Ext of a request: the configured ones of its headers, which are packed.
    pub fn pack_ext(&self, headers: Vec<u8>) -> Result<Vec<u8>> {
        self.ext().encode(&Headers::packed(&headers)?).map_err(OscarError::Malformed)
    }
}

#[cfg_attr(feature = "uniffi", uniffi::export)]
impl JudgedRequest {
    /// Whether it may run.
    pub fn accepted(&self) -> bool {
        self.refused.is_none() && self.stage == Stage::Judged
    }

    /// Whether its content must still be compared: [`JudgedRequest::finish`].
    pub fn pending(&self) -> bool {
        self.stage == Stage::Pending
    }

    /// Whether it is the first step of OscarToki v1: answer 200 with this JSON as body and [`JudgedRequest::handshake_toki`] as the
    /// header `oscartoki`; nothing runs.
    pub fn handshake_body(&self) -> Option<String> {
        self.handshake(Handshake::body)
    }

    /// The JSON body of a refusal to a client of OscarToki v1; the answer has no toki.
    pub fn legacy_body(&self) -> Option<String> {
        self.legacy_body.clone()
    }

    /// The header `oscartoki` of the answer to a first step of OscarToki v1.
    pub fn handshake_toki(&self) -> Option<String> {
        self.handshake(|handshake| handshake.toki().to_owned())
    }

    /// Throws the refusal, if there is one.
    pub fn raise(&self) -> Result<()> {
        self.refused.map_or(Ok(()), Err)
    }

    /// The name of the refusal.
    pub fn name(&self) -> Option<String> {
        self.refused.map(|refused| refused.name().to_owned())
    }

    /// The sentence of the refusal.
    pub fn sentence(&self) -> Option<String> {
        self.refused.map(|refused| refused.to_string())
    }

    /// The code that a signed answer carries; `None` when the refusal is unsigned.
    pub fn code(&self) -> Option<u8> {
        self.code
    }

    /// The HTTP status of the refusal; 200 when there is none.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether the answer gets a toki.
    pub fn signed(&self) -> bool {
        self.code.is_some()
    }

    /// The key id of the client, when accepted or pending.
    pub fn kid(&self) -> Option<Vec<u8>> {
        self.facts.as_ref().map(|facts| facts.kid.clone())
    }

    /// The session, when it was sent in one.
    pub fn sid(&self) -> Option<Vec<u8>> {
        self.facts.as_ref().and_then(|facts| facts.sid.clone())
    }

    /// When it was signed.
    pub fn ts_ms(&self) -> Option<i64> {
        self.facts.as_ref().map(|facts| facts.ts_ms)
    }

    /// Its nonce.
    pub fn nonce(&self) -> Option<Vec<u8>> {
        self.facts.as_ref().map(|facts| facts.nonce.clone())
    }

    /// Whether it asks for a grant.
    pub fn want(&self) -> bool {
        self.facts.as_ref().is_some_and(|facts| facts.want)
    }

    /// The name of the service that it was sent to.
    pub fn authority(&self) -> Option<String> {
        self.facts.as_ref().map(|facts| facts.authority.clone())
    }

    /// The protocol that it speaks.
    pub fn version(&self) -> Option<Version> {
        self.facts.as_ref().map(|facts| facts.version)
    }

    /// Compares the SHA-256 of what arrived (`None`: not a byte) with Content-Digest. Error: `replayed` when nothing is pending.
    pub fn finish(&self, digest: Option<Vec<u8>>) -> Result<Arc<Self>> {
        let digest = digest.as_deref().map(<&[u8; 32]>::try_from).transpose();
        let digest = digest.map_err(|_| OscarError::Malformed("a content digest has 32 bytes"))?;
        Ok(Arc::new(self.take_pending()?.finish(digest).into()))
    }

    /// The body is over the limit. Error: `replayed` when nothing is pending.
    pub fn too_large(&self) -> Result<Arc<Self>> {
        Ok(Arc::new(Verdict::Refused(self.take_pending()?.too_large()).into()))
    }

    /// Mints the headers of the answer. Errors: `replayed` when it was answered, or is unsigned or pending; `unsignable`.
    pub fn answer(&self, answer: &Answer, now_ms: i64) -> Result<SignedAnswer> {
        let answer = answer.as_ref().map_err(|error| OscarError::Unsignable(error.detail()))?;
        let mut rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        let context = match std::mem::replace(&mut *rest, Rest::Nothing) {
            Rest::Context(context) => context,
            other => {
                *rest = other;
                return Err(OscarError::Replayed("this verdict has no answer to mint any more"));
            }
        };
        drop(rest);
        let mut headers = AnswerHeaders::default();
        context.answer_ref(&answer, now_ms, &mut headers)?;
        Ok(SignedAnswer { toki: headers.toki().to_owned(), grant: headers.grant().map(str::to_owned) })
    }
}

impl JudgedRequest {
    fn handshake<T>(&self, read: impl FnOnce(&Handshake) -> T) -> Option<T> {
        match &*self.rest.lock().unwrap_or_else(PoisonError::into_inner) {
            Rest::Handshake(handshake) => Some(read(handshake)),
            _ => None,
        }
    }

    fn take_pending(&self) -> Result<PendingBody> {
        let mut rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *rest, Rest::Nothing) {
            Rest::Pending(pending) => Ok(pending),
            other => {
                *rest = other;
                Err(OscarError::Replayed("this verdict has no body pending any more"))
            }
        }
    }
}

impl From<Verdict> for JudgedRequest {
    fn from(verdict: Verdict) -> Self {
        let legacy_body = match &verdict {
            Verdict::Refused(refusal) => refusal.legacy_body(),
            _ => None,
        };
        let (refused, code, status, facts, rest) = match verdict {
            Verdict::Accepted(request) => (None, Some(0), 200, Some(Facts::of(&request)), Rest::Context(request.into_context())),
            Verdict::Pending(pending) => (None, None, 200, Some(Facts::of(&pending.request)), Rest::Pending(pending)),
            Verdict::Refused(refusal) => {
                let (error, code, status) = (refusal.error(), refusal.code(), refusal.status());
                (Some(error), code, status, None, refusal.into_context().map_or(Rest::Nothing, Rest::Context))
            }
            Verdict::Handshake(handshake) => (None, None, 200, None, Rest::Handshake(handshake)),
        };
        let stage = match rest {
            Rest::Pending(_) => Stage::Pending,
            Rest::Handshake(_) => Stage::Handshake,
            Rest::Context(_) | Rest::Nothing => Stage::Judged,
        };
        Self { refused, code, status, stage, facts, legacy_body, rest: Mutex::new(rest) }
    }
}

impl Facts {
    fn of(request: &VerifiedRequest) -> Self {
        Self {
            kid: request.kid.to_vec(),
            sid: request.sid.map(|sid| sid.to_vec()),
            ts_ms: request.ts_ms,
            nonce: request.nonce.to_vec(),
            want: request.want,
            authority: request.authority().to_owned(),
            version: request.version,
        }
    }
}
