//! What became of a request, as C sees it.

use crate::handle::{self, CLIENTS, Handle, SIGNED};
use crate::status::{Result, Status, guard_status, remember};
use oscartoki::{Client, Outcome, SignContext};

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

/// Takes the context first, so that any call uses it up; fills `outcome` in every case.
///
/// # Safety
/// `outcome` is null or writable.
pub(crate) unsafe fn settle(
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
            remember(error.detail().into());
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
