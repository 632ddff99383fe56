//! Whether this process has forked: a counter that the nonce source and local memories compare.

use std::sync::atomic::{AtomicU64, Ordering};

static FORKS: AtomicU64 = AtomicU64::new(0);

/// Tells core that this is the child of a fork. `oscartoki_stores::fork_guard()` calls it from `pthread_atfork`;
/// it only raises a counter and is safe in a child of a threaded process.
pub fn forked() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// How often this process's line of ancestors has forked since the guard was installed.
pub fn count() -> u64 {
    FORKS.load(Ordering::Relaxed)
}
