//! OscarToki v1, for what still speaks it: mint and verify, and the client's two steps.

use crate::boundary::{Out, TextOut, bytes, text};
use crate::handle::{self, Handle, V1_CLIENTS, V1_EXCHANGES};
use crate::keyring::dialect_of;
use crate::service::OSCAR_ANSWER_TOKI_MAX_LEN;
use crate::status::{Status, guard};
use oscartoki::{V1Client, V1Key};
use std::ffi::c_char;

/// Room for a tokikey of v1, its terminating zero included.
pub const OSCAR_V1_TOKIKEY_MAX_LEN: usize = 96;

/// Mints the newest v1 toki that every original accepts at `now_ms`, into `out` (OSCAR_ANSWER_TOKI_MAX_LEN).
/// Errors: weak_secret (an empty key), unsignable (a time that has not 13 digits).
///
/// # Safety
/// `key` has `key_len` readable bytes, `out` `capacity` writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_v1_mint(key: *const u8, key_len: usize, now_ms: i64, out: *mut c_char, capacity: usize) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (out, key) = unsafe { (TextOut::new(out, capacity, OSCAR_ANSWER_TOKI_MAX_LEN)?, bytes(key, key_len)?) };
        out.write(&V1Key::new(key)?.mint(now_ms)?)
    })
}

/// Verifies a v1 toki in a dialect (OSCAR_DIALECT_…) and writes its time. Errors: weak_secret, malformed, bad_mac, stale.
///
/// # Safety
/// `key` and `toki` have so many readable bytes; `ts_ms` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_v1_verify(
    key: *const u8,
    key_len: usize,
    toki: *const c_char,
    toki_len: usize,
    dialect: u32,
    now_ms: i64,
    ts_ms: *mut i64,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (ts_ms, key) = unsafe { (Out::new(ts_ms)?, bytes(key, key_len)?) };
        let key = V1Key::new(key)?;
        // SAFETY: as this function asks.
        ts_ms.write(key.verify(unsafe { text(toki, toki_len) }?, dialect_of(dialect)?, now_ms)?);
        Ok(())
    })
}

/// Mints the tokikey that answers a v1 toki, into `out` (OSCAR_V1_TOKIKEY_MAX_LEN). Errors: weak_secret, malformed, unsignable.
///
/// # Safety
/// `key` and `toki` have so many readable bytes, `out` `capacity` writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_v1_tokikey_mint(
    key: *const u8,
    key_len: usize,
    toki: *const c_char,
    toki_len: usize,
    now_ms: i64,
    out: *mut c_char,
    capacity: usize,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (out, key) = unsafe { (TextOut::new(out, capacity, OSCAR_V1_TOKIKEY_MAX_LEN)?, bytes(key, key_len)?) };
        let key = V1Key::new(key)?;
        // SAFETY: as this function asks.
        out.write(&key.mint_tokikey(unsafe { text(toki, toki_len) }?, now_ms)?)
    })
}

/// Verifies the tokikey of a v1 toki. Errors: weak_secret, malformed, bad_mac, stale.
///
/// # Safety
/// `key`, `toki` and `tokikey` have so many readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_v1_tokikey_verify(
    key: *const u8,
    key_len: usize,
    toki: *const c_char,
    toki_len: usize,
    tokikey: *const c_char,
    tokikey_len: usize,
    dialect: u32,
    now_ms: i64,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let key = V1Key::new(unsafe { bytes(key, key_len) }?)?;
        // SAFETY: as this function asks.
        let (toki, tokikey) = unsafe { (text(toki, toki_len)?, text(tokikey, tokikey_len)?) };
        Ok(key.verify_tokikey(toki, tokikey, dialect_of(dialect)?, now_ms)?)
    })
}

/// Makes a client of OscarToki v1. The caller frees it with `oscar_v1_client_free`. Error: weak_secret.
///
/// # Safety
/// `key` has `key_len` readable bytes; `client` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_v1_client_new(key: *const u8, key_len: usize, dialect: u32, client: *mut Handle) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (client, key) = unsafe { (Out::new(client)?, bytes(key, key_len)?) };
        client.write(handle::keep_in(&V1_CLIENTS, V1Client::new(&V1Key::new(key)?, dialect_of(dialect)?))?);
        Ok(())
    })
}

/// Frees a v1 client. 0 is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn oscar_v1_client_free(client: Handle) -> Status {
    guard(|| handle::free(&V1_CLIENTS, client))
}

/// Begins an exchange: the header oscartoki of both steps goes into `toki` (OSCAR_ANSWER_TOKI_MAX_LEN). The caller frees `exchange` with
/// `oscar_v1_exchange_free`. Error: unsignable.
///
/// # Safety
/// `toki` has `capacity` writable bytes; `exchange` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_v1_client_begin(
    client: Handle,
    now_ms: i64,
    toki: *mut c_char,
    capacity: usize,
    exchange: *mut Handle,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (toki, exchange) = unsafe { (TextOut::new(toki, capacity, OSCAR_ANSWER_TOKI_MAX_LEN)?, Out::new(exchange)?) };
        let begun = handle::look_up(&V1_CLIENTS, client)?.begin(now_ms)?;
        toki.write(&begun.toki())?;
        exchange.write(handle::keep_in(&V1_EXCHANGES, begun)?);
        Ok(())
    })
}

/// Accepts the answer to the first step, its JSON body and its header oscartoki (null when absent), once: the tokikey, which the second step
/// carries as oscartokikey, goes into `tokikey` (OSCAR_V1_TOKIKEY_MAX_LEN). Errors: missing, malformed, bad_mac, stale, replayed.
///
/// # Safety
/// `body` and `toki` have so many readable bytes, `tokikey` `capacity` writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_v1_exchange_accept_first(
    exchange: Handle,
    body: *const u8,
    body_len: usize,
    toki: *const c_char,
    toki_len: usize,
    now_ms: i64,
    tokikey: *mut c_char,
    capacity: usize,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (tokikey, body) = unsafe { (TextOut::new(tokikey, capacity, OSCAR_V1_TOKIKEY_MAX_LEN)?, bytes(body, body_len)?) };
        // SAFETY: as this function asks.
        let toki = unsafe { optional(toki, toki_len) }?;
        tokikey.write(&handle::look_up(&V1_EXCHANGES, exchange)?.accept_first(body, toki, now_ms)?)
    })
}

/// Accepts the answer to the second step by its header oscartoki (null when absent), once. It proves that the service holds the key, not what
/// it wrote. Errors: missing, malformed, bad_mac, stale, replayed.
///
/// # Safety
/// `toki` has `toki_len` readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_v1_exchange_accept_second(exchange: Handle, toki: *const c_char, toki_len: usize, now_ms: i64) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let toki = unsafe { optional(toki, toki_len) }?;
        Ok(handle::look_up(&V1_EXCHANGES, exchange)?.accept_second(toki, now_ms)?)
    })
}

/// Frees an exchange. 0 is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn oscar_v1_exchange_free(exchange: Handle) -> Status {
    guard(|| handle::free(&V1_EXCHANGES, exchange))
}

/// # Safety
/// As of [`text`].
unsafe fn optional(data: *const c_char, len: usize) -> crate::status::Result<Option<String>> {
    // SAFETY: as this function asks.
    if data.is_null() { Ok(None) } else { unsafe { text(data, len) }.map(|text| Some(text.to_owned())) }
}
