//! Replay memories: in this process, or in a file that the processes of one machine share.

use crate::boundary::Out;
use crate::handle::{self, Handle, REPLAY_LOGS};
use crate::status::{Fault, Result, Status, guard};
use oscartoki::{MemoryReplayLog, NoReplayLog, ReplayLog};
use std::sync::Arc;

/// A memory of this process alone, with room for so many tokis; after a fork it refuses. The caller frees it with `oscar_replay_log_free`.
///
/// # Safety
/// `replay_log` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_replay_log_memory(capacity: usize, replay_log: *mut Handle) -> Status {
    // SAFETY: as this function asks.
    unsafe { give(replay_log, || Ok(Arc::new(MemoryReplayLog::new(checked(capacity)?)))) }
}

/// `oscar_replay_log_memory` with exactly that capacity, in one shard and without quotas. For tests.
///
/// # Safety
/// `replay_log` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_replay_log_exact(capacity: usize, replay_log: *mut Handle) -> Status {
    // SAFETY: as this function asks.
    unsafe { give(replay_log, || Ok(Arc::new(MemoryReplayLog::exact(checked(capacity)?)))) }
}

/// A memory that remembers nothing: a service with it refuses everything as busy. For tests of that.
///
/// # Safety
/// `replay_log` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_replay_log_none(replay_log: *mut Handle) -> Status {
    // SAFETY: as this function asks.
    unsafe { give(replay_log, || Ok(Arc::new(NoReplayLog))) }
}

/// Frees a memory; a service that was made with it keeps it alive. 0 is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn oscar_replay_log_free(replay_log: Handle) -> Status {
    guard(|| handle::free(&REPLAY_LOGS, replay_log))
}

/// # Safety
/// `replay_log` is null, misaligned or writable.
unsafe fn give(replay_log: *mut Handle, make: impl FnOnce() -> Result<Arc<dyn ReplayLog>>) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let replay_log = unsafe { Out::new(replay_log) }?;
        replay_log.write(handle::keep(make()?)?);
        Ok(())
    })
}

/// More than 2^28 tokis (several gigabytes) is a mistake, not a memory.
fn checked(capacity: usize) -> Result<usize> {
    if capacity <= 1 << 28 { Ok(capacity) } else { Err(Fault::new(Status::BadPacked, "a replay memory has at most 2^28 entries")) }
}
