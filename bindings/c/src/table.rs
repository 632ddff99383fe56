//! The table behind the handles: slots with a generation, in segments that are never moved or given back.
//! A lookup is one compare-and-swap; a free refuses new callers at once, and the last caller inside drops what was there.
//! No lock, so that a forked child finds none held. All of this crate's shared-memory `unsafe` is in this file.

use std::cell::UnsafeCell;
use std::ops::Deref;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

const FIRST_SEGMENT: u32 = 64;
const SEGMENTS: usize = 20;
/// 26 bits of index, 32 of generation, 5 of kind: a handle is positive.
const INDEX_BITS: u32 = 26;
const GENERATION_BITS: u32 = 32;

// A slot's state: its generation in the high half, below it these bits and the number of callers inside.
const LIVE: u64 = 1 << 31;
const CLOSING: u64 = 1 << 30;
const CALLERS: u64 = CLOSING - 1;

/// Values by handle. `KIND` tells the tables apart, so that a handle of another one finds nothing.
pub(crate) struct Table<T, const KIND: u8> {
    segments: [OnceLock<Box<[Slot<T>]>>; SEGMENTS],
    /// How many slots were ever used.
    used: AtomicU32,
    /// A stack of free slots: in the low half its top, as index + 1; in the high half a count against ABA.
    free: AtomicU64,
}

struct Slot<T> {
    state: AtomicU64,
    /// The free slot below this one.
    next: AtomicU32,
    content: UnsafeCell<Option<T>>,
}

/// Why a handle finds nothing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Gone {
    /// It was here and was used up or freed.
    Used,
    /// It was never given out by this table.
    Never,
}

// SAFETY: a slot's content is written and dropped by its one owner, between the state changes that make it so, and shared only by `get`, which asks for `T: Sync`.
unsafe impl<T: Send, const KIND: u8> Sync for Table<T, KIND> {}

impl<T, const KIND: u8> Table<T, KIND> {
    pub(crate) const fn new() -> Self {
        assert!(KIND > 0 && KIND < 32);
        Self { segments: [const { OnceLock::new() }; SEGMENTS], used: AtomicU32::new(0), free: AtomicU64::new(0) }
    }

    /// Keeps `content`; its handle, or `None` when the table is full.
    pub(crate) fn insert(&self, content: T) -> Option<i64> {
        let (index, slot) = self.pop_free().or_else(|| self.next_unused())?;
        let state = slot.state.load(Ordering::Relaxed);
        // SAFETY: a slot that was popped, or is new, belongs to this thread alone until its state says LIVE.
        unsafe { *slot.content.get() = Some(content) };
        slot.state.store(state | LIVE, Ordering::Release);
        i64::try_from(u64::from(KIND) << (INDEX_BITS + GENERATION_BITS) | (state >> 32) << INDEX_BITS | u64::from(index)).ok()
    }

    /// The value, kept alive as long as the guard lives.
    pub(crate) fn get(&self, handle: i64) -> Option<Guard<'_, T, KIND>>
    where
        T: Sync,
    {
        let (index, slot, generation) = self.find(handle)?;
        let mut state = slot.state.load(Ordering::Relaxed);
        loop {
            if state >> 32 != generation || state & (LIVE | CLOSING) != LIVE || state & CALLERS == CALLERS {
                return None;
            }
            match slot.state.compare_exchange_weak(state, state + 1, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return Some(Guard { table: self, slot, index }),
                Err(now) => state = now,
            }
        }
    }

    /// Takes the value out; for things that are used once and that nobody else looks at meanwhile.
    #[inline]
    pub(crate) fn take(&self, handle: i64) -> Result<T, Gone> {
        let (index, slot, generation) = self.find(handle).ok_or(Gone::Never)?;
        let open = generation << 32 | LIVE;
        match slot.state.compare_exchange(open, open | CLOSING, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => self.reclaim(slot, index, generation).ok_or(Gone::Used),
            Err(state) if state >> 32 > generation || state & LIVE != 0 => Err(Gone::Used),
            Err(_) => Err(Gone::Never),
        }
    }

    /// Refuses new callers from now on and drops the value, at once or when the last caller has left.
    pub(crate) fn free(&self, handle: i64) -> Result<(), Gone> {
        let (index, slot, generation) = self.find(handle).ok_or(Gone::Never)?;
        let mut state = slot.state.load(Ordering::Relaxed);
        loop {
            if state >> 32 > generation || state & CLOSING != 0 {
                return Err(Gone::Used);
            }
            if state >> 32 != generation || state & LIVE == 0 {
                return Err(Gone::Never);
            }
            match slot.state.compare_exchange_weak(state, state | CLOSING, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => break,
                Err(now) => state = now,
            }
        }
        if state & CALLERS == 0 {
            drop(self.reclaim(slot, index, generation));
        }
        Ok(())
    }

    /// Empties a slot that is CLOSING with nobody inside: one thread at most sees that, the one that brought it about.
    fn reclaim(&self, slot: &Slot<T>, index: u32, generation: u64) -> Option<T> {
        // SAFETY: CLOSING keeps new callers out and the last one has left, so this thread is alone with the content.
        let content = unsafe { (*slot.content.get()).take() };
        // The last generation is the slot's end: its handles stay stale for ever.
        if generation < u64::from(u32::MAX) {
            slot.state.store((generation + 1) << 32, Ordering::Release);
            self.push_free(slot, index);
        }
        content
    }

    fn find(&self, handle: i64) -> Option<(u32, &Slot<T>, u64)> {
        let bits = u64::try_from(handle).ok()?;
        if bits >> (INDEX_BITS + GENERATION_BITS) != u64::from(KIND) {
            return None;
        }
        let index = u32::try_from(bits & ((1 << INDEX_BITS) - 1)).ok()?;
        Some((index, self.slot(index)?, bits >> INDEX_BITS & u64::from(u32::MAX)))
    }

    fn slot(&self, index: u32) -> Option<&Slot<T>> {
        let (segment, offset) = place(index);
        self.segments.get(segment)?.get()?.get(offset)
    }

    fn pop_free(&self) -> Option<(u32, &Slot<T>)> {
        let mut head = self.free.load(Ordering::Acquire);
        loop {
            let index = (head as u32).checked_sub(1)?;
            let slot = self.slot(index)?;
            let next = slot.next.load(Ordering::Relaxed);
            let popped = (head >> 32).wrapping_add(1) << 32 | u64::from(next);
            match self.free.compare_exchange_weak(head, popped, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Some((index, slot)),
                Err(now) => head = now,
            }
        }
    }

    fn push_free(&self, slot: &Slot<T>, index: u32) {
        let mut head = self.free.load(Ordering::Relaxed);
        loop {
            slot.next.store(head as u32, Ordering::Relaxed);
            let pushed = (head >> 32).wrapping_add(1) << 32 | u64::from(index + 1);
            match self.free.compare_exchange_weak(head, pushed, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }

    fn next_unused(&self) -> Option<(u32, &Slot<T>)> {
        let more = |used: u32| (place(used).0 < SEGMENTS).then_some(used + 1);
        let index = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        let (segment, _) = place(index);
        self.segments[segment].get_or_init(|| {
            let slot = |_| Slot { state: AtomicU64::new(0), next: AtomicU32::new(0), content: UnsafeCell::new(None) };
            (0..FIRST_SEGMENT << segment).map(slot).collect()
        });
        Some((index, self.slot(index)?))
    }
}

/// Segment `s` holds `FIRST_SEGMENT << s` slots.
fn place(index: u32) -> (usize, usize) {
    let shifted = index + FIRST_SEGMENT;
    let segment = shifted.ilog2() - FIRST_SEGMENT.ilog2();
    (segment as usize, (shifted - (FIRST_SEGMENT << segment)) as usize)
}

/// A caller inside a slot.
pub(crate) struct Guard<'t, T, const KIND: u8> {
    table: &'t Table<T, KIND>,
    slot: &'t Slot<T>,
    index: u32,
}

impl<T, const KIND: u8> Deref for Guard<'_, T, KIND> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: this guard counts as a caller, and a slot with callers is neither written nor emptied.
        let content = unsafe { &*self.slot.content.get() };
        match content {
            Some(content) => content,
            None => unreachable!("a live slot is never empty"),
        }
    }
}

impl<T, const KIND: u8> Drop for Guard<'_, T, KIND> {
    fn drop(&mut self) {
        let before = self.slot.state.fetch_sub(1, Ordering::Release);
        if before & CLOSING != 0 && before & CALLERS == 1 {
            // What other callers did inside happened before what follows.
            fence(Ordering::Acquire);
            drop(self.table.reclaim(self.slot, self.index, before >> 32));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Gone, Table};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    #[test]
    fn a_freed_handle_stays_stale_when_its_slot_is_used_again() {
        let table = Table::<u32, 3>::new();
        let first = table.insert(1).unwrap();
        assert!(first > 0);
        assert_eq!(*table.get(first).unwrap(), 1);
        assert_eq!(table.free(first), Ok(()));
        let second = table.insert(2).unwrap();
        assert_ne!(first, second);
        assert!(table.get(first).is_none());
        assert_eq!(table.free(first), Err(Gone::Used));
        assert_eq!(table.take(first), Err(Gone::Used));
        assert_eq!(*table.get(second).unwrap(), 2);
        assert_eq!(table.take(second), Ok(2));
        assert_eq!(table.take(second), Err(Gone::Used));
    }

    #[test]
    fn what_was_never_given_out_finds_nothing() {
        let table = Table::<u32, 3>::new();
        let other = Table::<u32, 4>::new();
        let handle = table.insert(1).unwrap();
        for forged in [0, -1, i64::MIN, i64::MAX, 1, handle + 1, handle + (1 << 26), handle ^ (1 << 58), other.insert(9).unwrap()] {
            assert!(table.get(forged).is_none(), "{forged:x}");
            assert_eq!(table.free(forged), Err(Gone::Never), "{forged:x}");
        }
        assert_eq!(*table.get(handle).unwrap(), 1);
    }

    #[test]
    fn a_free_waits_for_the_caller_inside_and_refuses_the_next() {
        let table = Table::<Arc<()>, 1>::new();
        let witness = Arc::new(());
        let handle = table.insert(witness.clone()).unwrap();
        let inside = table.get(handle).unwrap();
        assert_eq!(table.free(handle), Ok(()));
        assert!(table.get(handle).is_none());
        assert_eq!(table.free(handle), Err(Gone::Used));
        assert_eq!(Arc::strong_count(&inside), 2);
        drop(inside);
        assert_eq!(Arc::strong_count(&witness), 1);
    }

    #[test]
    fn many_threads_insert_look_up_and_free() {
        static DROPPED: AtomicUsize = AtomicUsize::new(0);
        struct Counted(usize);
        impl Drop for Counted {
            fn drop(&mut self) {
                DROPPED.fetch_add(1, Ordering::Relaxed);
            }
        }
        const EACH: usize = 20_000;
        let table = Table::<Counted, 2>::new();
        let stop = AtomicBool::new(false);
        let last = std::sync::atomic::AtomicI64::new(0);
        std::thread::scope(|scope| {
            let makers = [1, 2].map(|maker| {
                let (table, last) = (&table, &last);
                scope.spawn(move || {
                    for round in 0..EACH {
                        let handle = table.insert(Counted(maker * EACH + round)).unwrap();
                        last.store(handle, Ordering::Relaxed);
                        assert_eq!(table.get(handle).unwrap().0, maker * EACH + round);
                        assert_eq!(table.free(handle), Ok(()));
                    }
                })
            });
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    if let Some(seen) = table.get(last.load(Ordering::Relaxed)) {
                        assert!((EACH..3 * EACH).contains(&seen.0));
                    }
                }
            });
            for maker in makers {
                maker.join().unwrap();
            }
            stop.store(true, Ordering::Relaxed);
        });
        assert_eq!(DROPPED.load(Ordering::Relaxed), 2 * EACH);
    }
}
