//! Why a toki does not fit its request: for development.

use crate::boundary::{Out, Packed, bytes};
use crate::fields::request_fields;
use crate::handle::{self, Handle, TEXTS};
use crate::status::{Status, guard};
use oscartoki::{AudienceKey, Candidate, OscarError};

/// Says in a sentence what is different between a request as it arrived and as it was signed; for development, never for an answer.
/// `keys`: lp(label) lp(`oa2.` text) for each key at hand, the service's own first. `request` and `body` as in `oscar_service_verify_packed`.
/// Writes a text, which the caller frees with `oscar_text_free`, or 0 when the toki is good or nothing usual explains it.
/// Errors: missing (no toki), malformed, those of the key texts.
///
/// # Safety
/// Slices have so many readable bytes; `explanation` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_explain(
    keys: *const u8,
    keys_len: usize,
    request: *const u8,
    request_len: usize,
    body: *const u8,
    body_len: usize,
    explanation: *mut Handle,
) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let (explanation, mut keys, mut fields, body) =
            unsafe { (Out::new(explanation)?, Packed::new(keys, keys_len)?, Packed::new(request, request_len)?, bytes(body, body_len)?) };
        let mut held = Vec::new();
        while let Some(label) = keys.optional()? {
            let key = std::str::from_utf8(keys.field()?).map_err(|_| OscarError::Malformed("a key text is ASCII"))?;
            held.push((String::from_utf8_lossy(label).into_owned(), AudienceKey::parse(key)?));
        }
        let request = request_fields(&mut fields, body)?;
        let toki = fields.optional()?.ok_or(OscarError::Missing("there is no toki to explain"))?;
        let grant = fields.optional()?;
        fields.end()?;
        let candidates: Vec<_> = held.iter().map(|(label, key)| Candidate { label, key }).collect();
        let told = oscartoki::explain(&candidates, &request, toki, grant);
        explanation.write(told.map_or(Ok(0), |told| handle::keep_in(&TEXTS, told))?);
        Ok(())
    })
}
