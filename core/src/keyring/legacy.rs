//! OscarToki v1 of one client: a key, until when, in whose spelling.

use super::revocation::Standing;
use crate::error::{OscarError, Result};
use crate::secret::Kid;
use crate::v1::Dialect;
use zeroize::Zeroizing;

/// At most so many keys have v1 on: they are tried in order.
pub(crate) const MAX_LEGACY: usize = 16;

/// One key that has v1 on.
#[derive(Clone, Debug)]
pub(crate) struct Legacy {
    pub(crate) kid: Kid,
    /// The v1 key's bytes, never empty. Not printed: see [`Legacy::key`].
    key: Bytes,
    /// The last millisecond at which v1 is on.
    pub(crate) until_ms: i64,
    pub(crate) dialect: Dialect,
    pub(crate) standing: Standing,
}

impl Legacy {
    pub(crate) fn new(kid: Kid, key: Vec<u8>, until_ms: i64, dialect: Dialect) -> Result<Self> {
        let key = Bytes(Zeroizing::new(key));
        if key.0.is_empty() {
            return Err(OscarError::WeakSecret("an empty v1 key"));
        }
        if until_ms < 0 {
            return Err(OscarError::Malformed("a time is not negative"));
        }
        Ok(Self { kid, key, until_ms, dialect, standing: Standing::default() })
    }

    /// Key material.
    pub(crate) fn key(&self) -> &[u8] {
        &self.key.0
    }

    pub(super) fn with_standing(&self, standing: Standing) -> Self {
        Self { standing, ..self.clone() }
    }

    pub(super) fn same_policy(&self, other: &Self) -> bool {
        self.key() == other.key() && self.until_ms == other.until_ms && self.dialect == other.dialect
    }
}

#[derive(Clone)]
struct Bytes(Zeroizing<Vec<u8>>);

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("..")
    }
}
