//! Socktopus: tokens, frames, the client's pings, bodies.

use crate::boundary::{Out, Packed, TextOut, bytes, text, utf8};
use crate::handle::{self, Handle, SOCKTOPUS_PINGS, SOCKTOPUS_SECRETS, TEXTS};
use crate::status::{Status, guard};
use oscartoki::socktopus::{
    SocktopusFrame, SocktopusKick, SocktopusMessage, SocktopusPing, SocktopusPings, SocktopusSend, SocktopusSent, SocktopusToken,
};
use std::ffi::c_char;
use std::sync::{PoisonError, RwLock};

/// Room for a token, its terminating zero included.
pub const OSCAR_SOCKTOPUS_TOKEN_MAX_LEN: usize = 1114;
/// Room for the name of an app or a connection, its terminating zero included.
pub const OSCAR_SOCKTOPUS_NAME_MAX_LEN: usize = 256;

/// Any other text, which a client ignores.
pub const OSCAR_SOCKTOPUS_OTHER: u32 = 0;
/// A message.
pub const OSCAR_SOCKTOPUS_DATA: u32 = 1;
/// The answer to a ping.
pub const OSCAR_SOCKTOPUS_PONG: u32 = 2;
/// The hub ends the connection.
pub const OSCAR_SOCKTOPUS_CLOSE: u32 = 3;

/// Send `PING`, and ask again.
pub const OSCAR_SOCKTOPUS_PING_NOW: u32 = 0;
/// Ask again at the time that was written.
pub const OSCAR_SOCKTOPUS_PING_LATER: u32 = 1;
/// No PONG for 20 s: the connection is dead.
pub const OSCAR_SOCKTOPUS_DEAD: u32 = 2;

/// What a verified token says.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CSocktopusToken {
    /// When it was minted.
    pub ts_ms: i64,
    /// Bytes of `app`, which may hold zeros.
    pub app_len: usize,
    /// Bytes of `connection`, which may hold zeros.
    pub connection_len: usize,
    /// The app.
    pub app: [c_char; OSCAR_SOCKTOPUS_NAME_MAX_LEN],
    /// The connection's id.
    pub connection: [c_char; OSCAR_SOCKTOPUS_NAME_MAX_LEN],
}

/// Mints a token into `out` (OSCAR_SOCKTOPUS_TOKEN_MAX_LEN). Errors: weak_secret (an empty one), unsignable.
///
/// # Safety
/// Every pointer has so many readable bytes as the length after it, `out` `capacity` writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_socktopus_mint(
    secret: *const u8,
    secret_len: usize,
    app: *const c_char,
    app_len: usize,
    connection: *const c_char,
    connection_len: usize,
    ts_ms: i64,
    out: *mut c_char,
    capacity: usize,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (out, secret) = unsafe { (TextOut::new(out, capacity, OSCAR_SOCKTOPUS_TOKEN_MAX_LEN)?, bytes(secret, secret_len)?) };
        // SAFETY: as this function asks.
        let (app, connection) = unsafe { (text(app, app_len)?.to_owned(), text(connection, connection_len)?.to_owned()) };
        out.write(&SocktopusToken { app, connection, ts_ms }.mint(secret)?)
    })
}

/// Makes an empty set of secrets. The caller frees it with `oscar_socktopus_secrets_free`.
///
/// # Safety
/// `secrets` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_socktopus_secrets_new(secrets: *mut Handle) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let secrets = unsafe { Out::new(secrets) }?;
        secrets.write(handle::keep_in(&SOCKTOPUS_SECRETS, RwLock::default())?);
        Ok(())
    })
}

/// Adds an app, or changes its secret. Errors: weak_secret (an empty one), malformed (a name that is not 1 to 255 bytes).
///
/// # Safety
/// Every pointer has so many readable bytes as the length after it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_socktopus_secrets_add(
    secrets: Handle,
    app: *const c_char,
    app_len: usize,
    secret: *const u8,
    secret_len: usize,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (app, secret) = unsafe { (text(app, app_len)?, bytes(secret, secret_len)?) };
        let secrets = handle::look_up(&SOCKTOPUS_SECRETS, secrets)?;
        Ok(secrets.write().unwrap_or_else(PoisonError::into_inner).add(app, secret)?)
    })
}

/// Frees a set of secrets. 0 is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn oscar_socktopus_secrets_free(secrets: Handle) -> Status {
    guard(|| handle::free(&SOCKTOPUS_SECRETS, secrets))
}

/// Verifies a token, without memory. Errors, in this order: malformed, unknown_key, bad_mac, stale.
///
/// # Safety
/// `token` has `token_len` readable bytes; `verified` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_socktopus_verify(
    secrets: Handle,
    token: *const c_char,
    token_len: usize,
    now_ms: i64,
    verified: *mut CSocktopusToken,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (verified, token) = unsafe { (Out::new(verified)?, text(token, token_len)?) };
        let secrets = handle::look_up(&SOCKTOPUS_SECRETS, secrets)?;
        let found = SocktopusToken::verify(&secrets.read().unwrap_or_else(PoisonError::into_inner), token, now_ms)?;
        verified.write(CSocktopusToken {
            ts_ms: found.ts_ms,
            app_len: found.app.len(),
            connection_len: found.connection.len(),
            app: crate::boundary::chars(&found.app),
            connection: crate::boundary::chars(&found.connection),
        });
        Ok(())
    })
}

/// Reads a hub's frame: OSCAR_SOCKTOPUS_DATA (the message begins at `content_at`), …_PONG, …_CLOSE or …_OTHER.
///
/// # Safety
/// `frame` has `frame_len` readable bytes; `kind` and `content_at` are writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_socktopus_frame(frame: *const c_char, frame_len: usize, kind: *mut u32, content_at: *mut usize) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (kind, content_at, frame) = unsafe { (Out::new(kind)?, Out::new(content_at)?, text(frame, frame_len)?) };
        let (found, at) = match SocktopusFrame::parse(frame) {
            Some(SocktopusFrame::Data { content }) => (OSCAR_SOCKTOPUS_DATA, frame.len() - content.len()),
            Some(SocktopusFrame::Pong) => (OSCAR_SOCKTOPUS_PONG, 0),
            Some(SocktopusFrame::Close) => (OSCAR_SOCKTOPUS_CLOSE, 0),
            None => (OSCAR_SOCKTOPUS_OTHER, 0),
        };
        kind.write(found);
        content_at.write(at);
        Ok(())
    })
}

/// The schedule of a client's pings, for a connection that opened now; a monotonic clock serves best. The caller frees it with
/// `oscar_socktopus_pings_free`.
///
/// # Safety
/// `pings` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_socktopus_pings_new(now_ms: i64, pings: *mut Handle) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let pings = unsafe { Out::new(pings) }?;
        pings.write(handle::keep_in(&SOCKTOPUS_PINGS, SocktopusPings::new(now_ms))?);
        Ok(())
    })
}

/// What to do now: OSCAR_SOCKTOPUS_PING_NOW, …_PING_LATER (at `at_ms`) or …_DEAD.
///
/// # Safety
/// `step` and `at_ms` are writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_socktopus_pings_next(pings: Handle, now_ms: i64, step: *mut u32, at_ms: *mut i64) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (step, at) = unsafe { (Out::new(step)?, Out::new(at_ms)?) };
        let (next, at_ms) = match handle::look_up(&SOCKTOPUS_PINGS, pings)?.next(now_ms) {
            SocktopusPing::Send => (OSCAR_SOCKTOPUS_PING_NOW, now_ms),
            SocktopusPing::At { at_ms } => (OSCAR_SOCKTOPUS_PING_LATER, at_ms),
            SocktopusPing::Dead => (OSCAR_SOCKTOPUS_DEAD, now_ms),
        };
        step.write(next);
        at.write(at_ms);
        Ok(())
    })
}

/// A PONG came.
#[unsafe(no_mangle)]
pub extern "C" fn oscar_socktopus_pings_pong(pings: Handle) -> Status {
    guard(|| {
        handle::look_up(&SOCKTOPUS_PINGS, pings)?.pong();
        Ok(())
    })
}

/// Frees a schedule. 0 is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn oscar_socktopus_pings_free(pings: Handle) -> Status {
    guard(|| handle::free(&SOCKTOPUS_PINGS, pings))
}

/// The JSON body of `POST /send` as a text that the caller frees. `messages`: lp(recipient) lp(content) of each.
///
/// # Safety
/// Every pointer has so many readable bytes as the length after it; `body` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_socktopus_send_body(
    app: *const c_char,
    app_len: usize,
    secret: *const c_char,
    secret_len: usize,
    messages: *const u8,
    messages_len: usize,
    body: *mut Handle,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (body, app, secret) = unsafe { (Out::new(body)?, text(app, app_len)?.to_owned(), text(secret, secret_len)?.to_owned()) };
        // SAFETY: as this function asks.
        let mut packed = unsafe { Packed::new(messages, messages_len) }?;
        let mut messages = Vec::new();
        while let Some(recipient) = packed.optional()? {
            messages.push(SocktopusMessage { recipient: utf8(recipient)?.to_owned(), content: utf8(packed.field()?)?.to_owned() });
        }
        body.write(handle::keep_in(&TEXTS, SocktopusSend { app, secret, messages }.to_json())?);
        Ok(())
    })
}

/// The JSON body of `POST /kick` as a text that the caller frees. `connections`: lp(id) of each.
///
/// # Safety
/// Every pointer has so many readable bytes as the length after it; `body` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_socktopus_kick_body(
    app: *const c_char,
    app_len: usize,
    secret: *const c_char,
    secret_len: usize,
    connections: *const u8,
    connections_len: usize,
    body: *mut Handle,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (body, app, secret) = unsafe { (Out::new(body)?, text(app, app_len)?.to_owned(), text(secret, secret_len)?.to_owned()) };
        // SAFETY: as this function asks.
        let mut packed = unsafe { Packed::new(connections, connections_len) }?;
        let mut connections = Vec::new();
        while let Some(connection) = packed.optional()? {
            connections.push(utf8(connection)?.to_owned());
        }
        body.write(handle::keep_in(&TEXTS, SocktopusKick { app, secret, connections }.to_json())?);
        Ok(())
    })
}

/// Reads what `/send` answered: how many messages went into a connection's queue, and how many to nobody. Error: malformed.
///
/// # Safety
/// `body` has `body_len` readable bytes; `succeeded` and `failed` are writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_socktopus_sent(body: *const u8, body_len: usize, succeeded: *mut usize, failed: *mut usize) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (succeeded, failed, body) = unsafe { (Out::new(succeeded)?, Out::new(failed)?, bytes(body, body_len)?) };
        let sent = SocktopusSent::parse(body)?;
        succeeded.write(sent.succeeded.len());
        failed.write(sent.failed.len());
        Ok(())
    })
}
