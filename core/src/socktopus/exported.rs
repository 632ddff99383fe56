//! The same as functions, for languages behind UniFFI.

use super::body::{SocktopusKick, SocktopusSend, SocktopusSent};
use super::frame::SocktopusFrame;
use super::secrets::SocktopusSecrets;
use super::token::SocktopusToken;
use crate::error::Result;
use std::collections::HashMap;
use zeroize::Zeroizing;

/// [`SocktopusToken::mint`]. Errors: `weak_secret`, `unsignable`.
#[cfg_attr(feature = "uniffi", uniffi::export)]
pub fn socktopus_mint(secret: Vec<u8>, token: SocktopusToken) -> Result<String> {
    token.mint(&Zeroizing::new(secret))
}

/// [`SocktopusToken::verify`], with the secrets by app; an empty one is none. Errors, in this order: `malformed`, `unknown_key`, `bad_mac`, `stale`.
#[cfg_attr(feature = "uniffi", uniffi::export)]
pub fn socktopus_verify(secrets: HashMap<String, Vec<u8>>, token: String, now_ms: i64) -> Result<SocktopusToken> {
    let mut known = SocktopusSecrets::default();
    for (app, secret) in secrets {
        let secret = Zeroizing::new(secret);
        if !secret.is_empty() {
            known.add(&app, &secret)?;
        }
    }
    SocktopusToken::verify(&known, &token, now_ms)
}

/// [`SocktopusFrame::parse`]: a hub's frame; null for a text that a client ignores.
#[cfg_attr(feature = "uniffi", uniffi::export)]
pub fn socktopus_frame(text: String) -> Option<SocktopusFrame> {
    SocktopusFrame::parse(&text)
}

/// The body of `POST /send`.
#[cfg_attr(feature = "uniffi", uniffi::export)]
pub fn socktopus_send_body(send: SocktopusSend) -> String {
    send.to_json()
}

/// Reads what `/send` answered. Error: `malformed`.
#[cfg_attr(feature = "uniffi", uniffi::export)]
pub fn socktopus_sent(body: Vec<u8>) -> Result<SocktopusSent> {
    SocktopusSent::parse(&body)
}

/// The body of `POST /kick`.
#[cfg_attr(feature = "uniffi", uniffi::export)]
pub fn socktopus_kick_body(kick: SocktopusKick) -> String {
    kick.to_json()
}
