//! The files behind a ring.

use crate::boundary::{Out, Packed, bytes, text};
use crate::handle::{self, Handle, KEYRINGS, RING_FILES};
use crate::status::{Fault, Status, guard};
use oscartoki::OscarError;
use oscartoki_stores::{FileFault, RingFiles, RingSources};
use std::ffi::{OsStr, c_char};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::sync::Arc;

/// Has a ring follow its files, and loads them at once: `key_files` are lp(path) of each key file, whose lines are taken together with those
/// of `fixed`, the text of keys that stand in no file; `revocations` is the path of the file of revocations, none with length 0; one that is not
/// there yet is an empty one. Without key files and fixed text the ring's keys are left alone, else replaced as a whole, here and at
/// each change. The caller frees `ring_files` with `oscar_ring_files_free`.
/// Errors: store (a file can't be read), and those of `oscar_keyring_load` and `oscar_keyring_load_revocations`; `oscar_last_detail`
/// names the file, and the line.
///
/// # Safety
/// `key_files`, `fixed` and `revocations` have so many readable bytes; `ring_files` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_ring_files_open(
    keyring: Handle,
    key_files: *const u8,
    key_files_len: usize,
    fixed: *const c_char,
    fixed_len: usize,
    revocations: *const c_char,
    revocations_len: usize,
    ring_files: *mut Handle,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (ring_files, mut key_files) = unsafe { (Out::new(ring_files)?, Packed::new(key_files, key_files_len)?) };
        // SAFETY: as this function asks.
        let (fixed, revocations) = unsafe { (text(fixed, fixed_len)?, bytes(revocations.cast(), revocations_len)?) };
        let mut sources = RingSources { fixed: fixed.to_owned(), ..RingSources::default() };
        while let Some(path) = key_files.optional()? {
            sources.keys.push(path_of(path));
        }
        sources.revocations = (!revocations.is_empty()).then(|| path_of(revocations));
        let ring = Arc::clone(&*handle::look_up(&KEYRINGS, keyring)?);
        let opened = RingFiles::open(ring, sources).map_err(file_fault)?;
        ring_files.write(handle::keep(Arc::new(opened))?);
        Ok(())
    })
}

/// Takes over what has changed in the files: to be called before each verification. Between two looks at the files, 400 ms apart, it costs a look
/// at the clock. A change is in force within two seconds, at the latest with the first call after them: a file is read once it stands still.
/// A file that is wrong or gone is told once, by the errors of `oscar_ring_files_open`; what was good before stays in force, and the
/// caller goes on.
#[unsafe(no_mangle)]
pub extern "C" fn oscar_ring_files_refresh(ring_files: Handle) -> Status {
    guard(|| {
        handle::look_up(&RING_FILES, ring_files)?.refresh().map_err(file_fault)?;
        Ok(())
    })
}

/// Appends the line that an `oscar_keyring_revoke_…` call gave to the file of revocations, under a lock, and has it on the disk when it returns,
/// so that every process follows. Without such a file nothing happens. Errors: malformed (no line of such a file), store.
///
/// # Safety
/// `line` has `len` readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_ring_files_append(ring_files: Handle, line: *const c_char, len: usize) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let line = unsafe { text(line, len) }?;
        handle::look_up(&RING_FILES, ring_files)?.append(line).map_err(file_fault)
    })
}

/// Stops following the files; the ring stays as it is. 0 is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn oscar_ring_files_free(ring_files: Handle) -> Status {
    guard(|| handle::free(&RING_FILES, ring_files))
}

fn path_of(path: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(path))
}

/// The status already says the name; the file, the line and the reason are the detail.
fn file_fault(fault: FileFault) -> Fault {
    let status = OscarError::from_name(fault.name).map_or(Status::Store, Status::from);
    let told = fault.to_string();
    Fault::new(status, told.strip_prefix(&format!("{}: ", fault.name)).unwrap_or(&told).to_owned())
}
