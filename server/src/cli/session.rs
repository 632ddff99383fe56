//! `oscar curl --session FILE`: clock and grants that outlive the process. Locked from reading to writing, mode 0600.

use super::output::Failure;
use oscartoki::Client;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

/// The open file.
pub struct SessionFile {
    file: File,
    name: String,
}

impl SessionFile {
    /// Opens and locks the file, and gives its state to the client.
    pub fn open(path: &Path, client: &Client) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let fault = |error: std::io::Error| Failure::config(format!("{name}: {error}"));
        let mut file = oscar::private::open_locked(path).map_err(fault)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(fault)?;
        if !text.is_empty() {
            client.import_state(&text).map_err(|error| Failure::key_in(error, &name))?;
        }
        Ok(Self { file, name })
    }

    /// Writes what the client knows now, whatever became of the call.
    pub fn keep(mut self, client: &Client) -> Result<(), Failure> {
        let text = client.export_state();
        self.file
            .seek(SeekFrom::Start(0))
            .and_then(|_| self.file.set_len(0))
            .and_then(|()| self.file.write_all(text.as_bytes()))
            .and_then(|()| self.file.sync_data())
            .map_err(|error| Failure::config(format!("{}: {error}", self.name)))
    }
}
