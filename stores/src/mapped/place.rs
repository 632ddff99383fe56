//! Where a memory lies when nobody says where: a private folder of this user, a name from what the memory is for.

use super::system;
use crate::StoreError;
use sha2::{Digest as _, Sha256};
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// The file for an audience and its kids: whoever accepts the same keys under the same name shares it.
pub(super) fn default_path(audience: &str, kids: &[[u8; 8]]) -> Result<PathBuf, StoreError> {
    let folder = match std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|runtime| runtime.is_absolute() && runtime.is_dir()) {
        Some(runtime) => runtime.join("oscartoki"),
        None => Path::new("/tmp").join(format!("oscartoki-{}", system::user())),
    };
    make_private(&folder)?;
    Ok(folder.join(name(audience, kids)))
}

fn name(audience: &str, kids: &[[u8; 8]]) -> String {
    let mut kids = kids.to_vec();
    kids.sort_unstable();
    kids.dedup();
    let mut hash = Sha256::new();
    hash.update((audience.len() as u64).to_be_bytes());
    hash.update(audience);
    hash.update(kids.as_flattened());
    format!("replay-{}", oscartoki::encoding::hex(&hash.finalize()[..16]))
}

/// A folder that nobody else can look into, made if need be. One that somebody else prepared, or a link, is refused.
fn make_private(folder: &Path) -> Result<(), StoreError> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(StoreError::system(folder, "make it")(error)),
        _ => {}
    }
    let about = fs::symlink_metadata(folder).map_err(StoreError::system(folder, "look at it"))?;
    let why = if !about.is_dir() {
        "it is no folder of its own"
    } else if about.uid() != system::user() {
        "the folder belongs to another user"
    } else if about.mode() & 0o077 != 0 {
        "other users may look into the folder: chmod 700"
    } else {
        return Ok(());
    };
    Err(StoreError::NotPrivate { path: folder.to_owned(), why })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    #[test]
    fn a_name_is_made_from_audience_and_kids_in_any_order() {
        let (a, b) = ([1; 8], [2; 8]);
        assert_eq!(name("api.example.com", &[a, b]), name("api.example.com", &[b, a, a]));
        assert_ne!(name("api.example.com", &[a, b]), name("api.example.com", &[a]));
        assert_ne!(name("api.example.com", &[a]), name("api.example.co", &[a]));
        assert_ne!(name("x", &[*b"yyyyyyyy"]), name("xyyyyyyyy", &[]));
    }

    #[test]
    fn a_folder_is_private_or_refused() {
        let top = std::env::temp_dir().join(format!("oscartoki-place-{}", std::process::id()));
        fs::create_dir_all(&top).unwrap();
        let folder = top.join("ours");
        make_private(&folder).unwrap();
        make_private(&folder).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o750)).unwrap();
        assert!(matches!(make_private(&folder), Err(StoreError::NotPrivate { .. })));
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        symlink(&folder, top.join("link")).unwrap();
        assert!(matches!(make_private(&top.join("link")), Err(StoreError::NotPrivate { .. })));
        fs::write(top.join("file"), "").unwrap();
        assert!(matches!(make_private(&top.join("file")), Err(StoreError::NotPrivate { .. })));
        assert!(matches!(make_private(&top.join("no/such")), Err(StoreError::System { .. })));
        fs::remove_dir_all(top).unwrap();
    }
}
