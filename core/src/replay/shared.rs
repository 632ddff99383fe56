//! A replay memory as other languages hold it: made there by name, used here as any [`ReplayLog`].

use super::{MemoryReplayLog, NoReplayLog, ReplayLog};
use crate::error::{OscarError, Result};
use std::sync::Arc;

/// Some replay memory. Services and consumers of messages that are given the same one remember together.
#[cfg_attr(feature = "uniffi", derive(uniffi::Object))]
#[derive(Clone, Debug)]
pub struct ReplayMemory(Arc<dyn ReplayLog>);

#[cfg_attr(feature = "uniffi", uniffi::export)]
impl ReplayMemory {
    /// The memory of this one process, with room for so many live requests. After a fork it refuses.
    /// Error: `policy` for a capacity below 1 or beyond what this machine can address.
    #[cfg_attr(feature = "uniffi", uniffi::constructor)]
    pub fn local(capacity: i64) -> Result<Self> {
        Ok(Self(Arc::new(MemoryReplayLog::new(size(capacity)?))))
    }

    /// One shard, exact, without quotas: for tests of a memory that is full. Error: `policy` as above.
    #[cfg_attr(feature = "uniffi", uniffi::constructor)]
    pub fn exact(capacity: i64) -> Result<Self> {
        Ok(Self(Arc::new(MemoryReplayLog::exact(size(capacity)?))))
    }

    /// None: everything that must be remembered is refused.
    #[cfg_attr(feature = "uniffi", uniffi::constructor)]
    pub fn refusing() -> Self {
        Self(Arc::new(NoReplayLog))
    }
}

impl ReplayMemory {
    /// Wraps a memory of any kind.
    pub fn from_log(log: Arc<dyn ReplayLog>) -> Self {
        Self(log)
    }

    /// The memory itself.
    pub fn log(&self) -> &Arc<dyn ReplayLog> {
        &self.0
    }
}

fn size(capacity: i64) -> Result<usize> {
    // 24 bytes an entry: 2^40 entries are no machine's memory, and an allocation that fails ends the process.
    usize::try_from(capacity)
        .ok()
        .filter(|capacity| (1..1 << 32).contains(&(*capacity as u64)))
        .ok_or(OscarError::Policy("a memory has room for 1 to 2^32 - 1 requests"))
}
