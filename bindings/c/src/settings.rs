//! How clients and services are configured.

use crate::boundary::{Out, array, lent};
use crate::status::{Fault, Result, Status, guard};
use oscartoki::{ClientConfig, OscarError, Rolling, ServiceConfig};
use std::ffi::{CStr, c_char};

/// How a client behaves; `oscar_client_settings_init` fills in what is usual. Texts are zero-terminated and read by the call that takes this
/// struct.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ClientSettings {
    /// The covered headers of requests, in the service's order.
    pub ext: *const *const c_char,
    /// How many.
    pub ext_len: usize,
    /// The covered headers of answers, in the service's order.
    pub answer_ext: *const *const c_char,
    /// How many.
    pub answer_ext_len: usize,
    /// An answer with more bytes of content is policy.
    pub max_answer: i64,
    /// The generation of the audience key.
    pub generation: i64,
    /// The 8-byte kid that the application registered for this generation; null for the derived one.
    pub kid: *const u8,
    /// 1: asks for the next grant on every request, not only past half of a session's life.
    pub roll_every: u8,
    /// 1: the machine's clock is known to be right, unsafe requests need no probe.
    pub trust_clock: u8,
    /// 1: the service can't sign its answers; nothing then counts as authentic.
    pub unsigned_answers: u8,
    /// 1: `oscar_call_next` tells the Content-Digest to send.
    pub send_content_digest: u8,
}

/// Fills in what is usual: no covered headers, answers of 1 MiB, generation 0, Content-Digest with any content.
///
/// # Safety
/// `settings` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_client_settings_init(settings: *mut ClientSettings) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let settings = unsafe { Out::new(settings) }?;
        let usual = ClientConfig::default();
        settings.write(ClientSettings {
            ext: std::ptr::null(),
            ext_len: 0,
            answer_ext: std::ptr::null(),
            answer_ext_len: 0,
            max_answer: usual.max_answer,
            generation: usual.generation,
            kid: std::ptr::null(),
            roll_every: (usual.roll == Rolling::Every).into(),
            trust_clock: usual.trust_clock.into(),
            unsigned_answers: usual.unsigned_answers.into(),
            send_content_digest: usual.send_content_digest.into(),
        });
        Ok(())
    })
}

/// How a service is configured; `oscar_service_settings_init` fills in what is usual. Texts are zero-terminated and read by the call that
/// takes this struct.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ServiceSettings {
    /// The names that a request may be sent to.
    pub authorities: *const *const c_char,
    /// How many.
    pub authorities_len: usize,
    /// The one name that stands for Host, which is then ignored; null for none.
    pub fixed_authority: *const c_char,
    /// The covered headers of requests, in the clients' order.
    pub ext: *const *const c_char,
    /// How many.
    pub ext_len: usize,
    /// The covered headers of answers, in the clients' order.
    pub answer_ext: *const *const c_char,
    /// How many.
    pub answer_ext_len: usize,
    /// How old a request may be, 1,000 to 30,000 ms; equal on all nodes.
    pub window_ms: i64,
    /// The longest life that a grant may have, in seconds.
    pub max_ttl_s: i64,
    /// The life of the grants that are made here, in seconds.
    pub grant_ttl_s: i64,
    /// The longest body of a request, in bytes.
    pub max_body: i64,
    /// The longest answer that is buffered and digested, in bytes.
    pub max_answer: i64,
    /// 1: no earlier process accepted these keys, the service is ready at once. For a first start, and tests.
    pub first_start: u8,
    /// 1: the server hides an empty `?` of the target.
    pub empty_query_hidden: u8,
}

/// Fills in what is usual: W 30 s, grants of 600 s, bodies and answers of 1 MiB, no names, no covered headers.
///
/// # Safety
/// `settings` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_service_settings_init(settings: *mut ServiceSettings) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let settings = unsafe { Out::new(settings) }?;
        let usual = ServiceConfig::default();
        settings.write(ServiceSettings {
            authorities: std::ptr::null(),
            authorities_len: 0,
            fixed_authority: std::ptr::null(),
            ext: std::ptr::null(),
            ext_len: 0,
            answer_ext: std::ptr::null(),
            answer_ext_len: 0,
            window_ms: usual.window_ms,
            max_ttl_s: usual.max_ttl_s,
            grant_ttl_s: usual.grant_ttl_s,
            max_body: usual.max_body,
            max_answer: usual.max_answer,
            first_start: usual.first_start.into(),
            empty_query_hidden: usual.empty_query_hidden.into(),
        });
        Ok(())
    })
}

/// # Safety
/// `settings` is null or readable, and so is what it points to.
pub(crate) unsafe fn client_config(settings: *const ClientSettings) -> Result<ClientConfig> {
    if settings.is_null() {
        return Ok(ClientConfig::default());
    }
    // SAFETY: as this function asks; every field takes every bit pattern.
    unsafe {
        let settings = lent(settings)?;
        Ok(ClientConfig {
            ext: names(settings.ext, settings.ext_len)?,
            answer_ext: names(settings.answer_ext, settings.answer_ext_len)?,
            roll: if settings.roll_every != 0 { Rolling::Every } else { Rolling::Auto },
            trust_clock: settings.trust_clock != 0,
            unsigned_answers: settings.unsigned_answers != 0,
            max_answer: settings.max_answer,
            generation: settings.generation,
            kid: if settings.kid.is_null() { None } else { Some(array::<8>(settings.kid)?.to_vec()) },
            send_content_digest: settings.send_content_digest != 0,
        })
    }
}

/// # Safety
/// `settings` is null or readable, and so is what it points to.
pub(crate) unsafe fn service_config(settings: *const ServiceSettings) -> Result<ServiceConfig> {
    // SAFETY: as this function asks; every field takes every bit pattern.
    unsafe {
        let settings = lent(settings)?;
        Ok(ServiceConfig {
            authorities: names(settings.authorities, settings.authorities_len)?,
            fixed_authority: match settings.fixed_authority.is_null() {
                true => None,
                false => Some(name(settings.fixed_authority)?),
            },
            window_ms: settings.window_ms,
            max_ttl_s: settings.max_ttl_s,
            grant_ttl_s: settings.grant_ttl_s,
            ext: names(settings.ext, settings.ext_len)?,
            answer_ext: names(settings.answer_ext, settings.answer_ext_len)?,
            first_start: settings.first_start != 0,
            max_body: settings.max_body,
            max_answer: settings.max_answer,
            empty_query_hidden: settings.empty_query_hidden != 0,
        })
    }
}

/// Names, as an array of zero-terminated texts.
///
/// # Safety
/// Unless `len` is 0, `list` is null, misaligned, or has `len` readable pointers, each null or a zero-terminated text.
unsafe fn names(list: *const *const c_char, len: usize) -> Result<Vec<String>> {
    if len == 0 {
        return Ok(Vec::new());
    }
    if list.is_null() || !list.is_aligned() || isize::try_from(len.saturating_mul(size_of::<usize>())).is_err() {
        return Err(Fault::new(Status::NullPointer, "a null or misaligned list of names"));
    }
    // SAFETY: not null, aligned, and readable as this function asks.
    let list = unsafe { std::slice::from_raw_parts(list, len) };
    list.iter()
        .map(|name| {
            if name.is_null() {
                return Err(Fault::new(Status::NullPointer, "a null name in a list"));
            }
            // SAFETY: not null, and zero-terminated as this function asks.
            let name = unsafe { CStr::from_ptr(*name) }.to_str();
            Ok(name.map_err(|_| OscarError::Malformed("a name is not UTF-8"))?.to_owned())
        })
        .collect()
}

/// # Safety
/// `text` is a zero-terminated text.
unsafe fn name(text: *const c_char) -> Result<String> {
    // SAFETY: as this function asks.
    let text = unsafe { CStr::from_ptr(text) }.to_str();
    Ok(text.map_err(|_| OscarError::Malformed("a name is not UTF-8"))?.to_owned())
}
