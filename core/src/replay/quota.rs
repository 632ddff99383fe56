//! Quotas: how many live entries one holder (a kid, a sid) may have, counted by time bucket so that nothing is ever
//! cleared. For implementers of [`ReplayLog`](super::ReplayLog).

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Counters in one array. Holders fall onto them by a salted hash; two on one counter share its quota.
const HOLDERS: usize = 1 << 16;
/// Time buckets that a counter tells apart.
const RING: usize = 8;
/// Words of one array of counters.
pub const TALLY_WORDS: usize = HOLDERS * RING;
/// A word is an age (which turn of the ring, modulo 256) and a count below it.
const COUNT: u32 = (1 << 24) - 1;
/// No quota can be higher: the count has room for every thread that is about to be refused.
const MOST: usize = 1 << 23;

/// How many live entries a kid, and within it a sid, may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Of one kid.
    pub kid: usize,
    /// Of one session.
    pub sid: usize,
}

impl Quotas {
    /// Everybody may fill the memory.
    pub const NONE: Self = Self { kid: usize::MAX, sid: usize::MAX };

    /// The default: a kid half of the capacity, a sid a sixteenth.
    pub const fn of(capacity: usize) -> Self {
        Self { kid: capacity.div_ceil(2), sid: capacity.div_ceil(16) }
    }
}

/// A secret that spreads tags and holders, so that nobody can aim at a place.
#[derive(Clone, Copy)]
pub struct Salt(pub [u64; 2]);

impl Salt {
    /// From the system's randomness.
    pub fn draw() -> Self {
        let source = RandomState::new();
        Self([source.hash_one(0), source.hash_one(1)])
    }

    /// 64 bits of two words: two folded multiplications, each keyed.
    pub const fn mix(&self, a: u64, b: u64) -> u64 {
        let Self([first, second]) = *self;
        let once = fold(a ^ first, b ^ second);
        fold(once ^ second, first | 1)
    }

    /// 64 bits of a tag.
    pub fn mix_tag(&self, tag: &[u8; 16]) -> u64 {
        let both = u128::from_le_bytes(*tag);
        self.mix(both as u64, (both >> 64) as u64)
    }

    /// The counter of a kid.
    pub const fn kid(&self, kid: [u8; 8]) -> usize {
        (self.mix(u64::from_le_bytes(kid), 1) >> 48) as usize
    }

    /// The counter of a session of this kid.
    pub const fn sid(&self, kid: [u8; 8], sid: [u8; 8]) -> usize {
        (self.mix(u64::from_le_bytes(kid), u64::from_le_bytes(sid)) >> 48) as usize
    }
}

const fn fold(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    product as u64 ^ (product >> 64) as u64
}

impl std::fmt::Debug for Salt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Salt(..)")
    }
}

/// One array of counters, wherever it lies.
#[derive(Clone, Copy, Debug)]
pub struct Tally<'a> {
    words: &'a [AtomicU32],
    limit: usize,
}

impl<'a> Tally<'a> {
    /// `words` are [`TALLY_WORDS`] many and zero at first.
    pub fn new(words: &'a [AtomicU32], limit: usize) -> Self {
        Self { words, limit: if limit < MOST { limit } else { MOST } }
    }

    /// Counts one more entry of `holder` in `bucket`; `false`, and nothing counted, over the quota. Entries in buckets
    /// before `oldest` are gone. A bucket a whole ring ahead can't be counted and is refused.
    ///
    /// A counter untouched for exactly 256 turns of the ring may show its old count again: that can only refuse.
    pub fn raise(&self, holder: usize, bucket: i64, oldest: i64) -> bool {
        let Some(ring) = self.words.get(holder * RING..(holder + 1) * RING) else { return false };
        if !(0..RING as i64).contains(&bucket.saturating_sub(oldest)) {
            return false;
        }
        let (word, age) = place(ring, bucket);
        let raised = |was: u32| Some(if was & !COUNT == age { was + 1 } else { age | 1 });
        // Raised before it is summed: of two that meet at the limit none slips through.
        let _ = word.fetch_update(Relaxed, Relaxed, raised);
        let live = (oldest..oldest + RING as i64).map(|bucket| place(ring, bucket)).map(|(word, age)| counted(word.load(Relaxed), age));
        if live.sum::<u32>() as usize > self.limit {
            self.lower(holder, bucket);
            return false;
        }
        true
    }

    /// Takes one [`Tally::raise`] back: the entry was not inserted after all.
    pub fn lower(&self, holder: usize, bucket: i64) {
        let Some(ring) = self.words.get(holder * RING..(holder + 1) * RING) else { return };
        let (word, age) = place(ring, bucket);
        let _ = word.fetch_update(Relaxed, Relaxed, |was| (counted(was, age) > 0).then(|| was - 1));
    }
}

/// Where a bucket is counted, and the age that its word then shows.
fn place(ring: &[AtomicU32], bucket: i64) -> (&AtomicU32, u32) {
    let age = (bucket / RING as i64) as u32;
    (&ring[(bucket & (RING as i64 - 1)) as usize], age << 24)
}

const fn counted(word: u32, age: u32) -> u32 {
    if word & !COUNT == age { word & COUNT } else { 0 }
}
