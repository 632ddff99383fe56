//! OscarToki v1, spoken to clients and services that have not moved to v2 yet: off by default, per key, until a date.
//! It proves neither what was asked nor what is answered; what can be refused of its weaknesses is refused here.
//!
//! ```text
//! H(x)    = lower-case hex of SHA-256
//! toki    = reverse(ts) "|" reverse(H(H(key " - " ts " - " key))) "|" first 15 of H(ts "Brouillage de piste")
//! tokikey = H(H(t7 H(toki) key)) "o_o" reverse(t7)          t7 = the first 7 digits of the time
//! ```

mod client;
mod digest;
mod puce;
mod toki;
mod tokikey;

pub use client::{V1Client, V1Exchange};
pub use puce::{PUCE_PATH, Puce};
pub(crate) use toki::{Fit, V1Toki, check_age, mint};
pub(crate) use tokikey::Tokikey;

use crate::error::{OscarError, Result};
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The age up to which every original accepts a toki, in milliseconds.
pub(crate) const AGE_MS: i64 = 50_000;
/// How far ahead a toki may be dated, in milliseconds.
pub(crate) const AHEAD_MS: i64 = 5_000;

/// Which originals of OscarToki v1 a key's peers are.
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Full digests, or all with their leading zeros lost.
    #[default]
    Any,
    /// Full digests only: JavaScript and Python.
    Standard,
    /// As [`Dialect::Any`]: Java loses the leading zeros of a digest.
    Java,
}

impl Dialect {
    /// The dialect of a name: `any`, `standard` or `java`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "any" => Some(Self::Any),
            "standard" => Some(Self::Standard),
            "java" => Some(Self::Java),
            _ => None,
        }
    }
}

/// A key of OscarToki v1: bytes of any length but zero. Wiped on drop, redacted when printed.
#[cfg_attr(feature = "uniffi", derive(uniffi::Object))]
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct V1Key(Vec<u8>);

#[cfg_attr(feature = "uniffi", uniffi::export)]
impl V1Key {
    /// A key of these bytes; an empty one is `weak_secret`.
    #[cfg_attr(feature = "uniffi", uniffi::constructor)]
    pub fn new(bytes: &[u8]) -> Result<Self> {
        if bytes.is_empty() {
            return Err(OscarError::WeakSecret("an empty v1 key"));
        }
        Ok(Self(bytes.to_vec()))
    }

    /// The newest toki that every original accepts at this clock. Error: `unsignable` (a time that has not 13 digits).
    pub fn mint(&self, now_ms: i64) -> Result<String> {
        toki::mint(&self.0, now_ms).map(|minted| minted.text)
    }

    /// Verifies a toki and returns its time. Errors: `malformed`, `bad_mac`, `stale`.
    pub fn verify(&self, toki: &str, dialect: Dialect, now_ms: i64) -> Result<i64> {
        let toki = V1Toki::parse(toki, dialect)?;
        toki.authenticate(&self.0, dialect)?;
        check_age(toki.ts_ms, now_ms)?;
        Ok(toki.ts_ms)
    }

    /// The tokikey that answers a toki, in a bucket in which every original accepts it. Errors: `malformed` (the toki), `unsignable`.
    pub fn mint_tokikey(&self, toki: &str, now_ms: i64) -> Result<String> {
        Tokikey::mint(&self.0, toki, now_ms)
    }

    /// Verifies the tokikey of a toki. Errors: `malformed`, `bad_mac`, `stale`.
    pub fn verify_tokikey(&self, toki: &str, tokikey: &str, dialect: Dialect, now_ms: i64) -> Result<()> {
        V1Toki::parse(toki, dialect)?;
        let tokikey = Tokikey::parse(tokikey)?;
        tokikey.authenticate(&self.0, toki, dialect)?;
        tokikey.check_time(&self.0, toki, now_ms)
    }
}

impl V1Key {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for V1Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("V1Key(..)")
    }
}
