//! What is signed without an exchange: messages, presigned URLs, websocket tickets.

use crate::boundary::{Out, Packed, TextOut, bytes, content, text};
use crate::fields::{request_fields, request_head, request_of};
use crate::handle::{self, CLIENTS, Handle, MEMORIES, RECEIVED, REPLAY_LOGS, SENT, SERVICES};
use crate::status::{Result, Status, guard};
use oscartoki::{Freshness, MessageMemory, MessageRef, OscarError, VerifiedUrl};
use std::ffi::c_char;
use std::sync::Arc;

/// Room for the toki of a message, its terminating zero included.
pub const OSCAR_MESSAGE_TOKI_MAX_LEN: usize = 64;
/// What minting adds to the target of a presigned URL, a terminating zero included.
pub const OSCAR_URL_PARAMETER_MAX_LEN: usize = 59;
/// Room for a ticket, its terminating zero included.
pub const OSCAR_TICKET_MAX_LEN: usize = 400;
/// Bytes of the longest connection id.
pub const OSCAR_CONNECTION_MAX_LEN: usize = 255;

/// No consumer that shares the memory has seen the message.
pub const OSCAR_MESSAGE_FRESH: u32 = 0;
/// One has: it was delivered again, or replayed.
pub const OSCAR_MESSAGE_DUPLICATE: u32 = 1;
/// Nobody remembers.
pub const OSCAR_MESSAGE_UNCHECKED: u32 = 2;

/// A message that was verified.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CMessage {
    /// When it was minted.
    pub ts_ms: i64,
    /// Its life in seconds.
    pub ttl_s: i64,
    /// The key id of the sender.
    pub kid: [u8; 8],
    /// The nonce.
    pub nonce: [u8; 8],
    /// What `oscar_message_reply` takes; freed with `oscar_message_free`.
    pub context: Handle,
    /// OSCAR_MESSAGE_FRESH, …_DUPLICATE or …_UNCHECKED.
    pub freshness: u32,
}

/// A URL that was verified.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CUrl {
    /// The last good millisecond.
    pub exp_ms: i64,
    /// The key id of the signer.
    pub kid: [u8; 8],
    /// So many bytes of the target are what was signed; the parameter follows.
    pub target_len: usize,
}

/// A ticket that was verified, and is spent.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CTicket {
    /// When it was minted.
    pub ts_ms: i64,
    /// The key id of the client.
    pub kid: [u8; 8],
    /// 1: it was bound to the Origin.
    pub origin_bound: u8,
    /// Bytes of `connection`.
    pub connection_len: u8,
    /// The connection id.
    pub connection: [u8; OSCAR_CONNECTION_MAX_LEN],
}

/// Mints the toki of a message by the client's clock into `toki` (OSCAR_MESSAGE_TOKI_MAX_LEN). `message`: lp(destination) lp(type) lp(ext)
/// lp(digest, 32 bytes or empty); `body`: the body, unless its digest is given. With a `context` that is not null the caller gets what
/// `oscar_message_accept_reply` takes, and otherwise frees with `oscar_message_free`. Error: unsignable.
///
/// # Safety
/// `message` and `body` have so many readable bytes, `toki` `capacity` writable ones; `context` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_client_mint_message(
    client: Handle,
    message: *const u8,
    message_len: usize,
    body: *const u8,
    body_len: usize,
    ttl_s: i64,
    now_ms: i64,
    toki: *mut c_char,
    capacity: usize,
    context: *mut Handle,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (toki, message) = unsafe {
            let mut fields = Packed::new(message, message_len)?;
            let message = message_fields(&mut fields, bytes(body, body_len)?, OscarError::Unsignable)?;
            fields.end()?;
            (TextOut::new(toki, capacity, OSCAR_MESSAGE_TOKI_MAX_LEN)?, message)
        };
        let signed = handle::look_up(&CLIENTS, client)?.mint_message_ref(&message, ttl_s, now_ms)?;
        let minted = signed.toki();
        if !context.is_null() {
            // SAFETY: as this function asks.
            unsafe { Out::new(context) }?.write(handle::keep_in(&SENT, signed)?);
        }
        toki.write(&minted)
    })
}

/// Accepts the one RPC reply to a message and uses `context` up; a second use is replayed. `reply`: lp(ext) and, when it has one, lp(toki).
/// Writes the consumer's time into `ts_ms` (may be null). Errors: missing, malformed, bad_mac, the refusal that the reply's code names, policy
/// (content that is not covered).
///
/// # Safety
/// `reply` and `body` have so many readable bytes; `ts_ms` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_message_accept_reply(
    context: Handle,
    reply: *const u8,
    reply_len: usize,
    body: *const u8,
    body_len: usize,
    ts_ms: *mut i64,
) -> Status {
    guard(|| {
        let signed = handle::take(&SENT, context)?;
        // SAFETY: as this function asks.
        let (mut fields, body) = unsafe { (Packed::new(reply, reply_len)?, bytes(body, body_len)?) };
        let (ext, toki) = (fields.field()?, fields.optional()?);
        fields.end()?;
        let toki = toki.map(|toki| String::from_utf8_lossy(toki).into_owned());
        let answered = signed.accept_reply(toki, ext, body)?;
        if !ts_ms.is_null() {
            // SAFETY: as this function asks.
            unsafe { Out::new(ts_ms) }?.write(answered);
        }
        Ok(())
    })
}

/// Verifies a message. `message`: lp(destination) lp(type) lp(ext) lp(digest, 32 bytes or empty), then lp(toki) when it has one; `body` as in
/// `oscar_client_mint_message`. `memory`: of `oscar_message_memory_new`, 0 for none. `max_ttl_s`: the longest life that this consumer takes,
/// 86,400 is usual. Writes `verified`, whose `context` the caller frees. Errors: missing, malformed, unknown_key, bad_mac, revoked, policy, expired, not_yet.
///
/// # Safety
/// `message` and `body` have so many readable bytes; `verified` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_service_verify_message(
    service: Handle,
    message: *const u8,
    message_len: usize,
    body: *const u8,
    body_len: usize,
    memory: Handle,
    max_ttl_s: i64,
    now_ms: i64,
    verified: *mut CMessage,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (verified, mut fields, body) = unsafe { (Out::new(verified)?, Packed::new(message, message_len)?, bytes(body, body_len)?) };
        let message = message_fields(&mut fields, body, OscarError::Malformed)?;
        let toki = fields.optional()?;
        fields.end()?;
        let memory = if memory == 0 { None } else { Some(handle::look_up(&MEMORIES, memory)?) };
        let memory = memory.as_deref().map(|memory| &**memory);
        let judged = handle::look_up(&SERVICES, service)?.verify_message_ref(&message, toki, memory, Some(max_ttl_s), now_ms)?;
        verified.write(CMessage {
            ts_ms: judged.ts_ms(),
            ttl_s: judged.ttl_s(),
            kid: id(&judged.kid()),
            nonce: id(&judged.nonce()),
            freshness: match judged.freshness() {
                Freshness::Fresh => OSCAR_MESSAGE_FRESH,
                Freshness::Duplicate => OSCAR_MESSAGE_DUPLICATE,
                Freshness::Unchecked => OSCAR_MESSAGE_UNCHECKED,
            },
            context: handle::keep_in(&RECEIVED, judged)?,
        });
        Ok(())
    })
}

/// A memory for the consumers of one queue, on a replay log that they share and that survives them; it keeps the log alive.
/// `first_start` 1: no earlier consumer could have seen a message. The caller frees it with `oscar_message_memory_free`.
///
/// # Safety
/// `memory` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_message_memory_new(replay_log: Handle, first_start: u8, now_ms: i64, memory: *mut Handle) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let memory = unsafe { Out::new(memory) }?;
        let log = Arc::clone(&*handle::look_up(&REPLAY_LOGS, replay_log)?);
        memory.write(handle::keep(Arc::new(MessageMemory::new(log, first_start != 0, now_ms)))?);
        Ok(())
    })
}

/// Frees a message memory. 0 is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn oscar_message_memory_free(memory: Handle) -> Status {
    guard(|| handle::free(&MEMORIES, memory))
}

/// Mints the toki of the RPC reply to a verified message into `toki` (OSCAR_TOKI_MAX_LEN). `context` stays. Error: unsignable.
///
/// # Safety
/// `ext` and `body` have so many readable bytes, `toki` `capacity` writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_message_reply(
    context: Handle,
    ext: *const u8,
    ext_len: usize,
    body: *const u8,
    body_len: usize,
    now_ms: i64,
    toki: *mut c_char,
    capacity: usize,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (toki, ext, body) =
            unsafe { (TextOut::new(toki, capacity, crate::key::OSCAR_TOKI_MAX_LEN)?, bytes(ext, ext_len)?, bytes(body, body_len)?) };
        toki.write(&handle::look_up(&RECEIVED, context)?.reply(ext, body, now_ms)?)
    })
}

/// Frees the context of a message, sent or received. 0 is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn oscar_message_free(context: Handle) -> Status {
    guard(|| handle::free(&SENT, context).or_else(|_| handle::free(&RECEIVED, context)))
}

/// Presigns a request target until `exp_ms`, seven days ahead at most, and writes it with its parameter into `out`: its length plus
/// OSCAR_URL_PARAMETER_MAX_LEN suffice. `request` as in `oscar_client_sign_packed`; content is not covered. Error: unsignable.
///
/// # Safety
/// `request` has `request_len` readable bytes, `out` `capacity` writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_client_sign_url(
    client: Handle,
    request: *const u8,
    request_len: usize,
    exp_ms: i64,
    out: *mut c_char,
    capacity: usize,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (out, request) = unsafe { (TextOut::new(out, capacity, 1)?, request_of(request, request_len, std::ptr::null(), 0)?) };
        out.write(&handle::look_up(&CLIENTS, client)?.sign_url_ref(&request, exp_ms)?)
    })
}

/// Verifies a presigned target, given with its parameter; HEAD is good where GET was signed. `request` as in `oscar_client_sign_packed`, then
/// lp(toki) when the request has a header oscartoki too, which is malformed.
/// Errors: missing (no parameter), malformed, unknown_authority, unknown_key, bad_mac, revoked, policy, expired.
///
/// # Safety
/// `request` has `request_len` readable bytes; `verified` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_service_verify_url(
    service: Handle,
    request: *const u8,
    request_len: usize,
    now_ms: i64,
    verified: *mut CUrl,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (verified, mut fields) = unsafe { (Out::new(verified)?, Packed::new(request, request_len)?) };
        let request = request_fields(&mut fields, &[])?;
        let has_toki = fields.optional()?.is_some();
        fields.end()?;
        let judged = handle::look_up(&SERVICES, service)?.verify_url_ref(&request, has_toki, now_ms)?;
        verified.write(CUrl::from(&judged));
        Ok(())
    })
}

/// Verifies a presigned request by its raw head, `head` as in `oscar_service_verify_head`: Host, the covered headers and a toki beside the URL
/// are looked for. Errors as of `oscar_service_verify_url`.
///
/// # Safety
/// `head` has `head_len` readable bytes; `verified` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_service_verify_url_head(
    service: Handle,
    head: *const u8,
    head_len: usize,
    now_ms: i64,
    verified: *mut CUrl,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (verified, head) = unsafe { (Out::new(verified)?, request_head(head, head_len)?) };
        verified.write(CUrl::from(&handle::look_up(&SERVICES, service)?.verify_url_head_ref(&head, now_ms)?));
        Ok(())
    })
}

/// Mints the ticket that opens one websocket for a connection id of 1 to 255 bytes, bound to the page's Origin unless `origin` is null.
/// Writes it into `out` (OSCAR_TICKET_MAX_LEN). Error: unsignable.
///
/// # Safety
/// `connection` and `origin` have so many readable bytes, `out` `capacity` writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_client_mint_ticket(
    client: Handle,
    connection: *const u8,
    connection_len: usize,
    origin: *const c_char,
    origin_len: usize,
    now_ms: i64,
    out: *mut c_char,
    capacity: usize,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (out, connection, origin) = unsafe {
            let origin = if origin.is_null() { None } else { Some(text(origin, origin_len)?.to_owned()) };
            (TextOut::new(out, capacity, OSCAR_TICKET_MAX_LEN)?, bytes(connection, connection_len)?, origin)
        };
        out.write(&handle::look_up(&CLIENTS, client)?.mint_ticket(connection, origin, now_ms)?)
    })
}

/// Verifies a ticket and spends it. `origin`: the header Origin, null when there is none; `require_origin` 1 demands that one is bound.
/// Errors: missing (an absent ticket: null), malformed, unknown_key, bad_mac, revoked, stale, replayed, busy, policy.
///
/// # Safety
/// `ticket` and `origin` have so many readable bytes; `verified` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_service_verify_ticket(
    service: Handle,
    ticket: *const c_char,
    ticket_len: usize,
    origin: *const c_char,
    origin_len: usize,
    require_origin: u8,
    now_ms: i64,
    verified: *mut CTicket,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (verified, ticket, origin) = unsafe {
            let ticket = if ticket.is_null() { None } else { Some(bytes(ticket.cast(), ticket_len)?) };
            let origin = if origin.is_null() { None } else { Some(bytes(origin.cast(), origin_len)?) };
            (Out::new(verified)?, ticket, origin)
        };
        let judged = handle::look_up(&SERVICES, service)?.verify_ticket_ref(ticket, origin, require_origin != 0, now_ms)?;
        let mut connection = [0; OSCAR_CONNECTION_MAX_LEN];
        connection.iter_mut().zip(&judged.connection).for_each(|(place, byte)| *place = *byte);
        verified.write(CTicket {
            ts_ms: judged.ts_ms,
            kid: id(&judged.kid),
            origin_bound: judged.origin_bound.into(),
            connection_len: u8::try_from(judged.connection.len()).unwrap_or(u8::MAX),
            connection,
        });
        Ok(())
    })
}

impl From<&VerifiedUrl> for CUrl {
    fn from(judged: &VerifiedUrl) -> Self {
        Self { exp_ms: judged.exp_ms, kid: id(&judged.kid), target_len: judged.target.len() }
    }
}

/// The fields of a message; `fault` makes the error of a text that is not UTF-8.
pub(crate) fn message_fields<'a>(fields: &mut Packed<'a>, body: &'a [u8], fault: fn(&'static str) -> OscarError) -> Result<MessageRef<'a>> {
    let utf8 = |field| std::str::from_utf8(field).map_err(|_| fault("destination and type are UTF-8"));
    let (destination, kind, ext) = (utf8(fields.field()?)?, utf8(fields.field()?)?, fields.field()?);
    Ok(MessageRef { destination, kind, ext, content: content(fields.field()?, body)? })
}

/// An id that core gives as a list.
fn id(bytes: &[u8]) -> [u8; 8] {
    bytes.try_into().unwrap_or_default()
}
