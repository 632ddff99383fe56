//! The table under [`MemoryReplayLog`](super::MemoryReplayLog): shards of cache lines of salted tags.
//!
//! A tag has a home, one line of five slots. Is the home full, the tag goes on to the next of a series of lines, and
//! every line it passed notes until when it must be looked for further on; so nearly every check reads one line. A line
//! ages when it is touched: what the floor has reached is free, and nothing else ever is.

use super::quota::{Quotas, Salt, TALLY_WORDS, Tally};
use super::{Recorded, Remembered, ReplayEntry};
use std::sync::atomic::AtomicU32;
use std::sync::{Mutex, MutexGuard, PoisonError};

const SLOTS: usize = 5;
/// Lines that one operation may touch: 60 slots.
const REACH: usize = 12;
/// Lines per thousand entries of capacity: two thirds of the slots are used when full.
const LINES_PER_1000: usize = 303;
/// Under so many entries a shard would be too uneven.
const SHARD_MIN: usize = 4096;
const SHARDS_MAX: usize = 64;
/// The grain of time in a line.
const GRAIN_MS: i64 = 4;
/// Entries further ahead of the floor than this can't be written into a line.
const AHEAD_MS: i64 = GRAIN_MS * 65_000;

/// One cache line.
#[derive(Clone, Default)]
#[repr(align(64))]
struct Line {
    tags: [u64; SLOTS],
    base_ms: i64,
    /// When each slot becomes free, in grains after the base; 0 is free.
    ends: [u16; SLOTS],
    /// Until when tags of this line may lie further on.
    passed: u16,
}

impl Line {
    /// Moves the base up to the floor.
    fn age(&mut self, floor_ms: i64) {
        let grains = (floor_ms - self.base_ms) / GRAIN_MS;
        if grains > 0 {
            let gone = u16::try_from(grains).unwrap_or(u16::MAX);
            self.ends = self.ends.map(|end| end.saturating_sub(gone));
            self.passed = self.passed.saturating_sub(gone);
            self.base_ms += grains * GRAIN_MS;
        }
    }

    /// `ts_ms` in grains after the base, rounded up: never free too early.
    fn end(&self, ts_ms: i64) -> u16 {
        u16::try_from((ts_ms - self.base_ms + GRAIN_MS - 1) / GRAIN_MS).unwrap_or(u16::MAX)
    }
}

struct Shard {
    /// The highest floor that a caller came with. What it has reached may be forgotten already.
    floor_ms: i64,
    lines: Box<[Line]>,
    most_touched: usize,
}

impl Shard {
    fn insert(&mut self, salted: u64, ts_ms: i64, floor_ms: i64, admit: impl FnOnce(i64) -> bool) -> Recorded {
        self.floor_ms = self.floor_ms.max(floor_ms);
        if ts_ms <= self.floor_ms {
            // Another thread has raised the floor since the caller looked: whether this was seen is forgotten.
            return Recorded { remembered: Remembered::Seen, floor_ms: Some(self.floor_ms) };
        }
        let remembered = if ts_ms - self.floor_ms > AHEAD_MS { Remembered::Full } else { self.place(salted, ts_ms, admit) };
        Recorded { remembered, floor_ms: None }
    }

    fn place(&mut self, salted: u64, ts_ms: i64, admit: impl FnOnce(i64) -> bool) -> Remembered {
        let mut free = None;
        for nth in 0..REACH {
            let line = &mut self.lines[series(salted, nth, self.lines.len())];
            line.age(self.floor_ms);
            self.most_touched = self.most_touched.max((nth + 1) * SLOTS);
            for slot in 0..SLOTS {
                if line.ends[slot] == 0 {
                    free.get_or_insert((nth, slot));
                } else if line.tags[slot] == salted {
                    return Remembered::Seen;
                }
            }
            if line.passed == 0 && free.is_some() {
                break;
            }
        }
        let Some((found, slot)) = free else { return Remembered::Full };
        if !admit(self.floor_ms) {
            return Remembered::Full;
        }
        for nth in 0..found {
            let line = &mut self.lines[series(salted, nth, self.lines.len())];
            line.passed = line.passed.max(line.end(ts_ms));
        }
        let line = &mut self.lines[series(salted, found, self.lines.len())];
        line.tags[slot] = salted;
        line.ends[slot] = line.end(ts_ms);
        Remembered::Fresh
    }

    fn live(&self) -> usize {
        let live = |line: &Line| line.ends.iter().filter(|end| line.base_ms + i64::from(**end) * GRAIN_MS > self.floor_ms).count();
        self.lines.iter().map(live).sum()
    }
}

/// The n-th line of a tag. The number of lines is odd and the step a power of two, so that a series meets no line twice
/// before it has met all.
const fn series(salted: u64, nth: usize, lines: usize) -> usize {
    let home = ((salted as u32 as u64 * lines as u64) >> 32) as usize;
    if nth == 0 { home } else { (home + (nth << (salted >> 32 & 15))) % lines }
}

/// A counter of an array, or one that is not kept.
struct Counters {
    words: Box<[AtomicU32]>,
    limit: usize,
}

impl Counters {
    fn new(limit: usize) -> Option<Self> {
        let words = || std::iter::repeat_with(AtomicU32::default).take(TALLY_WORDS).collect();
        (limit != usize::MAX).then(|| Self { words: words(), limit })
    }

    fn tally(&self) -> Tally<'_> {
        Tally::new(&self.words, self.limit)
    }
}

/// Shards behind locks, with quotas over all of them.
pub(super) struct Table {
    salt: Salt,
    shards: Box<[Mutex<Shard>]>,
    kids: Option<Counters>,
    sids: Option<Counters>,
    /// A time bucket of the quotas is 2^shift ms long; eight of them are longer than an entry lives.
    shift: u32,
}

impl Table {
    pub(super) fn new(capacity: usize, quotas: Quotas, shift: u32) -> Self {
        let shards = 1 << (capacity / SHARD_MIN).clamp(1, SHARDS_MAX).ilog2();
        let lines = capacity.div_ceil(shards).saturating_mul(LINES_PER_1000).div_ceil(1000) | 1;
        let shard = || Mutex::new(Shard { floor_ms: 0, lines: vec![Line::default(); lines].into(), most_touched: 0 });
        Self {
            salt: Salt::draw(),
            shards: std::iter::repeat_with(shard).take(shards).collect(),
            kids: Counters::new(quotas.kid),
            sids: Counters::new(quotas.sid),
            shift,
        }
    }

    pub(super) fn insert(&self, entry: &ReplayEntry, floor_ms: i64) -> Recorded {
        let salted = self.salt.mix_tag(&entry.tag);
        self.shard(salted).insert(salted, entry.ts_ms, floor_ms, |floor_ms| self.admit(entry, floor_ms))
    }

    fn admit(&self, entry: &ReplayEntry, floor_ms: i64) -> bool {
        let (bucket, oldest) = (entry.ts_ms >> self.shift, (floor_ms + 1) >> self.shift);
        let kid = self.salt.kid(entry.kid);
        let raised = |counters: &Option<Counters>, holder| counters.as_ref().is_none_or(|c| c.tally().raise(holder, bucket, oldest));
        if !raised(&self.kids, kid) {
            return false;
        }
        let admitted = entry.sid.is_none_or(|sid| raised(&self.sids, self.salt.sid(entry.kid, sid)));
        if !admitted && let Some(kids) = &self.kids {
            kids.tally().lower(kid, bucket);
        }
        admitted
    }

    fn shard(&self, salted: u64) -> MutexGuard<'_, Shard> {
        // The top bits: the low 32 choose the line.
        unpoisoned(&self.shards[(salted >> 56) as usize & (self.shards.len() - 1)])
    }

    pub(super) fn bytes(&self) -> usize {
        let lines: usize = self.shards.iter().map(|shard| size_of_val(shard) + size_of_val(&*unpoisoned(shard).lines)).sum();
        let counters: usize = [&self.kids, &self.sids].into_iter().flatten().map(|counters| size_of_val(&*counters.words)).sum();
        lines + counters
    }

    pub(super) fn live(&self) -> usize {
        self.shards.iter().map(|shard| unpoisoned(shard).live()).sum()
    }

    pub(super) fn most_touched(&self) -> usize {
        self.shards.iter().map(|shard| unpoisoned(shard).most_touched).max().unwrap_or(0)
    }
}

/// Nothing under these locks can be left half done, so a poisoned one is as good as any.
pub(super) fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
