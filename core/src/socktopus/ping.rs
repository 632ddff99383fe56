//! The client's pings, with time as an argument. A monotonic clock serves best.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A hub closes a connection so long after the last ping, or the join.
pub const PING_DEADLINE_MS: i64 = 20_000;
/// A client pings so often: a lost one leaves time for another.
pub const PING_EVERY_MS: i64 = 8_000;

/// What a client does now.
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocktopusPing {
    /// Sends PING, and asks again.
    Send,
    /// Asks again at this time, or when a frame came.
    At {
        /// The time.
        at_ms: i64,
    },
    /// No PONG came for 20 s: the connection is dead, connect anew.
    Dead,
}

/// When to ping, and whether the hub still answers.
#[cfg_attr(feature = "uniffi", derive(uniffi::Object))]
#[derive(Debug)]
pub struct SocktopusPings(Mutex<Beat>);

#[derive(Debug)]
struct Beat {
    next_ms: i64,
    /// Since when a ping is unanswered.
    unanswered_ms: Option<i64>,
}

#[cfg_attr(feature = "uniffi", uniffi::export)]
impl SocktopusPings {
    /// The schedule of a connection that opened now. The first ping goes at once: its PONG proves the join.
    #[cfg_attr(feature = "uniffi", uniffi::constructor)]
    pub fn new(now_ms: i64) -> Self {
        Self(Mutex::new(Beat { next_ms: now_ms, unanswered_ms: None }))
    }

    /// What to do now. After `Send` the ping counts as sent.
    pub fn next(&self, now_ms: i64) -> SocktopusPing {
        let mut beat = self.lock();
        let dead_ms = beat.unanswered_ms.map(|since_ms| since_ms.saturating_add(PING_DEADLINE_MS));
        if dead_ms.is_some_and(|dead_ms| now_ms >= dead_ms) {
            return SocktopusPing::Dead;
        }
        if now_ms >= beat.next_ms {
            beat.next_ms = now_ms.saturating_add(PING_EVERY_MS);
            beat.unanswered_ms.get_or_insert(now_ms);
            return SocktopusPing::Send;
        }
        SocktopusPing::At { at_ms: dead_ms.map_or(beat.next_ms, |dead_ms| dead_ms.min(beat.next_ms)) }
    }

    /// A PONG came.
    pub fn pong(&self) {
        self.lock().unanswered_ms = None;
    }
}

impl SocktopusPings {
    fn lock(&self) -> MutexGuard<'_, Beat> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
