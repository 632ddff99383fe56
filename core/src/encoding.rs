//! The two encodings: strict base64url (RFC 4648 section 5, no padding, unused bits zero) and `lp`,
//! the length-prefixed field that MACs and packed calls share.

use crate::error::{OscarError, Result};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// Appends `prefix` + base64url of `bytes` to `out`.
pub(crate) fn push_text(out: &mut String, prefix: &str, bytes: &[u8]) {
    out.push_str(prefix);
    URL_SAFE_NO_PAD.encode_string(bytes, out);
}

/// `prefix` + base64url of `bytes`, as a text of its own.
pub(crate) fn text(prefix: &str, bytes: &[u8]) -> String {
    let mut out = String::with_capacity(prefix.len() + bytes.len().div_ceil(3) * 4);
    push_text(&mut out, prefix, bytes);
    out
}

/// Writes `prefix` + base64url of `bytes` into `out` and returns the part that was written.
pub(crate) fn write_text<'o>(out: &'o mut [u8], prefix: &str, bytes: &[u8]) -> Result<&'o str> {
    const SHORT: OscarError = OscarError::Unsignable("the output buffer is too short");
    let start = prefix.len();
    out.get_mut(..start).ok_or(SHORT)?.copy_from_slice(prefix.as_bytes());
    let written = URL_SAFE_NO_PAD.encode_slice(bytes, &mut out[start..]).map_err(|_| SHORT)?;
    std::str::from_utf8(&out[..start + written]).map_err(|_| SHORT)
}

/// Decodes a text of exactly `N` bytes after `prefix`. Anything else is malformed.
pub(crate) fn parse_text<const N: usize>(text: &[u8], prefix: &str, what: &'static str) -> Result<[u8; N]> {
    let mut out = [0; N];
    let body = text.strip_prefix(prefix.as_bytes()).ok_or(OscarError::Malformed(what))?;
    if body.len() != encoded_len(N) || decode(body, &mut out) != Some(N) {
        return Err(OscarError::Malformed(what));
    }
    Ok(out)
}

/// Decodes strict base64url into `out`; how many bytes that were.
pub(crate) fn decode(body: &[u8], out: &mut [u8]) -> Option<usize> {
    URL_SAFE_NO_PAD.decode_slice(body, out).ok()
}

/// Characters that `n` bytes take without padding.
pub(crate) const fn encoded_len(n: usize) -> usize {
    (n * 4).div_ceil(3)
}

/// Standard base64 with padding (RFC 4648 section 4): what the neighbours write.
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Decodes strict standard base64: padding there, unused bits zero.
pub(crate) fn unbase64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Appends `lp(field)`: two bytes of big-endian length, then the bytes. `false` when longer than 65,535.
pub fn push_lp(out: &mut Vec<u8>, field: &[u8]) -> bool {
    let Ok(len) = u16::try_from(field.len()) else { return false };
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(field);
    true
}

/// Takes one `lp(field)` off the front of `packed`; the field and the rest.
pub fn take_lp(packed: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = packed.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))
}

/// Writes `value` into six big-endian bytes. `None` when it is negative or does not fit.
pub(crate) fn be48(value: i64) -> Option<[u8; 6]> {
    if !(0..1 << 48).contains(&value) {
        return None;
    }
    let [_, _, rest @ ..] = value.to_be_bytes();
    Some(rest)
}

/// Reads six big-endian bytes.
pub(crate) fn read_be48(bytes: &[u8; 6]) -> i64 {
    let [a, b, c, d, e, f] = *bytes;
    i64::from_be_bytes([0, 0, a, b, c, d, e, f])
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).map(|n| char::from(DIGITS[usize::from(n)])).collect()
}

/// Bytes of lower- or upper-case hex; `None` for anything else.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(pair[0])? << 4 | digit(*pair.get(1)?)?)).collect()
}
