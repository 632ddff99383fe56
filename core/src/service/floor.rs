//! The floor: the time at and below which nothing is accepted any more. It never falls and is never below 0 (spec section 6).

use crate::replay::{LogStart, ReplayLog};
use crate::time::{FUTURE_MS, READY_AFTER_MS};
use std::sync::atomic::{AtomicI64, Ordering};

#[derive(Debug)]
pub(crate) struct Floor {
    at_ms: AtomicI64,
    ready_at_ms: i64,
    /// When a memory that began empty did so: earlier processes may have accepted what it does not know.
    empty_since_ms: Option<i64>,
}

impl Floor {
    /// The floor of a service that starts at `now` on `log`.
    pub(crate) fn start(log: &dyn ReplayLog, now_ms: i64, window_ms: i64, first_start: bool) -> Self {
        let empty_floor_ms = if first_start { now_ms - window_ms } else { now_ms + 2 * FUTURE_MS }.max(0);
        let (at_ms, began_empty) = match log.start(empty_floor_ms) {
            LogStart::Empty => (empty_floor_ms, !first_start),
            LogStart::Carried { floor_ms } => (floor_ms.max(0), false),
        };
        let ready_at_ms = if began_empty { now_ms + READY_AFTER_MS } else { now_ms };
        Self { at_ms: AtomicI64::new(at_ms), ready_at_ms, empty_since_ms: began_empty.then_some(now_ms) }
    }

    pub(crate) fn get(&self) -> i64 {
        self.at_ms.load(Ordering::SeqCst)
    }

    /// Raises the floor; what it is then.
    pub(crate) fn raise(&self, to_ms: i64) -> i64 {
        let at_ms = self.get();
        // Within one millisecond nothing rises, and reading is cheaper than writing.
        if at_ms >= to_ms { at_ms } else { self.at_ms.fetch_max(to_ms, Ordering::SeqCst).max(to_ms) }
    }

    pub(crate) fn ready_at(&self) -> i64 {
        self.ready_at_ms
    }

    pub(crate) fn empty_since_ms(&self) -> Option<i64> {
        self.empty_since_ms
    }
}
