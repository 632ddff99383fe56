//! The hot calls with JavaScript's numbers: a time is an `f64` of whole milliseconds, a handle is an `f64` of the same bits.
#![allow(missing_docs, reason = "as of the calls of the C door that they stand for")]
#![allow(clippy::missing_safety_doc, reason = "as of the calls of the C door that they stand for")]
#![allow(clippy::too_many_arguments, reason = "as of the calls of the C door that they stand for")]

use oscartoki_c::*;

fn handle(bits: f64) -> Handle {
    bits.to_bits().cast_signed()
}

/// One call: its arguments as JavaScript gives them, and what the C door gets.
macro_rules! hot {
    ($($name:ident($($argument:ident: $kind:ty),*) = $call:ident($($given:expr),*);)*) => {$(
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($argument: $kind),*) -> Status {
            // SAFETY: as of the call.
            unsafe { $call($($given),*) }
        }
    )*};
}

hot! {
    oscar_js_sign(client: f64, request: *const u8, len: usize, body: *const u8, body_len: usize, options: u32, now: f64, mono: f64, headers: *mut Signed, context: *mut Handle)
        = oscar_client_sign_packed(handle(client), request, len, body, body_len, options, now as i64, mono as i64, headers, context);
    oscar_js_accept(client: f64, context: f64, answer: *const u8, len: usize, body: *const u8, body_len: usize, now: f64, mono: f64, outcome: *mut COutcome)
        = oscar_client_accept_packed(handle(client), handle(context), answer, len, body, body_len, now as i64, mono as i64, outcome);
    oscar_js_accept_head(client: f64, context: f64, head: *const u8, len: usize, body: *const u8, body_len: usize, now: f64, mono: f64, outcome: *mut COutcome)
        = oscar_client_accept_head(handle(client), handle(context), head, len, body, body_len, now as i64, mono as i64, outcome);
    oscar_js_accept_head_digest(client: f64, context: f64, head: *const u8, len: usize, digest: *const u8, now: f64, mono: f64, outcome: *mut COutcome)
        = oscar_client_accept_head_digest(handle(client), handle(context), head, len, digest, now as i64, mono as i64, outcome);
}

#[cfg(feature = "all")]
hot! {
    oscar_js_verify(service: f64, request: *const u8, len: usize, body: *const u8, body_len: usize, now: f64, verdict: *mut CVerdict)
        = oscar_service_verify_packed(handle(service), request, len, body, body_len, now as i64, verdict);
    oscar_js_verify_head(service: f64, head: *const u8, len: usize, body: *const u8, body_len: usize, now: f64, verdict: *mut CVerdict)
        = oscar_service_verify_head(handle(service), head, len, body, body_len, now as i64, verdict);
    oscar_js_verify_head_digest(service: f64, head: *const u8, len: usize, digest: *const u8, now: f64, verdict: *mut CVerdict)
        = oscar_service_verify_head_digest(handle(service), head, len, digest, now as i64, verdict);
    oscar_js_answer(service: f64, context: f64, answer: *const u8, len: usize, body: *const u8, body_len: usize, now: f64, headers: *mut Answered)
        = oscar_service_answer_packed(handle(service), handle(context), answer, len, body, body_len, now as i64, headers);
    oscar_js_answer_head(service: f64, context: f64, head: *const u8, len: usize, body: *const u8, body_len: usize, now: f64, headers: *mut Answered)
        = oscar_service_answer_head(handle(service), handle(context), head, len, body, body_len, now as i64, headers);
    oscar_js_answer_head_digest(service: f64, context: f64, head: *const u8, len: usize, digest: *const u8, now: f64, headers: *mut Answered)
        = oscar_service_answer_head_digest(handle(service), handle(context), head, len, digest, now as i64, headers);
}
