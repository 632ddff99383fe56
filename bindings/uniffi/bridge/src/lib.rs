//! The second UniFFI component: what joins the two doors, and constructors for what lives in stores.
//!
//! It is a crate of its own because UniFFI names exported symbols after the crate, and core and the library that shows both
//! doors are both called `oscartoki`.

use oscartoki::{Client, Keyring, MessageMemory, ReplayLog, ReplayMemory, Service};
use oscartoki_stores::{FileFault, MappedReplayLog, Options, RedisReplayLog, Reread, RingSources};
use std::path::PathBuf;
use std::sync::Arc;

uniffi::setup_scaffolding!();

/// The version of this library, which every wrapper compares with its own.
#[uniffi::export]
pub fn library_version() -> String {
    oscartoki_stores::fork_guard();
    env!("CARGO_PKG_VERSION").to_owned()
}

/// A handle of the C door on this very client, for the hot calls; `oscar_client_free` gives it back. 0 when too many are alive.
#[uniffi::export]
pub fn c_ref_client(client: Arc<Client>) -> i64 {
    guarded(client)
}

/// A handle of the C door on this very service; `oscar_service_free` gives it back.
#[uniffi::export]
pub fn c_ref_service(service: Arc<Service>) -> i64 {
    guarded(service)
}

/// A handle of the C door on this very ring; `oscar_keyring_free` gives it back.
#[uniffi::export]
pub fn c_ref_keyring(keyring: Arc<Keyring>) -> i64 {
    guarded(keyring)
}

/// A handle of the C door on this very memory; `oscar_replay_log_free` gives it back.
#[uniffi::export]
pub fn c_ref_memory(memory: Arc<ReplayMemory>) -> i64 {
    guarded(memory.log().clone())
}

/// A handle of the C door on this very memory of messages; `oscar_message_memory_free` gives it back.
#[uniffi::export]
pub fn c_ref_message_memory(memory: Arc<MessageMemory>) -> i64 {
    guarded(memory)
}

/// A handle of the C door on these very files, for the refresh before each verification; `oscar_ring_files_free` gives it back.
#[uniffi::export]
pub fn c_ref_ring_files(files: Arc<RingFiles>) -> i64 {
    guarded(files.0.clone())
}

fn guarded(object: impl oscartoki_c::Registered) -> i64 {
    // A nonce must not repeat in a child: the handler is there before the first handle is.
    oscartoki_stores::fork_guard();
    oscartoki_c::register(object)
}

/// Why a shared memory could not be opened.
#[derive(Debug, thiserror::Error, uniffi::Error)]
#[uniffi(flat_error)]
pub enum MemoryError {
    /// The sentence names the file, and most often the way out.
    #[error("{0}")]
    Unusable(String),
}

/// The replay memory in the file at `path`, which the processes of one machine share; it is made when absent, with room for
/// `capacity` live requests.
#[uniffi::export]
pub fn mapped_memory(path: String, capacity: i64) -> Result<Arc<ReplayMemory>, MemoryError> {
    oscartoki_stores::fork_guard();
    let capacity = usize::try_from(capacity).map_err(|_| MemoryError::Unusable("a memory has room for 1 request or more".to_owned()))?;
    let log = MappedReplayLog::open(path, &Options { capacity, ..Options::default() }).map_err(unusable)?;
    Ok(Arc::new(ReplayMemory::from_log(Arc::new(log) as Arc<dyn ReplayLog>)))
}

/// The memory `name` (most often the audience) of the Redis at `url`, which the machines of a fleet share. It must not evict. `capacity`: how
/// many live requests are expected, for the share of a key and a session.
#[uniffi::export]
pub fn redis_memory(url: String, name: String, capacity: i64) -> Result<Arc<ReplayMemory>, MemoryError> {
    oscartoki_stores::fork_guard();
    let capacity = usize::try_from(capacity).map_err(|_| MemoryError::Unusable("a memory has room for 1 request or more".to_owned()))?;
    let log = RedisReplayLog::open(&url, &name, capacity).map_err(unusable)?;
    Ok(Arc::new(ReplayMemory::from_log(Arc::new(log) as Arc<dyn ReplayLog>)))
}

/// Where the replay memory of these keys lies unless the application says otherwise.
#[uniffi::export]
pub fn default_memory_path(audience: String, kids: Vec<Vec<u8>>) -> Result<String, MemoryError> {
    let kids: Vec<[u8; 8]> = kids.into_iter().filter_map(|kid| kid.try_into().ok()).collect();
    let path = MappedReplayLog::default_path(&audience, &kids).map_err(unusable)?;
    path.into_os_string().into_string().map_err(|_| MemoryError::Unusable("the folder's name is no UTF-8".to_owned()))
}

fn unusable(error: oscartoki_stores::StoreError) -> MemoryError {
    MemoryError::Unusable(error.to_string())
}

/// A ring that follows its key files and its file of revocations.
#[derive(Debug, uniffi::Object)]
pub struct RingFiles(Arc<oscartoki_stores::RingFiles>);

/// What is wrong with a file of keys or revocations; nothing of its own text is in it.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub enum RingFileError {
    /// One file is at fault.
    #[error("{name}: {path}: {sentence}")]
    Fault {
        /// The file; empty: the key lines that stand in none.
        path: String,
        /// The stable name of an error of the protocol; `config` for a file that can't be read or written.
        name: String,
        /// What is wrong, with the line where there is one.
        sentence: String,
        /// The system's number of the error where a file can't be read or written, else 0.
        os_error: i32,
    },
}

#[uniffi::export]
impl RingFiles {
    /// Loads everything into `ring`, or says what is wrong. `fixed` are key lines that stand in no file; a file of revocations that
    /// is not there yet is an empty one. Without key files and fixed text the ring's keys are left alone, else replaced as a
    /// whole, here and at each change.
    #[uniffi::constructor]
    pub fn open(ring: Arc<Keyring>, key_files: Vec<String>, fixed: String, revocations: Option<String>) -> Result<Self, RingFileError> {
        let keys = key_files.into_iter().map(PathBuf::from).collect();
        let sources = RingSources { keys, fixed, revocations: revocations.map(PathBuf::from) };
        Ok(Self(Arc::new(oscartoki_stores::RingFiles::open(ring, sources).map_err(faulty)?)))
    }

    /// Takes over what has changed; `true` when something was. To be called before each verification: between two looks at the
    /// files, 400 ms apart, it costs a look at the clock. A fault is told once, and what was good before stays in force.
    pub fn refresh(&self) -> Result<bool, RingFileError> {
        self.0.refresh().map(Reread::any).map_err(faulty)
    }

    /// Appends the line that a `revoke_…` call of the ring returned to the file of revocations, so that every process follows.
    /// Without such a file nothing happens.
    pub fn append(&self, line: &str) -> Result<(), RingFileError> {
        self.0.append(line).map_err(faulty)
    }
}

fn faulty(fault: FileFault) -> RingFileError {
    RingFileError::Fault {
        path: fault.path.display().to_string(),
        name: fault.name.to_owned(),
        sentence: fault.sentence,
        os_error: fault.os_error.unwrap_or(0),
    }
}
