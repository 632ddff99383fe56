//! An allocator that counts, for what promises not to allocate.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local!(static COUNT: Cell<u64> = const { Cell::new(0) });

/// The system's allocator; counts what this thread asks for.
pub struct Counting;

// SAFETY: every call goes to the system's allocator as it came; counting touches a thread-local cell that needs no allocation.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: `memory` came from `System` with this layout.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: `memory` came from `System` with this layout; the caller keeps the rest of the contract.
        unsafe { System.realloc(memory, layout, size) }
    }
}

fn count() {
    // A thread that is ending has no cell any more, and nothing that is measured.
    let _ = COUNT.try_with(|count| count.set(count.get() + 1));
}

/// How often `run` allocated.
pub fn allocations<T>(run: impl FnOnce() -> T) -> (u64, T) {
    let before = COUNT.get();
    let result = run();
    (COUNT.get() - before, result)
}
