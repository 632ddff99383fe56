//! What a call returns, and the one place through which it returns: no panic crosses, every failure leaves its sentence behind.

use oscartoki::OscarError;
use std::borrow::Cow;
use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a call returns: 0 is success; 1 to 21 are the error names of the protocol; 64 and above belong to this ABI.
/// `oscar_error_name` and `oscar_status_message` take any of them. Every new number is an addition at the end.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Done; of a verdict: verified; of an outcome: accepted.
    Ok = 0,
    /// Not in the one allowed form.
    Malformed = 1,
    /// There is no toki to verify.
    Missing = 2,
    /// A field that cannot be signed.
    Unsignable = 3,
    /// The authority is not one of this service's names.
    UnknownAuthority = 4,
    /// The key id is not held here.
    UnknownKey = 5,
    /// Not authentic.
    BadMac = 6,
    /// Outside the time window.
    Stale = 7,
    /// Seen before; of a context: used before.
    Replayed = 8,
    /// The session is over.
    GrantExpired = 9,
    /// The key or session is revoked.
    Revoked = 10,
    /// The content is not what was signed.
    BodyMismatch = 11,
    /// Authentic, but not allowed here.
    Policy = 12,
    /// Could not be remembered, try later.
    Busy = 13,
    /// A message or URL past its end.
    Expired = 14,
    /// A message from more than 300 seconds ahead.
    NotYet = 15,
    /// The framework does not show the raw request target.
    RawTargetHidden = 16,
    /// The answer stands, its grant is not ours.
    BadGrant = 17,
    /// A key text of another kind.
    WrongKind = 18,
    /// Key material is too weak.
    WeakSecret = 19,
    /// Another key stands under this key id.
    KidTaken = 20,
    /// A v1 toki minted by this service came back as a request.
    Reflected = 21,
    /// Not a failure and not a success: the MAC is good, the content is still to be compared (`oscar_service_finish`).
    Pending = 64,
    /// A handle that is 0, forged, of another type, or freed.
    BadHandle = 65,
    /// A pointer that must not be null, or is not aligned for its type.
    NullPointer = 66,
    /// The caller's buffer is shorter than the macro for it says.
    ShortBuffer = 67,
    /// Packed fields that do not parse, or a number or text that fits no field.
    BadPacked = 68,
    /// So many handles of this type are alive that there is no room for another.
    TooManyHandles = 69,
    /// A file can't be used: of a shared memory, of keys, of revocations; `oscar_last_detail` says which and why.
    Store = 70,
    /// A fault inside this library. Nothing was decided; treat it as a refusal.
    Internal = 71,
    /// The first step of OscarToki v1: nothing runs, `oscar_service_handshake` makes the answer.
    Handshake = 72,
}

impl From<OscarError> for Status {
    fn from(error: OscarError) -> Self {
        match error {
            OscarError::Malformed(_) => Self::Malformed,
            OscarError::Missing(_) => Self::Missing,
            OscarError::Unsignable(_) => Self::Unsignable,
            OscarError::UnknownAuthority(_) => Self::UnknownAuthority,
            OscarError::UnknownKey(_) => Self::UnknownKey,
            OscarError::BadMac(_) => Self::BadMac,
            OscarError::Stale(_) => Self::Stale,
            OscarError::Replayed(_) => Self::Replayed,
            OscarError::GrantExpired(_) => Self::GrantExpired,
            OscarError::Revoked(_) => Self::Revoked,
            OscarError::BodyMismatch(_) => Self::BodyMismatch,
            OscarError::Policy(_) => Self::Policy,
            OscarError::Busy(_) => Self::Busy,
            OscarError::Expired(_) => Self::Expired,
            OscarError::NotYet(_) => Self::NotYet,
            OscarError::RawTargetHidden(_) => Self::RawTargetHidden,
            OscarError::BadGrant(_) => Self::BadGrant,
            OscarError::WrongKind(_) => Self::WrongKind,
            OscarError::WeakSecret(_) => Self::WeakSecret,
            OscarError::KidTaken(_) => Self::KidTaken,
            OscarError::Reflected(_) => Self::Reflected,
        }
    }
}

/// Why a call did not do what it was asked, with its sentence.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) status: Status,
    pub(crate) detail: Cow<'static, str>,
}

pub(crate) type Result<T> = std::result::Result<T, Fault>;

impl Fault {
    pub(crate) fn new(status: Status, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, detail: detail.into() }
    }
}

impl From<OscarError> for Fault {
    fn from(error: OscarError) -> Self {
        Self::new(error.into(), error.detail())
    }
}

thread_local! {
    /// The sentence of this thread's last failure, and the copy of it that a C caller reads.
    static LAST: RefCell<(Cow<'static, str>, CString)> = RefCell::default();
}

/// Runs one call. Its fault becomes the status, a panic `Internal`.
pub(crate) fn guard(call: impl FnOnce() -> Result<()>) -> Status {
    guard_status(|| call().map(|()| Status::Ok))
}

/// [`guard`] for a call that knows its status.
pub(crate) fn guard_status(call: impl FnOnce() -> Result<Status>) -> Status {
    let fault = match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(status)) => return status,
        Ok(Err(fault)) => fault,
        Err(_) => Fault::new(Status::Internal, "a fault inside liboscartoki"),
    };
    remember(fault.detail);
    fault.status
}

/// Keeps the sentence that `oscar_last_detail` tells.
pub(crate) fn remember(detail: Cow<'static, str>) {
    // A thread that is ending has no place for it any more.
    let _ = LAST.try_with(|last| last.borrow_mut().0 = detail);
}

/// The stable name of an error of the protocol, the same in every language, such as "stale"; "ok" for 0, and a name of this ABI such as
/// "bad_handle" for 64 and above. Null for a number that is no status. A static text; nobody frees it.
#[unsafe(no_mangle)]
pub extern "C" fn oscar_error_name(status: i32) -> *const c_char {
    described(status).map_or(std::ptr::null(), |(name, _)| name.as_ptr())
}

/// A sentence for a status. Never null; a static text, nobody frees it.
#[unsafe(no_mangle)]
pub extern "C" fn oscar_status_message(status: i32) -> *const c_char {
    described(status).map_or(c"unknown status", |(_, sentence)| sentence).as_ptr()
}

/// The status of an error's name, -1 for a text (zero-terminated) that is none, or null.
///
/// # Safety
/// `name` is null or a zero-terminated text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_status_from_name(name: *const c_char) -> i32 {
    if name.is_null() {
        return -1;
    }
    // SAFETY: not null, and zero-terminated as this function asks.
    let name = unsafe { CStr::from_ptr(name) };
    DESCRIBED.iter().find(|(_, known, _)| *known == name).map_or(-1, |(status, ..)| *status as i32)
}

/// Which rule the last call of this thread that did not return OSCAR_OK broke, in a few words; never key material, never what was in the
/// input. Valid until the next call of this function on this thread; nobody frees it.
#[unsafe(no_mangle)]
pub extern "C" fn oscar_last_detail() -> *const c_char {
    let told = LAST.try_with(|last| {
        let (detail, copy) = &mut *last.borrow_mut();
        *copy = CString::new(detail.replace('\0', " ")).unwrap_or_default();
        copy.as_ptr()
    });
    told.unwrap_or(c"".as_ptr())
}

/// The version of this library, such as "0.1.0". A static text; nobody frees it.
#[unsafe(no_mangle)]
pub extern "C" fn oscar_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}

/// The ABI of this library: equal to `OSCAR_ABI_VERSION` of the header that fits it.
#[unsafe(no_mangle)]
pub extern "C" fn oscar_abi_version() -> u32 {
    OSCAR_ABI_VERSION
}

/// Raised by every change that an existing program would notice.
pub const OSCAR_ABI_VERSION: u32 = 1;

fn described(status: i32) -> Option<(&'static CStr, &'static CStr)> {
    DESCRIBED.iter().find(|(known, ..)| *known as i32 == status).map(|(_, name, sentence)| (*name, *sentence))
}

const DESCRIBED: [(Status, &CStr, &CStr); 31] = [
    (Status::Ok, c"ok", c"done"),
    (Status::Malformed, c"malformed", c"not in the one allowed form"),
    (Status::Missing, c"missing", c"there is no toki to verify"),
    (Status::Unsignable, c"unsignable", c"a field cannot be signed"),
    (Status::UnknownAuthority, c"unknown_authority", c"the authority is not one of this service's names"),
    (Status::UnknownKey, c"unknown_key", c"the key id is not held here"),
    (Status::BadMac, c"bad_mac", c"not authentic"),
    (Status::Stale, c"stale", c"outside the time window"),
    (Status::Replayed, c"replayed", c"seen before"),
    (Status::GrantExpired, c"grant_expired", c"the session is over"),
    (Status::Revoked, c"revoked", c"the key or session is revoked"),
    (Status::BodyMismatch, c"body_mismatch", c"the content is not what was signed"),
    (Status::Policy, c"policy", c"authentic, but not allowed here"),
    (Status::Busy, c"busy", c"could not be remembered, try later"),
    (Status::Expired, c"expired", c"past its end"),
    (Status::NotYet, c"not_yet", c"more than 300 seconds ahead"),
    (Status::RawTargetHidden, c"raw_target_hidden", c"the framework does not show the raw request target"),
    (Status::BadGrant, c"bad_grant", c"the answer stands, its grant is not ours"),
    (Status::WrongKind, c"wrong_kind", c"a key text of another kind"),
    (Status::WeakSecret, c"weak_secret", c"key material is too weak"),
    (Status::KidTaken, c"kid_taken", c"another key stands under this key id"),
    (Status::Reflected, c"reflected", c"a toki minted by this service came back as a request"),
    (Status::Pending, c"pending", c"authentic so far; the content is still to be compared"),
    (Status::BadHandle, c"bad_handle", c"the handle is not alive, or of another type"),
    (Status::NullPointer, c"null_pointer", c"a null or misaligned pointer"),
    (Status::ShortBuffer, c"short_buffer", c"the buffer is too short"),
    (Status::BadPacked, c"bad_packed", c"packed fields that do not parse"),
    (Status::TooManyHandles, c"too_many_handles", c"too many handles are alive"),
    (Status::Store, c"store", c"a file can't be used"),
    (Status::Internal, c"internal", c"a fault inside liboscartoki"),
    (Status::Handshake, c"handshake", c"the first step of OscarToki v1, to be answered"),
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn text(pointer: *const c_char) -> &'static str {
        // SAFETY: the texts of this module are static.
        unsafe { CStr::from_ptr(pointer) }.to_str().unwrap()
    }

    #[test]
    fn the_numbers_of_the_protocol_are_cores() {
        for name in OscarError::NAMES {
            let error = OscarError::from_name(name).unwrap();
            let status = Status::from(error);
            assert_eq!(status as i32, i32::from(error.number()));
            assert_eq!(text(oscar_error_name(status as i32)), *name);
            assert_eq!(text(oscar_status_message(status as i32)), error.detail());
        }
        assert!(oscar_error_name(22).is_null() && oscar_error_name(-1).is_null());
        assert_eq!(text(oscar_status_message(22)), "unknown status");
    }

    #[test]
    fn names_lead_back_to_numbers() {
        for (status, name, _) in DESCRIBED {
            // SAFETY: a static text.
            assert_eq!(unsafe { oscar_status_from_name(name.as_ptr()) }, status as i32);
        }
        // SAFETY: null and a static text.
        unsafe {
            assert_eq!(oscar_status_from_name(std::ptr::null()), -1);
            assert_eq!(oscar_status_from_name(c"no_such_error".as_ptr()), -1);
        }
    }

    #[test]
    fn a_panic_is_a_status_and_a_failure_leaves_its_sentence() {
        assert_eq!(guard(|| Err(OscarError::Stale("too old").into())), Status::Stale);
        assert_eq!(text(oscar_last_detail()), "too old");
        assert_eq!(guard(|| panic!("inside")), Status::Internal);
        assert_eq!(text(oscar_last_detail()), "a fault inside liboscartoki");
        assert_eq!(guard(|| Ok(())), Status::Ok);
    }
}
