//! Key files and the file of revocations: read at start, reread within 2 s of a change, appended to by `revoke_…` calls.

use oscartoki::{Keyring, OscarError};
use std::fmt;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How often the files are looked at: twice, once changed and once still, lies within the 2 s that are promised.
const EVERY: Duration = Duration::from_millis(400);

/// The files behind a key ring.
#[derive(Clone, Debug, Default)]
pub struct RingFiles {
    /// Key files, whose lines are taken together.
    pub keys: Vec<PathBuf>,
    /// Key lines that stand in no file (from the environment or stdin).
    pub fixed: String,
    /// Revocations; a file that does not exist yet is an empty one.
    pub revocations: Option<PathBuf>,
}

/// What is wrong with a file.
#[derive(Debug)]
pub struct FileFault {
    /// Which one.
    pub path: PathBuf,
    /// The error's stable name; `config` for a file that can't be read.
    pub name: &'static str,
    /// What is wrong.
    pub sentence: String,
}

impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.name, self.path.display(), self.sentence)
    }
}

impl std::error::Error for FileFault {}

impl RingFiles {
    /// Loads everything into `ring`: at once or, with an error, nothing of the file at fault.
    pub fn load(&self, ring: &Keyring) -> Result<(), FileFault> {
        self.load_keys(ring, &self.read_keys()?)?;
        if let Some(path) = &self.revocations {
            load_revocations(ring, path, &read_or_empty(path)?)?;
        }
        Ok(())
    }

    /// Rereads the files for as long as the ring is used elsewhere. A file that is wrong, or gone, leaves the ring as it is and is logged once.
    pub async fn watch(self, ring: Arc<Keyring>) {
        let mut keys = self.read_keys().ok();
        let mut revocations = self.revocations.as_deref().map(|path| read_or_empty(path).ok());
        let mut told = String::new();
        let mut last = None;
        while Arc::strong_count(&ring) > 1 {
            tokio::time::sleep(EVERY).await;
            // Taken over once it stands still: a file that is being written may be read half.
            let texts = (self.read_keys().ok(), self.revocations.as_deref().map(|path| read_or_empty(path).ok()));
            if last.as_ref() != Some(&texts) {
                last = Some(texts);
                continue;
            }
            let result = self.reread(&ring, &mut keys, &mut revocations);
            let fault = result.err().map(|fault| fault.to_string()).unwrap_or_default();
            if !fault.is_empty() && fault != told {
                tracing::error!(fault, "a file was not taken over; the keys and revocations stay as they were");
            }
            told = fault;
        }
    }

    fn reread(&self, ring: &Keyring, keys: &mut Option<Vec<String>>, revocations: &mut Option<Option<String>>) -> Result<(), FileFault> {
        // Revocations first: a key file at fault must not keep them out.
        if let (Some(path), Some(known)) = (&self.revocations, revocations.as_mut()) {
            let text = read_or_empty(path)?;
            if known.as_ref() != Some(&text) {
                load_revocations(ring, path, &text)?;
                tracing::info!(file = %path.display(), "revocations reread");
                *known = Some(text);
            }
        }
        let texts = self.read_keys()?;
        if keys.as_ref() != Some(&texts) {
            self.load_keys(ring, &texts)?;
            tracing::info!(keys = ring.kids().len(), "key files reread");
            *keys = Some(texts);
        }
        Ok(())
    }

    /// Appends a line that a `revoke_…` call returned, so that every process follows. Nothing happens without a file.
    pub fn append_revocation(&self, line: &str) -> std::io::Result<()> {
        let Some(path) = &self.revocations else { return Ok(()) };
        let mut file = OpenOptions::new().append(true).create(true).open(path)?;
        file.lock()?;
        file.write_all(format!("{}\n", line.trim_end()).as_bytes())?;
        file.sync_data()
    }

    fn read_keys(&self) -> Result<Vec<String>, FileFault> {
        self.keys.iter().map(|path| std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))).collect()
    }

    fn load_keys(&self, ring: &Keyring, texts: &[String]) -> Result<(), FileFault> {
        let mut all = self.fixed.clone();
        for text in texts {
            all.push('\n');
            all.push_str(text);
        }
        ring.load(&all).map_err(|error| self.place(ring, texts, error))
    }

    /// Which of the files is at fault, and in which line.
    fn place(&self, ring: &Keyring, texts: &[String], error: OscarError) -> FileFault {
        let guilty = self.keys.iter().zip(texts).find_map(|(path, text)| Some((path.clone(), ring.fault_in_keys(text)?)));
        let (path, sentence) = guilty.unwrap_or_else(|| (self.keys.first().cloned().unwrap_or_default(), error.detail().to_owned()));
        let sentence = sentence.strip_prefix(&format!("{}: ", error.name())).map_or(sentence.clone(), str::to_owned);
        FileFault { path, name: error.name(), sentence }
    }
}

fn load_revocations(ring: &Keyring, path: &Path, text: &str) -> Result<(), FileFault> {
    ring.load_revocations(text).map_err(|error| FileFault {
        path: path.to_owned(),
        name: error.name(),
        sentence: ring.fault_in_revocations(text).unwrap_or_else(|| error.detail().to_owned()),
    })
}

fn read_or_empty(path: &Path) -> Result<String, FileFault> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        read => read.map_err(|error| unreadable(path, &error)),
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> FileFault {
    FileFault { path: path.to_owned(), name: "config", sentence: format!("can't be read: {error}") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::RingFiles;
    use oscartoki::Keyring;

    #[test]
    fn revocations_are_appended_by_many_and_read_back() {
        let path = std::env::temp_dir().join(format!("oscar-revocations-{}", std::process::id()));
        let files = RingFiles { revocations: Some(path.clone()), fixed: "# no key".into(), ..RingFiles::default() };
        let ring = Keyring::new("a").unwrap();
        files.load(&ring).unwrap();
        std::thread::scope(|scope| {
            for writer in 0..8u8 {
                let (files, ring) = (&files, &ring);
                scope.spawn(move || {
                    for session in 0..16u8 {
                        let line = ring.revoke_session(vec![writer; 8], vec![session; 8]).unwrap();
                        files.append_revocation(&line).unwrap();
                    }
                });
            }
        });
        let other = Keyring::new("a").unwrap();
        files.load(&other).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 128);
        std::fs::remove_file(path).unwrap();
        assert_eq!(other.revocations_text(), ring.revocations_text());
    }

    #[test]
    fn a_fault_names_its_file_and_line() {
        let path = std::env::temp_dir().join(format!("oscar-keys-{}", std::process::id()));
        std::fs::write(&path, "# one\nos2.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n").unwrap();
        let files = RingFiles { keys: vec![path.clone()], ..RingFiles::default() };
        let fault = files.load(&Keyring::new("a").unwrap()).unwrap_err();
        std::fs::remove_file(&path).unwrap();
        assert_eq!((fault.path, fault.name), (path, "wrong_kind"));
        assert!(fault.sentence.contains("line 2") && !fault.sentence.contains("AAEC"), "{}", fault.sentence);
    }
}
