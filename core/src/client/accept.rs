//! Accepting: authentic or not, then clock and grant, then the verdict (spec section 7, "Accept").

use super::audience::Held;
use super::clock::Moment;
use super::outcome::{may_have_run, resends};
use super::sign::SignContext;
use super::{Client, Outcome};
use crate::error::{OscarError, Result};
use crate::grant::Grant;
use crate::http::AnswerHead;
use crate::request::{AnswerRef, Content};
use crate::toki::AnswerToki;
use std::sync::Arc;

impl Client {
    /// Judges the answer to a signed request; the context is used up. `received_ms` and `mono_ms` are the clocks when the head of the answer
    /// arrived. A toki that is absent is `missing`; one that stood twice is given as empty, or through [`Client::accept_head`].
    /// Allocates only to keep a new grant.
    pub fn accept_ref(
        &self,
        context: SignContext,
        answer: &AnswerRef<'_>,
        toki: Option<&[u8]>,
        grant: Option<&[u8]>,
        received_ms: i64,
        mono_ms: Option<i64>,
    ) -> Outcome {
        let received = Moment { wall_ms: received_ms, mono_ms };
        match self.judge(&context, answer, toki, grant, received) {
            Ok(outcome) => outcome,
            Err(error) => unauthentic(&context, Some(answer.status), error),
        }
    }

    /// [`Client::accept_ref`] from the head of an HTTP answer: finds toki and grant, and makes ext by the configured list.
    pub fn accept_head(
        &self,
        context: SignContext,
        head: &AnswerHead<'_>,
        content: Content<'_>,
        received_ms: i64,
        mono_ms: Option<i64>,
    ) -> Outcome {
        match head.fields().and_then(|fields| Ok((fields, self.answer_ext(head)?))) {
            Ok(((toki, grant), ext)) => {
                self.accept_ref(context, &AnswerRef { status: head.status, ext: &ext, content }, toki, grant, received_ms, mono_ms)
            }
            Err(error) => unauthentic(&context, Some(head.status), error),
        }
    }

    /// Gives up on an answer whose content is over the client's limit: `policy`, and nothing of it is authentic.
    pub fn accept_too_large(&self, context: SignContext, status: u16) -> Outcome {
        unauthentic(&context, Some(status), TOO_LARGE)
    }

    /// Gives up on a request whose answer never came (a network failure): `missing`. Layers raise their own error, and say `may_have_run`.
    pub fn accept_none(&self, context: SignContext) -> Outcome {
        unauthentic(&context, None, OscarError::Missing("no answer came"))
    }

    /// Errors are answers that are not authentic: they change neither clock nor keys.
    fn judge(
        &self,
        context: &SignContext,
        answer: &AnswerRef<'_>,
        toki: Option<&[u8]>,
        grant: Option<&[u8]>,
        received: Moment,
    ) -> Result<Outcome> {
        if let Content::Bytes(bytes) = answer.content
            && self.over_limit(bytes.len())
        {
            return Err(TOO_LARGE);
        }
        if self.config().unsigned_answers {
            return Ok(Outcome { error: None, ..unauthentic(context, Some(answer.status), TOO_LARGE) });
        }
        let (toki, grant) = verify(context, answer, toki, grant)?;
        let offer = match grant {
            Some(grant) => weigh(context, grant, toki.claimed_ts_ms()),
            None => Offer::None,
        };
        let offset_ms = {
            let mut state = context.audience.lock();
            state.clock.take(toki.claimed_ts_ms(), &context.sent, &received);
            if let Offer::Adopted(held) = &offer {
                state.adopt(held.clone());
            }
            state.clock.offset_ms()
        };
        let code = Some(toki.claimed_code());
        let has_content = !matches!(answer.content, Content::None | Content::Bytes([]));
        let content_authentic = toki.has_body() || (!has_content && !context.stream);
        Ok(Outcome {
            error: verdict(context, toki.claimed_code(), content_authentic),
            code,
            may_have_run: may_have_run(context.probe, code),
            signed: true,
            status: Some(answer.status),
            resend: resends(context.resendable, code),
            grant_error: matches!(offer, Offer::Dropped).then_some(OscarError::BadGrant("the answer's grant is not ours and was dropped")),
            adopted: if let Offer::Adopted(held) = &offer { Some(held.grant.sid()) } else { None },
            offset_ms,
            content_authentic,
            probe: context.probe,
        })
    }
}

const TOO_LARGE: OscarError = OscarError::Policy("the answer's content is over the client's limit");

fn unauthentic(context: &SignContext, status: Option<u16>, error: OscarError) -> Outcome {
    Outcome { status, offset_ms: context.audience.clock().offset_ms(), ..Outcome::unanswered(context.probe, error) }
}

/// Parses, then flags, then the MAC under the request's own context.
fn verify(context: &SignContext, answer: &AnswerRef<'_>, toki: Option<&[u8]>, grant: Option<&[u8]>) -> Result<(AnswerToki, Option<Grant>)> {
    let toki = AnswerToki::parse(toki.ok_or(OscarError::Missing("the answer has no toki"))?)?;
    let grant = grant.map(Grant::parse).transpose()?;
    if toki.has_body() && (context.head || matches!(answer.status, 204 | 304)) {
        return Err(OscarError::Malformed("flag BODY on an answer that has no content"));
    }
    let key = match (&context.held, context.audience.root_keys()) {
        (Some(held), _) => &held.schedule.res,
        (None, Some(root)) => &root.schedule.res,
        (None, None) => return Err(OscarError::BadMac("there is no key to verify the answer with")),
    };
    toki.verify(key, &context.tag, answer, grant.as_ref())?;
    Ok((toki, grant))
}

/// What becomes of a grant that came with an authentic answer.
enum Offer {
    /// None came, or this is a delegate, which ignores one.
    None,
    Adopted(Arc<Held>),
    Dropped,
}

fn weigh(context: &SignContext, grant: Grant, answered_ms: i64) -> Offer {
    match context.audience.root_keys() {
        None => Offer::None,
        Some(root) if context.want && root.adopts(&grant, &context.tag, answered_ms) => Offer::Adopted(root.hold(grant)),
        Some(_) => Offer::Dropped,
    }
}

/// A code of 1 to 7 comes before `policy` for content that is not covered. A probe succeeds by a 1.
fn verdict(context: &SignContext, code: u8, content_authentic: bool) -> Option<OscarError> {
    match (context.probe, code) {
        (true, 1) => None,
        (true, 0) => Some(OscarError::Policy("a probe, which can't run, was answered as accepted")),
        (false, 0) if !content_authentic && !context.stream => Some(OscarError::Policy("the answer's content is not covered by its toki")),
        _ => OscarError::from_code(code),
    }
}
