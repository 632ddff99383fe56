//! The packed fields that the calls share: a request, the head of a request, the head of an answer.

use crate::boundary::{Packed, bad_packed, bytes, content, terminated};
use crate::status::Result;
use oscartoki::{AnswerHead, Headers, RequestHead, RequestRef};
use std::ffi::c_char;

/// A request's packed fields, with the content beside them.
///
/// # Safety
/// As of [`bytes`], for both.
pub(crate) unsafe fn request_of<'a>(request: *const u8, len: usize, body: *const u8, body_len: usize) -> Result<RequestRef<'a>> {
    // SAFETY: as this function asks.
    let (mut fields, body) = unsafe { (Packed::new(request, len)?, bytes(body, body_len)?) };
    let request = request_fields(&mut fields, body)?;
    fields.end()?;
    Ok(request)
}

/// A request out of zero-terminated texts, without covered headers; null is an empty one.
///
/// # Safety
/// `body` as of [`bytes`], the texts as of [`terminated`].
pub(crate) unsafe fn request_of_texts<'a>(
    [verb, authority, target]: [*const c_char; 3],
    body: *const u8,
    body_len: usize,
) -> Result<RequestRef<'a>> {
    // SAFETY: as this function asks.
    let text = |text| unsafe { terminated(text) }.unwrap_or_default();
    // SAFETY: as this function asks.
    let content = content(&[], unsafe { bytes(body, body_len) }?)?;
    Ok(RequestRef { verb: text(verb), authority: text(authority), target: text(target), ext: &[], content })
}

pub(crate) fn request_fields<'a>(fields: &mut Packed<'a>, body: &'a [u8]) -> Result<RequestRef<'a>> {
    let (verb, authority, target, ext) = (fields.field()?, fields.field()?, fields.field()?, fields.field()?);
    Ok(RequestRef { verb, authority, target, ext, content: content(fields.field()?, body)? })
}

/// # Safety
/// As of [`bytes`].
pub(crate) unsafe fn answer_head<'a>(head: *const u8, len: usize) -> Result<AnswerHead<'a>> {
    // SAFETY: as this function asks.
    let mut head = unsafe { Packed::new(head, len) }?;
    let status = head.be16()?;
    Ok(AnswerHead { status, headers: Headers::packed(head.rest()).map_err(|_| bad_packed())? })
}

pub(crate) fn mono(mono_ms: i64) -> Option<i64> {
    (mono_ms != 0).then_some(mono_ms)
}

/// # Safety
/// As of [`bytes`].
pub(crate) unsafe fn request_head<'a>(head: *const u8, len: usize) -> Result<RequestHead<'a>> {
    // SAFETY: as this function asks.
    let mut head = unsafe { Packed::new(head, len) }?;
    let (verb, authority, target) = (head.field()?, head.field()?, head.field()?);
    let headers = Headers::packed(head.rest()).map_err(|_| bad_packed())?;
    Ok(RequestHead { verb, authority: (!authority.is_empty()).then_some(authority), target, headers })
}
