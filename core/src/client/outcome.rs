//! What became of a request, as far as the client can know.

use crate::error::{OscarError, Result};

/// The result of [`Client::accept_ref`](crate::Client::accept_ref). A refusal is a result, not an error; [`Outcome::raise`] makes it one.
#[cfg_attr(feature = "uniffi", derive(uniffi::Object))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Why the answer is refused; `None`: it is accepted (a probe: it succeeded).
    pub error: Option<OscarError>,
    /// The code of an authentic answer.
    pub code: Option<u8>,
    /// Whether the request may have had its effect. `false` only where that is certain.
    pub may_have_run: bool,
    /// Whether the answer is authentic.
    pub signed: bool,
    /// The status; `None` when no answer came. Of an answer that is not authentic it is hearsay.
    pub status: Option<u16>,
    /// Whether the request is to be signed and sent once more, with [`SignOptions::resend`](crate::SignOptions::resend).
    pub resend: bool,
    /// `bad_grant` when the answer's grant was dropped.
    pub grant_error: Option<OscarError>,
    /// The session id of an adopted grant.
    pub adopted: Option<[u8; 8]>,
    /// How far the service's clock is ahead, after this answer.
    pub offset_ms: Option<i64>,
    /// Whether the content, or that there is none, is authentic.
    pub content_authentic: bool,
    /// Whether this is the outcome of a probe.
    pub probe: bool,
}

impl Outcome {
    /// The outcome of a request that was never sent.
    pub(crate) fn unsent(error: OscarError) -> Self {
        Self { may_have_run: false, ..Self::unanswered(false, error) }
    }

    /// The outcome where nothing authentic came back.
    pub(crate) fn unanswered(probe: bool, error: OscarError) -> Self {
        Self {
            error: Some(error),
            code: None,
            may_have_run: may_have_run(probe, None),
            signed: false,
            status: None,
            resend: false,
            grant_error: None,
            adopted: None,
            offset_ms: None,
            content_authentic: false,
            probe,
        }
    }
}

/// A probe can never run; a signed 3, 5 or 6 says that the request did not. Everything else may have, a signed 1 or 2 too:
/// the first answer may have been withheld.
pub(super) const fn may_have_run(probe: bool, signed_code: Option<u8>) -> bool {
    !probe && !matches!(signed_code, Some(3 | 5 | 6))
}

/// After a signed 1 or 2, and nothing else.
pub(super) const fn resends(resendable: bool, signed_code: Option<u8>) -> bool {
    resendable && matches!(signed_code, Some(1 | 2))
}

#[cfg_attr(feature = "uniffi", uniffi::export)]
impl Outcome {
    /// Throws the refusal, if there is one.
    pub fn raise(&self) -> Result<()> {
        self.error.map_or(Ok(()), Err)
    }

    /// The error's name.
    pub fn error_name(&self) -> Option<String> {
        self.error.map(|error| error.name().to_owned())
    }

    /// The error's sentence.
    pub fn error_text(&self) -> Option<String> {
        self.error.map(|error| error.to_string())
    }

    /// The code of an authentic answer, 0 to 7.
    pub fn code(&self) -> Option<i64> {
        self.code.map(i64::from)
    }

    /// Whether the request may have had its effect.
    pub fn may_have_run(&self) -> bool {
        self.may_have_run
    }

    /// Whether the answer is authentic.
    pub fn signed(&self) -> bool {
        self.signed
    }

    /// The status; `None` when no answer came.
    pub fn status(&self) -> Option<i64> {
        self.status.map(i64::from)
    }

    /// Whether the request is to be signed and sent once more.
    pub fn resend(&self) -> bool {
        self.resend
    }

    /// `bad_grant` when the answer's grant was dropped.
    pub fn grant_error_name(&self) -> Option<String> {
        self.grant_error.map(|error| error.name().to_owned())
    }

    /// The session id of an adopted grant, 8 bytes.
    pub fn adopted_sid(&self) -> Option<Vec<u8>> {
        self.adopted.map(|sid| sid.to_vec())
    }

    /// How far the service's clock is ahead, after this answer.
    pub fn offset_ms(&self) -> Option<i64> {
        self.offset_ms
    }

    /// Whether the content, or that there is none, is authentic.
    pub fn content_authentic(&self) -> bool {
        self.content_authentic
    }

    /// Whether this is the outcome of a probe.
    pub fn is_probe(&self) -> bool {
        self.probe
    }
}

#[cfg(test)]
mod tests {
    use super::{may_have_run, resends};

    #[test]
    fn decisions_by_signed_code() {
        for code in 0..=7 {
            assert!(!may_have_run(true, Some(code)));
            assert_eq!(may_have_run(false, Some(code)), ![3, 5, 6].contains(&code));
            assert!(!resends(false, Some(code)));
            assert_eq!(resends(true, Some(code)), [1, 2].contains(&code));
        }
        assert!(may_have_run(false, None) && !may_have_run(true, None));
        assert!(!resends(true, None));
    }
}
