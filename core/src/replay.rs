//! Replay memory: what has been accepted is remembered until it can't be accepted again (spec section 6).

mod exact;
mod memory;
pub mod quota;
mod shared;
mod table;

pub use memory::MemoryReplayLog;
pub use quota::Quotas;
pub use shared::ReplayMemory;

/// Which memory an entry belongs to. Entries of different spaces never meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Space {
    /// Tags of tokis and tickets.
    Toki,
    /// (ts, core) of OscarToki v1, accepted or minted.
    V1,
}

/// One thing to be remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayEntry {
    /// Which memory.
    pub space: Space,
    /// The decoded tag; for v1 a digest of (ts, core). A shared memory keys on all 16 bytes.
    pub tag: [u8; 16],
    /// Who sent it, for the quota.
    pub kid: [u8; 8],
    /// In which session, for the quota within the kid's.
    pub sid: Option<[u8; 8]>,
    /// Its time in milliseconds. A local memory keeps the entry until the caller's floor has reached it.
    pub ts_ms: i64,
    /// How long a shared memory keeps it at least, in milliseconds: 2W + 2F, or 60 s for v1.
    pub keep_ms: i64,
}

impl ReplayEntry {
    /// Until which time a local memory keeps it, when the caller came with one floor and the memory has seen a higher one.
    /// `None`: the memory has passed it meanwhile and can't tell any more whether it was seen.
    fn end_under(&self, callers_ms: i64, highest_ms: i64) -> Option<i64> {
        if self.ts_ms > highest_ms {
            return Some(self.ts_ms);
        }
        // What v1 mints while its floor lies ahead of the clock is below it and must still not be minted twice.
        (self.space == Space::V1 && self.ts_ms <= callers_ms).then(|| highest_ms.saturating_add(1))
    }
}

/// What became of an insert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remembered {
    /// Not seen before, and remembered now. Exactly one caller ever gets this for a tag.
    Fresh,
    /// Seen before.
    Seen,
    /// Not seen, and no room (capacity, a quota, a forked process, a replaced file): refused.
    Full,
    /// The memory can't be asked (a Redis that is down).
    Unreachable,
}

/// The answer to an insert, with the floor that a shared memory carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// What became of it.
    pub remembered: Remembered,
    /// The floor beside the tags, read in the same step. A local memory says `None`, unless another thread has brought a
    /// floor that reached the entry's time: then it is that one.
    pub floor_ms: Option<i64>,
}

/// How a memory begins, as a new [`Service`](crate::Service) finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogStart {
    /// It begins empty at this call: earlier processes may have accepted what it does not know.
    Empty,
    /// It survived, or another process began it; its floor is this.
    Carried {
        /// Milliseconds.
        floor_ms: i64,
    },
}

/// Remembers what was accepted. Implementations are used from many threads at once.
pub trait ReplayLog: Send + Sync + std::fmt::Debug {
    /// How the memory begins. `empty_floor_ms` (now + 2F, or now − W under `first_start`) is what a shared memory whose floor is
    /// gone writes there.
    fn start(&self, empty_floor_ms: i64) -> LogStart;

    /// Remembers `entry` unless it is known. `floor_ms` is the caller's floor in the entry's space, which never
    /// falls; `now_ms` its clock.
    fn insert(&self, entry: &ReplayEntry, floor_ms: i64, now_ms: i64) -> Recorded;

    /// Marks that this kid has spoken v2, for as long as the memory lasts. Ends v1 for it (spec section 11).
    fn mark_v2(&self, kid: [u8; 8]);

    /// Whether [`ReplayLog::mark_v2`] was called for this kid, by any process on this memory.
    fn has_spoken_v2(&self, kid: [u8; 8]) -> bool;
}

/// Remembers nothing and therefore refuses everything: what a service has whose memory was forgotten.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoReplayLog;

impl ReplayLog for NoReplayLog {
    fn start(&self, _empty_floor_ms: i64) -> LogStart {
        LogStart::Empty
    }

    fn insert(&self, _entry: &ReplayEntry, _floor_ms: i64, _now_ms: i64) -> Recorded {
        Recorded { remembered: Remembered::Full, floor_ms: None }
    }

    fn mark_v2(&self, _kid: [u8; 8]) {}

    fn has_spoken_v2(&self, _kid: [u8; 8]) -> bool {
        true
    }
}
