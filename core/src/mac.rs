//! What is MACed, and the MAC: HMAC-SHA256 (RFC 2104), keys kept as midstates, `M` of each layout
//! assembled in one place (spec sections 2 and 4).

use crate::error::{OscarError, Result};
use crate::request::Content;
use sha2::block_api::compress256;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// The length of a tag.
pub const TAG_LEN: usize = 16;
/// A truncated HMAC.
pub type Tag = [u8; TAG_LEN];

/// A key as HMAC's two midstates, so that deriving stays out of the hot path and a MAC begins where the key ends.
/// Prints as `MacKey(..)`; wiped on drop.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct MacKey {
    inner: [u32; 8],
    outer: [u32; 8],
}

impl MacKey {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let midstate = |pad: u8| {
            let mut block = Zeroizing::new([pad; BLOCK]);
            block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
            let mut state = SHA256_IV;
            compress256(&mut state, std::slice::from_ref(&*block));
            state
        };
        Self { inner: midstate(0x36), outer: midstate(0x5c) }
    }

    /// `HMAC(self, parts…)`, whole.
    pub(crate) fn digest(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut inner = Inner::new(self);
        parts.iter().for_each(|part| inner.put(part));
        inner.finish(self)
    }

    /// `Expand(self, info)` of HKDF (RFC 5869) with L = 32.
    pub(crate) fn expand(&self, info: &[&[u8]]) -> [u8; 32] {
        let mut inner = Inner::new(self);
        info.iter().for_each(|part| inner.put(part));
        inner.put(&[1]);
        inner.finish(self)
    }

    /// The tag over `m`.
    pub(crate) fn tag<const N: usize>(&self, m: &Message<'_, N>) -> Tag {
        let mut inner = Inner::new(self);
        m.feed(&mut inner);
        truncate(&inner.finish(self))
    }

    /// Whether `tag` is the tag over `m`, in constant time.
    pub(crate) fn verifies<const N: usize>(&self, m: &Message<'_, N>, tag: &Tag) -> bool {
        // One word of 128 bits has no first byte that differs.
        u128::from_ne_bytes(self.tag(m)) ^ u128::from_ne_bytes(*tag) == 0
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
    #[inline(always)]
    fn feed(&self, inner: &mut Inner) {
        inner.put(self.head);
        if let Some((tag, status)) = self.request {
            inner.put(tag);
            inner.put(status);
        }
        for field in &self.fields {
            inner.put(&u16::try_from(field.len()).unwrap_or(u16::MAX).to_be_bytes());
            inner.put(field);
        }
        if let Some(digest) = self.digest {
            inner.put(digest);
        }
    }
}

const BLOCK: usize = 64;
const ROOM: usize = 4 * BLOCK;

/// SHA-256's first state (FIPS 180-4, section 5.3.3).
const SHA256_IV: [u32; 8] = [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// The inner hash of HMAC. One long run of the compression is cheaper than many short ones, and most of what is signed here fits
/// four blocks; the fifth has room for the padding.
struct Inner {
    state: [u32; 8],
    buffer: [u8; ROOM + BLOCK],
    used: usize,
    /// Bytes hashed before those in the buffer, the key's block among them.
    hashed: u64,
}

impl Inner {
    #[inline(always)]
    fn new(key: &MacKey) -> Self {
        Self { state: key.inner, buffer: [0; ROOM + BLOCK], used: 0, hashed: BLOCK as u64 }
    }

    #[inline(always)]
    fn put(&mut self, bytes: &[u8]) {
        match self.buffer[..ROOM].get_mut(self.used..self.used + bytes.len()) {
            Some(room) => {
                room.copy_from_slice(bytes);
                self.used += bytes.len();
            }
            None => self.put_long(bytes),
        }
    }

    /// What does not fit goes through the buffer, a bufferful at a time.
    #[cold]
    fn put_long(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.used == ROOM {
                compress256(&mut self.state, self.buffer[..ROOM].as_chunks().0);
                self.hashed += ROOM as u64;
                self.used = 0;
            }
            let (now, later) = bytes.split_at(bytes.len().min(ROOM - self.used));
            self.buffer[self.used..][..now.len()].copy_from_slice(now);
            self.used += now.len();
            bytes = later;
        }
    }

    /// The rest of the inner hash, then the outer one.
    fn finish(mut self, key: &MacKey) -> [u8; 32] {
        const LEN: usize = 8;
        let bits = (self.hashed + self.used as u64) * 8;
        let end = (self.used + 1 + LEN).next_multiple_of(BLOCK);
        // What a bufferful left behind is no padding.
        self.buffer[self.used..end].fill(0);
        self.buffer[self.used] = 0x80;
        self.buffer[end - LEN..end].copy_from_slice(&bits.to_be_bytes());
        compress256(&mut self.state, self.buffer[..end].as_chunks().0);

        let mut block = [0; BLOCK];
        block[..32].copy_from_slice(&to_bytes(&self.state));
        block[32] = 0x80;
        block[BLOCK - LEN..].copy_from_slice(&((BLOCK as u64 + 32) * 8).to_be_bytes());
        self.state = key.outer;
        compress256(&mut self.state, &[block]);
        let out = to_bytes(&self.state);
        self.state.zeroize();
        out
    }
}

fn to_bytes(state: &[u32; 8]) -> [u8; 32] {
    let mut out = [0; 32];
    for (bytes, word) in out.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    out
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

#[cfg(test)]
mod tests {
    use super::MacKey;
    use hmac::{Hmac, KeyInit, Mac};

    #[test]
    fn a_mac_is_that_of_the_hmac_crate_at_every_length() {
        let key: [u8; 32] = std::array::from_fn(|at| at as u8 * 7);
        let text: Vec<u8> = (0..1_200u32).map(|at| (at * 31 / 8) as u8).collect();
        let ours = MacKey::new(&key);
        for len in (0..700).chain([1_023, 1_024, 1_200]) {
            let mut theirs = Hmac::<sha2::Sha256>::new_from_slice(&key).expect("any length");
            theirs.update(&text[..len]);
            let want: [u8; 32] = theirs.finalize().into_bytes().into();
            assert_eq!(ours.digest(&[&text[..len]]), want, "{len}");
            let (one, two) = text[..len].split_at(len / 3);
            assert_eq!(ours.digest(&[one, b"", two]), want, "{len} in parts");
        }
    }
}
