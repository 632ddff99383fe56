//! The replay memory of one process.

use super::exact::Exact;
use super::quota::Quotas;
use super::table::{Table, unpoisoned};
use super::{LogStart, Recorded, Remembered, ReplayEntry, ReplayLog, Space};
use crate::fork;
use std::collections::HashSet;
use std::sync::{Mutex, OnceLock, PoisonError, RwLock};

/// Eight buckets of 8.2 s hold the 32 s of a toki.
const TOKI_SHIFT: u32 = 13;
/// Eight buckets of 16.4 s hold the minute of v1.
const V1_SHIFT: u32 = 14;
/// v1 gets a sixteenth of the capacity, and at least so many entries.
const V1_MIN: usize = 1024;

/// Remembers in this process alone. Its memory is taken at once and never grows; when it is full it refuses, and what is
/// live is never forgotten. After a fork it refuses everything, in the child, until it is replaced.
///
/// Tags are kept as 64 salted bits, so that of a million live tags two meet once in 10^13 checks, which then refuses.
pub struct MemoryReplayLog {
    born: u64,
    capacity: usize,
    quotas: Quotas,
    kept: Kept,
    spoken_v2: RwLock<HashSet<[u8; 8]>>,
}

enum Kept {
    Tables { toki: Table, v1: OnceLock<Table> },
    Exact { toki: Mutex<Exact>, v1: Mutex<Exact> },
}

impl MemoryReplayLog {
    /// Room for `capacity` live entries; a kid may fill half of it, a session a sixteenth.
    pub fn new(capacity: usize) -> Self {
        Self::with_quotas(capacity, Quotas::of(capacity))
    }

    /// Room for `capacity` live entries, with quotas of your own.
    pub fn with_quotas(capacity: usize, quotas: Quotas) -> Self {
        Self::of(capacity, quotas, Kept::Tables { toki: Table::new(capacity, quotas, TOKI_SHIFT), v1: OnceLock::new() })
    }

    /// Room for exactly `capacity` live entries, without quotas, behind one lock; it grows up to that. For tests, and where
    /// a handful must be counted to the entry.
    pub fn exact(capacity: usize) -> Self {
        Self::of(capacity, Quotas::NONE, Kept::Exact { toki: Mutex::default(), v1: Mutex::default() })
    }

    fn of(capacity: usize, quotas: Quotas, kept: Kept) -> Self {
        Self { born: fork::count(), capacity, quotas, kept, spoken_v2: RwLock::default() }
    }

    /// The live entries that it has room for.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// The memory that it takes, in bytes.
    pub fn bytes(&self) -> usize {
        match &self.kept {
            Kept::Tables { toki, v1 } => toki.bytes() + v1.get().map_or(0, Table::bytes),
            Kept::Exact { toki, v1 } => unpoisoned(toki).bytes() + unpoisoned(v1).bytes(),
        }
    }

    /// Live entries, by the highest floor so far. Walks the whole table: for metrics.
    pub fn live(&self) -> usize {
        match &self.kept {
            Kept::Tables { toki, v1 } => toki.live() + v1.get().map_or(0, Table::live),
            Kept::Exact { toki, v1 } => unpoisoned(toki).len() + unpoisoned(v1).len(),
        }
    }

    /// The most slots that any operation has looked at so far.
    pub fn most_touched(&self) -> usize {
        match &self.kept {
            Kept::Tables { toki, v1 } => toki.most_touched().max(v1.get().map_or(0, Table::most_touched)),
            Kept::Exact { .. } => 1,
        }
    }

    fn forked(&self) -> bool {
        self.born != fork::count()
    }

    fn v1_table(&self) -> Table {
        let share = |part: usize| if part == usize::MAX { part } else { (part / 16).max(V1_MIN) };
        Table::new(share(self.capacity), Quotas { kid: share(self.quotas.kid), sid: share(self.quotas.sid) }, V1_SHIFT)
    }
}

impl ReplayLog for MemoryReplayLog {
    fn start(&self, _empty_floor_ms: i64) -> LogStart {
        LogStart::Empty
    }

    fn insert(&self, entry: &ReplayEntry, floor_ms: i64, _now_ms: i64) -> Recorded {
        if self.forked() {
            return Recorded { remembered: Remembered::Full, floor_ms: None };
        }
        match (&self.kept, entry.space) {
            (Kept::Tables { toki, .. }, Space::Toki) => toki.insert(entry, floor_ms),
            (Kept::Tables { v1, .. }, Space::V1) => v1.get_or_init(|| self.v1_table()).insert(entry, floor_ms),
            (Kept::Exact { toki, .. }, Space::Toki) => unpoisoned(toki).insert(entry, floor_ms, self.capacity),
            (Kept::Exact { v1, .. }, Space::V1) => unpoisoned(v1).insert(entry, floor_ms, self.capacity),
        }
    }

    fn mark_v2(&self, kid: [u8; 8]) {
        if !self.has_spoken_v2(kid) {
            self.spoken_v2.write().unwrap_or_else(PoisonError::into_inner).insert(kid);
        }
    }

    fn has_spoken_v2(&self, kid: [u8; 8]) -> bool {
        self.forked() || self.spoken_v2.read().unwrap_or_else(PoisonError::into_inner).contains(&kid)
    }
}

impl std::fmt::Debug for MemoryReplayLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryReplayLog").field("capacity", &self.capacity).field("quotas", &self.quotas).finish_non_exhaustive()
    }
}
