//! Replay memories: in this process, or in a file that the processes of one machine share.

use crate::boundary::{Out, TextOut, text};
use crate::handle::{self, Handle, KEYRINGS, REPLAY_LOGS};
use crate::status::{Fault, Result, Status, guard};
use oscartoki::{MemoryReplayLog, NoReplayLog, ReplayLog};
use std::ffi::c_char;
use std::sync::Arc;

/// Room for the path of a shared memory, its terminating zero included.
pub const OSCAR_PATH_MAX_LEN: usize = 4096;

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

/// A memory in a file that the processes of one machine share, and that survives their restarts: opened, or made with room for `capacity` tokis
/// (0: a million; 48 bytes each). Its folder must exist and be private to this user; beside it a file with the ending `.lock` is made.
/// `path` has `len` bytes. The caller frees the handle with `oscar_replay_log_free`.
/// Error: store; `oscar_last_detail` names the file and, mostly, the way out.
///
/// # Safety
/// `path` has `len` readable bytes; `replay_log` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_replay_log_mapped(path: *const c_char, len: usize, capacity: usize, replay_log: *mut Handle) -> Status {
    let open = || {
        // SAFETY: as this function asks.
        let path = unsafe { text(path, len) }?;
        shared::open(path, if capacity == 0 { None } else { Some(checked(capacity)?) })
    };
    // SAFETY: as this function asks.
    unsafe { give(replay_log, open) }
}

/// The file that processes share which hold these keys for this audience: in a private folder of this user, which is made. Written into `out`
/// (OSCAR_PATH_MAX_LEN). Error: store.
///
/// # Safety
/// `out` has `capacity` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_replay_log_default_path(keyring: Handle, out: *mut c_char, capacity: usize) -> Status {
    guard(|| {
        // SAFETY: as this function asks.
        let out = unsafe { TextOut::new(out, capacity, OSCAR_PATH_MAX_LEN) }?;
        out.write(&shared::default_path(&*handle::look_up(&KEYRINGS, keyring)?)?)
    })
}

/// A memory that the machines of a fleet share: the memory `name` (most often the audience) of the Redis at `url`, `redis://[USER:PASSWORD@]HOST[:PORT][/DB]`,
/// which must not evict (`maxmemory-policy noeviction`). `capacity` (0: a million): how many live requests are expected, for the share of a key and
/// a session. A request waits 50 ms for it at most. The caller frees the handle with `oscar_replay_log_free`.
/// Error: store; `oscar_last_detail` names the server, never the password.
///
/// # Safety
/// `url` and `name` have so many readable bytes; `replay_log` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oscar_replay_log_redis(
    url: *const c_char,
    url_len: usize,
    name: *const c_char,
    name_len: usize,
    capacity: usize,
    replay_log: *mut Handle,
) -> Status {
    let open = || {
        // SAFETY: as this function asks.
        let (url, name) = unsafe { (text(url, url_len)?, text(name, name_len)?) };
        shared::redis(url, name, if capacity == 0 { 1_000_000 } else { checked(capacity)? })
    };
    // SAFETY: as this function asks.
    unsafe { give(replay_log, open) }
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

/// Memory that processes share.
#[cfg(unix)]
mod shared {
    use super::{Arc, Fault, ReplayLog, Result, Status};
    use oscartoki::Keyring;
    use oscartoki_stores::{MappedReplayLog, Options, RedisReplayLog, StoreError};

    pub(super) fn redis(url: &str, name: &str, capacity: usize) -> Result<Arc<dyn ReplayLog>> {
        Ok(Arc::new(RedisReplayLog::open(url, name, capacity).map_err(fault)?))
    }

    pub(super) fn open(path: &str, capacity: Option<usize>) -> Result<Arc<dyn ReplayLog>> {
        let usual = Options::default();
        let options = Options { capacity: capacity.unwrap_or(usual.capacity), ..usual };
        Ok(Arc::new(MappedReplayLog::open(path, &options).map_err(fault)?))
    }

    pub(super) fn default_path(keyring: &Keyring) -> Result<String> {
        let kids: Vec<_> = keyring.kids().iter().filter_map(|kid| kid.as_slice().try_into().ok()).collect();
        let path = MappedReplayLog::default_path(&keyring.audience(), &kids).map_err(fault)?;
        path.into_os_string().into_string().map_err(|_| Fault::new(Status::Store, "the runtime folder's name is not UTF-8"))
    }

    fn fault(fault: StoreError) -> Fault {
        Fault::new(Status::Store, fault.to_string())
    }
}

/// Where there are no processes, there is nothing to share.
#[cfg(not(unix))]
mod shared {
    use super::{Arc, Fault, ReplayLog, Result, Status};
    use oscartoki::Keyring;

    const NONE: &str = "this build has no memory that processes share";

    pub(super) fn redis(_url: &str, _name: &str, _capacity: usize) -> Result<Arc<dyn ReplayLog>> {
        Err(Fault::new(Status::Store, NONE))
    }

    pub(super) fn open(_path: &str, _capacity: Option<usize>) -> Result<Arc<dyn ReplayLog>> {
        Err(Fault::new(Status::Store, NONE))
    }

    pub(super) fn default_path(_keyring: &Keyring) -> Result<String> {
        Err(Fault::new(Status::Store, NONE))
    }
}
