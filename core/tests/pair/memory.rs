//! A shared replay memory by the letter of section 6: tags and one floor beside them, which may be lost.

use crate::Mutant;
use oscartoki::ReplayLog;
use oscartoki::replay::{LogStart, Recorded, Remembered, ReplayEntry};
use oscartoki::time::{FUTURE_MS, WINDOW_MS};
use std::collections::HashMap;
use std::sync::Mutex;

#[derive(Debug)]
pub struct SharedLog {
    mutant: Mutant,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    floor_ms: Option<i64>,
    ends: HashMap<[u8; 16], i64>,
}

impl SharedLog {
    pub fn new(mutant: Mutant) -> Self {
        Self { mutant, kept: Mutex::default() }
    }

    /// Loses everything, the floor too.
    pub fn wipe(&self) {
        *self.kept.lock().unwrap() = Kept::default();
    }
}

impl ReplayLog for SharedLog {
    fn start(&self, empty_floor_ms: i64) -> LogStart {
        let mut kept = self.kept.lock().unwrap();
        match kept.floor_ms {
            Some(floor_ms) => LogStart::Carried { floor_ms },
            None if matches!(self.mutant, Mutant::FloorWithoutF | Mutant::FloorWithOneF) => {
                let less_ms = if self.mutant == Mutant::FloorWithoutF { 2 * FUTURE_MS } else { FUTURE_MS };
                let floor_ms = empty_floor_ms - less_ms;
                kept.floor_ms = Some(floor_ms);
                LogStart::Carried { floor_ms }
            }
            None => {
                kept.floor_ms = Some(empty_floor_ms);
                LogStart::Empty
            }
        }
    }

    fn insert(&self, entry: &ReplayEntry, floor_ms: i64, now_ms: i64) -> Recorded {
        let mut kept = self.kept.lock().unwrap();
        let gone = if self.mutant == Mutant::WipedFloor { floor_ms } else { now_ms + 2 * FUTURE_MS };
        let floor_ms = kept.floor_ms.unwrap_or(gone).max(floor_ms);
        kept.floor_ms = Some(floor_ms);
        let live = kept.ends.get(&entry.tag).is_some_and(|end_ms| now_ms <= *end_ms);
        if !live {
            let keep_ms = if self.mutant == Mutant::ForgetsEarly { WINDOW_MS } else { entry.keep_ms };
            kept.ends.insert(entry.tag, now_ms + keep_ms);
        }
        Recorded { remembered: if live { Remembered::Seen } else { Remembered::Fresh }, floor_ms: Some(floor_ms) }
    }

    fn mark_v2(&self, _kid: [u8; 8]) {}

    fn has_spoken_v2(&self, _kid: [u8; 8]) -> bool {
        true
    }
}
