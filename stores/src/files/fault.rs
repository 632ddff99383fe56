//! What is wrong with a file of keys or revocations.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What is wrong with a file of keys or revocations. Nothing of the file's own text is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFault {
    /// The file; empty: the key lines that stand in none.
    pub path: PathBuf,
    /// The stable name of an error of the protocol; `config` for a file that can't be read or written.
    pub name: &'static str,
    /// What is wrong, with the line where there is one.
    pub sentence: String,
    /// The system's number of the error, where a file can't be read or written.
    pub os_error: Option<i32>,
}

impl FileFault {
    /// Of a text; core's sentence is `line N: name: reason`, of which the name is told once.
    pub(super) fn of_text(path: &Path, name: &'static str, sentence: &str) -> Self {
        Self { path: path.to_owned(), name, sentence: sentence.replacen(&format!("{name}: "), "", 1), os_error: None }
    }

    pub(super) fn of_system(path: &Path, done: &'static str, error: &io::Error) -> Self {
        Self { path: path.to_owned(), name: "config", sentence: format!("can't be {done}: {error}"), os_error: error.raw_os_error() }
    }
}

pub(super) fn unreadable(path: &Path, error: &io::Error) -> FileFault {
    FileFault::of_system(path, "read", error)
}

impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, name, sentence, .. } = self;
        if path.as_os_str().is_empty() {
            return write!(f, "{name}: the keys that stand in no file: {sentence}");
        }
        write!(f, "{name}: {}: {sentence}", path.display())
    }
}

impl std::error::Error for FileFault {}
