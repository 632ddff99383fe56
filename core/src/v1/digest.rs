//! Hex digests, as JavaScript and Python spell them and as Java does.

use super::Dialect;
use crate::encoding::hex;
use sha2::{Digest, Sha256};

/// How every digest of one toki or tokikey is spelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// 64 digits.
    Full,
    /// Java: leading zeros are lost, padded to 32 digits only.
    ZerosLost,
}

impl Dialect {
    /// The spellings that this dialect takes; each comparison makes them all.
    pub(super) fn spellings(self) -> &'static [Spelling] {
        match self {
            Self::Standard => &[Spelling::Full],
            Self::Any | Self::Java => &[Spelling::Full, Spelling::ZerosLost],
        }
    }

    /// Whether a text can be a digest in one of them.
    pub(super) fn takes_digest(self, text: &str) -> bool {
        let least = if self == Self::Standard { 64 } else { 32 };
        (least..=64).contains(&text.len()) && text.bytes().all(is_hex)
    }
}

pub(super) fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// H of the parts, one after another.
pub(super) fn h(spelling: Spelling, parts: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
    }
    let full = hex(&digest.finalize());
    match spelling {
        Spelling::Full => full,
        Spelling::ZerosLost => format!("{:0>32}", full.trim_start_matches('0')),
    }
}

/// Whether a digest has a leading zero to lose.
pub(super) fn loses_zeros(digest: &str) -> bool {
    digest.starts_with('0')
}

pub(super) fn reverse(text: &str) -> String {
    text.chars().rev().collect()
}
