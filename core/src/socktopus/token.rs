//! A token: who may open a connection, and when it was asked for.

use super::secrets::SocktopusSecrets;
use crate::encoding::hex;
use crate::error::{OscarError, Result};
use crate::time::digits13;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// A token is good for so long, in milliseconds, its last one included.
pub const TOKEN_LIFE_MS: i64 = 5_000;
/// And may be dated so far ahead.
pub const TOKEN_AHEAD_MS: i64 = 1_000;
const NAME_MAX: usize = 255;
const MAC_LEN: usize = 32;

/// What a token says.
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SocktopusToken {
    /// The app, 1 to 255 bytes.
    pub app: String,
    /// The connection's id, 1 to 255 bytes.
    pub connection: String,
    /// When it was minted: 13 digits, milliseconds since the epoch.
    pub ts_ms: i64,
}

impl SocktopusToken {
    /// The token's text under the app's secret. Errors: `weak_secret` (an empty one), `unsignable`.
    pub fn mint(&self, secret: &[u8]) -> Result<String> {
        if secret.is_empty() {
            return Err(OscarError::WeakSecret("an app's secret is not empty"));
        }
        if !is_name(&self.app) || !is_name(&self.connection) {
            return Err(OscarError::Unsignable("app and connection have 1 to 255 bytes"));
        }
        if !(1_000_000_000_000..10_000_000_000_000).contains(&self.ts_ms) {
            return Err(OscarError::Unsignable("a token's time has 13 digits"));
        }
        let ts = self.ts_ms.to_string();
        let mac = mac(secret, &ts, &self.connection)?.finalize().into_bytes();
        Ok(format!("{}h{}h{}h{}", hex(ts.as_bytes()), hex(self.app.as_bytes()), hex(self.connection.as_bytes()), hex(&mac)))
    }

    /// Reads a token without judging it. Error: `malformed`.
    pub fn parse(token: &str) -> Result<Self> {
        parse(token).map(|(token, _, _)| token).ok_or(MALFORMED)
    }

    /// Verifies a token against the secret of its app. Errors, in this order: `malformed`, `unknown_key`, `bad_mac`, `stale`.
    pub fn verify(secrets: &SocktopusSecrets, token: &str, now_ms: i64) -> Result<Self> {
        let (token, ts, claimed) = parse(token).ok_or(MALFORMED)?;
        let secret = secrets.get(&token.app).ok_or(OscarError::UnknownKey("the app is not held here"))?;
        mac(secret, &ts, &token.connection)?.verify_slice(&claimed).map_err(|_| OscarError::BadMac("the token is not this app's"))?;
        let age_ms = now_ms.saturating_sub(token.ts_ms);
        if !(-TOKEN_AHEAD_MS..=TOKEN_LIFE_MS).contains(&age_ms) {
            return Err(OscarError::Stale("a token is good for 5 seconds, and at most 1 second ahead"));
        }
        Ok(token)
    }
}

const MALFORMED: OscarError = OscarError::Malformed("a token is four parts of lower-case hex between h: 13 digits, app, connection, MAC");

fn mac(secret: &[u8], ts: &str, connection: &str) -> Result<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(|_| OscarError::WeakSecret("this secret is no key"))?;
    mac.update(ts.as_bytes());
    mac.update(connection.as_bytes());
    Ok(mac)
}

/// Token, its time as it was written, its MAC.
fn parse(token: &str) -> Option<(SocktopusToken, String, [u8; MAC_LEN])> {
    let mut parts = token.split('h').map(unhex_lower);
    let (ts, app, connection, mac) = (parts.next()??, parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() {
        return None;
    }
    let (ts, app, connection) = (String::from_utf8(ts).ok()?, String::from_utf8(app).ok()?, String::from_utf8(connection).ok()?);
    let ts_ms = digits13(&ts)?;
    if !is_name(&app) || !is_name(&connection) {
        return None;
    }
    Some((SocktopusToken { app, connection, ts_ms }, ts, mac.try_into().ok()?))
}

fn is_name(text: &str) -> bool {
    (1..=NAME_MAX).contains(&text.len())
}

fn unhex_lower(text: &str) -> Option<Vec<u8>> {
    let is_lower = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if is_lower { crate::encoding::unhex(text) } else { None }
}
