//! Content-Digest (RFC 9530): its one `sha-256` member counts.

use crate::error::{OscarError, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The value of a Content-Digest header: `sha-256=:…:`.
pub fn format_content_digest(digest: &[u8; 32]) -> String {
    let mut out = String::with_capacity(54);
    out.push_str("sha-256=:");
    STANDARD.encode_string(digest, &mut out);
    out.push(':');
    out
}

/// Reads the value of one Content-Digest header, a dictionary of RFC 8941. Other algorithms are ignored; a value that
/// can't be parsed, or has no `sha-256` of 32 bytes, is as good as absent; two `sha-256` members are malformed.
pub fn parse_content_digest(value: &[u8]) -> Result<Option<[u8; 32]>> {
    let mut found = None;
    for member in value.split(|b| *b == b',') {
        let member = member.trim_ascii();
        let Some(equals) = member.iter().position(|b| *b == b'=') else { return Ok(None) };
        let (key, item) = (&member[..equals], &member[equals + 1..]);
        let Some(encoded) = item.strip_prefix(b":").and_then(|rest| rest.strip_suffix(b":")) else { return Ok(None) };
        if key != b"sha-256" {
            continue;
        }
        if found.is_some() {
            return Err(OscarError::Malformed("Content-Digest has two sha-256 members"));
        }
        let mut bytes = [0; 32];
        match STANDARD.decode_slice(encoded, &mut bytes) {
            Ok(32) => found = Some(bytes),
            _ => return Ok(None),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::{format_content_digest, parse_content_digest};
    use crate::error::OscarError;

    #[test]
    fn one_sha_256_member_counts() {
        let digest = crate::mac::sha256(b"{}");
        let value = format_content_digest(&digest);
        assert_eq!(value, "sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:");
        let among = format!("md5=:AAAA:, {value} ,sha-512=:AAAA:");
        assert_eq!(parse_content_digest(value.as_bytes()), Ok(Some(digest)));
        assert_eq!(parse_content_digest(among.as_bytes()), Ok(Some(digest)));
        for absent in
            ["", "sha-256", "sha-256=:AAAA:", "sha-256=AAAA", "md5=:AAAA:", "sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4p=:"]
        {
            assert_eq!(parse_content_digest(absent.as_bytes()), Ok(None), "{absent}");
        }
        let twice = format!("{value}, {value}");
        assert_eq!(parse_content_digest(twice.as_bytes()), Err(OscarError::Malformed("")));
    }
}
