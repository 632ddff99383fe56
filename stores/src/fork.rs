//! Forks, as core can't see them.

use std::sync::Once;

static INSTALLED: Once = Once::new();

/// From now on core notices when this process forks: the child draws new nonces, and its local replay memory refuses. Any
/// number of calls do the same as one.
pub fn fork_guard() {
    INSTALLED.call_once(|| {
        // SAFETY: the handler is a function of the right type that lives as long as the program, and all it does in the child is
        // one atomic addition.
        unsafe { libc::pthread_atfork(None, None, Some(forked)) };
    });
}

unsafe extern "C" fn forked() {
    oscartoki::fork::forked();
}
