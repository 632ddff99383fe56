//! What is MACed, and the MAC: HMAC-SHA256 (RFC 2104), keys kept as midstates, `M` of each layout
//! assembled in one place (spec sections 2 and 4).

use crate::error::{OscarError, Result};
use crate::request::Content;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The length of a tag.
pub const TAG_LEN: usize = 16;
/// A truncated HMAC.
pub type Tag = [u8; TAG_LEN];

/// A key as an HMAC midstate, so that deriving stays out of the hot path. Prints as `MacKey(..)`; wiped on drop.
#[derive(Clone)]
pub(crate) struct MacKey(Hmac<Sha256>);

impl MacKey {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        // A block's length of key, zeros after it, is what HMAC makes of a shorter one.
        let mut block = Zeroizing::new([0; 64]);
        block[..32].copy_from_slice(key);
        Self(Hmac::new((&*block).into()))
    }

    /// `HMAC(self, parts…)`, whole.
    pub(crate) fn digest(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// `Expand(self, info)` of HKDF (RFC 5869) with L = 32.
    pub(crate) fn expand(&self, info: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in info {
            mac.update(part);
        }
        mac.update(&[1]);
        mac.finalize().into_bytes().into()
    }

    /// The tag over `m`.
    pub(crate) fn tag<const N: usize>(&self, m: &Message<'_, N>) -> Tag {
        let mut mac = self.0.clone();
        m.feed(&mut mac);
        let full: [u8; 32] = mac.finalize().into_bytes().into();
        truncate(&full)
    }

    /// Whether `tag` is the tag over `m`, in constant time.
    pub(crate) fn verifies<const N: usize>(&self, m: &Message<'_, N>, tag: &Tag) -> bool {
        self.tag(m).ct_eq(tag).into()
    }
}

impl std::fmt::Debug for MacKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MacKey(..)")
    }
}

/// `M`: the head of a toki, for an answer what it is bound to, `N` length-prefixed fields, and a digest last.
pub(crate) struct Message<'a, const N: usize> {
    /// The toki's bytes before its tag.
    pub(crate) head: &'a [u8],
    /// An answer only: the tag of the request and the status.
    pub(crate) request: Option<(&'a Tag, &'a [u8; 2])>,
    /// Fields, each as lp; at most 65,535 bytes, checked before.
    pub(crate) fields: [&'a [u8]; N],
    /// SHA-256 of the content, where there is one.
    pub(crate) digest: Option<&'a [u8; 32]>,
}

impl<const N: usize> Message<'_, N> {
    /// Feeds the MAC from one stack buffer: one long update is cheaper than many short ones.
    fn feed(&self, mac: &mut Hmac<Sha256>) {
        let mut buffer = [0u8; 256];
        let mut used = 0;
        let mut put = |bytes: &[u8]| {
            if let Some(room) = buffer.get_mut(used..used + bytes.len()) {
                room.copy_from_slice(bytes);
                used += bytes.len();
            } else {
                mac.update(&buffer[..used]);
                mac.update(bytes);
                used = 0;
            }
        };
        put(self.head);
        if let Some((tag, status)) = self.request {
            put(tag);
            put(status);
        }
        for field in &self.fields {
            put(&u16::try_from(field.len()).unwrap_or(u16::MAX).to_be_bytes());
            put(field);
        }
        if let Some(digest) = self.digest {
            put(digest);
        }
        mac.update(&buffer[..used]);
    }
}

/// SHA-256 (FIPS 180-4).
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// SHA-256 of zero bytes: no content has it.
pub const EMPTY_SHA256: [u8; 32] = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
    0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

/// The digest that goes into `M`; `None` when there is no content, `Err` when a digest is of no content.
pub(crate) fn content_digest(content: Content<'_>) -> Result<Option<[u8; 32]>> {
    match content {
        Content::None | Content::Bytes([]) => Ok(None),
        Content::Bytes(bytes) => Ok(Some(sha256(bytes))),
        Content::Digest(digest) if digest == EMPTY_SHA256 => Err(OscarError::Malformed("a digest of zero bytes stands for no content")),
        Content::Digest(digest) => Ok(Some(digest)),
    }
}

fn truncate(full: &[u8; 32]) -> Tag {
    let mut tag = [0; TAG_LEN];
    tag.copy_from_slice(&full[..TAG_LEN]);
    tag
}
