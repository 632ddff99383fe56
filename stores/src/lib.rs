//! What the processes of a service share: replay memory, the files behind a key ring, and the guard that makes core notice a fork.
//!
//! [`MappedReplayLog`] is a file that the processes of one machine map: gunicorn's, puma's and php-fpm's workers, and a
//! single process that wants to survive its restart. It is the one place of unsafe code outside the doors. [`RedisReplayLog`] is what
//! the machines of a fleet share. [`RingFiles`] keeps a key ring as its key files and its file of revocations say.
//!
//! ```
//! use oscartoki_stores::{MappedReplayLog, Options};
//! # fn main() -> Result<(), oscartoki_stores::StoreError> {
//! # let folder = std::env::temp_dir().join(format!("oscartoki-doc-{}", std::process::id()));
//! # std::fs::create_dir(&folder).ok();
//! let log = MappedReplayLog::open(folder.join("api.example.com"), &Options { capacity: 10_000, ..Options::default() })?;
//! assert_eq!(log.capacity(), 10_000);
//! # std::fs::remove_dir_all(folder).ok();
//! # Ok(())
//! # }
//! ```

mod error;
mod files;
mod fork;
mod mapped;
mod redis;

pub use error::StoreError;
pub use files::{FileFault, Reread, RingFiles, RingSources};
pub use fork::fork_guard;
pub use mapped::{MappedReplayLog, Options};
pub use oscartoki::replay::Quotas;
pub use redis::RedisReplayLog;
