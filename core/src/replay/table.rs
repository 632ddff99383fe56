//! The table under [`MemoryReplayLog`](super::MemoryReplayLog): shards of cache lines of salted tags.
//!
//! A tag has a home, one line of five slots. Is the home full, the tag goes to the line beside it, then on to the next of a
//! series of pairs, and every line it passed notes until when it must be looked for further on; so nearly every check reads
//! one place of memory. What the floor has reached is free, and nothing else ever is; nothing is cleared.

use super::quota::{Holders, Quotas, Salt, TALLY_WORDS, Tallies};
use super::{Recorded, Remembered, ReplayEntry};
use std::sync::atomic::AtomicU32;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

const SLOTS: usize = 5;
/// Lines that one operation may touch: 60 slots.
const REACH: usize = 12;
/// Pairs of lines per 10,000 entries of capacity: two thirds of the slots are used when full.
const PAIRS_PER_10000: usize = 1515;
/// Under so many entries a shard would be too uneven.
const SHARD_MIN: usize = 4096;
const SHARDS_MAX: usize = 64;
/// The grain of time in a line. Grains are counted modulo 2^32 and compared within half of that, four years.
const GRAIN_MS: i64 = 64;
/// Entries further ahead of the floor than a year are refused, and once in a year a shard is swept: no comparison wraps.
const YEAR: i64 = 1 << 29;
/// Its lines were never swept, that is never used.
const NEVER: i64 = -2 * YEAR;

/// One cache line.
#[derive(Clone, Default)]
#[repr(align(64))]
struct Line {
    tags: [u64; SLOTS],
    /// The grain after which each slot is free.
    ends: [u32; SLOTS],
    /// The grain after which no tag of this line lies further on.
    passed: u32,
}

/// Two lines that memory fetches together.
#[derive(Clone, Default)]
#[repr(align(128))]
struct Pair([Line; 2]);

/// The grain of a floor: what ended at or before it is free.
const fn grain_of(floor_ms: i64) -> i64 {
    floor_ms / GRAIN_MS
}

const fn is_after(end: u32, past: u32) -> bool {
    end.wrapping_sub(past) as i32 > 0
}

struct Shard {
    /// The highest floor that a caller came with. What it has reached may be forgotten already.
    floor_ms: i64,
    swept: i64,
    pairs: Box<[Pair]>,
    most_touched: usize,
}

impl Shard {
    fn insert(&mut self, salted: u64, entry: &ReplayEntry, floor_ms: i64, admit: impl FnOnce(i64, i64) -> bool) -> Recorded {
        self.floor_ms = self.floor_ms.max(floor_ms);
        let Some(end_ms) = entry.end_under(floor_ms, self.floor_ms) else {
            return Recorded { remembered: Remembered::Seen, floor_ms: Some(self.floor_ms) };
        };
        let remembered = self.place(salted, end_ms, admit);
        Recorded { remembered, floor_ms: None }
    }

    fn place(&mut self, salted: u64, end_ms: i64, admit: impl FnOnce(i64, i64) -> bool) -> Remembered {
        let past = grain_of(self.floor_ms);
        let end = end_ms / GRAIN_MS + 1;
        if end - past > YEAR {
            return Remembered::Full;
        }
        if past - self.swept >= YEAR {
            // Nothing that was there at the last sweep, or came before this one, lives longer than two years after that.
            self.sweep(past as u32, past - self.swept >= 2 * YEAR);
            self.swept = past;
        }
        let (past, end) = (past as u32, end as u32);
        let mut free = None;
        for nth in 0..reach(self.pairs.len()) {
            self.most_touched = self.most_touched.max((nth + 1) * SLOTS);
            let line = self.line(salted, nth);
            for slot in 0..SLOTS {
                if !is_after(line.ends[slot], past) {
                    free.get_or_insert((nth, slot));
                } else if line.tags[slot] == salted {
                    return Remembered::Seen;
                }
            }
            if free.is_some() && !is_after(line.passed, past) {
                break;
            }
        }
        let Some((found, slot)) = free else { return Remembered::Full };
        if !admit(end_ms, self.floor_ms) {
            return Remembered::Full;
        }
        for nth in 0..found {
            let line = self.line(salted, nth);
            line.passed = if is_after(line.passed, end) { line.passed } else { end };
        }
        let line = self.line(salted, found);
        line.tags[slot] = salted;
        line.ends[slot] = end;
        Remembered::Fresh
    }

    /// The n-th line of a tag's series: both of a pair, then of the next. The last pair of every series is the shard's attic, the
    /// one after all others: at a full table one tag in ten thousand finds no room before it. The number of the others is odd
    /// and the step a power of two, so that a series meets no pair twice.
    fn line(&mut self, salted: u64, nth: usize) -> &mut Line {
        let others = self.pairs.len() - 1;
        let home = ((salted as u32 as u64 * others as u64) >> 32) as usize;
        let pair = match nth / 2 {
            0 => home,
            _ if nth + 2 >= reach(self.pairs.len()) => others,
            round => (home + (round << (salted >> 32 & 15))) % others,
        };
        &mut self.pairs[pair].0[((salted >> 36) as usize + nth) & 1]
    }

    fn sweep(&mut self, past: u32, all: bool) {
        for line in self.pairs.iter_mut().flat_map(|pair| &mut pair.0) {
            for end in line.ends.iter_mut().chain([&mut line.passed]) {
                if all || !is_after(*end, past) {
                    *end = past;
                }
            }
        }
    }

    fn live(&self) -> usize {
        let past = grain_of(self.floor_ms) as u32;
        if self.swept == NEVER {
            return 0;
        }
        self.pairs.iter().flat_map(|pair| &pair.0).flat_map(|line| &line.ends).filter(|end| is_after(**end, past)).count()
    }
}

/// The length of a series, in lines.
const fn reach(pairs: usize) -> usize {
    if 2 * pairs < REACH { 2 * pairs } else { REACH }
}

fn counters() -> Box<[AtomicU32]> {
    std::iter::repeat_with(AtomicU32::default).take(TALLY_WORDS).collect()
}

struct Counters {
    kids: Box<[AtomicU32]>,
    sids: Box<[AtomicU32]>,
    far: OnceLock<Box<[AtomicU32]>>,
    quotas: Quotas,
    /// A time bucket is 2^shift ms long; eight of them are longer than an entry lives, but for a message.
    shift: u32,
}

impl Counters {
    fn tallies(&self) -> Tallies<'_> {
        let far = self.far.get().map_or(&[][..], |far| far);
        Tallies { kids: &self.kids, sids: &self.sids, far, quotas: self.quotas, shift: self.shift }
    }

    fn admit(&self, holders: Holders, end_ms: i64, floor_ms: i64) -> bool {
        if Tallies::is_far(self.shift, end_ms, floor_ms) {
            self.far.get_or_init(counters);
        }
        self.tallies().raise(holders, end_ms, floor_ms).is_some()
    }
}

/// Shards behind locks, with quotas over all of them.
pub(super) struct Table {
    salt: Salt,
    shards: Box<[Mutex<Shard>]>,
    counters: Option<Counters>,
}

impl Table {
    pub(super) fn new(capacity: usize, quotas: Quotas, shift: u32) -> Self {
        let shards = 1 << (capacity / SHARD_MIN).clamp(1, SHARDS_MAX).ilog2();
        // An odd number, and the attic.
        let pairs = (capacity.div_ceil(shards).saturating_mul(PAIRS_PER_10000).div_ceil(10_000) | 1) + 1;
        let shard = || Mutex::new(Shard { floor_ms: 0, swept: NEVER, pairs: vec![Pair::default(); pairs].into(), most_touched: 0 });
        Self {
            salt: Salt::draw(),
            shards: std::iter::repeat_with(shard).take(shards).collect(),
            counters: (quotas != Quotas::NONE).then(|| Counters {
                kids: counters(),
                sids: counters(),
                far: OnceLock::new(),
                quotas,
                shift,
            }),
        }
    }

    pub(super) fn insert(&self, entry: &ReplayEntry, floor_ms: i64) -> Recorded {
        let salted = self.salt.mix_tag(&entry.tag);
        let mut shard = self.shard(salted);
        let holders = self.counters.as_ref().map(|counters| (counters, counters.tallies().holders(&self.salt, entry)));
        let admit = |end_ms, floor_ms| holders.is_none_or(|(counters, holders)| counters.admit(holders, end_ms, floor_ms));
        shard.insert(salted, entry, floor_ms, admit)
    }

    fn shard(&self, salted: u64) -> MutexGuard<'_, Shard> {
        // The top bits: the low 32 choose the line.
        unpoisoned(&self.shards[(salted >> 56) as usize & (self.shards.len() - 1)])
    }

    pub(super) fn bytes(&self) -> usize {
        let lines: usize = self.shards.iter().map(|shard| size_of_val(shard) + size_of_val(&*unpoisoned(shard).pairs)).sum();
        let arrays = |counters: &Counters| 2 + usize::from(counters.far.get().is_some());
        lines + self.counters.as_ref().map_or(0, arrays) * TALLY_WORDS * size_of::<AtomicU32>()
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
