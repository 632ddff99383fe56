//! Why a shared memory could not be opened.

use std::io;
use std::path::{Path, PathBuf};

/// Why a shared memory could not be opened. Every sentence names the file, most also the way out.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The system refused.
    #[error("{path}: could not {doing}: {source}", path = .path.display())]
    System {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The file lies where mapped memory is not the same for all, or not there for sure.
    #[error("{path}: a replay memory can't lie on {filesystem}: choose a local file system", path = .path.display())]
    Filesystem {
        /// The file.
        path: PathBuf,
        /// What it lies on.
        filesystem: &'static str,
    },
    /// Somebody else could read or change it.
    #[error("{path}: {why}", path = .path.display())]
    NotPrivate {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// It is no replay memory, or a broken one.
    #[error("{path}: {why}; stop every process that uses it and delete it", path = .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A replay memory of another version of this library.
    #[error("{path}: a replay memory of layout {found}, this is layout {ours}; use another file or delete it once no process uses it", path = .path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its layout.
        found: u32,
        /// What this library writes.
        ours: u32,
    },
    /// A Redis that can't be used, by its address without a password.
    #[error("{address}: {why}")]
    Redis {
        /// `HOST:PORT`, or the path of a socket.
        address: String,
        /// What is wrong.
        why: String,
    },
    /// The options make no sense.
    #[error("{0}")]
    Options(&'static str),
}

impl StoreError {
    pub(crate) fn system(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::System { path: path.to_owned(), doing, source }
    }
}
