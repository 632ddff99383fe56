//! The one buffer through which everything passes, and the host's randomness.

use std::cell::RefCell;

#[link(wasm_import_module = "host")]
unsafe extern "C" {
    /// Fills memory with random bytes; not 0 when it did.
    fn random(place: *mut u8, len: usize) -> i32;
}

thread_local! {
    static ROOM: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// The address of the buffer, with room for so many bytes; what was in it is lost when it grows. Aligned for every struct of this ABI.
#[unsafe(no_mangle)]
pub extern "C" fn oscar_js_room(len: usize) -> *mut u8 {
    oscartoki::host::set_entropy(|bytes| {
        // SAFETY: the slice is writable for as long as the call lasts.
        unsafe { random(bytes.as_mut_ptr(), bytes.len()) != 0 }
    });
    ROOM.with_borrow_mut(|room| {
        let words = len.div_ceil(8);
        if room.len() < words {
            *room = vec![0; words];
        }
        room.as_mut_ptr().cast()
    })
}
