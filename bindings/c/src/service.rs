//! The service: made once, asked for a verdict per request, and for the headers of the answer.

use crate::boundary::{Out, Packed, TextOut, array, bytes, chars, content, terminated};
use crate::fields::{answer_head, request_fields, request_head, request_of_texts};
use crate::handle::{self, ANSWERS, HANDSHAKES, Handle, KEYRINGS, PENDING, REPLAY_LOGS, SERVICES};
use crate::key::OSCAR_GRANT_MAX_LEN;
use crate::settings::{ServiceSettings, service_config};
use crate::status::{Result, Status, guard};
use crate::verdict::{CVerdict, judge};
use oscartoki::{AnswerContext, AnswerHeaders, AnswerRef, Content, OscarError, Service, Verdict};
use std::ffi::c_char;
use std::sync::Arc;

/// Room for the toki of an answer, of either version, its terminating zero included.
pub const OSCAR_ANSWER_TOKI_MAX_LEN: usize = 97;

/// Room for the body of the answer to the first step of OscarToki v1, its terminating zero included.
pub const OSCAR_HANDSHAKE_BODY_MAX_LEN: usize = 192;

/// The headers of an answer. Texts are zero-terminated.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Answered {
    /// The header oscartoki.
    pub toki: [c_char; OSCAR_ANSWER_TOKI_MAX_LEN],
    /// The header oscartokikey; empty without a grant, then it is not sent.
    pub grant: [c_char; OSCAR_GRANT_MAX_LEN],
}

/// What happened since a service was made.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    /// Requests that were verified.
    pub accepted: i64,
    /// Of those, safe ones that could not be remembered because the memory was out of reach.
    pub unremembered: i64,
    /// Of those, OscarToki v1.
    pub v1_accepted: i64,
    /// Refusals by status, 1 to 21; the first is always 0.
    pub refused: [i64; 22],
}

/// Makes a service that starts at `now_ms` with the keys of one audience and a replay memory, both of which it keeps alive. The caller frees
/// it with `oscar_service_free`. A memory that begins empty makes it refuse as stale what is older than its start: see
/// `oscar_service_ready_at`. Errors: policy (times and sizes), malformed (a name that is no authority, a covered header that is none).
///
/// # Safety
/// `settings` and what it points to are readable; `service` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_service_new(
    settings: *const ServiceSettings,
    keyring: Handle,
    replay_log: Handle,
    now_ms: i64,
    service: *mut Handle,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (service, config) = unsafe { (Out::new(service)?, service_config(settings)?) };
        let keyring = Arc::clone(&*handle::look_up(&KEYRINGS, keyring)?);
        let log = Arc::clone(&*handle::look_up(&REPLAY_LOGS, replay_log)?);
        service.write(handle::keep(Arc::new(Service::new(config, keyring, log, now_ms)?))?);
        Ok(())
    })
}

/// Frees a service; calls that are inside finish first. 0 is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn oscar_service_free(service: Handle) -> Status {
    guard(|| handle::free(&SERVICES, service))
}

/// When the service is ready, milliseconds since 1970; before that, everything is refused as stale.
///
/// # Safety
/// `ready_at_ms` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_service_ready_at(service: Handle, ready_at_ms: *mut i64) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let out = unsafe { Out::new(ready_at_ms) }?;
        out.write(handle::look_up(&SERVICES, service)?.ready_at());
        Ok(())
    })
}

/// The floor: at and below this time nothing is accepted. It never falls.
///
/// # Safety
/// `floor_ms` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_service_floor(service: Handle, floor_ms: *mut i64) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let out = unsafe { Out::new(floor_ms) }?;
        out.write(handle::look_up(&SERVICES, service)?.floor_ms());
        Ok(())
    })
}

/// What happened so far.
///
/// # Safety
/// `counters` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_service_counters(service: Handle, counters: *mut Counted) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let out = unsafe { Out::new(counters) }?;
        let counters = handle::look_up(&SERVICES, service)?.counters();
        let mut refused = [0; 22];
        for (place, name) in refused[1..].iter_mut().zip(OscarError::NAMES) {
            *place = counters.refused.get(*name).copied().unwrap_or_default();
        }
        out.write(Counted { accepted: counters.accepted, unremembered: counters.unremembered, v1_accepted: counters.v1_accepted, refused });
        Ok(())
    })
}

/// Judges one request by its fields. `request`: lp(method) lp(authority) lp(target) lp(ext) lp(digest), then lp(toki) when it has the header
/// oscartoki, then lp(grant) when it has oscartokikey. `digest`, 32 bytes or empty, is what Content-Digest says and makes the verdict
/// pending; without it `body` is the content. Returns `verdict->status`.
///
/// # Safety
/// `request` and `body` have so many readable bytes; `verdict` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_service_verify_packed(
    service: Handle,
    request: *const u8,
    request_len: usize,
    body: *const u8,
    body_len: usize,
    now_ms: i64,
    verdict: *mut CVerdict,
) -> Status {
    // SAFETY: as this function asks.
    unsafe {
        judge(verdict, || {
            let service = handle::look_up(&SERVICES, service)?;
            let (mut fields, body) = (Packed::new(request, request_len)?, bytes(body, body_len)?);
            let request = request_fields(&mut fields, body)?;
            let (toki, grant) = (fields.optional()?, fields.optional()?);
            fields.end()?;
            Ok(service.verify_ref(&request, toki, grant, now_ms))
        })
    }
}

/// `oscar_service_verify_packed` of zero-terminated texts, for callers whose language packs slowly: without covered headers and without
/// Content-Digest. `toki` and `grant` are null when the request has none. Returns `verdict->status`.
///
/// # Safety
/// The texts are null or zero-terminated, `body` has so many readable bytes; `verdict` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_service_verify_texts(
    service: Handle,
    method: *const c_char,
    authority: *const c_char,
    target: *const c_char,
    toki: *const c_char,
    grant: *const c_char,
    body: *const u8,
    body_len: usize,
    now_ms: i64,
    verdict: *mut CVerdict,
) -> Status {
    // SAFETY: as this function asks.
    unsafe {
        judge(verdict, || {
            let service = handle::look_up(&SERVICES, service)?;
            let request = request_of_texts([method, authority, target], body, body_len)?;
            Ok(service.verify_ref(&request, terminated(toki), terminated(grant), now_ms))
        })
    }
}

/// Judges one request by its raw head: our headers are looked for, doubles and method overrides refused, ext is made of the configured
/// headers. `head`: lp(method) lp(:authority of HTTP/2, or empty) lp(raw target), then lp(name) lp(value) for each header in order.
/// `body`: what has arrived, null with 0 for nothing; without a Content-Digest (`oscar_service_wants_body`) it must be all of it, at most
/// `max_body` bytes and one more; with one the verdict of an empty body is pending. Returns `verdict->status`.
///
/// # Safety
/// `head` and `body` have so many readable bytes; `verdict` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_service_verify_head(
    service: Handle,
    head: *const u8,
    head_len: usize,
    body: *const u8,
    body_len: usize,
    now_ms: i64,
    verdict: *mut CVerdict,
) -> Status {
    // SAFETY: as this function asks.
    unsafe {
        judge(verdict, || {
            let service = handle::look_up(&SERVICES, service)?;
            let (head, body) = (request_head(head, head_len)?, bytes(body, body_len)?);
            Ok(service.verify_head_ref(&head, content(&[], body)?, now_ms))
        })
    }
}

/// `oscar_service_verify_head` where all of the body has arrived and the caller has digested it: `digest` is its SHA-256, 32 bytes, never that of
/// zero bytes. The caller has seen to `max_body`.
///
/// # Safety
/// `head` has `head_len` readable bytes, `digest` 32; `verdict` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_service_verify_head_digest(
    service: Handle,
    head: *const u8,
    head_len: usize,
    digest: *const u8,
    now_ms: i64,
    verdict: *mut CVerdict,
) -> Status {
    // SAFETY: as this function asks.
    unsafe {
        judge(verdict, || {
            let service = handle::look_up(&SERVICES, service)?;
            let (head, digest) = (request_head(head, head_len)?, array::<32>(digest)?);
            Ok(service.verify_head_ref(&head, Content::Digest(digest), now_ms))
        })
    }
}

/// 1: read the body, at most `max_body` bytes and one more, before `oscar_service_verify_head`; 0: ask first, read after. `head` as there.
///
/// # Safety
/// `head` has `head_len` readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_service_wants_body(service: Handle, head: *const u8, head_len: usize) -> i32 {
    let mut wants = false;
    guard(|| {
        // SAFETY: as this function asks.
        let head = unsafe { request_head(head, head_len) }?;
        wants = handle::look_up(&SERVICES, service)?.wants_body_first(&head);
        Ok(())
    });
    wants.into()
}

/// Compares the content that arrived with its Content-Digest: `digest` is the SHA-256 of it, 32 bytes, or null, then `body` is all of it.
/// Uses the pending `context` up, and fills `verdict` anew. Returns `verdict->status`: OSCAR_OK, body_mismatch, replayed (used before).
///
/// # Safety
/// `body` has `body_len` readable bytes, `digest` is null or has 32; `verdict` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_service_finish(
    context: Handle,
    body: *const u8,
    body_len: usize,
    digest: *const u8,
    verdict: *mut CVerdict,
) -> Status {
    // SAFETY: as this function asks.
    unsafe {
        judge(verdict, || {
            let pending = handle::take(&PENDING, context)?;
            let digest = match (digest.is_null(), bytes(body, body_len)?) {
                (false, _) => Some(array::<32>(digest)?),
                (true, []) => None,
                (true, body) => Some(oscartoki::sha256(body)),
            };
            Ok(pending.finish(digest.as_ref()))
        })
    }
}

/// The body is over the limit: signed policy with status 413. Uses the pending `context` up and fills `verdict` anew.
///
/// # Safety
/// `verdict` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_service_too_large(context: Handle, verdict: *mut CVerdict) -> Status {
    // SAFETY: as this function asks.
    unsafe { judge(verdict, || Ok(Verdict::Refused(handle::take(&PENDING, context)?.too_large()))) }
}

/// The answer to the first step of OscarToki v1 (OSCAR_HANDSHAKE): status 200, the header oscartoki into `toki`
/// (OSCAR_ANSWER_TOKI_MAX_LEN) and the JSON body into `body` (OSCAR_HANDSHAKE_BODY_MAX_LEN). Uses `context` up. Nothing else may run.
///
/// # Safety
/// `toki` and `body` have so many writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_service_handshake(
    context: Handle,
    toki: *mut c_char,
    toki_capacity: usize,
    body: *mut c_char,
    body_capacity: usize,
) -> Status {
    guard(|| {
        let handshake = handle::take(&HANDSHAKES, context)?;
        // SAFETY: as this function asks.
        let (toki, body) = unsafe {
            (
                TextOut::new(toki, toki_capacity, OSCAR_ANSWER_TOKI_MAX_LEN)?,
                TextOut::new(body, body_capacity, OSCAR_HANDSHAKE_BODY_MAX_LEN)?,
            )
        };
        toki.write(handshake.toki())?;
        body.write(&handshake.body())
    })
}

/// Frees the context of a verdict, of whatever kind, that is not used. 0 is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn oscar_verdict_free(context: Handle) -> Status {
    guard(|| {
        let pending = || handle::free(&PENDING, context).or_else(|_| handle::free(&HANDSHAKES, context));
        handle::free(&ANSWERS, context).or_else(|_| pending())
    })
}

/// Mints the headers of the answer and uses `context` up; a second use is replayed. `answer`: two bytes of big-endian HTTP status, lp(ext)
/// lp(digest, 32 bytes or empty). `body`: the content that goes out, unless its digest is given; none for a stream, which is then not covered.
/// `now_ms` is the service's clock at this moment. Errors: unsignable (a 1xx status), replayed.
///
/// # Safety
/// `answer` and `body` have so many readable bytes; `headers` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_service_answer_packed(
    service: Handle,
    context: Handle,
    answer: *const u8,
    answer_len: usize,
    body: *const u8,
    body_len: usize,
    now_ms: i64,
    headers: *mut Answered,
) -> Status {
    let mint = |service: &Service, context, out: &mut AnswerHeaders| {
        // SAFETY: as this function asks.
        let (mut answer, body) = unsafe { (Packed::new(answer, answer_len)?, bytes(body, body_len)?) };
        let (status, ext, digest) = (answer.be16()?, answer.field()?, answer.field()?);
        answer.end()?;
        Ok(service.answer_ref(context, &AnswerRef { status, ext, content: content(digest, body)? }, now_ms, out)?)
    };
    // SAFETY: as this function asks.
    unsafe { answer_with(service, context, headers, mint) }
}

/// `oscar_service_answer_packed` from an answer's raw head: ext is made of the configured headers. `head`: two bytes of big-endian HTTP
/// status, then lp(name) lp(value) for each header in order.
///
/// # Safety
/// `head` and `body` have so many readable bytes; `headers` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_service_answer_head(
    service: Handle,
    context: Handle,
    head: *const u8,
    head_len: usize,
    body: *const u8,
    body_len: usize,
    now_ms: i64,
    headers: *mut Answered,
) -> Status {
    let mint = |service: &Service, context, out: &mut AnswerHeaders| {
        // SAFETY: as this function asks.
        let (head, body) = unsafe { (answer_head(head, head_len)?, bytes(body, body_len)?) };
        Ok(service.answer_head_ref(context, &head, content(&[], body)?, now_ms, out)?)
    };
    // SAFETY: as this function asks.
    unsafe { answer_with(service, context, headers, mint) }
}

/// `oscar_service_answer_head` where the caller has digested the content: `digest` is its SHA-256, 32 bytes, never that of zero bytes.
///
/// # Safety
/// `head` has `head_len` readable bytes, `digest` 32; `headers` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_service_answer_head_digest(
    service: Handle,
    context: Handle,
    head: *const u8,
    head_len: usize,
    digest: *const u8,
    now_ms: i64,
    headers: *mut Answered,
) -> Status {
    let mint = |service: &Service, context, out: &mut AnswerHeaders| {
        // SAFETY: as this function asks.
        let (head, digest) = unsafe { (answer_head(head, head_len)?, array::<32>(digest)?) };
        Ok(service.answer_head_ref(context, &head, Content::Digest(digest), now_ms, out)?)
    };
    // SAFETY: as this function asks.
    unsafe { answer_with(service, context, headers, mint) }
}

/// Takes the context first, so that any call uses it up.
///
/// # Safety
/// `headers` is null or writable.
unsafe fn answer_with(
    service: Handle,
    context: Handle,
    headers: *mut Answered,
    mint: impl FnOnce(&Service, AnswerContext, &mut AnswerHeaders) -> Result<()>,
) -> Status {
    guard(|| {
        let context = handle::take(&ANSWERS, context)?;
        // SAFETY: as this function asks.
        let headers = unsafe { Out::new(headers) }?;
        let mut out = AnswerHeaders::default();
        mint(&*handle::look_up(&SERVICES, service)?, context, &mut out)?;
        headers.write(Answered { toki: chars(out.toki()), grant: chars(out.grant().unwrap_or_default()) });
        Ok(())
    })
}
