//! The table: a tag has a home line; is it full, the tag goes on to the next of a series, and every line it passed notes
//! until when. Everything is done by single words, so a process may die between any two steps.
//!
//! An insert looks through the series, claims a free slot, and then moves on the home's count. Did anybody else move it
//! since it was read, the insert looks again: of two that claim different slots for one tag, one sees the other. A claim
//! already shows most of the tag's hash, so one whose owner died before it wrote the tag counts as that tag until its end.

use super::layout::{Line, SLOTS};
use oscartoki::replay::Remembered;
use std::hint::black_box;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicU64, AtomicUsize};

/// Lines that one look through a series may touch: 60 slots.
const REACH: usize = 12;
/// The grain of time: 1.024 s.
const GRAIN_SHIFT: u32 = 10;
/// A slot's word, from above: end (38 bits), part of the hash (23), space (1), state (2). 0 is free.
const END_SHIFT: u32 = 26;
const LOW: u64 = (1 << END_SHIFT) - 1;
const STATE: u64 = 3;
const CLAIMED: u64 = 1;
const PUBLISHED: u64 = 2;
/// Grains fit into 38 bits.
const END_MAX: u64 = 1 << 38;

/// One entry, as the table sees it.
pub(super) struct Key {
    salted: u64,
    tag: [u64; 2],
    /// The word's bits between state and end.
    bits: u64,
}

impl Key {
    pub(super) fn new(salted: u64, tag: [u8; 16], v1: bool) -> Self {
        let both = u128::from_le_bytes(tag);
        Self { salted, tag: [both as u64, (both >> 64) as u64], bits: (salted >> 41) << 3 | u64::from(v1) << 2 }
    }

    /// The n-th line of the series. The last of every series is the attic, the line after all others: at a full table one tag
    /// in many millions finds no room before it. The number of the others is odd and the step a power of two: none comes twice.
    fn line(&self, nth: usize, lines: usize) -> usize {
        let others = lines - 1;
        if nth + 1 == reach(lines) {
            return others;
        }
        let home = ((self.salted as u32 as u64 * others as u64) >> 32) as usize;
        if nth == 0 { home } else { (home + (nth << (self.salted >> 32 & 15))) % others }
    }
}

/// The length of a series.
fn reach(lines: usize) -> usize {
    REACH.min(lines)
}

/// From when on, and until when, an entry is kept, in grains.
#[derive(Clone, Copy)]
pub(super) struct Span {
    past: u64,
    end: u64,
}

impl Span {
    /// `None` when it does not fit.
    pub(super) fn new(now_ms: i64, keep_ms: i64) -> Option<Self> {
        let now_ms = now_ms.max(0);
        let end = (now_ms.checked_add(keep_ms.max(0))? >> GRAIN_SHIFT) as u64 + 1;
        (end < END_MAX).then_some(Self { past: (now_ms >> GRAIN_SHIFT) as u64, end })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
    nth: usize,
    slot: usize,
}

enum Look {
    Known,
    Room(Place),
    NoRoom,
}

pub(super) struct Table<'a> {
    pub lines: &'a [Line],
    /// The most slots that any look of this process has touched.
    pub most_touched: &'a AtomicUsize,
}

impl Table<'_> {
    /// Remembers `key` unless it is known. `admit` counts it for the quotas, before it is in the table; `dismiss` takes that back.
    pub(super) fn insert<C>(&self, key: &Key, span: Span, admit: impl Fn() -> Option<C>, dismiss: impl Fn(C)) -> Remembered {
        let mut counted = None;
        let remembered = loop {
            let home = self.line(key, 0);
            let mut head = home.head.load(SeqCst);
            let place = match self.look(key, span.past, None) {
                Look::Known => break Remembered::Seen,
                Look::NoRoom => break Remembered::Full,
                Look::Room(place) => place,
            };
            if counted.is_none() {
                counted = admit();
                if counted.is_none() {
                    return Remembered::Full;
                }
            }
            let Some(noted) = self.note(key, place, head, span.end) else { continue };
            head = noted;
            if !self.claim(key, place, span) {
                continue;
            }
            if self.confirm(key, place, span, head) {
                self.word(key, place).store(span.end << END_SHIFT | key.bits | PUBLISHED, Release);
                return Remembered::Fresh;
            }
            // Another claim of this tag was there. Nobody has relied on ours: the slot is free again.
            self.word(key, place).store(0, Release);
        };
        if let Some(counted) = counted {
            dismiss(counted);
        }
        remembered
    }

    /// Slots whose time has not passed.
    pub(super) fn live(&self, now_ms: i64) -> usize {
        let past = (now_ms.max(0) >> GRAIN_SHIFT) as u64;
        self.lines.iter().flat_map(|line| &line.words).filter(|word| word.load(Relaxed) >> END_SHIFT > past).count()
    }

    /// Whether the tag is in the series, but for `own`; else the first free slot.
    fn look(&self, key: &Key, past: u64, own: Option<Place>) -> Look {
        let mut room = None;
        let mut looked = 0;
        for nth in 0..reach(self.lines.len()) {
            let line = self.line(key, nth);
            // The second cache line, where a known tag stands, is on its way while the first is read.
            black_box(line.tags[SLOTS / 2][0].load(Relaxed));
            let passed = line.head.load(Acquire) >> END_SHIFT;
            looked += SLOTS;
            for slot in 0..SLOTS {
                let word = line.words[slot].load(Acquire);
                let place = Place { nth, slot };
                if word >> END_SHIFT <= past {
                    room.get_or_insert(place);
                } else if word & LOW & !STATE == key.bits && own != Some(place) && holds(line, slot, word, key) {
                    return Look::Known;
                }
            }
            if passed <= past && room.is_some() {
                break;
            }
        }
        if looked > self.most_touched.load(Relaxed) {
            self.most_touched.fetch_max(looked, Relaxed);
        }
        room.map_or(Look::NoRoom, Look::Room)
    }

    /// Notes in every line before `place` that a tag lies further on. The home's head then, or `None` when it was moved.
    fn note(&self, key: &Key, place: Place, mut head: u64, end: u64) -> Option<u64> {
        for nth in 0..place.nth {
            let known = &self.line(key, nth).head;
            if nth == 0 {
                if head >> END_SHIFT < end {
                    let noted = end << END_SHIFT | head & LOW;
                    known.compare_exchange(head, noted, SeqCst, Relaxed).ok()?;
                    head = noted;
                }
            } else {
                let later = |head: u64| (head >> END_SHIFT < end).then_some(end << END_SHIFT | head & LOW);
                let _ = known.fetch_update(SeqCst, Relaxed, later);
            }
        }
        Some(head)
    }

    /// Takes the slot if it is still free, and writes the tag.
    fn claim(&self, key: &Key, place: Place, span: Span) -> bool {
        let word = self.word(key, place);
        let free = word.load(Acquire);
        let claimed = span.end << END_SHIFT | key.bits | CLAIMED;
        if free >> END_SHIFT > span.past || word.compare_exchange(free, claimed, SeqCst, Relaxed).is_err() {
            return false;
        }
        for (half, ours) in self.line(key, place.nth).tags[place.slot].iter().zip(key.tag) {
            half.store(ours, Release);
        }
        true
    }

    /// Moves the home's count on. `false`: meanwhile somebody else claimed this tag.
    fn confirm(&self, key: &Key, place: Place, span: Span, mut head: u64) -> bool {
        let home = self.line(key, 0);
        loop {
            let moved = head & !LOW | (head + 1) & LOW;
            if home.head.compare_exchange(head, moved, SeqCst, SeqCst).is_ok() {
                return true;
            }
            head = home.head.load(SeqCst);
            if matches!(self.look(key, span.past, Some(place)), Look::Known) {
                return false;
            }
        }
    }

    fn line(&self, key: &Key, nth: usize) -> &Line {
        &self.lines[key.line(nth, self.lines.len())]
    }

    fn word(&self, key: &Key, place: Place) -> &AtomicU64 {
        &self.line(key, place.nth).words[place.slot]
    }
}

/// Whether a live slot with the same part of the hash holds the tag. A claim counts as it: its owner may be about to win.
fn holds(line: &Line, slot: usize, word: u64, key: &Key) -> bool {
    if word & STATE == CLAIMED {
        return true;
    }
    // Should a process with a later clock take the slot under our eyes, its tag's time has passed and the floor says so.
    let [first, second] = &line.tags[slot];
    [first.load(Acquire), second.load(Acquire)] == key.tag
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn lines(n: usize) -> Vec<Line> {
        let line = || Line { head: 0.into(), words: Default::default(), tags: Default::default() };
        std::iter::repeat_with(line).take(n).collect()
    }

    fn insert(table: &Table<'_>, n: u8, span: Span) -> Remembered {
        let salted = u64::from(n).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        table.insert(&Key::new(salted, [n; 16], false), span, || Some(()), |()| {})
    }

    #[test]
    fn a_claim_whose_owner_died_counts_as_its_tag_until_its_end() {
        let (lines, most_touched) = (lines(2), AtomicUsize::new(0));
        let table = Table { lines: &lines, most_touched: &most_touched };
        let span = |now_ms| Span::new(now_ms, 64_000).unwrap();
        assert_eq!(insert(&table, 1, span(0)), Remembered::Fresh);
        // The owner died after its claim: the tag is half written.
        let word = &lines[0].words[0];
        word.store(word.load(Relaxed) & !STATE | CLAIMED, Relaxed);
        lines[0].tags[0][1].store(0, Relaxed);
        assert_eq!(insert(&table, 1, span(1_000)), Remembered::Seen);
        for n in 2..11 {
            assert_eq!(insert(&table, n, span(1_000)), Remembered::Fresh);
        }
        assert_eq!(insert(&table, 11, span(1_000)), Remembered::Full, "the dead claim's slot is used");
        assert_eq!(insert(&table, 11, span(66_000)), Remembered::Fresh, "until its end");
        assert_eq!(insert(&table, 1, span(66_000 + 1_100)), Remembered::Fresh);
    }

    #[test]
    fn a_count_that_moved_makes_the_insert_look_again() {
        let (lines, most_touched) = (lines(2), AtomicUsize::new(0));
        let table = Table { lines: &lines, most_touched: &most_touched };
        let key = Key::new(7, [7; 16], false);
        let span = Span::new(0, 64_000).unwrap();
        let (ours, theirs) = (Place { nth: 0, slot: 0 }, Place { nth: 0, slot: 1 });
        assert!(table.claim(&key, ours, span));
        assert!(table.confirm(&key, ours, span, 0), "nobody came between");
        assert!(table.claim(&key, theirs, span));
        assert!(!table.confirm(&key, theirs, span, 0), "the other one is seen");
    }

    #[test]
    fn times_that_do_not_fit_are_refused() {
        assert!(Span::new(i64::MAX, 1).is_none());
        assert!(Span::new(1 << 48, 0).is_none());
        assert!(Span::new(i64::MIN, i64::MIN).is_some());
    }
}
