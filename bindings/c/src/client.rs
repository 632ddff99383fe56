//! The client: sign, accept, hand out. One crossing per act, fields packed.

use crate::boundary::{Out, Packed, TextOut, array, bad_packed, bytes, chars, content, lent, text, write_bytes};
use crate::handle::{self, CLIENTS, Handle, SIGNED, TEXTS};
use crate::key::{OSCAR_SESSION_MAX_LEN, audience_text};
use crate::status::{Fault, Result, Status, guard, guard_status};
use oscartoki::{
    AnswerHead, AnswerRef, AudienceKey, Client, ClientConfig, Headers, OscarError, Outcome, RequestRef, Rolling, Secret, Session,
    SignContext, SignOptions, SignedHeaders,
};
use std::ffi::{CStr, c_char};
use std::sync::Arc;
use zeroize::Zeroizing;

/// May be resent although its method is unsafe: it has an idempotency-key in ext.
pub const OSCAR_SIGN_REPEATABLE: u32 = 1;
/// The clock is known to be right: no probe.
pub const OSCAR_SIGN_TRUST_CLOCK: u32 = 2;
/// A probe goes first, whatever the clock says.
pub const OSCAR_SIGN_VERIFY_FIRST: u32 = 4;
/// This is the resend of a request: its answer never asks for another.
pub const OSCAR_SIGN_RESEND: u32 = 8;
/// The caller takes an answer whose content is not covered (a stream).
pub const OSCAR_SIGN_STREAM: u32 = 16;

/// How a client behaves; `oscar_client_settings_init` fills in what is usual. Texts are zero-terminated and read by the call that takes this
/// struct.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ClientSettings {
    /// The covered headers of requests, in the service's order.
    pub ext: *const *const c_char,
    /// How many.
    pub ext_len: usize,
    /// The covered headers of answers, in the service's order.
    pub answer_ext: *const *const c_char,
    /// How many.
    pub answer_ext_len: usize,
    /// An answer with more bytes of content is policy.
    pub max_answer: i64,
    /// The generation of the audience key.
    pub generation: i64,
    /// The 8-byte kid that the application registered for this generation; null for the derived one.
    pub kid: *const u8,
    /// 1: asks for the next grant on every request, not only past half of a session's life.
    pub roll_every: u8,
    /// 1: the machine's clock is known to be right, unsafe requests need no probe.
    pub trust_clock: u8,
    /// 1: the service can't sign its answers; nothing then counts as authentic.
    pub unsigned_answers: u8,
    /// 1: `oscar_call_next` tells the Content-Digest to send.
    pub send_content_digest: u8,
}

/// The headers of a signed request. Texts are zero-terminated.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Signed {
    /// The header oscartoki.
    pub toki: [c_char; 59],
    /// The header oscartokikey; empty outside of a session, then it is not sent.
    pub grant: [c_char; 48],
    /// 1: this signs a probe. Send HEAD with the same target and covered headers, without content; accept its answer; sign again.
    pub probe: u8,
}

/// What became of a request. Every call that takes one fills it, on failure too.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct COutcome {
    /// OSCAR_OK: accepted (of a probe: it succeeded). Else why not.
    pub status: Status,
    /// OSCAR_BAD_GRANT when the answer's grant was dropped, else OSCAR_OK.
    pub grant_error: Status,
    /// The code of an authentic answer, 0 to 7; -1 without one.
    pub code: i32,
    /// The HTTP status; -1 when no answer came. Of an answer that is not authentic it is hearsay.
    pub http_status: i32,
    /// How far the service's clock is ahead, in milliseconds; see `has_offset`.
    pub offset_ms: i64,
    /// The session id of an adopted grant; see `adopted`.
    pub sid: [u8; 8],
    /// 0 only where it is certain that the request had no effect.
    pub may_have_run: u8,
    /// 1: the answer is authentic.
    pub authentic: u8,
    /// 1: sign and send the request once more, with OSCAR_SIGN_RESEND.
    pub resend: u8,
    /// 1: a grant was adopted.
    pub adopted: u8,
    /// 1: `offset_ms` is known.
    pub has_offset: u8,
    /// 1: the content, or that there is none, is authentic.
    pub content_authentic: u8,
    /// 1: this is the outcome of a probe.
    pub probe: u8,
}

/// Fills in what is usual: no covered headers, answers of 1 MiB, generation 0, Content-Digest with any content.
///
/// # Safety
/// `settings` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_client_settings_init(settings: *mut ClientSettings) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let settings = unsafe { Out::new(settings) }?;
        let usual = ClientConfig::default();
        settings.write(ClientSettings {
            ext: std::ptr::null(),
            ext_len: 0,
            answer_ext: std::ptr::null(),
            answer_ext_len: 0,
            max_answer: usual.max_answer,
            generation: usual.generation,
            kid: std::ptr::null(),
            roll_every: (usual.roll == Rolling::Every).into(),
            trust_clock: usual.trust_clock.into(),
            unsigned_answers: usual.unsigned_answers.into(),
            send_content_digest: usual.send_content_digest.into(),
        });
        Ok(())
    })
}

/// Makes a client from the text of a secret. With an audience (used byte for byte) it speaks to that one; with audience_len 0 each request's
/// normalised authority is its audience. `settings` may be null. The caller frees the client with `oscar_client_free`.
/// Errors: malformed, wrong_kind, weak_secret, unsignable (the audience).
///
/// # Safety
/// Texts have so many readable bytes; `settings` is null or readable; `client` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_client_new(
    secret: *const c_char,
    secret_len: usize,
    audience: *const c_char,
    audience_len: usize,
    settings: *const ClientSettings,
    client: *mut Handle,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (client, secret, config) = unsafe { (Out::new(client)?, text(secret, secret_len)?, config(settings)?) };
        let secret = Secret::parse(secret)?;
        let made = if audience_len == 0 {
            Client::by_authority(&secret, config)?
        } else {
            // SAFETY: as this function asks.
            Client::new(&secret, unsafe { audience_text(audience, audience_len) }?, config)?
        };
        client.write(handle::keep(Arc::new(made))?);
        Ok(())
    })
}

/// Makes a client of one audience key (`oa2.` text), whose kid it uses. Otherwise as `oscar_client_new`.
///
/// # Safety
/// `key` has `len` readable bytes; `settings` is null or readable; `client` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_client_from_audience_key(
    key: *const c_char,
    len: usize,
    settings: *const ClientSettings,
    client: *mut Handle,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (client, key, config) = unsafe { (Out::new(client)?, text(key, len)?, config(settings)?) };
        client.write(handle::keep(Arc::new(Client::from_audience_key(&AudienceKey::parse(key)?, config)?))?);
        Ok(())
    })
}

/// Makes a delegate from the text of a handed-out session (`oz2.`). Otherwise as `oscar_client_new`.
///
/// # Safety
/// `session` has `len` readable bytes; `settings` is null or readable; `client` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_client_from_session(
    session: *const c_char,
    len: usize,
    settings: *const ClientSettings,
    client: *mut Handle,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (client, session, config) = unsafe { (Out::new(client)?, text(session, len)?, config(settings)?) };
        client.write(handle::keep(Arc::new(Client::from_session(&Session::parse(session)?, config)?))?);
        Ok(())
    })
}

/// The same client for one audience, as another handle, which the caller frees too. Configuration, clock and grants are shared.
/// Error: unsignable.
///
/// # Safety
/// `audience` has `len` readable bytes; `bound` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_client_for_audience(client: Handle, audience: *const c_char, len: usize, bound: *mut Handle) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (bound, audience) = unsafe { (Out::new(bound)?, audience_text(audience, len)?) };
        let made = handle::look_up(&CLIENTS, client)?.for_audience(audience)?;
        bound.write(handle::keep(Arc::new(made))?);
        Ok(())
    })
}

/// Frees a client; calls that are inside finish first. 0 is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn oscar_client_free(client: Handle) -> Status {
    guard(|| handle::free(&CLIENTS, client))
}

/// The client's key id, 8 bytes into `kid`. Error: missing, in a client by authority whose kid is not known yet.
///
/// # Safety
/// `kid` has 8 writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_client_kid(client: Handle, kid: *mut u8) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let kid = unsafe { Out::<[u8; 8]>::new(kid.cast()) }?;
        let known = handle::look_up(&CLIENTS, client)?.kid();
        kid.write(known.try_into().map_err(|_| OscarError::Missing("this client has no kid of its own"))?);
        Ok(())
    })
}

/// Signs a request, or the probe that must go before it: `headers->probe` says which.
/// `request`: lp(method) lp(authority) lp(target) lp(ext) lp(content digest, 32 bytes or empty), where lp is two bytes of big-endian length
/// and the bytes. `body`: the content, unless its digest is given; null with 0 for none. `options`: OSCAR_SIGN_… bits. `now_ms`: milliseconds
/// since the epoch; `mono_ms`: a monotonic clock in milliseconds, 0 for none.
/// Writes `headers` and `context`, which goes to one of the accept calls or to `oscar_sign_context_free`. On an error nothing is written and
/// nothing must be sent. Errors: unsignable, grant_expired (a delegate), policy (unsigned answers and an untrusted clock).
///
/// # Safety
/// `request` and `body` have so many readable bytes; `headers` and `context` are writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_client_sign_packed(
    client: Handle,
    request: *const u8,
    request_len: usize,
    body: *const u8,
    body_len: usize,
    options: u32,
    now_ms: i64,
    mono_ms: i64,
    headers: *mut Signed,
    context: *mut Handle,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (headers, context) = unsafe { (Out::new(headers)?, Out::new(context)?) };
        let client = handle::look_up(&CLIENTS, client)?;
        // SAFETY: as this function asks.
        let request = unsafe { request_of(request, request_len, body, body_len) }?;
        let mut signed = SignedHeaders::default();
        let made = client.sign_ref(&request, sign_options(options)?, now_ms, mono(mono_ms), &mut signed)?;
        give(made, &signed, headers, context)
    })
}

/// Judges the answer to a signed request and uses `context` up, whatever happens; a second use is replayed.
/// `answer`: two bytes of big-endian HTTP status, lp(ext) lp(content digest, 32 bytes or empty), then lp(toki) when the answer has one, then
/// lp(grant) when it has one. `body`: the content after removing content-coding, unless its digest is given.
/// `received_ms` and `mono_ms`: the clocks when the head of the answer arrived, as in `oscar_client_sign_packed`.
/// Returns `outcome.status`; `outcome` may be null.
///
/// # Safety
/// `answer` and `body` have so many readable bytes; `outcome` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_client_accept_packed(
    client: Handle,
    context: Handle,
    answer: *const u8,
    answer_len: usize,
    body: *const u8,
    body_len: usize,
    received_ms: i64,
    mono_ms: i64,
    outcome: *mut COutcome,
) -> Status {
    let judge = |client: &Client, context| {
        // SAFETY: as this function asks.
        let (mut answer, body) = unsafe { (Packed::new(answer, answer_len)?, bytes(body, body_len)?) };
        let (status, ext, digest) = (answer.be16()?, answer.field()?, answer.field()?);
        let (toki, grant) = (answer.optional()?, answer.optional()?);
        answer.end()?;
        let answer = AnswerRef { status, ext, content: content(digest, body)? };
        Ok(client.accept_ref(context, &answer, toki, grant, received_ms, mono(mono_ms)))
    };
    // SAFETY: as this function asks.
    unsafe { settle(client, context, outcome, judge) }
}

/// `oscar_client_accept_packed` from the head of an HTTP answer: finds toki and grant among the headers (twice or empty is malformed) and
/// makes ext by the configured list. `head`: two bytes of big-endian HTTP status, then lp(name) lp(value) for each header in order.
///
/// # Safety
/// `head` and `body` have so many readable bytes; `outcome` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_client_accept_head(
    client: Handle,
    context: Handle,
    head: *const u8,
    head_len: usize,
    body: *const u8,
    body_len: usize,
    received_ms: i64,
    mono_ms: i64,
    outcome: *mut COutcome,
) -> Status {
    let judge = |client: &Client, context| {
        // SAFETY: as this function asks.
        let (head, body) = unsafe { (answer_head(head, head_len)?, bytes(body, body_len)?) };
        Ok(client.accept_head(context, &head, content(&[], body)?, received_ms, mono(mono_ms)))
    };
    // SAFETY: as this function asks.
    unsafe { settle(client, context, outcome, judge) }
}

/// Gives up on an answer whose content is over `max_answer`: policy. Uses `context` up. `outcome` may be null.
///
/// # Safety
/// `outcome` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_client_accept_too_large(
    client: Handle,
    context: Handle,
    http_status: u16,
    outcome: *mut COutcome,
) -> Status {
    // SAFETY: as this function asks.
    unsafe { settle(client, context, outcome, |client, context| Ok(client.accept_too_large(context, http_status))) }
}

/// Gives up on a request whose answer never came: missing. Uses `context` up. `outcome` may be null.
///
/// # Safety
/// `outcome` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_client_accept_none(client: Handle, context: Handle, outcome: *mut COutcome) -> Status {
    // SAFETY: as this function asks.
    unsafe { settle(client, context, outcome, |client, context| Ok(client.accept_none(context))) }
}

/// Frees the context of a signed request that was never sent. 0 is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn oscar_sign_context_free(context: Handle) -> Status {
    guard(|| handle::free(&SIGNED, context))
}

/// A session for a browser or worker, used by nobody else: `ttl_s` is 1 to 600 seconds. Its text goes into `out` (OSCAR_SESSION_MAX_LEN) and is
/// key material. Error: unsignable (another ttl, a delegate, a client by authority).
///
/// # Safety
/// `out` has `capacity` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_client_hand_out(client: Handle, ttl_s: i64, now_ms: i64, out: *mut c_char, capacity: usize) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let out = unsafe { TextOut::new(out, capacity, OSCAR_SESSION_MAX_LEN) }?;
        out.write(&Zeroizing::new(handle::look_up(&CLIENTS, client)?.hand_out(ttl_s, now_ms)?.to_text()))
    })
}

/// How far the service's clock is ahead, in milliseconds. Error: missing before the first answer and in a client by authority.
///
/// # Safety
/// `offset_ms` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_client_offset(client: Handle, offset_ms: *mut i64) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let offset_ms = unsafe { Out::new(offset_ms) }?;
        let known = handle::look_up(&CLIENTS, client)?.offset_ms();
        offset_ms.write(known.ok_or(OscarError::Missing("no answer has told the service's clock yet"))?);
        Ok(())
    })
}

/// Clock and newest grant of every audience as a text for another process of the same client; it holds no key. The caller frees `state`
/// with `oscar_text_free`.
///
/// # Safety
/// `state` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_client_export_state(client: Handle, state: *mut Handle) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let state = unsafe { Out::new(state) }?;
        state.write(handle::keep_in(&TEXTS, handle::look_up(&CLIENTS, client)?.export_state())?);
        Ok(())
    })
}

/// Takes over what `oscar_client_export_state` wrote. Nothing changes on an error. Error: malformed.
///
/// # Safety
/// `state` has `len` readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_client_import_state(client: Handle, state: *const c_char, len: usize) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let state = unsafe { text(state, len) }?;
        Ok(handle::look_up(&CLIENTS, client)?.import_state(state)?)
    })
}

/// Ext of a request's headers by the configured list: `headers` is lp(name) lp(value) for each header. Writes into `out` (`capacity` bytes;
/// 65,535 always suffice) and its length into `out_len`. Errors: malformed, unsignable (too long), short buffer.
///
/// # Safety
/// `headers` has `len` readable bytes, `out` `capacity` writable ones; `out_len` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_client_request_ext(
    client: Handle,
    headers: *const u8,
    len: usize,
    out: *mut u8,
    capacity: usize,
    out_len: *mut usize,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (out_len, headers) = unsafe { (Out::new(out_len)?, bytes(headers, len)?) };
        let ext = handle::look_up(&CLIENTS, client)?.request_ext(&Headers::packed(headers)?)?;
        // SAFETY: as this function asks.
        unsafe { write_bytes(&ext, out, capacity) }?;
        out_len.write(ext.len());
        Ok(())
    })
}

/// 1: a probe of this client leaves the header of that name out; 0: it keeps it (also for a handle that is not alive).
///
/// # Safety
/// `name` has `len` readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_client_drops_from_probe(client: Handle, name: *const c_char, len: usize) -> i32 {
    let mut drops = false;
    guard(|| {
        // SAFETY: as this function asks.
        let name = unsafe { text(name, len) }?;
        drops = handle::look_up(&CLIENTS, client)?.drops_from_probe(name);
        Ok(())
    });
    drops.into()
}

/// Takes the context first, so that any call uses it up; fills `outcome` in every case.
///
/// # Safety
/// `outcome` is null or writable.
unsafe fn settle(
    client: Handle,
    context: Handle,
    outcome: *mut COutcome,
    judge: impl FnOnce(&Client, SignContext) -> Result<Outcome>,
) -> Status {
    let mut filled = COutcome::refused(Status::Internal, true);
    let status = guard_status(|| {
        let context = handle::take(&SIGNED, context)?;
        let probe = context.is_probe();
        filled = COutcome::refused(Status::Internal, !probe);
        let judged = judge(&*handle::look_up(&CLIENTS, client)?, context)?;
        if let Some(error) = judged.error {
            crate::status::remember(error.detail().into());
        }
        filled = COutcome::from(&judged);
        Ok(filled.status)
    });
    filled.status = status;
    if !outcome.is_null() && outcome.is_aligned() {
        // SAFETY: not null, aligned, and writable as this function asks.
        unsafe { outcome.write(filled) };
    }
    status
}

/// A request's packed fields, with the content beside them.
///
/// # Safety
/// As of [`bytes`], for both.
pub(crate) unsafe fn request_of<'a>(request: *const u8, len: usize, body: *const u8, body_len: usize) -> Result<RequestRef<'a>> {
    // SAFETY: as this function asks.
    let (mut fields, body) = unsafe { (Packed::new(request, len)?, bytes(body, body_len)?) };
    let request = request_fields(&mut fields, body)?;
    fields.end()?;
    Ok(request)
}

pub(crate) fn request_fields<'a>(fields: &mut Packed<'a>, body: &'a [u8]) -> Result<RequestRef<'a>> {
    let (verb, authority, target, ext) = (fields.field()?, fields.field()?, fields.field()?, fields.field()?);
    Ok(RequestRef { verb, authority, target, ext, content: content(fields.field()?, body)? })
}

/// # Safety
/// As of [`bytes`].
pub(crate) unsafe fn answer_head<'a>(head: *const u8, len: usize) -> Result<AnswerHead<'a>> {
    // SAFETY: as this function asks.
    let mut head = unsafe { Packed::new(head, len) }?;
    let status = head.be16()?;
    Ok(AnswerHead { status, headers: Headers::packed(head.rest()).map_err(|_| bad_packed())? })
}

pub(crate) fn sign_options(bits: u32) -> Result<SignOptions> {
    const KNOWN: u32 = OSCAR_SIGN_REPEATABLE | OSCAR_SIGN_TRUST_CLOCK | OSCAR_SIGN_VERIFY_FIRST | OSCAR_SIGN_RESEND | OSCAR_SIGN_STREAM;
    if bits & !KNOWN != 0 {
        return Err(Fault::new(Status::BadPacked, "an unknown OSCAR_SIGN_… bit"));
    }
    Ok(SignOptions {
        repeatable: bits & OSCAR_SIGN_REPEATABLE != 0,
        trust_clock: bits & OSCAR_SIGN_TRUST_CLOCK != 0,
        verify_first: bits & OSCAR_SIGN_VERIFY_FIRST != 0,
        resend: bits & OSCAR_SIGN_RESEND != 0,
        stream: bits & OSCAR_SIGN_STREAM != 0,
    })
}

pub(crate) fn mono(mono_ms: i64) -> Option<i64> {
    (mono_ms != 0).then_some(mono_ms)
}

/// Hands a signed request over.
pub(crate) fn give(made: SignContext, signed: &SignedHeaders, headers: Out<Signed>, context: Out<Handle>) -> Result<()> {
    context.write(handle::keep_in(&SIGNED, made)?);
    headers.write(Signed::from(signed));
    Ok(())
}

impl From<&SignedHeaders> for Signed {
    fn from(headers: &SignedHeaders) -> Self {
        Self { toki: chars(headers.toki()), grant: chars(headers.grant().unwrap_or_default()), probe: headers.is_probe().into() }
    }
}

impl COutcome {
    pub(crate) fn refused(status: Status, may_have_run: bool) -> Self {
        Self {
            status,
            grant_error: Status::Ok,
            code: -1,
            http_status: -1,
            offset_ms: 0,
            sid: [0; 8],
            may_have_run: may_have_run.into(),
            authentic: 0,
            resend: 0,
            adopted: 0,
            has_offset: 0,
            content_authentic: 0,
            probe: 0,
        }
    }
}

impl From<&Outcome> for COutcome {
    fn from(outcome: &Outcome) -> Self {
        Self {
            status: outcome.error.map_or(Status::Ok, Status::from),
            grant_error: outcome.grant_error.map_or(Status::Ok, Status::from),
            code: outcome.code.map_or(-1, i32::from),
            http_status: outcome.status.map_or(-1, i32::from),
            offset_ms: outcome.offset_ms.unwrap_or_default(),
            sid: outcome.adopted.unwrap_or_default(),
            may_have_run: outcome.may_have_run.into(),
            authentic: outcome.signed.into(),
            resend: outcome.resend.into(),
            adopted: outcome.adopted.is_some().into(),
            has_offset: outcome.offset_ms.is_some().into(),
            content_authentic: outcome.content_authentic.into(),
            probe: outcome.probe.into(),
        }
    }
}

/// # Safety
/// `settings` is null or readable, and so is what it points to.
unsafe fn config(settings: *const ClientSettings) -> Result<ClientConfig> {
    if settings.is_null() {
        return Ok(ClientConfig::default());
    }
    // SAFETY: as this function asks; every field takes every bit pattern.
    unsafe {
        let settings = lent(settings)?;
        Ok(ClientConfig {
            ext: names(settings.ext, settings.ext_len)?,
            answer_ext: names(settings.answer_ext, settings.answer_ext_len)?,
            roll: if settings.roll_every != 0 { Rolling::Every } else { Rolling::Auto },
            trust_clock: settings.trust_clock != 0,
            unsigned_answers: settings.unsigned_answers != 0,
            max_answer: settings.max_answer,
            generation: settings.generation,
            kid: if settings.kid.is_null() { None } else { Some(array::<8>(settings.kid)?.to_vec()) },
            send_content_digest: settings.send_content_digest != 0,
        })
    }
}

/// Names, as an array of zero-terminated texts.
///
/// # Safety
/// Unless `len` is 0, `list` is null, misaligned, or has `len` readable pointers, each null or a zero-terminated text.
pub(crate) unsafe fn names(list: *const *const c_char, len: usize) -> Result<Vec<String>> {
    if len == 0 {
        return Ok(Vec::new());
    }
    if list.is_null() || !list.is_aligned() || isize::try_from(len.saturating_mul(size_of::<usize>())).is_err() {
        return Err(Fault::new(Status::NullPointer, "a null or misaligned list of names"));
    }
    // SAFETY: not null, aligned, and readable as this function asks.
    let list = unsafe { std::slice::from_raw_parts(list, len) };
    list.iter()
        .map(|name| {
            if name.is_null() {
                return Err(Fault::new(Status::NullPointer, "a null name in a list"));
            }
            // SAFETY: not null, and zero-terminated as this function asks.
            let name = unsafe { CStr::from_ptr(*name) }.to_str();
            Ok(name.map_err(|_| OscarError::Malformed("a name is not UTF-8"))?.to_owned())
        })
        .collect()
}
