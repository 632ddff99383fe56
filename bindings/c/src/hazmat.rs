//! Deterministic twins: the caller gives what must otherwise be random or the clock's. For vectors, tests and tools; a nonce that is used twice
//! breaks the protocol.

use crate::boundary::{Out, Packed, TextOut, array, bytes, content, text};
use crate::carried::{OSCAR_MESSAGE_TOKI_MAX_LEN, OSCAR_TICKET_MAX_LEN, message_fields};
use crate::client::{Signed, give, sign_options};
use crate::fields::{mono, request_of};
use crate::handle::{self, CLIENTS, Handle};
use crate::key::{OSCAR_GRANT_MAX_LEN, OSCAR_TOKI_MAX_LEN};
use crate::outcome::COutcome;
use crate::status::{Result, Status, guard, guard_status, remember};
use oscartoki::{AnswerRef, AudienceKey, Grant, OscarError, SignedHeaders, Toki, hazmat};
use std::ffi::c_char;

/// Mints the toki of a request with an audience key (`oa2.` text), in the session of `grant` unless that is null. `request` and `body` as in
/// `oscar_client_sign_packed`; `nonce` has 8 bytes; the toki goes into `out` (OSCAR_TOKI_MAX_LEN). Errors: those of the texts, unsignable.
///
/// # Safety
/// Slices have so many readable bytes, `out` `capacity` writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_hazmat_mint_request(
    key: *const c_char,
    key_len: usize,
    grant: *const c_char,
    grant_len: usize,
    request: *const u8,
    request_len: usize,
    body: *const u8,
    body_len: usize,
    ts_ms: i64,
    nonce: *const u8,
    want: u8,
    out: *mut c_char,
    capacity: usize,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        unsafe {
            let out = TextOut::new(out, capacity, OSCAR_TOKI_MAX_LEN)?;
            let (key, grant) = (audience_key(key, key_len)?, optional_grant(grant, grant_len)?);
            let request = request_of(request, request_len, body, body_len)?;
            out.write(&hazmat::mint_request(&key, grant.as_ref(), &request, ts_ms, array(nonce)?, want != 0)?.to_text())
        }
    })
}

/// `oscar_client_sign_packed` with a nonce of 8 bytes that the caller gives.
///
/// # Safety
/// As of `oscar_client_sign_packed`; `nonce` has 8 readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_hazmat_client_sign(
    client: Handle,
    request: *const u8,
    request_len: usize,
    body: *const u8,
    body_len: usize,
    options: u32,
    now_ms: i64,
    mono_ms: i64,
    nonce: *const u8,
    headers: *mut Signed,
    context: *mut Handle,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (headers, context) = unsafe { (Out::new(headers)?, Out::new(context)?) };
        let client = handle::look_up(&CLIENTS, client)?;
        // SAFETY: as this function asks.
        let (request, nonce) = unsafe { (request_of(request, request_len, body, body_len)?, array(nonce)?) };
        let mut signed = SignedHeaders::default();
        let made = hazmat::sign(&client, &request, sign_options(options)?, now_ms, mono(mono_ms), nonce, &mut signed)?;
        give(made, &signed, headers, context)
    })
}

/// Mints the grant that answers a request's toki: `sid` has 8 bytes, the text goes into `out` (OSCAR_GRANT_MAX_LEN). Errors: those of the
/// texts, unsignable.
///
/// # Safety
/// Slices have so many readable bytes, `out` `capacity` writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_hazmat_mint_grant(
    key: *const c_char,
    key_len: usize,
    request_toki: *const c_char,
    request_toki_len: usize,
    sid: *const u8,
    exp_s: i64,
    ttl_s: i64,
    out: *mut c_char,
    capacity: usize,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        unsafe {
            let out = TextOut::new(out, capacity, OSCAR_GRANT_MAX_LEN)?;
            let key = audience_key(key, key_len)?;
            let request = Toki::parse(bytes(request_toki.cast(), request_toki_len)?)?;
            out.write(&hazmat::mint_grant(&key, &request, array(sid)?, exp_s, ttl_s)?.to_text())
        }
    })
}

/// Mints the toki of an answer to a request's toki, which was sent in the session of `session_grant` unless that is null. `answer`: two bytes of
/// big-endian HTTP status, lp(ext) lp(digest, 32 bytes or empty), then lp(grant) when one is attached. The toki goes into `out`
/// (OSCAR_TOKI_MAX_LEN). Errors: malformed, unsignable.
///
/// # Safety
/// Slices have so many readable bytes, `out` `capacity` writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_hazmat_mint_answer(
    key: *const c_char,
    key_len: usize,
    session_grant: *const c_char,
    session_grant_len: usize,
    request_toki: *const c_char,
    request_toki_len: usize,
    code: i32,
    ts_ms: i64,
    answer: *const u8,
    answer_len: usize,
    body: *const u8,
    body_len: usize,
    out: *mut c_char,
    capacity: usize,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        unsafe {
            let out = TextOut::new(out, capacity, OSCAR_TOKI_MAX_LEN)?;
            let code = u8::try_from(code).map_err(|_| OscarError::Unsignable("an answer's code is 0 to 7"))?;
            let (key, session) = (audience_key(key, key_len)?, optional_grant(session_grant, session_grant_len)?);
            let request = Toki::parse(bytes(request_toki.cast(), request_toki_len)?)?;
            let mut fields = Packed::new(answer, answer_len)?;
            let (status, ext, digest, grant) = (fields.be16()?, fields.field()?, fields.field()?, fields.optional()?);
            fields.end()?;
            let grant = grant.map(Grant::parse).transpose()?;
            let answer = AnswerRef { status, ext, content: content(digest, bytes(body, body_len)?)? };
            out.write(&hazmat::mint_answer(&key, session.as_ref(), &request, code, ts_ms, &answer, grant.as_ref())?.to_text())
        }
    })
}

/// Judges an answer to a request that some other client of the key signed: its toki tells what it asked for. `answer` and `body` as in
/// `oscar_client_accept_packed`. Fills `outcome` and returns its status.
///
/// # Safety
/// Slices have so many readable bytes; `outcome` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_hazmat_accept(
    key: *const c_char,
    key_len: usize,
    session_grant: *const c_char,
    session_grant_len: usize,
    request_toki: *const c_char,
    request_toki_len: usize,
    answer: *const u8,
    answer_len: usize,
    body: *const u8,
    body_len: usize,
    outcome: *mut COutcome,
) -> Status {
    let mut filled = COutcome::refused(Status::Internal, true);
    let status = guard_status(|| {
        // SAFETY: as this function asks.
        unsafe {
            let (key, session) = (audience_key(key, key_len)?, optional_grant(session_grant, session_grant_len)?);
            let request = Toki::parse(bytes(request_toki.cast(), request_toki_len)?)?;
            let mut fields = Packed::new(answer, answer_len)?;
            let (status, ext, digest) = (fields.be16()?, fields.field()?, fields.field()?);
            let (toki, grant) = (fields.optional()?, fields.optional()?);
            fields.end()?;
            let answer = AnswerRef { status, ext, content: content(digest, bytes(body, body_len)?)? };
            let judged = hazmat::accept(&key, session.as_ref(), &request, &answer, toki, grant)?;
            if let Some(error) = judged.error {
                remember(error.detail().into());
            }
            filled = COutcome::from(&judged);
            Ok(filled.status)
        }
    });
    filled.status = status;
    if !outcome.is_null() && outcome.is_aligned() {
        // SAFETY: not null, aligned, and writable as this function asks.
        unsafe { outcome.write(filled) };
    }
    status
}

/// Mints the toki of a message into `out` (OSCAR_MESSAGE_TOKI_MAX_LEN). `message` and `body` as in `oscar_client_mint_message`; `nonce` has 8
/// bytes. Errors: those of the key, unsignable.
///
/// # Safety
/// Slices have so many readable bytes, `out` `capacity` writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_hazmat_mint_message(
    key: *const c_char,
    key_len: usize,
    message: *const u8,
    message_len: usize,
    body: *const u8,
    body_len: usize,
    ts_ms: i64,
    nonce: *const u8,
    ttl_s: i64,
    out: *mut c_char,
    capacity: usize,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        unsafe {
            let (out, key) = (TextOut::new(out, capacity, OSCAR_MESSAGE_TOKI_MAX_LEN)?, audience_key(key, key_len)?);
            let mut fields = Packed::new(message, message_len)?;
            let message = message_fields(&mut fields, bytes(body, body_len)?, OscarError::Unsignable)?;
            fields.end()?;
            out.write(&hazmat::mint_message(&key, &message, ts_ms, array(nonce)?, ttl_s)?.to_text())
        }
    })
}

/// Presigns a target with an audience key: as `oscar_client_sign_url`. Errors: those of the key, unsignable.
///
/// # Safety
/// Slices have so many readable bytes, `out` `capacity` writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_hazmat_mint_url(
    key: *const c_char,
    key_len: usize,
    request: *const u8,
    request_len: usize,
    exp_ms: i64,
    out: *mut c_char,
    capacity: usize,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        unsafe {
            let (out, key) = (TextOut::new(out, capacity, 1)?, audience_key(key, key_len)?);
            let request = request_of(request, request_len, std::ptr::null(), 0)?;
            out.write(&hazmat::mint_url(&key, &request, exp_ms)?)
        }
    })
}

/// Mints a ticket into `out` (OSCAR_TICKET_MAX_LEN), bound to an Origin unless `origin` is null; `nonce` has 8 bytes. Errors: those of the key,
/// unsignable.
///
/// # Safety
/// Slices have so many readable bytes, `out` `capacity` writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_hazmat_mint_ticket(
    key: *const c_char,
    key_len: usize,
    connection: *const u8,
    connection_len: usize,
    origin: *const c_char,
    origin_len: usize,
    ts_ms: i64,
    nonce: *const u8,
    out: *mut c_char,
    capacity: usize,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        unsafe {
            let (out, key) = (TextOut::new(out, capacity, OSCAR_TICKET_MAX_LEN)?, audience_key(key, key_len)?);
            let origin = if origin.is_null() { None } else { Some(bytes(origin.cast(), origin_len)?) };
            out.write(&hazmat::mint_ticket(&key, bytes(connection, connection_len)?, origin, ts_ms, array(nonce)?)?.to_text())
        }
    })
}

/// # Safety
/// As of [`text`].
unsafe fn audience_key(key: *const c_char, len: usize) -> Result<AudienceKey> {
    // SAFETY: as this function asks.
    Ok(AudienceKey::parse(unsafe { text(key, len) }?)?)
}

/// # Safety
/// As of [`bytes`].
unsafe fn optional_grant(grant: *const c_char, len: usize) -> Result<Option<Grant>> {
    if grant.is_null() {
        return Ok(None);
    }
    // SAFETY: as this function asks.
    Ok(Some(Grant::parse(unsafe { bytes(grant.cast(), len) }?)?))
}
