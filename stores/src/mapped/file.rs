//! The file: made whole under a lock, linked into place, looked at before it is trusted, mapped.

use super::layout::{BadHead, FAR_AT, HEAD_LEN, Head, KIDS_AT, LINES_AT, Line, SHARED_AT, SIDS_AT, Shared, VERSION};
use super::system;
use crate::StoreError;
use oscartoki::replay::quota::TALLY_WORDS;
use std::fs::{self, File, OpenOptions};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::ptr::NonNull;
use std::sync::atomic::AtomicU32;
use std::{io, ptr};

/// A file that is mapped, and where its path should lead.
pub(super) struct Mapping {
    start: NonNull<u8>,
    len: usize,
    lines: usize,
    identity: (u64, u64),
}

// SAFETY: every word of the mapping that is ever touched is an atomic.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

/// What [`open`] found or made.
pub(super) struct Opened {
    pub mapping: Mapping,
    pub head: Head,
    /// It was made by this call and is empty.
    pub made: bool,
}

/// Opens the file at `path`, or makes it as `fresh` says when there is none or it is from another boot.
pub(super) fn open(path: &Path, fresh: &Head) -> Result<Opened, StoreError> {
    // Released when dropped, also by death.
    let lock = private(OpenOptions::new().create(true).truncate(false), &beside(path, ".lock"))
        .map_err(StoreError::system(path, "open its lock"))?;
    if let Some(filesystem) = system::unfit_filesystem(&lock).map_err(StoreError::system(path, "ask for its file system"))? {
        return Err(StoreError::Filesystem { path: path.to_owned(), filesystem });
    }
    lock.lock().map_err(StoreError::system(path, "lock it"))?;
    let file = match private(&mut OpenOptions::new(), path) {
        Ok(file) => {
            let head = inspect(path, &file)?;
            if head.boot == fresh.boot {
                return Ok(Opened { mapping: Mapping::new(path, &file, &head)?, head, made: false });
            }
            make(path, fresh, true)?
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(path, fresh, false)?,
        Err(error) => return Err(StoreError::system(path, "open it")(error)),
    };
    Ok(Opened { mapping: Mapping::new(path, &file, fresh)?, head: *fresh, made: true })
}

/// Opens for reading and writing, never through a link at the end of the path.
fn private(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    options.read(true).write(true).mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC | libc::O_NONBLOCK).open(path)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Whether an existing file is ours, whole, and a replay memory.
fn inspect(path: &Path, file: &File) -> Result<Head, StoreError> {
    let about = file.metadata().map_err(StoreError::system(path, "look at it"))?;
    let damaged = |why| StoreError::Damaged { path: path.to_owned(), why };
    let open_to_others = |why| StoreError::NotPrivate { path: path.to_owned(), why };
    if !about.is_file() {
        return Err(damaged("it is no regular file"));
    }
    if about.uid() != system::user() {
        return Err(open_to_others("it belongs to another user"));
    }
    if about.mode() & 0o077 != 0 {
        return Err(open_to_others("other users may read or write it: chmod 600"));
    }
    let mut bytes = [0; HEAD_LEN];
    file.read_exact_at(&mut bytes, 0).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => damaged("it is too short for a replay memory"),
        _ => StoreError::system(path, "read it")(error),
    })?;
    let head = Head::from_bytes(&bytes).map_err(|bad| match bad {
        BadHead::Not => damaged("it is no replay memory"),
        BadHead::Broken => damaged("its head is broken"),
        BadHead::Version(found) => StoreError::Version { path: path.to_owned(), found, ours: VERSION },
    })?;
    if about.len() != head.file_len() as u64 {
        return Err(damaged("it is not as long as its head says"));
    }
    Ok(head)
}

/// Makes a whole empty file beside the path and moves it there, so that nobody ever sees half of one.
fn make(path: &Path, head: &Head, replace: bool) -> Result<File, StoreError> {
    let draft = beside(path, ".new");
    let failed = |doing| StoreError::system(path, doing);
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed("remove an old draft of it")(error)),
        _ => {}
    }
    let file = private(OpenOptions::new().create_new(true), &draft).map_err(failed("make it"))?;
    let written = system::allocate(&file, head.file_len() as u64)
        .map_err(failed("get room for it"))
        .and_then(|()| file.write_all_at(&head.to_bytes(), 0).map_err(failed("write it")))
        // After a power cut it is there whole or not at all.
        .and_then(|()| file.sync_all().map_err(failed("write it")))
        .and_then(|()| {
            let placed = if replace { fs::rename(&draft, path) } else { fs::hard_link(&draft, path) };
            placed.map_err(failed("put it in its place"))
        });
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => written.and(Err(failed("remove a draft of it")(error))),
        _ => written,
    }?;
    Ok(file)
}

impl Mapping {
    fn new(path: &Path, file: &File, head: &Head) -> Result<Self, StoreError> {
        let about = file.metadata().map_err(StoreError::system(path, "look at it"))?;
        let len = head.file_len();
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new shared mapping of an open file, `len` bytes of which are allocated; the address is the system's choice.
        let start = unsafe { libc::mmap(ptr::null_mut(), len, access, libc::MAP_SHARED, file.as_raw_fd(), 0) };
        let start = NonNull::new(start.cast()).filter(|_| start != libc::MAP_FAILED);
        let start = start.ok_or_else(|| StoreError::system(path, "map it")(io::Error::last_os_error()))?;
        Ok(Self { start, len, lines: head.lines as usize, identity: (about.dev(), about.ino()) })
    }

    /// Whether the path still leads to this very file, as long as it was.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        fs::symlink_metadata(path).is_ok_and(|about| (about.dev(), about.ino()) == self.identity && about.len() == self.len as u64)
    }

    pub(super) fn shared(&self) -> &Shared {
        // SAFETY: the offset is within the mapping and page-aligned; all of `Shared` is atomics, for which every bit pattern is good.
        unsafe { self.start.add(SHARED_AT).cast().as_ref() }
    }

    pub(super) fn kids(&self) -> &[AtomicU32] {
        self.tally(KIDS_AT)
    }

    pub(super) fn sids(&self) -> &[AtomicU32] {
        self.tally(SIDS_AT)
    }

    pub(super) fn far(&self) -> &[AtomicU32] {
        self.tally(FAR_AT)
    }

    fn tally(&self, at: usize) -> &[AtomicU32] {
        // SAFETY: three arrays of this length lie one after the other before the lines, page-aligned; they are atomics.
        unsafe { NonNull::slice_from_raw_parts(self.start.add(at).cast(), TALLY_WORDS).as_ref() }
    }

    pub(super) fn lines(&self) -> &[Line] {
        // SAFETY: the mapping's length was made from this number of lines; it begins page-aligned; a line is atomics.
        unsafe { NonNull::slice_from_raw_parts(self.start.add(LINES_AT).cast(), self.lines).as_ref() }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: exactly what was mapped; every reference into it borrows from this value.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.len) };
    }
}
