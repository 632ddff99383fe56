//! The ways in and out: C pointers become slices here and results go back through them, nowhere else.

use crate::status::{Fault, Result, Status};
use oscartoki::{Content, OscarError};
use std::ffi::{CStr, c_char};

/// Bytes that the caller lends for the length of one call; null only with length 0.
///
/// # Safety
/// Unless `len` is 0, `data` is null or points to `len` readable bytes that nobody writes meanwhile.
pub(crate) unsafe fn bytes<'a>(data: *const u8, len: usize) -> Result<&'a [u8]> {
    if len == 0 {
        return Ok(&[]);
    }
    if data.is_null() {
        return Err(Fault::new(Status::NullPointer, "a null pointer with a length"));
    }
    if isize::try_from(len).is_err() {
        return Err(Fault::new(Status::BadPacked, "a length beyond the address space"));
    }
    // SAFETY: not null, a possible length, and readable as this function asks.
    Ok(unsafe { std::slice::from_raw_parts(data, len) })
}

/// [`bytes`] that must be UTF-8; `malformed` otherwise.
///
/// # Safety
/// As of [`bytes`].
pub(crate) unsafe fn text<'a>(data: *const c_char, len: usize) -> Result<&'a str> {
    // SAFETY: what this function asks is what `bytes` asks.
    utf8(unsafe { bytes(data.cast(), len) }?)
}

/// A field that must be a text; `malformed` otherwise.
pub(crate) fn utf8(field: &[u8]) -> Result<&str> {
    std::str::from_utf8(field).map_err(|_| OscarError::Malformed("a text that is not UTF-8").into())
}

/// A zero-terminated text, `None` for null.
///
/// # Safety
/// `text` is null or zero-terminated, and nobody writes it meanwhile.
pub(crate) unsafe fn terminated<'a>(text: *const c_char) -> Option<&'a [u8]> {
    // SAFETY: not null, and zero-terminated as this function asks.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_bytes())
}

/// A fixed number of bytes, such as a kid.
///
/// # Safety
/// `data` is null or points to `N` readable bytes.
pub(crate) unsafe fn array<const N: usize>(data: *const u8) -> Result<[u8; N]> {
    if data.is_null() {
        return Err(Fault::new(Status::NullPointer, "a null pointer in place of a fixed number of bytes"));
    }
    let mut out = [0; N];
    // SAFETY: not null, and readable as this function asks.
    out.copy_from_slice(unsafe { std::slice::from_raw_parts(data, N) });
    Ok(out)
}

/// A struct that the caller lends for reading.
///
/// # Safety
/// `data` is null, misaligned, or points to a `T` that nobody writes meanwhile. Every bit pattern must be a `T`.
pub(crate) unsafe fn lent<'a, T>(data: *const T) -> Result<&'a T> {
    if data.is_null() || !data.is_aligned() {
        return Err(Fault::new(Status::NullPointer, "a null or misaligned pointer to a struct"));
    }
    // SAFETY: not null, aligned, and readable as this function asks.
    Ok(unsafe { &*data })
}

/// Where one result goes; written once, at the end.
pub(crate) struct Out<T>(*mut T);

impl<T> Out<T> {
    /// # Safety
    /// `place` is null, misaligned, or writable until this value is gone.
    pub(crate) unsafe fn new(place: *mut T) -> Result<Self> {
        if place.is_null() || !place.is_aligned() {
            return Err(Fault::new(Status::NullPointer, "a null or misaligned pointer for a result"));
        }
        Ok(Self(place))
    }

    pub(crate) fn write(self, content: T) {
        // SAFETY: checked by `new`, writable as it asks; nothing that must be dropped is in memory that C owns.
        unsafe { self.0.write(content) };
    }
}

/// Where a text goes: bounded, zero-terminated.
pub(crate) struct TextOut {
    place: *mut u8,
    capacity: usize,
}

impl TextOut {
    /// Refuses less than `needed` bytes of room, the terminating zero included.
    ///
    /// # Safety
    /// `place` is null or has `capacity` writable bytes until this value is gone.
    pub(crate) unsafe fn new(place: *mut c_char, capacity: usize, needed: usize) -> Result<Self> {
        if place.is_null() {
            return Err(Fault::new(Status::NullPointer, "a null pointer for a text"));
        }
        if capacity < needed {
            return Err(Fault::new(Status::ShortBuffer, "the buffer for a text is shorter than its macro says"));
        }
        Ok(Self { place: place.cast(), capacity })
    }

    pub(crate) fn write(self, text: &str) -> Result<()> {
        if text.len() >= self.capacity {
            return Err(Fault::new(Status::ShortBuffer, "the buffer for a text is too short"));
        }
        // SAFETY: `place` has `capacity` writable bytes by `new`, and text and zero fit.
        unsafe {
            std::ptr::copy_nonoverlapping(text.as_ptr(), self.place, text.len());
            self.place.add(text.len()).write(0);
        }
        Ok(())
    }
}

/// `lp` fields taken off the front of a packed buffer.
pub(crate) struct Packed<'a>(&'a [u8]);

impl<'a> Packed<'a> {
    /// # Safety
    /// As of [`bytes`].
    pub(crate) unsafe fn new(data: *const u8, len: usize) -> Result<Self> {
        // SAFETY: what this function asks is what `bytes` asks.
        unsafe { bytes(data, len) }.map(Self)
    }

    /// The next field, which must be there.
    pub(crate) fn field(&mut self) -> Result<&'a [u8]> {
        let (field, rest) = oscartoki::encoding::take_lp(self.0).ok_or_else(bad_packed)?;
        self.0 = rest;
        Ok(field)
    }

    /// The next field, or none when the buffer ends before it.
    pub(crate) fn optional(&mut self) -> Result<Option<&'a [u8]>> {
        if self.0.is_empty() { Ok(None) } else { self.field().map(Some) }
    }

    /// Two bytes, big endian.
    pub(crate) fn be16(&mut self) -> Result<u16> {
        let (number, rest) = self.0.split_first_chunk::<2>().ok_or_else(bad_packed)?;
        self.0 = rest;
        Ok(u16::from_be_bytes(*number))
    }

    /// What is left.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }

    /// Nothing may be left.
    pub(crate) fn end(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(bad_packed()) }
    }
}

/// Content: the field of a digest, when it has its 32 bytes, else the bytes beside the packed fields.
pub(crate) fn content<'a>(digest: &[u8], body: &'a [u8]) -> Result<Content<'a>> {
    match (digest, body) {
        ([], []) => Ok(Content::None),
        ([], body) => Ok(Content::Bytes(body)),
        (digest, []) => digest.try_into().map(Content::Digest).map_err(|_| bad_packed()),
        _ => Err(Fault::new(Status::BadPacked, "content is given as bytes or as a digest, not both")),
    }
}

pub(crate) fn bad_packed() -> Fault {
    Fault::new(Status::BadPacked, "packed fields that do not parse")
}

/// Bytes into the caller's buffer.
///
/// # Safety
/// `place` is null or has `capacity` writable bytes.
pub(crate) unsafe fn write_bytes(content: &[u8], place: *mut u8, capacity: usize) -> Result<()> {
    if content.is_empty() {
        return Ok(());
    }
    if place.is_null() {
        return Err(Fault::new(Status::NullPointer, "a null pointer for a result"));
    }
    if content.len() > capacity {
        return Err(Fault::new(Status::ShortBuffer, "the buffer for a result is too short"));
    }
    // SAFETY: not null, writable as this function asks, and long enough.
    unsafe { std::ptr::copy_nonoverlapping(content.as_ptr(), place, content.len()) };
    Ok(())
}

/// A bounded text as a zero-terminated array; what does not fit is cut, which the sizes of this crate rule out.
pub(crate) fn chars<const N: usize>(text: &str) -> [c_char; N] {
    let mut out = [0; N];
    put_chars(&mut out, text);
    out
}

/// [`chars`] in place; what lies behind the terminating zero stays as it is.
pub(crate) fn put_chars<const N: usize>(out: &mut [c_char; N], text: &str) {
    let len = text.len().min(N - 1);
    // SAFETY: `c_char` is a byte, signed or not, and `len` bytes fit into both.
    unsafe { std::ptr::copy_nonoverlapping(text.as_ptr(), out.as_mut_ptr().cast(), len) };
    out[len] = 0;
}
