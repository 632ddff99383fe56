//! What a client knows of one service's clock, and how far it trusts it (spec section 7, "Clock").

use crate::error::{OscarError, Result};
use crate::time::{CLOCK_STEP_MS, SAMPLE_MAX_AGE_MS, clamp_offset};

/// One moment on the client's own clocks, milliseconds; the monotonic one where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) wall_ms: i64,
    pub(crate) mono_ms: Option<i64>,
}

impl Moment {
    /// Whether wall and monotonic clock went different ways between the two: a step, or a sleep.
    pub(crate) fn parted(&self, later: &Self) -> bool {
        let (Some(before), Some(after)) = (self.mono_ms, later.mono_ms) else { return false };
        let wall = i128::from(later.wall_ms) - i128::from(self.wall_ms);
        let mono = i128::from(after) - i128::from(before);
        (wall - mono).abs() > i128::from(CLOCK_STEP_MS)
    }
}

/// Offset and the moment of the last sample.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    offset_ms: Option<i64>,
    /// When the last answer that told the time arrived; forgotten after a step or a sleep.
    sample: Option<Moment>,
}

impl Clock {
    pub(crate) fn imported(offset_ms: i64, received_ms: Option<i64>) -> Self {
        let sample = received_ms.map(|wall_ms| Moment { wall_ms, mono_ms: None });
        Self { offset_ms: Some(offset_ms), sample }
    }

    pub(crate) fn offset_ms(&self) -> Option<i64> {
        self.offset_ms
    }

    /// When the last sample came, of known age.
    pub(crate) fn received_ms(&self) -> Option<i64> {
        Some(self.sample?.wall_ms)
    }

    /// For choosing whom to forget.
    pub(crate) fn heard_ms(&self) -> i64 {
        self.received_ms().unwrap_or(i64::MIN)
    }

    /// The time to sign: always a little behind the service, never ahead.
    pub(crate) fn corrected(&self, now_ms: i64) -> Result<i64> {
        if now_ms < 0 {
            return Err(OscarError::Unsignable("a time is 0 to 2^48 - 1 milliseconds"));
        }
        Ok(now_ms.saturating_add(self.offset_ms.unwrap_or(0)).max(1))
    }

    /// Looks at the clocks: parted ones make the sample's age unknown, and leave the offset.
    pub(crate) fn notice(&mut self, now: &Moment) {
        if self.sample.is_some_and(|sample| sample.parted(now)) {
            self.sample = None;
        }
    }

    /// Whether an unsafe request may be signed under the sample.
    pub(crate) fn is_fresh(&self, now_ms: i64) -> bool {
        let age = self.sample.map(|sample| i128::from(now_ms) - i128::from(sample.wall_ms));
        age.is_some_and(|age| (0..i128::from(SAMPLE_MAX_AGE_MS)).contains(&age))
    }

    /// Takes the time of a verified answer. One that arrived before it was asked for tells nothing. A step between the two
    /// leaves a sample of unknown age: its offset may mix both clocks.
    pub(crate) fn take(&mut self, service_ms: i64, sent: &Moment, received: &Moment) {
        if received.wall_ms < sent.wall_ms {
            return;
        }
        self.offset_ms = Some(clamp_offset(self.offset_ms, service_ms, sent.wall_ms, received.wall_ms));
        self.sample = (!sent.parted(received)).then_some(*received);
    }
}
