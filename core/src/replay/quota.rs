//! Quotas: how many live entries one holder (a kid, a sid) may have, counted by time bucket so that nothing is ever
//! cleared. For implementers of [`ReplayLog`](super::ReplayLog).

use super::ReplayEntry;
use std::hint::black_box;
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
        Self(crate::nonce::salt())
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

/// The counters, wherever they lie: each of [`TALLY_WORDS`] words, zero at first.
#[derive(Clone, Copy, Debug)]
pub struct Tallies<'a> {
    /// Of kids.
    pub kids: &'a [AtomicU32],
    /// Of sessions.
    pub sids: &'a [AtomicU32],
    /// Of kids, for entries that live longer than a ring (messages). Empty as long as there are none.
    pub far: &'a [AtomicU32],
    /// What is allowed.
    pub quotas: Quotas,
    /// A bucket is 2^shift milliseconds long.
    pub shift: u32,
}

/// Who an entry counts for.
#[derive(Clone, Copy, Debug)]
pub struct Holders {
    kid: usize,
    sid: Option<usize>,
}

/// What was counted for an entry, to be taken back.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    holders: Holders,
    bucket: i64,
    far: bool,
}

impl Tallies<'_> {
    /// A far bucket is 4.7 h long: eight of them hold a message of a day.
    const FAR_SHIFT: u32 = 24;

    /// Whether an entry that lives until `end_ms` is beyond the ring that begins after `past_ms`.
    pub const fn is_far(shift: u32, end_ms: i64, past_ms: i64) -> bool {
        (end_ms >> shift) - (past_ms.saturating_add(1) >> shift) >= RING as i64
    }

    /// Who `entry` counts for. It begins to read their counters: called before the table is looked through, the two wait
    /// for memory together.
    pub fn holders(&self, salt: &Salt, entry: &ReplayEntry) -> Holders {
        let holders = Holders { kid: salt.kid(entry.kid), sid: entry.sid.map(|sid| salt.sid(entry.kid, sid)) };
        let first = |words, holder| ring(words, holder).map(|ring| ring[0].load(Relaxed));
        black_box((first(self.kids, holders.kid), holders.sid.map(|sid| first(self.sids, sid))));
        holders
    }

    /// Counts an entry that lives until `end_ms`, where everything up to `past_ms` is gone. `None`, and nothing counted, over a
    /// quota or beyond a day and a half.
    ///
    /// A counter untouched for exactly 256 turns of its ring may show its old count again: that can only refuse. A thread
    /// that slept through half a ring may make another's count forget a bucket: quotas are fairness, not safety.
    pub fn raise(&self, holders: Holders, end_ms: i64, past_ms: i64) -> Option<Counted> {
        let far = Self::is_far(self.shift, end_ms, past_ms);
        let (words, shift) = if far { (self.far, Self::FAR_SHIFT) } else { (self.kids, self.shift) };
        let bucket = end_ms >> shift;
        let oldest = |shift: u32| past_ms.saturating_add(1) >> shift;
        if bucket - oldest(shift) >= RING as i64 {
            return None;
        }
        // Raised before it is summed: of two that meet at the limit none slips through.
        raise(ring(words, holders.kid)?, bucket);
        let counted = Counted { holders: Holders { sid: None, ..holders }, bucket, far };
        let live = sum(self.kids, holders.kid, oldest(self.shift)) + sum(self.far, holders.kid, oldest(Self::FAR_SHIFT));
        if live > self.quotas.kid.min(MOST) {
            self.lower(counted);
            return None;
        }
        let Some(sid) = holders.sid.filter(|_| !far) else { return Some(counted) };
        raise(ring(self.sids, sid)?, bucket);
        let counted = Counted { holders, ..counted };
        if sum(self.sids, sid, oldest(self.shift)) > self.quotas.sid.min(MOST) {
            self.lower(counted);
            return None;
        }
        Some(counted)
    }

    /// Takes one [`Tallies::raise`] back: the entry was not inserted after all.
    pub fn lower(&self, counted: Counted) {
        let Counted { holders: Holders { kid, sid }, bucket, far } = counted;
        for ring in [ring(if far { self.far } else { self.kids }, kid), sid.and_then(|sid| ring(self.sids, sid))].into_iter().flatten() {
            let (word, age) = place(ring, bucket);
            let _ = word.fetch_update(Relaxed, Relaxed, |was| (count_of(was, age) > 0).then(|| was - 1));
        }
    }
}

fn ring(words: &[AtomicU32], holder: usize) -> Option<&[AtomicU32; RING]> {
    words.get(holder * RING..)?.first_chunk()
}

fn raise(ring: &[AtomicU32; RING], bucket: i64) {
    let (word, age) = place(ring, bucket);
    let _ = word.fetch_update(Relaxed, Relaxed, |was| Some(if was & !COUNT == age { was + 1 } else { age | 1 }));
}

fn sum(words: &[AtomicU32], holder: usize, oldest: i64) -> usize {
    let Some(ring) = ring(words, holder) else { return 0 };
    let live = (oldest..oldest + RING as i64).map(|bucket| place(ring, bucket)).map(|(word, age)| count_of(word.load(Relaxed), age));
    live.sum::<u32>() as usize
}

/// Where a bucket is counted, and the age that its word then shows.
fn place(ring: &[AtomicU32; RING], bucket: i64) -> (&AtomicU32, u32) {
    let turn = (bucket / RING as i64) as u32;
    (&ring[(bucket & (RING as i64 - 1)) as usize], turn << 24)
}

const fn count_of(word: u32, age: u32) -> u32 {
    if word & !COUNT == age { word & COUNT } else { 0 }
}
