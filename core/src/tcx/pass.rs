//! The pass: what it is made of, whose it is, how old it may be.

use crate::encoding::{base64, hex, unbase64};
use crate::error::{OscarError, Result};
use crate::time::parse_datetime14;
use sha1::{Digest as _, Sha1};
use subtle::ConstantTimeEq as _;

/// How far a pass's time may lie from now, on either side, in milliseconds.
const WINDOW_MS: i64 = 300_000;
const DIGEST_LEN: usize = 40;
const CLIENT_TOKEN_MAX: usize = 64;

/// What a pass covers beside the app and the client token.
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TcxMode {
    /// Nothing.
    #[default]
    None,
    /// The time, `tcx_datetime`.
    Time,
    /// The parameters of the call.
    Param,
}

impl TcxMode {
    /// The mode of a name: `none`, `time` or `param`.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "none" => Self::None,
            "time" => Self::Time,
            "param" => Self::Param,
            _ => return None,
        })
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Time => "time",
            Self::Param => "param",
        }
    }
}

/// The two forms of the hashed text: as the client's documentation has it, and as the server hashes.
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TcxDialect {
    /// `k=v` joined by `&`; `tcx_datetime=…` for the time; the client token as written.
    #[default]
    Documented,
    /// `k=v&` for each; the 14 digits alone; the client token in lower case.
    Server4,
}

impl TcxDialect {
    /// The dialect of a name: `documented` or `server4`.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "documented" => Self::Documented,
            "server4" => Self::Server4,
            _ => return None,
        })
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Server4 => "server4",
        }
    }
}

/// One parameter of a call, as text: no normalising, percent-coding or trimming.
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct TcxParam {
    /// Its name.
    pub name: String,
    /// Its text.
    pub text: String,
}

impl TcxParam {
    /// A parameter.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into() }
    }
}

/// What a pass is bound to.
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TcxPass {
    /// What it covers.
    pub mode: TcxMode,
    /// The parameters, read in mode `param` alone. Their order says nothing; a name stands once.
    pub params: Vec<TcxParam>,
    /// 14 digits, YYYYMMDDHHmmss in UTC, read in mode `time` alone.
    pub datetime: Option<String>,
    /// The app's public key.
    pub app_public: String,
}

/// A pass that was verified.
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcxVerifiedPass {
    /// The client token, as it was written.
    pub client_token: String,
    /// The form that fits; where both are one text, `documented`.
    pub dialect: TcxDialect,
    /// The pass's time, in mode `time`.
    pub ts_ms: Option<i64>,
}

impl TcxPass {
    /// The `app_pass` of a client token: 1 to 64 characters 0x21 to 0x7E without a colon or capitals, which the server would fold.
    /// Error: `unsignable`.
    pub fn mint(&self, client_token: &str, dialect: TcxDialect) -> Result<String> {
        if !is_client_token(client_token) || client_token.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(OscarError::Unsignable("a client token is 1 to 64 visible ASCII characters without colon and capitals"));
        }
        if self.app_public.is_empty() {
            return Err(OscarError::Unsignable("an app has a public key"));
        }
        if self.mode == TcxMode::Time && self.time_ms().is_none() {
            return Err(OscarError::Unsignable("tcx_datetime is a calendar time, YYYYMMDDHHmmss"));
        }
        if self.has_a_name_twice() {
            return Err(OscarError::Unsignable("a parameter's name stands once"));
        }
        Ok(base64(format!("{}:{client_token}", self.digest(client_token, dialect)).as_bytes()))
    }

    /// Verifies an `app_pass` in either form. `strict` refuses a parameter whose name or text has `&` or `=`, which other parameters could
    /// stand for. Errors, in this order: `malformed`, `bad_mac`, `policy`, `stale`.
    pub fn verify(&self, app_pass: &str, now_ms: i64, strict: bool) -> Result<TcxVerifiedPass> {
        let (digest, client_token) =
            parse(app_pass).ok_or(OscarError::Malformed("a pass is base64 of 40 hex digits, a colon and a client token"))?;
        let ts_ms = match self.mode {
            TcxMode::Time => Some(self.time_ms().ok_or(OscarError::Malformed("tcx_datetime is a calendar time, YYYYMMDDHHmmss"))?),
            TcxMode::None | TcxMode::Param => None,
        };
        if self.app_public.is_empty() {
            return Err(OscarError::Malformed("an app has a public key"));
        }
        if self.has_a_name_twice() {
            return Err(OscarError::Malformed("a parameter's name stands once"));
        }
        let fits = |dialect: TcxDialect| bool::from(self.digest(&client_token, dialect).as_bytes().ct_eq(digest.as_bytes()));
        let (documented, server4) = (fits(TcxDialect::Documented), fits(TcxDialect::Server4));
        if !documented && !server4 {
            return Err(OscarError::BadMac("the pass is not this app's, or not for this call"));
        }
        if strict && self.mode == TcxMode::Param && self.params.iter().any(|param| is_ambiguous(&param.name) || is_ambiguous(&param.text)) {
            return Err(OscarError::Policy("a parameter with & or = could be read as others"));
        }
        if ts_ms.is_some_and(|ts_ms| (now_ms.saturating_sub(ts_ms)).saturating_abs() > WINDOW_MS) {
            return Err(OscarError::Stale("tcx_datetime lies more than 300 seconds from now"));
        }
        Ok(TcxVerifiedPass { client_token, dialect: if documented { TcxDialect::Documented } else { TcxDialect::Server4 }, ts_ms })
    }

    fn time_ms(&self) -> Option<i64> {
        parse_datetime14(self.datetime.as_deref()?)
    }

    fn has_a_name_twice(&self) -> bool {
        let mut names: Vec<&str> = self.params.iter().map(|param| param.name.as_str()).collect();
        names.sort_unstable();
        self.mode == TcxMode::Param && names.windows(2).any(|pair| pair[0] == pair[1])
    }

    fn digest(&self, client_token: &str, dialect: TcxDialect) -> String {
        let mut sha1 = Sha1::new();
        sha1.update(self.covered(dialect));
        sha1.update(&self.app_public);
        match dialect {
            TcxDialect::Documented => sha1.update(client_token),
            TcxDialect::Server4 => sha1.update(client_token.to_ascii_lowercase()),
        }
        hex(&sha1.finalize())
    }

    /// `param` of the formula.
    fn covered(&self, dialect: TcxDialect) -> String {
        match (self.mode, dialect) {
            (TcxMode::None, _) => String::new(),
            (TcxMode::Time, TcxDialect::Documented) => format!("tcx_datetime={}", self.datetime.as_deref().unwrap_or_default()),
            (TcxMode::Time, TcxDialect::Server4) => self.datetime.clone().unwrap_or_default(),
            (TcxMode::Param, dialect) => {
                let mut params: Vec<&TcxParam> = self.params.iter().collect();
                params.sort_unstable();
                let pairs: Vec<String> = params.iter().map(|param| format!("{}={}", param.name, param.text)).collect();
                match dialect {
                    TcxDialect::Documented => pairs.join("&"),
                    TcxDialect::Server4 => pairs.iter().map(|pair| format!("{pair}&")).collect(),
                }
            }
        }
    }
}

fn parse(app_pass: &str) -> Option<(String, String)> {
    let text = String::from_utf8(unbase64(app_pass)?).ok()?;
    let (digest, client_token) = text.split_once(':')?;
    let is_digest = digest.len() == DIGEST_LEN && digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (is_digest && is_client_token(client_token)).then(|| (digest.to_owned(), client_token.to_owned()))
}

fn is_client_token(text: &str) -> bool {
    (1..=CLIENT_TOKEN_MAX).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, 0x21..=0x7e) && byte != b':')
}

fn is_ambiguous(text: &str) -> bool {
    text.contains(['&', '='])
}
