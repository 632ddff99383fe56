//! The headers of a call.

use crate::encoding::base64;
use crate::error::{OscarError, Result};

/// Where a client gets its tokens.
pub const TCX_AUTHORIZE_PATH: &str = "/tcx/authorize";
/// Where it has them renewed.
pub const TCX_REAUTHORIZE_PATH: &str = "/tcx/reauthorize";

/// What a call brings beside the app's id.
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcxType {
    /// One way: the pass alone.
    Owtc,
    /// Two ways: pass and access token.
    Twtc,
    /// Free: pass and master token.
    Ftc,
}

impl TcxType {
    /// The type of a name, in any case: `OWTC`, `TWTC` or `FTC`.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Owtc, Self::Twtc, Self::Ftc].into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    /// Its name, as it travels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owtc => "OWTC",
            Self::Twtc => "TWTC",
            Self::Ftc => "FTC",
        }
    }
}

/// One header of a call.
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcxHeader {
    /// `X-TCX-…`.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// The headers of a call. `token` is the access token of TWTC, the master token of FTC; OWTC drops it.
/// Error: `unsignable` (TWTC and FTC without a token, texts outside 0x21 to 0x7E).
#[cfg_attr(feature = "uniffi", uniffi::export)]
pub fn tcx_headers(kind: TcxType, app_id: &str, app_pass: &str, token: Option<String>) -> Result<Vec<TcxHeader>> {
    let token = match (kind, token.filter(|token| !token.is_empty())) {
        (TcxType::Owtc, _) => None,
        (_, None) => return Err(OscarError::Unsignable("this type of call has a token")),
        (_, Some(token)) => Some(base64(token.as_bytes())),
    };
    let mut headers = vec![
        TcxHeader { name: "X-TCX-TYPE".to_owned(), text: kind.name().to_owned() },
        TcxHeader { name: "X-TCX-APP-ID".to_owned(), text: app_id.to_owned() },
        TcxHeader { name: "X-TCX-APP-PASS".to_owned(), text: app_pass.to_owned() },
    ];
    headers.extend(token.map(|text| TcxHeader { name: "X-TCX-TOKEN".to_owned(), text }));
    let is_text = |header: &TcxHeader| !header.text.is_empty() && header.text.bytes().all(|byte| matches!(byte, 0x21..=0x7e));
    if !headers.iter().all(is_text) {
        return Err(OscarError::Unsignable("a header of TCX is visible ASCII characters"));
    }
    Ok(headers)
}
