//! The client: sign, accept, hand out. One crossing per act, fields packed.

use crate::boundary::{Out, Packed, TextOut, array, bytes, chars, content, text, write_bytes};
use crate::fields::{answer_head, mono, request_of, request_of_texts};
use crate::handle::{self, CLIENTS, Handle, SIGNED, TEXTS};
use crate::key::{OSCAR_GRANT_MAX_LEN, OSCAR_SESSION_MAX_LEN, OSCAR_TOKI_MAX_LEN, audience_text};
use crate::outcome::{COutcome, settle};
use crate::settings::{ClientSettings, client_config};
use crate::status::{Fault, Result, Status, guard};
use oscartoki::{AnswerRef, AudienceKey, Client, Content, Headers, OscarError, Secret, Session, SignContext, SignOptions, SignedHeaders};
use std::ffi::c_char;
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

/// The headers of a signed request. Texts are zero-terminated.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Signed {
    /// The header oscartoki.
    pub toki: [c_char; OSCAR_TOKI_MAX_LEN],
    /// The header oscartokikey; empty outside of a session, then it is not sent.
    pub grant: [c_char; OSCAR_GRANT_MAX_LEN],
    /// 1: this signs a probe. Send HEAD with the same target and covered headers, without content; accept its answer; sign again.
    pub probe: u8,
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
        let (client, secret, config) = unsafe { (Out::new(client)?, text(secret, secret_len)?, client_config(settings)?) };
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
        let (client, key, config) = unsafe { (Out::new(client)?, text(key, len)?, client_config(settings)?) };
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
        let (client, session, config) = unsafe { (Out::new(client)?, text(session, len)?, client_config(settings)?) };
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

/// `oscar_client_sign_packed` of zero-terminated texts, for callers whose language packs slowly: without covered headers and with the whole
/// `body`, null with 0 for none.
///
/// # Safety
/// The texts are null or zero-terminated, `body` has so many readable bytes; `headers` and `context` are writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_client_sign_texts(
    client: Handle,
    method: *const c_char,
    authority: *const c_char,
    target: *const c_char,
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
        let request = unsafe { request_of_texts([method, authority, target], body, body_len) }?;
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

/// `oscar_client_accept_head` where the caller has digested the content: `digest` is its SHA-256, 32 bytes, never that of zero bytes. The caller has
/// seen to `max_answer`.
///
/// # Safety
/// `head` has `head_len` readable bytes, `digest` 32; `outcome` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_client_accept_head_digest(
    client: Handle,
    context: Handle,
    head: *const u8,
    head_len: usize,
    digest: *const u8,
    received_ms: i64,
    mono_ms: i64,
    outcome: *mut COutcome,
) -> Status {
    let judge = |client: &Client, context| {
        // SAFETY: as this function asks.
        let (head, digest) = unsafe { (answer_head(head, head_len)?, array::<32>(digest)?) };
        Ok(client.accept_head(context, &head, Content::Digest(digest), received_ms, mono(mono_ms)))
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
