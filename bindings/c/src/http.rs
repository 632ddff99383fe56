//! Small things of HTTP that a layer in C needs.

use crate::boundary::{Out, TextOut, array, bytes};
use crate::status::{Status, guard};
use crate::verdict::OSCAR_AUTHORITY_MAX_LEN;
use oscartoki::OscarError;
use oscartoki::http::{format_content_digest, normalise_authority, parse_content_digest};
use std::ffi::c_char;

/// Room for the value of a Content-Digest header, its terminating zero included.
pub const OSCAR_CONTENT_DIGEST_MAX_LEN: usize = 56;

/// SHA-256 of `data`, 32 bytes into `digest`.
///
/// # Safety
/// `data` has `len` readable bytes, `digest` 32 writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_sha256(data: *const u8, len: usize, digest: *mut u8) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (digest, data) = unsafe { (Out::<[u8; 32]>::new(digest.cast())?, bytes(data, len)?) };
        digest.write(oscartoki::sha256(data));
        Ok(())
    })
}

/// The value of a Content-Digest header for a SHA-256 of 32 bytes, into `out` (OSCAR_CONTENT_DIGEST_MAX_LEN).
///
/// # Safety
/// `digest` has 32 readable bytes, `out` `capacity` writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_content_digest_format(digest: *const u8, out: *mut c_char, capacity: usize) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (out, digest) = unsafe { (TextOut::new(out, capacity, OSCAR_CONTENT_DIGEST_MAX_LEN)?, array::<32>(digest)?) };
        out.write(&format_content_digest(&digest))
    })
}

/// Reads the value of a Content-Digest header: its one sha-256 member, 32 bytes, into `digest`. Errors: missing (none that counts: the header is as
/// good as absent), malformed (two).
///
/// # Safety
/// `header` has `len` readable bytes, `digest` 32 writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_content_digest_parse(header: *const c_char, len: usize, digest: *mut u8) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (digest, header) = unsafe { (Out::<[u8; 32]>::new(digest.cast())?, bytes(header.cast(), len)?) };
        let found = parse_content_digest(header)?;
        digest.write(found.ok_or(OscarError::Missing("Content-Digest has no sha-256 that counts"))?);
        Ok(())
    })
}

/// Normalises an authority: A to Z folded, one trailing `:80` or `:443` removed; into `out` (OSCAR_AUTHORITY_MAX_LEN). Error: malformed.
///
/// # Safety
/// `authority` has `len` readable bytes, `out` `capacity` writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_authority_normalise(authority: *const c_char, len: usize, out: *mut c_char, capacity: usize) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (out, authority) = unsafe { (TextOut::new(out, capacity, OSCAR_AUTHORITY_MAX_LEN)?, bytes(authority.cast(), len)?) };
        let mut buffer = [0; 255];
        let normal = normalise_authority(authority, &mut buffer).map_err(OscarError::Malformed)?;
        out.write(std::str::from_utf8(normal).map_err(|_| OscarError::Malformed("an authority is ASCII"))?)
    })
}
