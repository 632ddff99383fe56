//! A line at the end of a file that several processes write to.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Writes the line under a lock, on a line of its own even where the last one was left open, and returns once it is on the disk.
pub(super) fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut file = locked(path)?;
    let mut whole = String::with_capacity(line.len() + 2);
    if file.seek(SeekFrom::End(0))? > 0 {
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            whole.push('\n');
        }
    }
    whole.push_str(line);
    whole.push('\n');
    file.write_all(whole.as_bytes())?;
    file.sync_all()
}

/// Opens and locks the file that lies at the path then: an editor may have put another in its place meanwhile.
fn locked(path: &Path) -> io::Result<File> {
    loop {
        let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
        file.lock()?;
        let (ours, there) = (file.metadata()?, std::fs::metadata(path));
        if there.is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino())) {
            return Ok(file);
        }
    }
}
