//! Tokens: access, refresh and master, 40 characters [0-9A-Za-z], kept as SHA-256 alone.

use crate::error::Result;
use crate::mac::sha256;
use crate::nonce;

/// Characters of a token.
pub const TCX_TOKEN_LEN: usize = 40;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A fresh token: 40 characters, 238 bits.
pub fn tcx_token() -> Result<String> {
    let mut token = String::with_capacity(TCX_TOKEN_LEN);
    while token.len() < TCX_TOKEN_LEN {
        // 248 is the last multiple of 62: what is above would favour the first letters.
        let fair = nonce::draw_secret()?.into_iter().filter(|byte| *byte < 248);
        token.extend(fair.map(|byte| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()])).take(TCX_TOKEN_LEN - token.len()));
    }
    Ok(token)
}

/// What is kept of a token.
pub fn tcx_token_digest(token: &str) -> [u8; 32] {
    sha256(token.as_bytes())
}
