//! What Linux and macOS are asked: which boot this is, what a file lies on, room for it, who we are.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;

/// The user that this process acts as.
pub(super) fn user() -> u32 {
    // SAFETY: it takes nothing and can't fail.
    unsafe { libc::geteuid() }
}

/// A text that is another after every start of the machine.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn boot_id() -> io::Result<String> {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|id| id.trim().to_owned())
}

/// A text that is another after every start of the machine.
#[cfg(target_os = "macos")]
pub(super) fn boot_id() -> io::Result<String> {
    let mut text = [0_u8; 64];
    let mut len = text.len();
    // SAFETY: the name ends with zero, the buffer is writable and `len` says how long it is; nothing is set.
    let status =
        unsafe { libc::sysctlbyname(c"kern.bootsessionuuid".as_ptr(), text.as_mut_ptr().cast(), &mut len, std::ptr::null_mut(), 0) };
    let given = text.get(..len).filter(|given| status == 0 && !given.is_empty());
    given.map(|given| String::from_utf8_lossy(given).trim_end_matches('\0').to_owned()).ok_or_else(io::Error::last_os_error)
}

/// Gives the file its length and room on the disk for all of it, so that no write to the mapping can fail.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn allocate(file: &File, len: u64) -> io::Result<()> {
    let len = libc::off_t::try_from(len).map_err(|_| io::ErrorKind::FileTooLarge)?;
    // SAFETY: an open file that is ours.
    match unsafe { libc::posix_fallocate(file.as_raw_fd(), 0, len) } {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

/// Gives the file its length and room on the disk for all of it, so that no write to the mapping can fail.
#[cfg(target_os = "macos")]
pub(super) fn allocate(file: &File, len: u64) -> io::Result<()> {
    let length = libc::off_t::try_from(len).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let mut room = libc::fstore_t {
        fst_flags: libc::F_ALLOCATEALL,
        fst_posmode: libc::F_PEOFPOSMODE,
        fst_offset: 0,
        fst_length: length,
        fst_bytesalloc: 0,
    };
    // SAFETY: an open file that is ours, and the structure that this command takes.
    if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_PREALLOCATE, &mut room) } == -1 {
        return Err(io::Error::last_os_error());
    }
    file.set_len(len)
}

/// The name of the file system under an open file, when mapped memory on it is not shared by all, or not for sure.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn unfit_filesystem(file: &File) -> io::Result<Option<&'static str>> {
    Ok(unfit_magic(statfs(file)?.f_type as u32))
}

/// The name of the file system under an open file, when mapped memory on it is not shared by all, or not for sure.
#[cfg(target_os = "macos")]
pub(super) fn unfit_filesystem(file: &File) -> io::Result<Option<&'static str>> {
    let local = statfs(file)?.f_flags & libc::MNT_LOCAL as u32 != 0;
    Ok((!local).then_some("a network file system"))
}

fn statfs(file: &File) -> io::Result<libc::statfs> {
    let mut about = std::mem::MaybeUninit::uninit();
    // SAFETY: an open file, and room for what is told about it.
    if unsafe { libc::fstatfs(file.as_raw_fd(), about.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was filled, for the call succeeded.
    Ok(unsafe { about.assume_init() })
}

/// By the number that statfs(2) gives: what reaches over a network or through a program.
#[cfg(any(target_os = "linux", target_os = "android", test))]
pub(super) const fn unfit_magic(magic: u32) -> Option<&'static str> {
    Some(match magic {
        0x6969 => "NFS",
        0x517B | 0xFF53_4D42 | 0xFE53_4D42 => "SMB",
        0x6573_5546 => "FUSE",
        0x0102_1997 => "9P",
        0x00C3_6400 => "Ceph",
        0x5346_414F | 0x6B41_4653 => "AFS",
        0x7375_7245 => "Coda",
        0x564C => "NCP",
        0x0BD0_0BD0 => "Lustre",
        0x4750_4653 => "GPFS",
        0x0116_1970 => "GFS2",
        0x7461_636F => "OCFS2",
        0x1983_0326 => "BeeGFS",
        0x2003_0528 => "OrangeFS",
        0x786F_4256 => "a VirtualBox shared folder",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::unfit_magic;

    #[test]
    fn network_file_systems_are_unfit_and_local_ones_are_not() {
        for magic in [0x6969, 0x517B, 0xFF53_4D42, 0xFE53_4D42, 0x6573_5546, 0x0102_1997, 0x00C3_6400, 0x0BD0_0BD0] {
            assert!(unfit_magic(magic).is_some(), "{magic:#x}");
        }
        let (ext4, tmpfs, xfs, btrfs, overlay, zfs) = (0xEF53, 0x0102_1994, 0x5846_5342, 0x9123_683E, 0x794C_7630, 0x2FC1_2FC1);
        for magic in [ext4, tmpfs, xfs, btrfs, overlay, zfs] {
            assert_eq!(unfit_magic(magic), None, "{magic:#x}");
        }
    }
}
