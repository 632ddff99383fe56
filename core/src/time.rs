//! The numbers of time, and the decisions that depend on nothing else (spec sections 1, 6 and 7).
//! Core never asks for the time: `now` is an argument, milliseconds since the epoch.

/// F: how far ahead a time may be, in milliseconds.
pub const FUTURE_MS: i64 = 2_000;
/// W by default: the service's window, in milliseconds.
pub const WINDOW_MS: i64 = 30_000;
/// A process whose memory began empty reports ready so long after its start, in milliseconds: 2F + 2 s.
pub const READY_AFTER_MS: i64 = 2 * FUTURE_MS + 2_000;
/// The life of a grant, in seconds, unless configured.
pub const TTL_S: i64 = 600;
/// A session is handed out for at most so many seconds.
pub const HAND_OUT_MAX_S: i64 = 600;
/// The age, in milliseconds, under which a clock sample lets an unsafe request be signed.
pub const SAMPLE_MAX_AGE_MS: i64 = 3_600_000;
/// Wall and monotonic clock may part by so much before a sample's age is forgotten, in milliseconds.
pub const CLOCK_STEP_MS: i64 = 1_000;
/// The first number that does not fit be48.
pub const TS_END: i64 = 1 << 48;

/// Line 5: `None` when the time is good, else what is wrong with it.
pub const fn time_fault(ts_ms: i64, now_ms: i64, floor_ms: i64) -> Option<&'static str> {
    if ts_ms > now_ms.saturating_add(FUTURE_MS) {
        Some("the toki is dated ahead of this service's clock")
    } else if ts_ms <= floor_ms {
        Some("the toki is older than this service's window")
    } else {
        None
    }
}

/// The client's clock clamp: the new offset after a verified answer, which must not have arrived before its request was sent.
pub const fn clamp_offset(old: Option<i64>, service_ms: i64, sent_ms: i64, received_ms: i64) -> i64 {
    let lo = service_ms.saturating_sub(received_ms);
    let hi = service_ms.saturating_sub(sent_ms);
    match old {
        Some(offset) if offset <= hi => {
            if offset > lo {
                offset
            } else {
                lo
            }
        }
        _ => lo,
    }
}
