//! One request on its way: probe, request, resend, without a socket. What an HTTP client loops on.

use crate::boundary::{Out, array, bytes, chars, content};
use crate::client::{Signed, sign_options};
use crate::fields::{answer_head, mono, request_of};
use crate::handle::{self, CALLS, CLIENTS, Handle};
use crate::outcome::COutcome;
use crate::status::{Result, Status, guard, remember};
use oscartoki::{AnswerHead, Call, Content, OscarError, Request, RequestRef, Step};
use std::ffi::c_char;

/// Send a request with the headers of the step, then say what came.
pub const OSCAR_STEP_SEND: u32 = 0;
/// The answer is authentic and accepted.
pub const OSCAR_STEP_DONE: u32 = 1;
/// Refused, or not authentic; nothing more is to be sent.
pub const OSCAR_STEP_FAILED: u32 = 2;

/// What the owner of a call does next.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CStep {
    /// OSCAR_STEP_SEND, …_DONE or …_FAILED.
    pub kind: u32,
    /// To send: the method, zero-terminated; HEAD for a probe.
    pub method: [c_char; 33],
    /// To send: the header Content-Digest, zero-terminated; empty when it is not sent.
    pub content_digest: [c_char; 56],
    /// To send: our headers. For a probe: no content, and none of the headers that `oscar_client_drops_from_probe` names.
    pub headers: Signed,
    /// Done or failed: the outcome.
    pub outcome: COutcome,
    /// How many requests went out, the probe included.
    pub requests: u32,
    /// 1: a probe went out.
    pub probed: u8,
    /// 1: the request was resent.
    pub resent: u8,
    /// 1: the last request that went out was signed in a session.
    pub in_session: u8,
}

/// Begins a call. `request`, `body` and `options` as in `oscar_client_sign_packed`; all of it is copied. The caller frees `call` with
/// `oscar_call_free`.
///
/// # Safety
/// `request` and `body` have so many readable bytes; `call` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_call_new(
    client: Handle,
    request: *const u8,
    request_len: usize,
    body: *const u8,
    body_len: usize,
    options: u32,
    call: *mut Handle,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (call, request) = unsafe { (Out::new(call)?, request_of(request, request_len, body, body_len)?) };
        let made = handle::look_up(&CLIENTS, client)?.call(owned(&request)?, sign_options(options)?);
        call.write(handle::keep_in(&CALLS, made)?);
        Ok(())
    })
}

/// The next step. Asked again before an answer was given, it is the same; after the end, the same end. `step->kind` says it; the return value
/// is OSCAR_OK unless the call itself is at fault.
///
/// # Safety
/// `step` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_call_next(call: Handle, now_ms: i64, mono_ms: i64, step: *mut CStep) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let step = unsafe { Out::new(step) }?;
        let call = handle::look_up(&CALLS, call)?;
        let next = call.next(now_ms, mono(mono_ms));
        let mut told = CStep {
            kind: OSCAR_STEP_FAILED,
            method: [0; 33],
            content_digest: [0; 56],
            headers: Signed { toki: [0; 59], grant: [0; 48], probe: 0 },
            outcome: COutcome::refused(Status::Ok, false),
            requests: u32::try_from(call.requests()).unwrap_or(u32::MAX),
            probed: call.probed().into(),
            resent: call.resent().into(),
            in_session: call.in_session().into(),
        };
        match next {
            Step::Send(signed) => {
                told.kind = OSCAR_STEP_SEND;
                told.method = chars(&signed.verb());
                told.content_digest = chars(&signed.content_digest().unwrap_or_default());
                told.headers = Signed::from(signed.headers());
            }
            Step::Done(outcome) => (told.kind, told.outcome) = (OSCAR_STEP_DONE, COutcome::from(&*outcome)),
            Step::Failed(outcome) => {
                if let Some(error) = outcome.error {
                    remember(error.detail().into());
                }
                told.outcome = COutcome::from(&*outcome);
            }
        }
        step.write(told);
        Ok(())
    })
}

/// The answer came. `head`: two bytes of big-endian HTTP status, then lp(name) lp(value) for each header in order; `body`: the content after
/// removing content-coding; the clocks are those when the head arrived. An answer to nothing changes nothing; a head that does not
/// parse counts as no answer.
///
/// # Safety
/// `head` and `body` have so many readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_call_received(
    call: Handle,
    head: *const u8,
    head_len: usize,
    body: *const u8,
    body_len: usize,
    received_ms: i64,
    mono_ms: i64,
) -> Status {
    guard(|| {
        let call = handle::look_up(&CALLS, call)?;
        // SAFETY: as this function asks.
        let (head, body) = unsafe { (answer_head(head, head_len), bytes(body, body_len)?) };
        call.received_head(&readable(&call, head)?, content(&[], body)?, received_ms, mono(mono_ms));
        Ok(())
    })
}

/// `oscar_call_received` where the caller has digested the content: `digest` is its SHA-256, 32 bytes, never that of zero bytes. The caller has
/// seen to `max_answer`.
///
/// # Safety
/// `head` has so many readable bytes, `digest` 32.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_call_received_digest(
    call: Handle,
    head: *const u8,
    head_len: usize,
    digest: *const u8,
    received_ms: i64,
    mono_ms: i64,
) -> Status {
    guard(|| {
        let call = handle::look_up(&CALLS, call)?;
        // SAFETY: as this function asks.
        let (head, digest) = unsafe { (answer_head(head, head_len), array::<32>(digest)?) };
        call.received_head(&readable(&call, head)?, Content::Digest(digest), received_ms, mono(mono_ms));
        Ok(())
    })
}

/// A head that does not parse ends the call as if no answer had come: else the next step would send the same request again.
fn readable<'a>(call: &Call, head: Result<AnswerHead<'a>>) -> Result<AnswerHead<'a>> {
    if head.is_err() {
        call.failed();
    }
    head
}

/// An answer came whose content is over `max_answer`.
#[unsafe(no_mangle)]
pub extern "C" fn oscar_call_too_large(call: Handle, http_status: u16) -> Status {
    guard(|| {
        handle::look_up(&CALLS, call)?.too_large(http_status.into());
        Ok(())
    })
}

/// No answer came: a network failure.
#[unsafe(no_mangle)]
pub extern "C" fn oscar_call_failed(call: Handle) -> Status {
    guard(|| {
        handle::look_up(&CALLS, call)?.failed();
        Ok(())
    })
}

/// Frees a call. 0 is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn oscar_call_free(call: Handle) -> Status {
    guard(|| handle::free(&CALLS, call))
}

fn owned(request: &RequestRef<'_>) -> crate::status::Result<Request> {
    let text = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).map_err(|_| OscarError::Unsignable("method, authority and target are ASCII"));
        text.map(str::to_owned)
    };
    let (content, content_digest) = match request.content {
        Content::None => (Vec::new(), None),
        Content::Bytes(bytes) => (bytes.to_vec(), None),
        Content::Digest(digest) => (Vec::new(), Some(digest.to_vec())),
    };
    Ok(Request {
        verb: text(request.verb)?,
        authority: text(request.authority)?,
        target: text(request.target)?,
        ext: request.ext.to_vec(),
        content,
        content_digest,
    })
}
