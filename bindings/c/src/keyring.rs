//! The keys of a service: one ring per audience, changed while it is read.

use crate::boundary::{Out, TextOut, array, bytes, text};
use crate::handle::{self, Handle, KEYRINGS, TEXTS};
use crate::status::{Fault, Status, guard};
use crate::verdict::OSCAR_AUTHORITY_MAX_LEN;
use oscartoki::{Keyring, OscarError};
use std::ffi::c_char;
use std::sync::Arc;

/// Room for the line that a file of revocations gets, its terminating zero included.
pub const OSCAR_REVOCATION_MAX_LEN: usize = 64;

/// Which originals of OscarToki v1 a key's clients are: full digests, or all with their leading zeros lost.
pub const OSCAR_DIALECT_ANY: u32 = 0;
/// Full digests only: JavaScript and Python.
pub const OSCAR_DIALECT_STANDARD: u32 = 1;
/// As OSCAR_DIALECT_ANY: Java loses the leading zeros of a digest.
pub const OSCAR_DIALECT_JAVA: u32 = 2;

/// Makes an empty ring for one audience (1 to 255 bytes 0x21 to 0x7E, used byte for byte). The caller frees it with `oscar_keyring_free`; a
/// service that was made with it keeps it alive. Error: malformed.
///
/// # Safety
/// `audience` has `len` readable bytes; `keyring` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_keyring_new(audience: *const c_char, len: usize, keyring: *mut Handle) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (keyring, audience) = unsafe { (Out::new(keyring)?, text(audience, len)?) };
        keyring.write(handle::keep(Arc::new(Keyring::new(audience)?))?);
        Ok(())
    })
}

/// The audience whose keys these are, into `out` (OSCAR_AUTHORITY_MAX_LEN).
///
/// # Safety
/// `out` has `capacity` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_keyring_audience(keyring: Handle, out: *mut c_char, capacity: usize) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let out = unsafe { TextOut::new(out, capacity, OSCAR_AUTHORITY_MAX_LEN) }?;
        out.write(&handle::look_up(&KEYRINGS, keyring)?.audience())
    })
}

/// Frees a ring. 0 is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn oscar_keyring_free(keyring: Handle) -> Status {
    guard(|| handle::free(&KEYRINGS, keyring))
}

/// Adds what one line of a key file says: `oa2.…`, `oa2.… kid=HEX`, or `v1 until=RFC3339 dialect=any key=HEX kid=HEX`.
/// The same kid with the same key again changes nothing.
/// Errors: wrong_kind (os2, oz2), malformed, weak_secret, kid_taken, policy (a seventeenth v1 key).
///
/// # Safety
/// `line` has `len` readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_keyring_add(keyring: Handle, line: *const c_char, len: usize) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let line = unsafe { text(line, len) }?;
        Ok(handle::look_up(&KEYRINGS, keyring)?.add_text(line)?)
    })
}

/// Switches OscarToki v1 on for a client (kid, 8 bytes) until a time: `key` are the v1 key's bytes, `dialect` one of OSCAR_DIALECT_….
/// Errors: malformed, weak_secret, kid_taken, policy.
///
/// # Safety
/// `kid` has 8 readable bytes, `key` has `key_len`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_keyring_add_v1(
    keyring: Handle,
    kid: *const u8,
    key: *const u8,
    key_len: usize,
    until_ms: i64,
    dialect: u32,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (kid, key) = unsafe { (array::<8>(kid)?, bytes(key, key_len)?) };
        let dialect = dialect_of(dialect)?;
        Ok(handle::look_up(&KEYRINGS, keyring)?.add_v1(kid.to_vec(), key.to_vec(), until_ms, dialect)?)
    })
}

/// Replaces all keys by those of a key file's text, at once or, with an error, not at all; `oscar_last_detail` says the line. Blank lines
/// and # comments are skipped; revocations stay. Errors as of `oscar_keyring_add`.
///
/// # Safety
/// `file` has `len` readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_keyring_load(keyring: Handle, file: *const c_char, len: usize) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let file = unsafe { text(file, len) }?;
        handle::look_up(&KEYRINGS, keyring)?.try_load(file).map_err(line_fault)
    })
}

/// What `oscar_keyring_load` would refuse the text of a key file for; nothing is loaded. `oscar_last_detail` says the line. Errors as there.
///
/// # Safety
/// `file` has `len` readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_keyring_fault_in_keys(keyring: Handle, file: *const c_char, len: usize) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let file = unsafe { text(file, len) }?;
        let held = handle::look_up(&KEYRINGS, keyring)?;
        Keyring::new(&held.audience())?.try_load(file).map_err(line_fault)
    })
}

/// Replaces the revocations by those of a file's text (`revoked KID`, `revoked KID SID`, `revoked KID before SECONDS`), at once or, with
/// an error, not at all. What this process revoked by its own calls stays, and an issued-before mark never falls. Error: malformed.
///
/// # Safety
/// `file` has `len` readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_keyring_load_revocations(keyring: Handle, file: *const c_char, len: usize) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let file = unsafe { text(file, len) }?;
        handle::look_up(&KEYRINGS, keyring)?.try_load_revocations(file).map_err(line_fault)
    })
}

/// Revokes a kid (8 bytes) at once. The line that a file of revocations gets goes into `line` (OSCAR_REVOCATION_MAX_LEN); null with 0 for none.
///
/// # Safety
/// `kid` has 8 readable bytes; `line` is null or has `capacity` writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_keyring_revoke_key(keyring: Handle, kid: *const u8, line: *mut c_char, capacity: usize) -> Status {
    // SAFETY: as this function asks.
    unsafe { revoke(keyring, line, capacity, |ring| Ok(ring.revoke_key(array::<8>(kid)?.to_vec())?)) }
}

/// Revokes one session (8 bytes) of a kid (8 bytes) at once. `line` as in `oscar_keyring_revoke_key`.
///
/// # Safety
/// `kid` and `sid` have 8 readable bytes; `line` is null or has `capacity` writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_keyring_revoke_session(
    keyring: Handle,
    kid: *const u8,
    sid: *const u8,
    line: *mut c_char,
    capacity: usize,
) -> Status {
    // SAFETY: as this function asks.
    unsafe { revoke(keyring, line, capacity, |ring| Ok(ring.revoke_session(array::<8>(kid)?.to_vec(), array::<8>(sid)?.to_vec())?)) }
}

/// Revokes the sessions of a kid (8 bytes) that were issued before a second of the epoch; one issued at it is good. The mark never falls.
/// `line` as in `oscar_keyring_revoke_key`. Error: malformed (a negative time).
///
/// # Safety
/// `kid` has 8 readable bytes; `line` is null or has `capacity` writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_keyring_revoke_issued_before(
    keyring: Handle,
    kid: *const u8,
    before_s: i64,
    line: *mut c_char,
    capacity: usize,
) -> Status {
    // SAFETY: as this function asks.
    unsafe { revoke(keyring, line, capacity, |ring| Ok(ring.revoke_issued_before(array::<8>(kid)?.to_vec(), before_s)?)) }
}

/// 1: a key stands under this kid (8 bytes); 0: none does, or the handle is not alive.
///
/// # Safety
/// `kid` has 8 readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_keyring_holds(keyring: Handle, kid: *const u8) -> i32 {
    let mut holds = false;
    guard(|| {
        // SAFETY: as this function asks.
        let kid = unsafe { array::<8>(kid) }?;
        holds = handle::look_up(&KEYRINGS, keyring)?.holds(kid.to_vec());
        Ok(())
    });
    holds.into()
}

/// 1: OscarToki v1 is on for a key of the ring; 0: for none, or the handle is not alive.
#[unsafe(no_mangle)]
pub extern "C" fn oscar_keyring_has_v1(keyring: Handle) -> i32 {
    let mut has = false;
    guard(|| {
        has = handle::look_up(&KEYRINGS, keyring)?.has_v1();
        Ok(())
    });
    has.into()
}

/// The kids held, sorted, one line of hex each. The caller frees `kids` with `oscar_text_free`.
///
/// # Safety
/// `kids` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_keyring_kids(keyring: Handle, kids: *mut Handle) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let kids = unsafe { Out::new(kids) }?;
        let held = handle::look_up(&KEYRINGS, keyring)?.kids();
        let lines = held.iter().map(|kid| oscartoki::encoding::hex(kid) + "\n").collect();
        kids.write(handle::keep_in(&TEXTS, lines)?);
        Ok(())
    })
}

/// All revocations in force, as the text of a file. The caller frees `revocations` with `oscar_text_free`.
///
/// # Safety
/// `revocations` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_keyring_revocations(keyring: Handle, revocations: *mut Handle) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let revocations = unsafe { Out::new(revocations) }?;
        revocations.write(handle::keep_in(&TEXTS, handle::look_up(&KEYRINGS, keyring)?.revocations_text())?);
        Ok(())
    })
}

/// # Safety
/// `line` is null or has `capacity` writable bytes.
unsafe fn revoke(
    keyring: Handle,
    line: *mut c_char,
    capacity: usize,
    revoke: impl FnOnce(&Keyring) -> crate::status::Result<String>,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let out = if line.is_null() { None } else { Some(unsafe { TextOut::new(line, capacity, OSCAR_REVOCATION_MAX_LEN) }?) };
        let line = revoke(&*handle::look_up(&KEYRINGS, keyring)?)?;
        out.map_or(Ok(()), |out| out.write(&line))
    })
}

fn line_fault(fault: oscartoki::KeyFileError) -> Fault {
    Fault::new(fault.reason.into(), fault.to_string())
}

pub(crate) fn dialect_of(dialect: u32) -> crate::status::Result<oscartoki::Dialect> {
    match dialect {
        OSCAR_DIALECT_ANY => Ok(oscartoki::Dialect::Any),
        OSCAR_DIALECT_STANDARD => Ok(oscartoki::Dialect::Standard),
        OSCAR_DIALECT_JAVA => Ok(oscartoki::Dialect::Java),
        _ => Err(OscarError::Malformed("an unknown dialect").into()),
    }
}
