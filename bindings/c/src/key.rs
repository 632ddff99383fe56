//! Key material as text: the root secret (`os2.`), a service's audience key (`oa2.`), a handed-out session (`oz2.`).

use crate::boundary::{Out, TextOut, array, bytes, text};
use crate::status::{Status, guard};
use oscartoki::{AnswerToki, AudienceKey, Grant, Secret, Session, Toki};
use std::ffi::c_char;
use zeroize::Zeroizing;

/// Room for the text of a secret, `os2.…`, its terminating zero included.
pub const OSCAR_SECRET_MAX_LEN: usize = 48;
/// Room for the text of an audience key, `oa2.…`, its terminating zero included.
pub const OSCAR_AUDIENCE_KEY_MAX_LEN: usize = 59;
/// Room for the text of a handed-out session, `oz2.…`, its terminating zero included.
pub const OSCAR_SESSION_MAX_LEN: usize = 91;
/// Room for the text of a toki of a request or an answer, its terminating zero included.
pub const OSCAR_TOKI_MAX_LEN: usize = 59;
/// Room for the text of a grant (tokikey), its terminating zero included.
pub const OSCAR_GRANT_MAX_LEN: usize = 48;
/// Bytes of a kid or sid.
pub const OSCAR_ID_LEN: usize = 8;

/// What a grant says. Claims, until a service or client has verified what came with it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct GrantClaims {
    /// The key id of the client.
    pub kid: [u8; 8],
    /// The session id.
    pub sid: [u8; 8],
    /// Issued at, seconds since the epoch; negative when the life is longer than the end.
    pub iat_s: i64,
    /// The end, seconds since the epoch.
    pub exp_s: i64,
    /// The life in seconds.
    pub ttl_s: i64,
}

/// What the toki of a request says. Claims, until a service has verified it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct TokiClaims {
    /// Milliseconds since the epoch; 0 is a probe.
    pub ts_ms: i64,
    /// kid, or sid in a session.
    pub id: [u8; 8],
    /// The nonce.
    pub nonce: [u8; 8],
    /// 1: `id` is a sid.
    pub session: u8,
    /// 1: asks for a grant.
    pub want: u8,
    /// 1: content is signed.
    pub body: u8,
    /// 1: covered headers are signed.
    pub ext: u8,
}

/// Makes a new random secret. `out` has `capacity` bytes, at least OSCAR_SECRET_MAX_LEN. The text is the secret itself: wipe it, keep it in
/// a file of mode 0600. Error: busy (no random bytes).
///
/// # Safety
/// `out` has `capacity` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_secret_generate(out: *mut c_char, capacity: usize) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let out = unsafe { TextOut::new(out, capacity, OSCAR_SECRET_MAX_LEN) }?;
        out.write(&Zeroizing::new(Secret::generate()?.to_text()))
    })
}

/// The text of a secret of exactly 32 random bytes. Error: weak_secret for another length or 32 equal bytes.
///
/// # Safety
/// `data` has `len` readable bytes, `out` `capacity` writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_secret_from_bytes(data: *const u8, len: usize, out: *mut c_char, capacity: usize) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (out, data) = unsafe { (TextOut::new(out, capacity, OSCAR_SECRET_MAX_LEN)?, bytes(data, len)?) };
        out.write(&Zeroizing::new(Secret::from_bytes(data)?.to_text()))
    })
}

/// Reads the text of a secret and prints it back into `out` (OSCAR_SECRET_MAX_LEN). Errors: malformed, wrong_kind, weak_secret.
///
/// # Safety
/// `secret` has `len` readable bytes, `out` `capacity` writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_secret_parse(secret: *const c_char, len: usize, out: *mut c_char, capacity: usize) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (out, secret) = unsafe { (TextOut::new(out, capacity, OSCAR_SECRET_MAX_LEN)?, text(secret, len)?) };
        out.write(&Zeroizing::new(Secret::parse(secret)?.to_text()))
    })
}

/// The key id that a secret has in a generation (0 at first), 8 bytes into `kid`. Errors: those of the text, unsignable.
///
/// # Safety
/// `secret` has `len` readable bytes, `kid` 8 writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_secret_kid(secret: *const c_char, len: usize, generation: i64, kid: *mut u8) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (kid, secret) = unsafe { (Out::<[u8; 8]>::new(kid.cast())?, text(secret, len)?) };
        kid.write(Secret::parse(secret)?.kid_bytes(generation)?);
        Ok(())
    })
}

/// The text of the key that one service gets: for its audience (1 to 255 bytes 0x21 to 0x7E, used byte for byte) and a generation.
/// `out` has at least OSCAR_AUDIENCE_KEY_MAX_LEN bytes. Errors: those of the text, unsignable.
///
/// # Safety
/// `secret` and `audience` have so many readable bytes, `out` `capacity` writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_secret_audience_key(
    secret: *const c_char,
    len: usize,
    audience: *const c_char,
    audience_len: usize,
    generation: i64,
    out: *mut c_char,
    capacity: usize,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (out, secret) = unsafe { (TextOut::new(out, capacity, OSCAR_AUDIENCE_KEY_MAX_LEN)?, text(secret, len)?) };
        let secret = Secret::parse(secret)?;
        // SAFETY: as this function asks.
        let audience = unsafe { audience_text(audience, audience_len) }?;
        out.write(&Zeroizing::new(secret.audience_key(audience, generation)?.to_text()))
    })
}

/// Reads the text of an audience key and prints it back into `out` (OSCAR_AUDIENCE_KEY_MAX_LEN). With a `kid` that is not null (8 bytes)
/// it prints the same key under that registered kid. Errors: malformed, wrong_kind, weak_secret.
///
/// # Safety
/// `key` has `len` readable bytes, `kid` is null or has 8, `out` has `capacity` writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_audience_key_parse(
    key: *const c_char,
    len: usize,
    kid: *const u8,
    out: *mut c_char,
    capacity: usize,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (out, key) = unsafe { (TextOut::new(out, capacity, OSCAR_AUDIENCE_KEY_MAX_LEN)?, text(key, len)?) };
        let mut key = AudienceKey::parse(key)?;
        if !kid.is_null() {
            // SAFETY: as this function asks.
            key = key.with_kid(&unsafe { array::<8>(kid) }?)?;
        }
        out.write(&Zeroizing::new(key.to_text()))
    })
}

/// The key id inside an audience key's text, 8 bytes into `kid`, and, where `raw` is not null, the key itself, 32 bytes.
/// Errors: malformed, wrong_kind, weak_secret.
///
/// # Safety
/// `key` has `len` readable bytes, `kid` 8 writable ones, `raw` is null or has 32.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_audience_key_read(key: *const c_char, len: usize, kid: *mut u8, raw: *mut u8) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (kid, key) = unsafe { (Out::<[u8; 8]>::new(kid.cast())?, text(key, len)?) };
        let key = AudienceKey::parse(key)?;
        kid.write(key.kid_bytes());
        if !raw.is_null() {
            // SAFETY: as this function asks.
            unsafe { Out::<[u8; 32]>::new(raw.cast()) }?.write(*key.expose());
        }
        Ok(())
    })
}

/// Reads the text of a handed-out session, prints it back into `out` (OSCAR_SESSION_MAX_LEN) and, where `claims` is not null, what its
/// grant says. Errors: malformed, wrong_kind.
///
/// # Safety
/// `session` has `len` readable bytes, `out` `capacity` writable ones; `claims` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_session_parse(
    session: *const c_char,
    len: usize,
    out: *mut c_char,
    capacity: usize,
    claims: *mut GrantClaims,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (out, session) = unsafe { (TextOut::new(out, capacity, OSCAR_SESSION_MAX_LEN)?, text(session, len)?) };
        let session = Session::parse(session)?;
        if !claims.is_null() {
            // SAFETY: as this function asks.
            unsafe { Out::new(claims) }?.write(claims_of(session.grant()));
        }
        out.write(&Zeroizing::new(session.to_text()))
    })
}

/// Reads the text of a grant. Error: malformed.
///
/// # Safety
/// `grant` has `len` readable bytes; `claims` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_grant_parse(grant: *const c_char, len: usize, claims: *mut GrantClaims) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (claims, grant) = unsafe { (Out::new(claims)?, bytes(grant.cast(), len)?) };
        claims.write(claims_of(&Grant::parse(grant)?));
        Ok(())
    })
}

/// Reads the text of a request's toki, without verifying it. Error: malformed.
///
/// # Safety
/// `toki` has `len` readable bytes; `claims` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_toki_parse(toki: *const c_char, len: usize, claims: *mut TokiClaims) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (claims, toki) = unsafe { (Out::new(claims)?, bytes(toki.cast(), len)?) };
        let toki = Toki::parse(toki)?;
        claims.write(TokiClaims {
            ts_ms: toki.claimed_ts_ms(),
            id: toki.claimed_id(),
            nonce: toki.claimed_nonce(),
            session: toki.claimed_session().into(),
            want: toki.claimed_want().into(),
            body: toki.has_body().into(),
            ext: toki.has_ext().into(),
        });
        Ok(())
    })
}

/// What the toki of an answer says. Claims, until a client has verified it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct AnswerClaims {
    /// The service's clock, milliseconds since the epoch.
    pub ts_ms: i64,
    /// 0 ok, 1 stale, 2 replayed, 3 grant_expired, 4 revoked, 5 body_mismatch, 6 policy, 7 busy.
    pub code: u8,
    /// 1: a grant is attached.
    pub grant: u8,
    /// 1: content is signed.
    pub body: u8,
    /// 1: covered headers are signed.
    pub ext: u8,
}

/// Reads the text of an answer's toki, without verifying it. Error: malformed.
///
/// # Safety
/// `toki` has `len` readable bytes; `claims` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_answer_toki_parse(toki: *const c_char, len: usize, claims: *mut AnswerClaims) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (claims, toki) = unsafe { (Out::new(claims)?, bytes(toki.cast(), len)?) };
        let toki = AnswerToki::parse(toki)?;
        claims.write(AnswerClaims {
            ts_ms: toki.claimed_ts_ms(),
            code: toki.claimed_code(),
            grant: toki.has_grant().into(),
            body: toki.has_body().into(),
            ext: toki.has_ext().into(),
        });
        Ok(())
    })
}

/// An audience's bytes as text; what is not UTF-8 is no audience.
///
/// # Safety
/// As of [`bytes`].
pub(crate) unsafe fn audience_text<'a>(data: *const c_char, len: usize) -> crate::status::Result<&'a str> {
    // SAFETY: what this function asks is what `bytes` asks.
    let audience = unsafe { bytes(data.cast(), len) }?;
    std::str::from_utf8(audience).map_err(|_| oscartoki::OscarError::Unsignable("an audience is 1 to 255 bytes 0x21 to 0x7E").into())
}

fn claims_of(grant: &Grant) -> GrantClaims {
    GrantClaims { kid: grant.kid(), sid: grant.sid(), iat_s: grant.iat_s(), exp_s: grant.exp_s(), ttl_s: grant.ttl_s() }
}
