//! Texts whose length nobody knows beforehand, as handles.

use crate::boundary::{Out, write_bytes};
use crate::handle::{self, Handle, TEXTS};
use crate::status::{Status, guard};
use std::ffi::c_char;

/// The length of a text in bytes, without a terminating zero.
///
/// # Safety
/// `len` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_text_len(text: Handle, len: *mut usize) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let len = unsafe { Out::new(len) }?;
        len.write(handle::look_up(&TEXTS, text)?.len());
        Ok(())
    })
}

/// Copies a text into `out`, which has `capacity` bytes: at least its length; no terminating zero is written. Error: short buffer.
///
/// # Safety
/// `out` has `capacity` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_text_copy(text: Handle, out: *mut c_char, capacity: usize) -> Status {
    // SAFETY: as this function asks.
    guard(|| unsafe { write_bytes(handle::look_up(&TEXTS, text)?.as_bytes(), out.cast(), capacity) })
}

/// Frees a text. 0 is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn oscar_text_free(text: Handle) -> Status {
    guard(|| handle::free(&TEXTS, text))
}
