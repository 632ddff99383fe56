//! The primitives over owned values, for languages behind UniFFI.

use super::{Client, Outcome, SignContext, SignOptions, SignedHeaders};
use crate::call::Call;
use crate::error::{OscarError, Result};
use crate::http::{AnswerHead, Headers, format_content_digest};
use crate::mac::content_digest;
use crate::request::{Answer, Content, Request};
use std::sync::{Mutex, PoisonError};

/// One signed request, or the probe that must go before it: which headers to send, and what its answer will be judged by, once.
#[cfg_attr(feature = "uniffi", derive(uniffi::Object))]
#[derive(Debug)]
pub struct SignedRequest {
    headers: SignedHeaders,
    verb: String,
    content_digest: Option<String>,
    probe: bool,
    in_session: bool,
    context: Mutex<Option<SignContext>>,
}

#[cfg_attr(feature = "uniffi", uniffi::export)]
impl SignedRequest {
    /// Whether this is a probe: send it by [`SignedRequest::verb`] without content and without what
    /// [`Client::drops_from_probe`] names, accept its answer, then sign again.
    pub fn is_probe(&self) -> bool {
        self.probe
    }

    /// The method to send.
    pub fn verb(&self) -> String {
        self.verb.clone()
    }

    /// The header `oscartoki`.
    pub fn toki(&self) -> String {
        self.headers.toki().to_owned()
    }

    /// The header `oscartokikey`, in a session.
    pub fn grant(&self) -> Option<String> {
        self.headers.grant().map(str::to_owned)
    }

    /// The header Content-Digest, where it is to be sent.
    pub fn content_digest(&self) -> Option<String> {
        self.content_digest.clone()
    }

    /// Whether it is signed in a session.
    pub fn in_session(&self) -> bool {
        self.in_session
    }
}

impl SignedRequest {
    /// The same, borrowed.
    pub fn headers(&self) -> &SignedHeaders {
        &self.headers
    }

    /// Judges the answer, once; afterwards everything is `replayed`.
    fn settle(&self, judge: impl FnOnce(SignContext) -> Outcome) -> Outcome {
        let context = self.context.lock().unwrap_or_else(PoisonError::into_inner).take();
        const USED: OscarError = OscarError::Replayed("an answer to this request was judged before");
        context.map_or_else(|| Outcome::unanswered(self.probe, USED), judge)
    }
}

#[cfg_attr(feature = "uniffi", uniffi::export)]
impl Client {
    /// Signs `request`, or the probe that must go first. Errors as [`Client::sign_ref`].
    pub fn sign(&self, request: &Request, options: SignOptions, now_ms: i64, mono_ms: Option<i64>) -> Result<SignedRequest> {
        let mut fields = request.as_ref().map_err(|error| OscarError::Unsignable(error.detail()))?;
        let digest = content_digest(fields.content).map_err(|error| OscarError::Unsignable(error.detail()))?;
        fields.content = digest.map_or(Content::None, Content::Digest);
        let mut headers = SignedHeaders::default();
        let context = self.sign_ref(&fields, options, now_ms, mono_ms, &mut headers)?;
        let probe = context.is_probe();
        Ok(SignedRequest {
            headers,
            verb: if probe { "HEAD".to_owned() } else { request.verb.clone() },
            content_digest: digest.filter(|_| !probe && self.config().send_content_digest).map(|digest| format_content_digest(&digest)),
            probe,
            in_session: context.in_session(),
            context: Mutex::new(Some(context)),
        })
    }

    /// Judges the answer to a signed request, as [`Client::accept_ref`]; the second call for one is `replayed` and changes nothing.
    // `signed` would be a keyword in the header that UniFFI writes for Swift.
    pub fn accept(
        &self,
        sent: &SignedRequest,
        answer: &Answer,
        toki: Option<String>,
        grant: Option<String>,
        received_ms: i64,
        mono_ms: Option<i64>,
    ) -> Outcome {
        let (toki, grant) = (toki.as_deref().map(str::as_bytes), grant.as_deref().map(str::as_bytes));
        sent.settle(|context| match answer.as_ref() {
            Ok(fields) => self.accept_ref(context, &fields, toki, grant, received_ms, mono_ms),
            Err(error) => Outcome { error: Some(error), ..self.accept_none(context) },
        })
    }

    /// Gives up on an answer whose content is over the client's limit: `policy`.
    pub fn refuse_too_large(&self, sent: &SignedRequest, status: i64) -> Outcome {
        sent.settle(|context| self.accept_too_large(context, u16::try_from(status).unwrap_or_default()))
    }

    /// Gives up on a request whose answer never came.
    pub fn refuse_unanswered(&self, sent: &SignedRequest) -> Outcome {
        sent.settle(|context| self.accept_none(context))
    }

    /// The loop over `sign` and `accept` for one request.
    pub fn call(&self, request: Request, options: SignOptions) -> Call {
        Call::new(self.clone(), request, options)
    }

    /// Ext of a request's headers, packed as `lp(name) lp(value)`, by the configured list. Errors: `malformed`, `unsignable`.
    pub fn pack_request_ext(&self, headers: &[u8]) -> Result<Vec<u8>> {
        self.request_ext(&Headers::packed(headers)?)
    }

    /// Ext of an answer's headers, packed as `lp(name) lp(value)`, by the configured list. Error: `malformed`.
    pub fn pack_answer_ext(&self, headers: &[u8]) -> Result<Vec<u8>> {
        self.answer_ext(&AnswerHead { status: 0, headers: Headers::packed(headers)? })
    }
}

impl Client {
    /// [`Client::accept`] from the head of an HTTP answer.
    pub fn accept_signed_head(
        &self,
        sent: &SignedRequest,
        head: &AnswerHead<'_>,
        content: Content<'_>,
        received_ms: i64,
        mono_ms: Option<i64>,
    ) -> Outcome {
        sent.settle(|context| self.accept_head(context, head, content, received_ms, mono_ms))
    }
}
