//! TCX: passes, headers and verdicts, and the client that keeps its tokens.

use crate::boundary::{Out, Packed, TextOut, bytes, chars, text, utf8};
use crate::handle::{self, Handle, TCX_CLIENTS, TEXTS};
use crate::status::{Result, Status, guard};
use oscartoki::OscarError;
use oscartoki::tcx::{
    self, TcxClient, TcxCode, TcxDialect, TcxHeader, TcxMode, TcxParam, TcxPass, TcxRoute, TcxStep, TcxTable, TcxType, TcxVerdict,
};
use std::ffi::c_char;

/// Room for an `app_pass`, its terminating zero included.
pub const OSCAR_TCX_PASS_MAX_LEN: usize = 141;
/// Room for a client token, its terminating zero included.
pub const OSCAR_TCX_CLIENT_TOKEN_MAX_LEN: usize = 65;
/// Room for a `tcx_datetime`, its terminating zero included.
pub const OSCAR_TCX_DATETIME_MAX_LEN: usize = 15;

/// A pass covers nothing beside app and client token.
pub const OSCAR_TCX_MODE_NONE: u32 = 0;
/// It covers `tcx_datetime`.
pub const OSCAR_TCX_MODE_TIME: u32 = 1;
/// It covers the parameters.
pub const OSCAR_TCX_MODE_PARAM: u32 = 2;

/// A pass as the client's documentation has it; the numbers of verdicts, too.
pub const OSCAR_TCX_DOCUMENTED: u32 = 0;
/// A pass as the server hashes it; its numbers of verdicts, too.
pub const OSCAR_TCX_SERVER4: u32 = 1;

/// A call with its pass alone.
pub const OSCAR_TCX_OWTC: u32 = 0;
/// A call with an access token.
pub const OSCAR_TCX_TWTC: u32 = 1;
/// A call with a master key.
pub const OSCAR_TCX_FTC: u32 = 2;

/// Any call.
pub const OSCAR_TCX_CALL: u32 = 0;
/// `POST /tcx/authorize`.
pub const OSCAR_TCX_AUTHORIZE: u32 = 1;
/// `POST /tcx/reauthorize`.
pub const OSCAR_TCX_REAUTHORIZE: u32 = 2;

/// The access token is in `text`.
pub const OSCAR_TCX_USE: u32 = 0;
/// Send `text` as a JSON POST to the path of `route`.
pub const OSCAR_TCX_SEND: u32 = 1;
/// Another caller asks; look again in a moment.
pub const OSCAR_TCX_WAIT: u32 = 2;

/// A pass that was verified.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CTcxPass {
    /// The pass's time in mode time, else 0.
    pub ts_ms: i64,
    /// OSCAR_TCX_DOCUMENTED or OSCAR_TCX_SERVER4.
    pub dialect: u32,
    /// The client token, as it was written.
    pub client_token: [c_char; OSCAR_TCX_CLIENT_TOKEN_MAX_LEN],
}

/// A verdict, which travels with HTTP status 200.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CTcxVerdict {
    /// 1 for TCXSSS, else 0.
    pub status: i64,
    /// `505003` and the like; empty: there is no verdict.
    pub number: [c_char; 8],
    /// `TCXPFX` and the like.
    pub code: [c_char; 8],
    /// The sentence that goes with it.
    pub sentence: [c_char; 64],
}

/// What a caller who wants the access token does next.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CTcxStep {
    /// Names the request, for `oscar_tcx_client_received` and `oscar_tcx_client_failed`.
    pub number: i64,
    /// The token or the body, to be freed with `oscar_text_free`; 0 with OSCAR_TCX_WAIT.
    pub text: Handle,
    /// OSCAR_TCX_USE, …_SEND or …_WAIT.
    pub kind: u32,
    /// OSCAR_TCX_AUTHORIZE or OSCAR_TCX_REAUTHORIZE.
    pub route: u32,
}

/// Mints an `app_pass` into `out` (OSCAR_TCX_PASS_MAX_LEN). `params`: lp(name) lp(text) of each parameter, read in mode param; `datetime`: 14
/// digits, read in mode time. `client_token`: 1 to 64 visible ASCII characters without colon and capitals. Error: unsignable.
///
/// # Safety
/// Every pointer has so many readable bytes as the length after it, `out` `capacity` writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_tcx_pass_mint(
    mode: u32,
    params: *const u8,
    params_len: usize,
    datetime: *const c_char,
    datetime_len: usize,
    app_public: *const c_char,
    app_public_len: usize,
    client_token: *const c_char,
    client_token_len: usize,
    dialect: u32,
    out: *mut c_char,
    capacity: usize,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let out = unsafe { TextOut::new(out, capacity, OSCAR_TCX_PASS_MAX_LEN) }?;
        // SAFETY: as this function asks.
        let pass = unsafe { pass_of(mode, params, params_len, datetime, datetime_len, app_public, app_public_len) }?;
        // SAFETY: as this function asks.
        out.write(&pass.mint(unsafe { text(client_token, client_token_len) }?, dialect_of(dialect)?)?)
    })
}

/// Verifies an `app_pass` in either form. `strict` (not 0): a parameter with `&` or `=` is policy.
/// Errors, in this order: malformed, bad_mac, policy, stale.
///
/// # Safety
/// Every pointer has so many readable bytes as the length after it; `verified` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_tcx_pass_verify(
    mode: u32,
    params: *const u8,
    params_len: usize,
    datetime: *const c_char,
    datetime_len: usize,
    app_public: *const c_char,
    app_public_len: usize,
    app_pass: *const c_char,
    app_pass_len: usize,
    now_ms: i64,
    strict: u32,
    verified: *mut CTcxPass,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let verified = unsafe { Out::new(verified) }?;
        // SAFETY: as this function asks.
        let pass = unsafe { pass_of(mode, params, params_len, datetime, datetime_len, app_public, app_public_len) }?;
        // SAFETY: as this function asks.
        let found = pass.verify(unsafe { text(app_pass, app_pass_len) }?, now_ms, strict != 0)?;
        let dialect = if found.dialect == TcxDialect::Documented { OSCAR_TCX_DOCUMENTED } else { OSCAR_TCX_SERVER4 };
        verified.write(CTcxPass { ts_ms: found.ts_ms.unwrap_or_default(), dialect, client_token: chars(&found.client_token) });
        Ok(())
    })
}

/// The headers of a call, a line `Name: value\n` each, as a text that the caller frees. `kind`: OSCAR_TCX_OWTC, …_TWTC or …_FTC.
/// Error: unsignable (no token where the type has one, texts outside 0x21 to 0x7E).
///
/// # Safety
/// Every pointer has so many readable bytes as the length after it; `headers` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_tcx_headers(
    kind: u32,
    app_id: *const c_char,
    app_id_len: usize,
    app_pass: *const c_char,
    app_pass_len: usize,
    token: *const c_char,
    token_len: usize,
    headers: *mut Handle,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (headers, app_id) = unsafe { (Out::new(headers)?, text(app_id, app_id_len)?) };
        // SAFETY: as this function asks.
        let (app_pass, token) = unsafe { (text(app_pass, app_pass_len)?, text(token, token_len)?) };
        let made = tcx::tcx_headers(kind_of(kind)?, app_id, app_pass, filled(token))?;
        headers.write(handle::keep_in(&TEXTS, lines(&made))?);
        Ok(())
    })
}

/// The verdict of a code (`TCXPFX` and the like) with the numbers of a table (OSCAR_TCX_DOCUMENTED, …_SERVER4) on a route
/// (OSCAR_TCX_CALL, …_AUTHORIZE, …_REAUTHORIZE). Error: malformed (a code that the route does not give).
///
/// # Safety
/// `code` has `code_len` readable bytes; `verdict` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_tcx_verdict_of(
    code: *const c_char,
    code_len: usize,
    table: u32,
    route: u32,
    verdict: *mut CTcxVerdict,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (verdict, code) = unsafe { (Out::new(verdict)?, text(code, code_len)?) };
        let code = TcxCode::from_name(code).ok_or(OscarError::Malformed("this is no code of TCX"))?;
        let table = if dialect_of(table)? == TcxDialect::Documented { TcxTable::Documented } else { TcxTable::Server4 };
        verdict.write(told(Some(TcxVerdict::new(code, table, route_of(route)?)?)));
        Ok(())
    })
}

/// Makes a client of an app. `master_key` (length 0: none) goes with calls of OSCAR_TCX_FTC. The caller frees it with
/// `oscar_tcx_client_free`. Errors: unsignable, weak_secret.
///
/// # Safety
/// Every pointer has so many readable bytes as the length after it; `client` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_tcx_client_new(
    app_id: *const c_char,
    app_id_len: usize,
    app_secret: *const c_char,
    app_secret_len: usize,
    app_public: *const c_char,
    app_public_len: usize,
    master_key: *const c_char,
    master_key_len: usize,
    kind: u32,
    mode: u32,
    dialect: u32,
    client: *mut Handle,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (client, app_id, app_secret) =
            unsafe { (Out::new(client)?, text(app_id, app_id_len)?.to_owned(), text(app_secret, app_secret_len)?.to_owned()) };
        // SAFETY: as this function asks.
        let (app_public, master_key) = unsafe { (text(app_public, app_public_len)?.to_owned(), text(master_key, master_key_len)?) };
        let (kind, mode, dialect) = (kind_of(kind)?, mode_of(mode)?, dialect_of(dialect)?);
        let made = TcxClient::new(app_id, app_secret, app_public, kind, mode, dialect, filled(master_key), false)?;
        client.write(handle::keep_in(&TCX_CLIENTS, made)?);
        Ok(())
    })
}

/// Frees a client of TCX. 0 is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn oscar_tcx_client_free(client: Handle) -> Status {
    guard(|| handle::free(&TCX_CLIENTS, client))
}

/// A fresh pass into `out` (OSCAR_TCX_PASS_MAX_LEN): `params` and `datetime` as of `oscar_tcx_pass_mint`. Error: unsignable.
///
/// # Safety
/// Every pointer has so many readable bytes as the length after it, `out` `capacity` writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_tcx_client_pass(
    client: Handle,
    params: *const u8,
    params_len: usize,
    datetime: *const c_char,
    datetime_len: usize,
    out: *mut c_char,
    capacity: usize,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (out, params) = unsafe { (TextOut::new(out, capacity, OSCAR_TCX_PASS_MAX_LEN)?, params_of(params, params_len)?) };
        // SAFETY: as this function asks.
        let datetime = unsafe { optional(datetime, datetime_len) }?;
        out.write(&handle::look_up(&TCX_CLIENTS, client)?.pass(params, datetime)?)
    })
}

/// Now as `tcx_datetime` has it, 14 digits in UTC, into `out` (OSCAR_TCX_DATETIME_MAX_LEN).
///
/// # Safety
/// `out` has `capacity` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_tcx_datetime(now_ms: i64, out: *mut c_char, capacity: usize) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let out = unsafe { TextOut::new(out, capacity, OSCAR_TCX_DATETIME_MAX_LEN) }?;
        out.write(&tcx::tcx_datetime(now_ms))
    })
}

/// The headers of one call with a fresh pass, a line `Name: value\n` each, as a text that the caller frees. `access`: the access token of
/// OSCAR_TCX_TWTC. Error: unsignable.
///
/// # Safety
/// Every pointer has so many readable bytes as the length after it; `headers` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_tcx_client_headers(
    client: Handle,
    params: *const u8,
    params_len: usize,
    datetime: *const c_char,
    datetime_len: usize,
    access: *const c_char,
    access_len: usize,
    headers: *mut Handle,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (headers, params) = unsafe { (Out::new(headers)?, params_of(params, params_len)?) };
        // SAFETY: as this function asks.
        let (datetime, access) = unsafe { (optional(datetime, datetime_len)?, text(access, access_len)?) };
        let made = handle::look_up(&TCX_CLIENTS, client)?.headers(params, datetime, filled(access))?;
        headers.write(handle::keep_in(&TEXTS, lines(&made))?);
        Ok(())
    })
}

/// The access token, or what to do for it. Of many callers one asks, the others wait. Error: unsignable.
///
/// # Safety
/// `step` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_tcx_client_access(client: Handle, now_ms: i64, step: *mut CTcxStep) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let step = unsafe { Out::new(step) }?;
        let kept = |text: String| handle::keep_in(&TEXTS, text);
        step.write(match handle::look_up(&TCX_CLIENTS, client)?.access(now_ms)? {
            TcxStep::Use { token } => CTcxStep { number: 0, text: kept(token)?, kind: OSCAR_TCX_USE, route: OSCAR_TCX_CALL },
            TcxStep::Send { number, path, body } => {
                let route = if path == tcx::TCX_AUTHORIZE_PATH { OSCAR_TCX_AUTHORIZE } else { OSCAR_TCX_REAUTHORIZE };
                CTcxStep { number, text: kept(body)?, kind: OSCAR_TCX_SEND, route }
            }
            TcxStep::Wait => CTcxStep { number: 0, text: 0, kind: OSCAR_TCX_WAIT, route: OSCAR_TCX_CALL },
        });
        Ok(())
    })
}

/// Takes over the answer to the request of that number. `verdict` is what the authority refused it with; its `number` is empty when it did
/// not: ask `oscar_tcx_client_access` again. Error: malformed (it is no answer of TCX).
///
/// # Safety
/// `body` has `body_len` readable bytes; `verdict` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_tcx_client_received(
    client: Handle,
    number: i64,
    body: *const u8,
    body_len: usize,
    now_ms: i64,
    verdict: *mut CTcxVerdict,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (verdict, body) = unsafe { (Out::new(verdict)?, bytes(body, body_len)?) };
        verdict.write(told(handle::look_up(&TCX_CLIENTS, client)?.received(number, body, now_ms)?));
        Ok(())
    })
}

/// No answer came to the request of that number: another caller may ask.
#[unsafe(no_mangle)]
pub extern "C" fn oscar_tcx_client_failed(client: Handle, number: i64) -> Status {
    guard(|| {
        handle::look_up(&TCX_CLIENTS, client)?.failed(number);
        Ok(())
    })
}

/// # Safety
/// As of [`bytes`], for each.
unsafe fn pass_of(
    mode: u32,
    params: *const u8,
    params_len: usize,
    datetime: *const c_char,
    datetime_len: usize,
    app_public: *const c_char,
    app_public_len: usize,
) -> Result<TcxPass> {
    // SAFETY: as this function asks.
    let (params, datetime) = unsafe { (params_of(params, params_len)?, optional(datetime, datetime_len)?) };
    // SAFETY: as this function asks.
    Ok(TcxPass { mode: mode_of(mode)?, params, datetime, app_public: unsafe { text(app_public, app_public_len) }?.to_owned() })
}

/// # Safety
/// As of [`bytes`].
unsafe fn params_of(data: *const u8, len: usize) -> Result<Vec<TcxParam>> {
    // SAFETY: as this function asks.
    let mut packed = unsafe { Packed::new(data, len) }?;
    let mut params = Vec::new();
    while let Some(name) = packed.optional()? {
        params.push(TcxParam::new(utf8(name)?, utf8(packed.field()?)?));
    }
    Ok(params)
}

/// # Safety
/// As of [`bytes`]; null is absent.
unsafe fn optional(data: *const c_char, len: usize) -> Result<Option<String>> {
    // SAFETY: as this function asks.
    if data.is_null() { Ok(None) } else { unsafe { text(data, len) }.map(|text| Some(text.to_owned())) }
}

fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn lines(headers: &[TcxHeader]) -> String {
    headers.iter().map(|header| format!("{}: {}\n", header.name, header.text)).collect()
}

fn told(verdict: Option<TcxVerdict>) -> CTcxVerdict {
    let of = |verdict: &TcxVerdict| CTcxVerdict {
        status: verdict.status,
        number: chars(&verdict.status_number),
        code: chars(&verdict.status_code),
        sentence: chars(&verdict.status_message),
    };
    verdict.as_ref().map_or(CTcxVerdict { status: 0, number: [0; 8], code: [0; 8], sentence: [0; 64] }, of)
}

fn mode_of(mode: u32) -> Result<TcxMode> {
    Ok(match mode {
        OSCAR_TCX_MODE_NONE => TcxMode::None,
        OSCAR_TCX_MODE_TIME => TcxMode::Time,
        OSCAR_TCX_MODE_PARAM => TcxMode::Param,
        _ => return Err(OscarError::Malformed("a mode is one of OSCAR_TCX_MODE_...").into()),
    })
}

fn dialect_of(dialect: u32) -> Result<TcxDialect> {
    Ok(match dialect {
        OSCAR_TCX_DOCUMENTED => TcxDialect::Documented,
        OSCAR_TCX_SERVER4 => TcxDialect::Server4,
        _ => return Err(OscarError::Malformed("a dialect is OSCAR_TCX_DOCUMENTED or OSCAR_TCX_SERVER4").into()),
    })
}

fn kind_of(kind: u32) -> Result<TcxType> {
    Ok(match kind {
        OSCAR_TCX_OWTC => TcxType::Owtc,
        OSCAR_TCX_TWTC => TcxType::Twtc,
        OSCAR_TCX_FTC => TcxType::Ftc,
        _ => return Err(OscarError::Malformed("a type is OSCAR_TCX_OWTC, OSCAR_TCX_TWTC or OSCAR_TCX_FTC").into()),
    })
}

fn route_of(route: u32) -> Result<TcxRoute> {
    Ok(match route {
        OSCAR_TCX_CALL => TcxRoute::Call,
        OSCAR_TCX_AUTHORIZE => TcxRoute::Authorize,
        OSCAR_TCX_REAUTHORIZE => TcxRoute::Reauthorize,
        _ => return Err(OscarError::Malformed("a route is OSCAR_TCX_CALL, OSCAR_TCX_AUTHORIZE or OSCAR_TCX_REAUTHORIZE").into()),
    })
}
