//! The files behind a key ring: key files and the file of revocations, read at start, followed while the service runs, appended to
//! by what revokes.

mod append;
mod fault;
mod watched;

pub use fault::FileFault;

use fault::unreadable;
use oscartoki::Keyring;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, TryLockError};
use std::time::{Duration, Instant};
use watched::{Taken, Watched};
use zeroize::Zeroizing;

/// How often the files are looked at: a change and a second look at it lie well within the two seconds that are promised.
const EVERY: Duration = Duration::from_millis(400);

/// Where the keys and revocations of a ring stand.
#[derive(Clone, Default)]
pub struct RingSources {
    /// Key files, whose lines are taken together.
    pub keys: Vec<PathBuf>,
    /// Key lines that stand in no file: from the environment, or given by the program.
    pub fixed: String,
    /// Revocations; a file that does not exist yet is an empty one.
    pub revocations: Option<PathBuf>,
}

impl fmt::Debug for RingSources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fixed = format_args!("{} lines", self.fixed.lines().count());
        f.debug_struct("RingSources").field("keys", &self.keys).field("fixed", &fixed).field("revocations", &self.revocations).finish()
    }
}

/// A ring that follows its files. Without a thread of its own: whoever verifies calls [`RingFiles::refresh`] first, which costs a
/// look at the clock, and every 400 ms one at the files.
///
/// Key files replace the ring's keys as a whole, what the program added itself included; without key files and fixed text the keys
/// are left alone. The processes that share files each have their own `RingFiles`; one made before a fork goes on in the child.
pub struct RingFiles {
    ring: Arc<Keyring>,
    sources: RingSources,
    born: Instant,
    next_look_ms: AtomicU64,
    // Each generation of forks has a place of its own: a lock that was held at the moment of a fork is nobody's in the child.
    looks: [Mutex<Look>; 4],
}

/// What a [`RingFiles::refresh`] took over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reread {
    /// Other keys than before.
    pub keys: bool,
    /// Other revocations than before.
    pub revocations: bool,
}

impl Reread {
    /// Whether anything was.
    pub fn any(self) -> bool {
        self.keys || self.revocations
    }
}

/// What is known of the files.
#[derive(Default)]
struct Look {
    forks: u64,
    revocations: Watched,
    keys: Watched,
    /// The revocations in force, when this process read them itself.
    known: Option<String>,
    /// The digest of the keys in force, likewise.
    digest: Option<[u8; 32]>,
}

impl RingFiles {
    /// Loads everything into `ring`, or says what is wrong.
    pub fn open(ring: Arc<Keyring>, sources: RingSources) -> Result<Self, FileFault> {
        crate::fork_guard();
        let files = Self { ring, sources, born: Instant::now(), next_look_ms: AtomicU64::new(millis(EVERY)), looks: Default::default() };
        let mut look = Look { forks: oscartoki::fork::count(), ..Look::default() };
        look.revocations.begin(files.revocations(), || files.take_revocations(&mut look.known))?;
        look.keys.begin(&files.sources.keys, || files.take_keys(&mut look.digest))?;
        if let Ok(mut place) = files.place().lock() {
            *place = look;
        }
        Ok(files)
    }

    /// Takes over what has changed, and says what that is: to be called before each verification, from any thread.
    ///
    /// A changed file is read once it stands still, appended revocations at once; a change is in force within two seconds, at the
    /// latest with the first call after them. With a fault (once for each), what was good before stays in force.
    pub fn refresh(&self) -> Result<Reread, FileFault> {
        let now = millis(self.born.elapsed());
        let next = self.next_look_ms.load(Ordering::Relaxed);
        let ours = || self.next_look_ms.compare_exchange(next, now + millis(EVERY), Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if now < next || !ours() {
            return Ok(Reread::default());
        }
        let mut look = match self.place().try_lock() {
            Ok(look) => look,
            Err(TryLockError::Poisoned(look)) => look.into_inner(),
            Err(TryLockError::WouldBlock) => return Ok(Reread::default()),
        };
        let forks = oscartoki::fork::count();
        if look.forks != forks {
            *look = Look { forks, ..Look::default() };
        }
        self.look(&mut look)
    }

    /// Appends a line that a `revoke_…` call returned to the file of revocations, under a lock, and has it on the disk when it
    /// returns. Without such a file nothing happens. A line that would be no revocation is `malformed`.
    pub fn append(&self, line: &str) -> Result<(), FileFault> {
        let Some(path) = &self.sources.revocations else { return Ok(()) };
        let line = line.trim_end();
        if let Some(sentence) = self.ring.fault_in_revocations(line) {
            return Err(FileFault::of_text(path, "malformed", &sentence));
        }
        append::append(path, line).map_err(|error| FileFault::of_system(path, "written", &error))
    }

    /// Where the keys and revocations stand.
    pub fn sources(&self) -> &RingSources {
        &self.sources
    }

    fn place(&self) -> &Mutex<Look> {
        let generation = oscartoki::fork::count() % self.looks.len() as u64;
        &self.looks[generation as usize]
    }

    fn revocations(&self) -> &[PathBuf] {
        self.sources.revocations.as_slice()
    }

    fn look(&self, look: &mut Look) -> Result<Reread, FileFault> {
        let Look { revocations, keys, known, digest, .. } = look;
        // Revocations first: a key file at fault must not keep them out, nor the other way round.
        let revoked =
            revocations.follow(self.revocations(), |still| if still { self.take_revocations(known) } else { self.take_appended(known) });
        let changed = keys.follow(&self.sources.keys, |still| if still { self.take_keys(digest) } else { Ok(Taken::NotYet) });
        match revocations.untold().or_else(|| keys.untold()) {
            Some(fault) => Err(fault),
            None => Ok(Reread { keys: changed, revocations: revoked }),
        }
    }

    fn take_revocations(&self, known: &mut Option<String>) -> Result<Taken, FileFault> {
        let Some(path) = &self.sources.revocations else { return Ok(Taken::Whole) };
        let text = read_or_empty(path)?;
        if known.as_ref() == Some(&text) {
            return Ok(Taken::Same);
        }
        self.ring.try_load_revocations(&text).map_err(|fault| FileFault::of_text(path, fault.reason.name(), &fault.to_string()))?;
        *known = Some(text);
        Ok(Taken::Whole)
    }

    /// Whole lines behind those that are known need no stillness: a service that revokes all the time must be followed as well.
    fn take_appended(&self, known: &mut Option<String>) -> Result<Taken, FileFault> {
        let (Some(path), Some(known)) = (&self.sources.revocations, known) else { return Ok(Taken::NotYet) };
        let bytes = std::fs::read(path).unwrap_or_default();
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        match std::str::from_utf8(&bytes[..whole]) {
            Ok(text) if text.len() > known.len() && text.starts_with(known.as_str()) && self.ring.try_load_revocations(text).is_ok() => {
                text.clone_into(known);
                Ok(Taken::Part)
            }
            _ => Ok(Taken::NotYet),
        }
    }

    fn take_keys(&self, known: &mut Option<[u8; 32]>) -> Result<Taken, FileFault> {
        let RingSources { keys: paths, fixed, .. } = &self.sources;
        if paths.is_empty() && fixed.is_empty() {
            return Ok(Taken::Whole);
        }
        let mut all = Zeroizing::new(String::new());
        let mut parts = Vec::with_capacity(paths.len() + 1);
        for path in std::iter::once(None).chain(paths.iter().map(Some)) {
            let text = path.map_or_else(|| Ok(fixed.clone()), |path| read(path)).map(Zeroizing::new)?;
            all.reserve_exact(text.len() + 1);
            all.push_str(&text);
            if !text.is_empty() && !text.ends_with('\n') {
                all.push('\n');
            }
            parts.push((path, text.lines().count()));
        }
        let digest = oscartoki::sha256(all.as_bytes());
        if *known == Some(digest) {
            return Ok(Taken::Same);
        }
        self.ring.try_load(&all).map_err(|fault| place_fault(&parts, fault))?;
        *known = Some(digest);
        Ok(Taken::Whole)
    }
}

impl fmt::Debug for RingFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sources.fmt(f)
    }
}

/// Which of the parts is at fault, and in which of its lines.
fn place_fault(parts: &[(Option<&PathBuf>, usize)], fault: oscartoki::KeyFileError) -> FileFault {
    let (mut line, mut path) = (fault.line, None);
    for (part, lines) in parts.iter().filter(|(_, lines)| *lines > 0) {
        path = *part;
        if line <= *lines {
            break;
        }
        line -= lines;
    }
    let sentence = oscartoki::KeyFileError { line, ..fault }.to_string();
    FileFault::of_text(path.map_or(Path::new(""), PathBuf::as_path), fault.reason.name(), &sentence)
}

fn read(path: &Path) -> Result<String, FileFault> {
    std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))
}

fn read_or_empty(path: &Path) -> Result<String, FileFault> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        read => read.map_err(|error| unreadable(path, &error)),
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
