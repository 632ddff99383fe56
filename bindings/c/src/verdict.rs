//! What a service says to a request, as C sees it.

use crate::boundary::put_chars;
use crate::handle::{self, ANSWERS, HANDSHAKES, Handle, PENDING};
use crate::status::{Fault, Result, Status, guard, guard_status, remember};
use oscartoki::{Refusal, Verdict, VerifiedRequest, Version};
use std::ffi::c_char;

/// Room for a normalised authority, its terminating zero included.
pub const OSCAR_AUTHORITY_MAX_LEN: usize = 256;

/// What a service says to a request. Every call that takes one fills it, on failure too.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CVerdict {
    /// OSCAR_OK: it may run. OSCAR_PENDING: it may, once `oscar_service_finish` says so. Everything else: it must not. OSCAR_HANDSHAKE: the
    /// first step of OscarToki v1, to be answered by `oscar_service_handshake`.
    pub status: Status,
    /// The code of the answer's toki, 0 to 7; -1: the answer gets no toki, a refusal names itself in the header oscartoki-error.
    pub code: i32,
    /// The HTTP status of a refusal; 0 without one.
    pub http_status: i32,
    /// 1: the answer carries WWW-Authenticate: oscartoki.
    pub www_authenticate: u8,
    /// 1: `sid` is the session that it was sent in.
    pub in_session: u8,
    /// 1: it asks for a grant.
    pub want: u8,
    /// 2, or 1 for OscarToki v1.
    pub version: u8,
    /// What `oscar_service_answer_…` takes, or, when pending, `oscar_service_finish` and `oscar_service_too_large`; 0 when there is no
    /// toki to mint. Use it or free it with `oscar_verdict_free`.
    pub context: Handle,
    /// When it was signed, by the client's corrected clock. This and what follows is filled when accepted; when pending, `kid` and `sid` are.
    pub ts_ms: i64,
    /// The key id of the client.
    pub kid: [u8; 8],
    /// The session id.
    pub sid: [u8; 8],
    /// The nonce.
    pub nonce: [u8; 8],
    /// The name that it was sent to, normalised, zero-terminated.
    pub authority: [c_char; OSCAR_AUTHORITY_MAX_LEN],
}

/// Fills `verdict` in every case, in place.
///
/// # Safety
/// `verdict` is null, misaligned or writable.
pub(crate) unsafe fn judge(verdict: *mut CVerdict, judge: impl FnOnce() -> Result<Verdict>) -> Status {
    if verdict.is_null() || !verdict.is_aligned() {
        return guard(|| Err(Fault::new(Status::NullPointer, "a null or misaligned pointer for the verdict")));
    }
    // SAFETY: not null, aligned, and writable as this function asks; initialised before it is borrowed.
    let filled = unsafe {
        verdict.write(CVerdict::refused(Status::Internal));
        &mut *verdict
    };
    let status = guard_status(|| {
        filled.take(judge()?)?;
        Ok(filled.status)
    });
    filled.status = status;
    status
}

impl CVerdict {
    fn refused(status: Status) -> Self {
        Self {
            status,
            code: -1,
            http_status: 500,
            www_authenticate: 0,
            in_session: 0,
            want: 0,
            version: 2,
            context: 0,
            ts_ms: 0,
            kid: [0; 8],
            sid: [0; 8],
            nonce: [0; 8],
            authority: [0; OSCAR_AUTHORITY_MAX_LEN],
        }
    }

    fn take(&mut self, verdict: Verdict) -> Result<()> {
        match verdict {
            Verdict::Accepted(request) => {
                self.tell(&request);
                self.code = 0;
                self.context = handle::keep_in(&ANSWERS, request.into_context())?;
                self.status = Status::Ok;
            }
            Verdict::Pending(pending) => {
                self.http_status = 0;
                (self.kid, self.sid) = (pending.kid(), pending.sid().unwrap_or_default());
                self.in_session = pending.sid().is_some().into();
                self.context = handle::keep_in(&PENDING, pending)?;
                self.status = Status::Pending;
            }
            Verdict::Refused(refusal) => self.refuse(refusal)?,
            Verdict::Handshake(handshake) => {
                (self.http_status, self.version) = (200, 1);
                self.kid = handshake.kid();
                self.context = handle::keep_in(&HANDSHAKES, handshake)?;
                self.status = Status::Handshake;
            }
        }
        Ok(())
    }

    fn tell(&mut self, request: &VerifiedRequest) {
        self.http_status = 0;
        self.in_session = request.sid().is_some().into();
        self.want = request.want().into();
        self.version = if request.version() == Version::V1 { 1 } else { 2 };
        self.ts_ms = request.ts_ms();
        self.kid = request.kid();
        self.sid = request.sid().unwrap_or_default();
        self.nonce = request.nonce();
        put_chars(&mut self.authority, request.authority());
    }

    fn refuse(&mut self, refusal: Refusal) -> Result<()> {
        remember(refusal.error().detail().into());
        self.status = refusal.error().into();
        self.code = refusal.code().map_or(-1, i32::from);
        self.http_status = refusal.status().into();
        self.www_authenticate = refusal.www_authenticate().into();
        // An answer speaks the version of its request.
        self.version = if refusal.legacy_body().is_some() { 1 } else { 2 };
        if let Some(context) = refusal.into_context() {
            self.context = handle::keep_in(&ANSWERS, context)?;
        }
        Ok(())
    }
}
