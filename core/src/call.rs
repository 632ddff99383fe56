//! One call, from the first toki to the verdict: the loop that every adapter runs, without a socket.
//!
//! ```text
//! loop { match call.next(now, mono) { Send(signed) => call.received(… send it …), Done(outcome) | Failed(outcome) => break } }
//! ```

use crate::client::{Client, Outcome, SignOptions, SignedRequest};
use crate::error::OscarError;
use crate::http::AnswerHead;
use crate::mac::content_digest;
use crate::request::{Answer, Content, Request};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// So many probes go before one request. A clock that does not hold still between a probe and its request ends the call.
const MAX_PROBES: u32 = 3;

/// What a [`Call`]'s owner does next.
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[derive(Clone, Debug)]
pub enum Step {
    /// Send this, then say what came: [`Call::received`], [`Call::too_large`] or [`Call::failed`].
    Send(Arc<SignedRequest>),
    /// The answer is authentic and accepted (or taken unsigned, where that is configured).
    Done(Arc<Outcome>),
    /// Refused, or not authentic; nothing more is to be sent.
    Failed(Arc<Outcome>),
}

/// One request on its way: probe, request, resend.
#[cfg_attr(feature = "uniffi", derive(uniffi::Object))]
#[derive(Debug)]
pub struct Call {
    client: Client,
    request: Request,
    progress: Mutex<Progress>,
}

#[derive(Debug)]
struct Progress {
    options: SignOptions,
    stage: Stage,
    requests: u32,
    probes: u32,
    in_session: bool,
}

#[derive(Debug)]
enum Stage {
    ToSign,
    Waiting(Arc<SignedRequest>),
    Ended(Arc<Outcome>),
}

#[cfg_attr(feature = "uniffi", uniffi::export)]
impl Call {
    /// The next step. Asked again before an answer was given, it is the same `Send`; after the end, the same end.
    pub fn next(&self, now_ms: i64, mono_ms: Option<i64>) -> Step {
        let mut progress = self.lock();
        if let Stage::ToSign = progress.stage {
            progress.stage = self.sign(&mut progress, now_ms, mono_ms);
        }
        match &progress.stage {
            Stage::Waiting(signed) => Step::Send(signed.clone()),
            Stage::Ended(outcome) if outcome.error.is_none() => Step::Done(outcome.clone()),
            Stage::Ended(outcome) => Step::Failed(outcome.clone()),
            Stage::ToSign => Step::Failed(Arc::new(Outcome::unsent(OscarError::Unsignable("nothing was signed")))),
        }
    }

    /// The answer came; `received_ms` and `mono_ms` are the clocks when its head did.
    pub fn received(&self, answer: &Answer, toki: Option<String>, grant: Option<String>, received_ms: i64, mono_ms: Option<i64>) {
        self.settle(|signed| self.client.accept(signed, answer, toki, grant, received_ms, mono_ms));
    }

    /// An answer came whose content is over the client's limit.
    pub fn too_large(&self, status: i64) {
        self.settle(|signed| self.client.refuse_too_large(signed, status));
    }

    /// No answer came: a network failure. The outcome is `missing` and says `may_have_run`; the owner raises its own error.
    pub fn failed(&self) {
        self.settle(|signed| self.client.refuse_unanswered(signed));
    }

    /// How many requests went out, the probe included.
    pub fn requests(&self) -> i64 {
        i64::from(self.lock().requests)
    }

    /// Whether a probe went out.
    pub fn probed(&self) -> bool {
        self.lock().probes > 0
    }

    /// Whether the request was resent.
    pub fn resent(&self) -> bool {
        self.lock().options.resend
    }

    /// Whether the last request that went out was signed in a session.
    pub fn in_session(&self) -> bool {
        self.lock().in_session
    }
}

impl Call {
    pub(crate) fn new(client: Client, mut request: Request, options: SignOptions) -> Self {
        // Content is digested once, however often the request is signed; a digest of zero bytes is refused by `sign`.
        if request.content_digest.is_none() && !request.content.is_empty() {
            request.content_digest = content_digest(Content::Bytes(&request.content)).ok().flatten().map(|digest| digest.to_vec());
            request.content = Vec::new();
        }
        let options = SignOptions { resend: false, ..options };
        let progress = Progress { options, stage: Stage::ToSign, requests: 0, probes: 0, in_session: false };
        Self { client, request, progress: Mutex::new(progress) }
    }

    /// [`Call::received`] from the head of an HTTP answer.
    pub fn received_head(&self, head: &AnswerHead<'_>, content: Content<'_>, received_ms: i64, mono_ms: Option<i64>) {
        self.settle(|signed| self.client.accept_signed_head(signed, head, content, received_ms, mono_ms));
    }

    /// The client that signs.
    pub fn client(&self) -> &Client {
        &self.client
    }

    fn sign(&self, progress: &mut Progress, now_ms: i64, mono_ms: Option<i64>) -> Stage {
        match self.client.sign(&self.request, progress.options, now_ms, mono_ms) {
            Ok(signed) if signed.is_probe() && progress.probes == MAX_PROBES => {
                Stage::Ended(Arc::new(Outcome::unsent(OscarError::Stale("the clock does not hold still between a probe and its request"))))
            }
            Ok(signed) => {
                progress.requests += 1;
                progress.probes += u32::from(signed.is_probe());
                progress.in_session = signed.in_session();
                Stage::Waiting(Arc::new(signed))
            }
            // What was sent before may have run: a resend that can't be signed leaves the first request in doubt.
            Err(error) => Stage::Ended(Arc::new(Outcome { may_have_run: progress.options.resend, ..Outcome::unsent(error) })),
        }
    }

    /// An answer to nothing, or a second one, changes nothing.
    fn settle(&self, judge: impl FnOnce(&SignedRequest) -> Outcome) {
        let mut progress = self.lock();
        let Stage::Waiting(signed) = &progress.stage else { return };
        let mut outcome = judge(signed);
        // The signed 1 or 2 that led here left the first request in doubt, whatever became of the second.
        outcome.may_have_run |= progress.options.resend;
        progress.stage = if outcome.resend {
            progress.options.resend = true;
            Stage::ToSign
        } else if outcome.probe && outcome.error.is_none() {
            progress.options.verify_first = false;
            Stage::ToSign
        } else {
            Stage::Ended(Arc::new(outcome))
        };
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
