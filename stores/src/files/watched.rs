//! When a file has changed, and when it stands still.

use super::{EVERY, FileFault};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Files that are taken together: as they were taken, as they looked last, and what is wrong with them.
#[derive(Default)]
pub(super) struct Watched {
    taken: Option<Marks>,
    last: Option<Marks>,
    fault: Option<FileFault>,
    told: bool,
}

type Marks = Vec<Option<Mark>>;

/// What a file is known by without being read; none is one that is not there.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Mark {
    place: (u64, u64),
    len: u64,
    modified_ns: i128,
    changed_ns: i128,
}

/// How much of the files was taken.
pub(super) enum Taken {
    /// Nothing: they are still being written.
    NotYet,
    /// What is known to be good; the rest is to be looked at again.
    Part,
    /// All, and it says what it said before.
    Same,
    /// All.
    Whole,
}

impl Watched {
    /// The first reading, which waits for nothing.
    pub(super) fn begin(&mut self, paths: &[PathBuf], take: impl FnOnce() -> Result<Taken, FileFault>) -> Result<(), FileFault> {
        let marks = marks(paths);
        take()?;
        // What was written a moment ago may still be: then it is read once more.
        self.taken = old(&marks).then_some(marks);
        Ok(())
    }

    /// One look; `take` is told whether the files stand still, and called only when they have changed. `true`: they say something else.
    pub(super) fn follow(&mut self, paths: &[PathBuf], take: impl FnOnce(bool) -> Result<Taken, FileFault>) -> bool {
        let marks = marks(paths);
        if paths.is_empty() || self.taken.as_ref() == Some(&marks) {
            self.last = Some(marks);
            return false;
        }
        let still = self.last.as_ref() == Some(&marks) || old(&marks);
        let taken = take(still);
        let other = matches!(taken, Ok(Taken::Whole));
        self.last = Some(marks);
        match taken {
            Ok(Taken::NotYet) => return false,
            Ok(Taken::Part) => return true,
            Ok(Taken::Same | Taken::Whole) => self.settle(None),
            Err(fault) => self.settle(Some(fault)),
        }
        let readable = self.fault.as_ref().is_none_or(|fault| fault.os_error.is_none());
        // Changed while it was read, or not to be read at all: looked at again.
        if readable && self.last.as_ref() == Some(&self::marks(paths)) {
            self.taken.clone_from(&self.last);
        }
        other
    }

    /// The fault that nobody was told of yet.
    pub(super) fn untold(&mut self) -> Option<FileFault> {
        let fault = self.fault.as_ref().filter(|_| !self.told)?;
        self.told = true;
        Some(fault.clone())
    }

    fn settle(&mut self, fault: Option<FileFault>) {
        self.told &= fault == self.fault;
        self.fault = fault;
    }
}

fn marks(paths: &[PathBuf]) -> Marks {
    paths.iter().map(|path| mark(path)).collect()
}

fn mark(path: &Path) -> Option<Mark> {
    let about = std::fs::metadata(path).ok()?;
    let ns = |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
    Some(Mark {
        place: (about.dev(), about.ino()),
        len: about.len(),
        modified_ns: ns(about.mtime(), about.mtime_nsec()),
        changed_ns: ns(about.ctime(), about.ctime_nsec()),
    })
}

/// Whether nothing was written for so long that nobody is writing; one that is not there may just be being replaced.
fn old(marks: &Marks) -> bool {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos() as i128;
    marks.iter().all(|mark| mark.is_some_and(|mark| mark.modified_ns.max(mark.changed_ns) + (EVERY.as_nanos() as i128) < now))
}
