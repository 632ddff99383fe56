//! What the file holds: a head that never changes, a page of shared words, the quotas' counters, the lines of the table.

use oscartoki::replay::quota::TALLY_WORDS;
use sha2::{Digest as _, Sha256};
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64};

pub(super) const MAGIC: [u8; 8] = *b"oscarmem";
pub(super) const VERSION: u32 = 1;
/// Bytes of the head, and of its page.
pub(super) const HEAD_LEN: usize = 112;
const PAGE: usize = 4096;
/// How many kids can be marked as having spoken v2; at most 16 keys have v1 on.
pub(super) const MARKS: usize = 256;
pub(super) const SLOTS: usize = 5;
/// Lines per thousand entries of capacity: 62 in 100 slots are used when full, at 48 bytes an entry.
const LINES_PER_1000: usize = 322;
const LINES_MAX: usize = 1 << 31;

/// What is fixed when the file is made. Every process keeps its own copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub capacity: u64,
    pub lines: u64,
    pub boot: [u8; 16],
    pub salt: [u64; 2],
    pub kid_quota: u64,
    pub sid_quota: u64,
}

/// Why a head is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BadHead {
    Not,
    Version(u32),
    Broken,
}

impl Head {
    pub(super) fn lines_for(capacity: usize) -> Option<u64> {
        // An odd number, and the attic.
        let lines = (capacity.checked_mul(LINES_PER_1000)?.div_ceil(1000) | 1) + 1;
        (lines < LINES_MAX).then_some(lines as u64)
    }

    pub(super) fn file_len(&self) -> usize {
        LINES_AT + self.lines as usize * size_of::<Line>()
    }

    pub(super) fn to_bytes(self) -> [u8; HEAD_LEN] {
        let mut bytes = [0; HEAD_LEN];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        let numbers = [self.capacity, self.lines, self.file_len() as u64, self.salt[0], self.salt[1], self.kid_quota, self.sid_quota];
        for (place, number) in bytes[16..72].chunks_exact_mut(8).zip(numbers) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        bytes[72..88].copy_from_slice(&self.boot);
        let check = check(&bytes);
        bytes[HEAD_LEN - 16..].copy_from_slice(&check);
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8; HEAD_LEN]) -> Result<Self, BadHead> {
        if bytes[..8] != MAGIC {
            return Err(BadHead::Not);
        }
        let version = u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]);
        if version != VERSION {
            return Err(BadHead::Version(version));
        }
        if bytes[HEAD_LEN - 16..] != check(bytes) {
            return Err(BadHead::Broken);
        }
        let (numbers, _) = bytes[16..72].as_chunks::<8>();
        let number = |n: usize| u64::from_le_bytes(numbers[n]);
        let mut boot = [0; 16];
        boot.copy_from_slice(&bytes[72..88]);
        let head =
            Self { capacity: number(0), lines: number(1), boot, salt: [number(3), number(4)], kid_quota: number(5), sid_quota: number(6) };
        let sound = head.lines > 1 && head.lines < LINES_MAX as u64 && number(2) == head.file_len() as u64;
        if sound { Ok(head) } else { Err(BadHead::Broken) }
    }
}

fn check(bytes: &[u8; HEAD_LEN]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&Sha256::digest(&bytes[..HEAD_LEN - 16])[..16]);
    half
}

/// A word that has a cache line to itself.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct Alone<T>(pub T);

/// The shared words. All zero in a new file.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Shared {
    /// At and below it nothing is accepted; 0 is gone.
    pub floor_ms: Alone<AtomicI64>,
    /// What a v1 entry may be forgotten at.
    pub v1_past_ms: Alone<AtomicI64>,
    /// Not 0: there was no room for a mark, so every kid counts as marked.
    pub marks_full: Alone<AtomicU32>,
    pub marks: [AtomicU64; MARKS],
}

/// Five slots: the first cache line says nearly always all that a check needs.
#[derive(Debug)]
#[repr(C, align(128))]
pub(super) struct Line {
    /// Until when tags may lie further on, and how many inserts this home has seen.
    pub head: AtomicU64,
    pub words: [AtomicU64; SLOTS],
    pub tags: [[AtomicU64; 2]; SLOTS],
}

pub(super) const SHARED_AT: usize = PAGE;
pub(super) const KIDS_AT: usize = 2 * PAGE;
pub(super) const TALLY_LEN: usize = TALLY_WORDS * size_of::<AtomicU32>();
pub(super) const SIDS_AT: usize = KIDS_AT + TALLY_LEN;
pub(super) const FAR_AT: usize = SIDS_AT + TALLY_LEN;
pub(super) const LINES_AT: usize = FAR_AT + TALLY_LEN;

const _: () = assert!(size_of::<Shared>() <= PAGE && size_of::<Line>() == 128 && LINES_AT.is_multiple_of(PAGE));
