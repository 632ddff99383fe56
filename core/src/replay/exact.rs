//! A memory that holds exactly so many entries, to the millisecond: what the vectors measure a service with.

use super::{Recorded, Remembered, ReplayEntry};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

#[derive(Default)]
pub(super) struct Exact {
    floor_ms: i64,
    live: HashMap<[u8; 16], i64>,
    by_end: BinaryHeap<Reverse<(i64, [u8; 16])>>,
}

impl Exact {
    pub(super) fn insert(&mut self, entry: &ReplayEntry, floor_ms: i64, capacity: usize) -> Recorded {
        self.floor_ms = self.floor_ms.max(floor_ms);
        self.forget();
        let Some(end_ms) = entry.end_under(floor_ms, self.floor_ms) else {
            return Recorded { remembered: Remembered::Seen, floor_ms: Some(self.floor_ms) };
        };
        let remembered = if self.live.contains_key(&entry.tag) {
            Remembered::Seen
        } else if self.live.len() >= capacity {
            Remembered::Full
        } else {
            self.live.insert(entry.tag, end_ms);
            self.by_end.push(Reverse((end_ms, entry.tag)));
            Remembered::Fresh
        };
        Recorded { remembered, floor_ms: None }
    }

    fn forget(&mut self) {
        while let Some(Reverse((end_ms, tag))) = self.by_end.peek() {
            if *end_ms > self.floor_ms {
                break;
            }
            self.live.remove(tag);
            self.by_end.pop();
        }
    }

    pub(super) fn len(&self) -> usize {
        self.live.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.live.capacity() * (size_of::<([u8; 16], i64)>() + 1) + self.by_end.capacity() * size_of::<(i64, [u8; 16])>()
    }
}
