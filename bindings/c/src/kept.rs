//! What outlives its caller: for languages whose objects end with each request while the process goes on (PHP under FPM).

use crate::boundary::bytes;
use crate::handle::Handle;
use crate::status::{Fault, Result, Status, guard};
use std::collections::HashMap;
use std::ffi::c_char;
use std::sync::{LazyLock, Mutex};

/// Names that are kept at most: one for each configuration of a process, not one for each request.
const MOST: usize = 64;

static KEPT: LazyLock<Mutex<HashMap<Vec<u8>, Handle>>> = LazyLock::new(Mutex::default);

/// Keeps a handle under a name for later callers of this process, who look it up with `oscar_kept`; from now on it is nobody's to free. A name
/// keeps its first handle. Error: too many handles (64 names; the handle stays the caller's).
///
/// # Safety
/// `name` has `len` readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_keep(name: *const c_char, len: usize, handle: Handle) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let name = unsafe { bytes(name.cast(), len) }?;
        keep(name, handle)
    })
}

fn keep(name: &[u8], handle: Handle) -> Result<()> {
    let full = || Fault::new(Status::TooManyHandles, "64 names are kept");
    // A lock that was held at the moment of a fork is nobody's in the child: nothing is kept there.
    let mut kept = KEPT.try_lock().map_err(|_| full())?;
    if kept.len() >= MOST && !kept.contains_key(name) {
        return Err(full());
    }
    kept.entry(name.to_vec()).or_insert(handle);
    Ok(())
}

/// The handle that is kept under a name; 0 for none.
///
/// # Safety
/// `name` has `len` readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_kept(name: *const c_char, len: usize) -> Handle {
    let mut found = 0;
    guard(|| {
        // SAFETY: as this function asks.
        let name = unsafe { bytes(name.cast(), len) }?;
        found = KEPT.try_lock().ok().and_then(|kept| kept.get(name).copied()).unwrap_or(0);
        Ok(())
    });
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn look(name: &str) -> Handle {
        // SAFETY: a text of this test.
        unsafe { oscar_kept(name.as_ptr().cast(), name.len()) }
    }

    #[test]
    fn a_name_keeps_its_first_handle_and_there_is_an_end_to_names() {
        assert_eq!(look("a"), 0);
        assert!(keep(b"a", 7).is_ok());
        assert!(keep(b"a", 8).is_ok());
        assert_eq!(look("a"), 7);
        assert_eq!(look(""), 0);
        // SAFETY: null is asked for.
        assert_eq!(unsafe { oscar_kept(std::ptr::null(), 3) }, 0);
        for number in 1..MOST {
            assert!(keep(format!("n{number}").as_bytes(), 1).is_ok());
        }
        assert!(keep(b"one more", 1).is_err());
        assert!(keep(b"a", 9).is_ok());
        // SAFETY: null is asked for.
        assert_eq!(unsafe { oscar_keep(std::ptr::null(), 3, 1) }, Status::NullPointer);
    }
}
