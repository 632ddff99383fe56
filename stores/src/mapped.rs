//! A replay memory in a file that processes map.

mod file;
mod layout;
mod place;
mod system;
mod table;

use crate::StoreError;
use file::{Mapping, Opened};
use layout::{Head, MARKS, Shared};
use oscartoki::replay::quota::{Salt, Tallies};
use oscartoki::replay::{LogStart, Quotas, Recorded, Remembered, ReplayEntry, ReplayLog, Space};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::{Acquire, Relaxed, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize};
use std::time::{Duration, Instant};
use table::{Key, Span, Table};

/// Eight buckets of 16.4 s hold an entry of 2W + 2F.
const SHIFT: u32 = 14;
/// How often a process looks whether the path still leads to its file.
const CHECK_MS: u64 = 1_000;
/// So long after it made the file, whatever a process starts on it starts empty.
const BEGINNING: Duration = Duration::from_secs(5);
/// Places that a mark may stand at.
const MARK_REACH: u64 = 32;

/// How a new file is made. An existing one stays as it was made, until it is deleted or the machine restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Live entries that it has room for; an entry takes 48 bytes.
    pub capacity: usize,
    /// How many a kid and a sid may have: by default half and a sixteenth of the capacity.
    pub quotas: Option<Quotas>,
}

impl Default for Options {
    /// A million entries.
    fn default() -> Self {
        Self { capacity: 1_000_000, quotas: None }
    }
}

/// Remembers for all processes of one machine that open the same file, and across their restarts, but not across the
/// machine's. It may be opened before a fork or after it.
///
/// When the file is deleted or replaced, processes that have it open refuse everything within a second: what they remember
/// is no longer what others do.
pub struct MappedReplayLog {
    path: PathBuf,
    mapping: Mapping,
    head: Head,
    salt: Salt,
    /// When this process made the file, if it did.
    made: Option<Instant>,
    checked_ms: AtomicI64,
    lost: AtomicBool,
    most_touched: AtomicUsize,
}

impl MappedReplayLog {
    /// Opens the file at `path`, or makes it. Its folder must exist; beside it a file with the ending `.lock` is made.
    ///
    /// A file that another process made with other options is used as it is: [`MappedReplayLog::capacity`] tells.
    ///
    /// Errors: no access, no room, a network file system, a file that others may read or change, a damaged one.
    pub fn open(path: impl AsRef<Path>, options: &Options) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let boot = system::boot_id().map_err(StoreError::system(path, "find out which start of the machine this is"))?;
        Self::open_in_boot(path, options, &boot)
    }

    /// The file that processes share which accept the same keys for the same audience: in a folder of mode 0700 of this
    /// user, below `XDG_RUNTIME_DIR` or `/tmp`. The folder is made; one that others may look into is refused.
    pub fn default_path(audience: &str, kids: &[[u8; 8]]) -> Result<PathBuf, StoreError> {
        place::default_path(audience, kids)
    }

    fn open_in_boot(path: &Path, options: &Options, boot: &str) -> Result<Self, StoreError> {
        const SIZE: StoreError = StoreError::Options("a replay memory has room for 1 to some billion entries");
        let lines = Head::lines_for(options.capacity).filter(|_| options.capacity > 0).ok_or(SIZE)?;
        let quotas = options.quotas.unwrap_or(Quotas::of(options.capacity));
        let mut boot_hash = [0; 16];
        boot_hash.copy_from_slice(&Sha256::digest(boot)[..16]);
        let fresh = Head {
            capacity: options.capacity as u64,
            lines,
            boot: boot_hash,
            salt: Salt::draw().0,
            kid_quota: quotas.kid as u64,
            sid_quota: quotas.sid as u64,
        };
        // So that a relative path still leads here when the process changes its folder.
        let path = std::path::absolute(path).map_err(StoreError::system(path, "find it"))?;
        let Opened { mapping, head, made } = file::open(&path, &fresh)?;
        let made = made.then(Instant::now);
        let (checked_ms, lost, most_touched) = (AtomicI64::new(0), AtomicBool::new(false), AtomicUsize::new(0));
        Ok(Self { path, mapping, head, salt: Salt(head.salt), made, checked_ms, lost, most_touched })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The live entries that it has room for.
    pub fn capacity(&self) -> usize {
        self.head.capacity as usize
    }

    /// The length of the file, which is all the memory that it takes.
    pub fn bytes(&self) -> usize {
        self.mapping.len()
    }

    /// Live entries at `now_ms`. Walks the whole table: for metrics.
    pub fn live(&self, now_ms: i64) -> usize {
        self.table().live(now_ms)
    }

    /// The most slots that any operation of this process has looked at so far.
    pub fn most_touched(&self) -> usize {
        self.most_touched.load(Relaxed)
    }

    fn shared(&self) -> &Shared {
        self.mapping.shared()
    }

    fn table(&self) -> Table<'_> {
        Table { lines: self.mapping.lines(), most_touched: &self.most_touched }
    }

    /// Whether the file was deleted or replaced. Looked at once a second by the caller's clock; once lost, lost for good.
    fn is_lost(&self, now_ms: i64) -> bool {
        let checked_ms = self.checked_ms.load(Relaxed);
        if now_ms.abs_diff(checked_ms) >= CHECK_MS
            && self.checked_ms.compare_exchange(checked_ms, now_ms, Relaxed, Relaxed).is_ok()
            && !self.mapping.is_at(&self.path)
        {
            self.lost.store(true, Relaxed);
        }
        self.lost.load(Relaxed)
    }

    fn remember(&self, entry: &ReplayEntry, now_ms: i64) -> Remembered {
        let Some(span) = Span::new(now_ms, entry.keep_ms) else { return Remembered::Full };
        let key = Key::new(self.salt.mix_tag(&entry.tag), entry.tag, entry.space == Space::V1);
        let tallies = Tallies {
            kids: self.mapping.kids(),
            sids: self.mapping.sids(),
            far: self.mapping.far(),
            quotas: Quotas { kid: self.head.kid_quota as usize, sid: self.head.sid_quota as usize },
            shift: SHIFT,
        };
        let (past_ms, end_ms) = (now_ms.max(0), now_ms.max(0) + entry.keep_ms.max(0));
        let admit = || tallies.raise(tallies.holders(&self.salt, entry), end_ms, past_ms);
        self.table().insert(&key, span, admit, |counted| tallies.lower(counted))
    }

    /// A mark, and where it may stand.
    fn mark(&self, kid: [u8; 8]) -> (u64, impl Iterator<Item = &AtomicU64>) {
        let mark = self.salt.mix(u64::from_le_bytes(kid), 2) | 1;
        let marks = &self.shared().marks;
        (mark, (0..MARK_REACH).map(move |nth| &marks[((mark >> 32) + nth) as usize % MARKS]))
    }
}

impl ReplayLog for MappedReplayLog {
    fn start(&self, empty_floor_ms: i64) -> LogStart {
        let (floor_ms, empty_floor_ms) = (&self.shared().floor_ms.0, empty_floor_ms.max(1));
        if self.made.is_some_and(|made| made.elapsed() < BEGINNING) {
            floor_ms.fetch_max(empty_floor_ms, SeqCst);
            return LogStart::Empty;
        }
        match floor_ms.compare_exchange(0, empty_floor_ms, SeqCst, SeqCst) {
            // Its maker has not come so far: nobody can say what was accepted before it.
            Ok(_) => LogStart::Empty,
            Err(floor_ms) => LogStart::Carried { floor_ms },
        }
    }

    fn insert(&self, entry: &ReplayEntry, floor_ms: i64, now_ms: i64) -> Recorded {
        if self.is_lost(now_ms) {
            return Recorded { remembered: Remembered::Full, floor_ms: None };
        }
        let Shared { floor_ms: shared_ms, v1_past_ms, .. } = self.shared();
        // Raised before a slot is taken whose time has passed, and read after the table was looked through: who misses an
        // entry because its slot was taken reads a floor that has passed it.
        let (past, past_ms) = match entry.space {
            Space::Toki => (&shared_ms.0, floor_ms),
            Space::V1 => (&v1_past_ms.0, now_ms.saturating_sub(entry.keep_ms)),
        };
        raise(past, past_ms);
        let remembered = self.remember(entry, now_ms);
        let highest_ms = past.load(Acquire);
        // What v1 mints may lie below its floor.
        let minted = entry.space == Space::V1 && entry.ts_ms <= floor_ms;
        let overtaken = entry.ts_ms <= highest_ms && !minted;
        let remembered = if overtaken { Remembered::Seen } else { remembered };
        Recorded { remembered, floor_ms: Some(shared_ms.0.load(Acquire)) }
    }

    fn mark_v2(&self, kid: [u8; 8]) {
        let (mark, mut places) = self.mark(kid);
        let takes = |place: &AtomicU64| place.compare_exchange(0, mark, SeqCst, SeqCst).map_or_else(|was| was == mark, |_| true);
        let marked = self.has_spoken_v2(kid) || places.any(takes);
        if !marked {
            self.shared().marks_full.0.store(1, SeqCst);
        }
    }

    fn has_spoken_v2(&self, kid: [u8; 8]) -> bool {
        let (mark, mut places) = self.mark(kid);
        self.lost.load(Relaxed) || self.shared().marks_full.0.load(Relaxed) != 0 || places.any(|place| place.load(Relaxed) == mark)
    }
}

/// Raises a shared time, without writing when it is there already.
fn raise(time: &AtomicI64, to_ms: i64) {
    if time.load(Acquire) < to_ms {
        time.fetch_max(to_ms, SeqCst);
    }
}

impl std::fmt::Debug for MappedReplayLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MappedReplayLog").field("path", &self.path).field("capacity", &self.capacity()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn another_start_of_the_machine_empties_it() {
        let path = std::env::temp_dir().join(format!("oscartoki-boot-{}", std::process::id()));
        let options = Options { capacity: 100, quotas: None };
        let entry = ReplayEntry { space: Space::Toki, tag: [1; 16], kid: [2; 8], sid: None, ts_ms: 10_000, keep_ms: 64_000 };
        let remembered = |log: &MappedReplayLog, now_ms| log.insert(&entry, 0, now_ms).remembered;
        let before = MappedReplayLog::open_in_boot(&path, &options, "one").unwrap();
        assert_eq!(before.start(5_000), LogStart::Empty);
        assert_eq!(remembered(&before, 10_000), Remembered::Fresh);
        before.mark_v2([2; 8]);
        let same = MappedReplayLog::open_in_boot(&path, &options, "one").unwrap();
        assert_eq!(same.start(9_000), LogStart::Carried { floor_ms: 5_000 });
        assert_eq!(remembered(&same, 10_000), Remembered::Seen);
        let after = MappedReplayLog::open_in_boot(&path, &options, "two").unwrap();
        assert!(!after.has_spoken_v2([2; 8]));
        assert_eq!(after.start(9_000), LogStart::Empty, "so its service's floor is now + 2F");
        assert_eq!(remembered(&after, 10_000), Remembered::Fresh);
        assert_eq!(remembered(&same, 11_000), Remembered::Full, "who still has the old file is out");
        for ending in ["", ".lock"] {
            std::fs::remove_file(format!("{}{ending}", path.display())).unwrap();
        }
    }
}
