//! The secrets of a hub's apps.

use crate::error::{OscarError, Result};
use std::collections::BTreeMap;
use std::fmt;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// What follows the app's name in the name of its environment variable.
const SUFFIX: &str = "_SOCKTOPUS_SECRET";

/// One secret an app. Wiped on drop, redacted when printed.
#[derive(Clone, Default)]
pub struct SocktopusSecrets(BTreeMap<String, Zeroizing<Vec<u8>>>);

impl SocktopusSecrets {
    /// The app whose secret stands in an environment variable of this name: what is before `_SOCKTOPUS_SECRET`, ASCII lower-cased.
    pub fn app_of(variable: &str) -> Option<String> {
        variable.strip_suffix(SUFFIX).filter(|app| !app.is_empty()).map(str::to_ascii_lowercase)
    }

    /// Adds an app, or changes its secret. Errors: `weak_secret` (an empty one), `malformed` (a name that is not 1 to 255 bytes).
    pub fn add(&mut self, app: &str, secret: &[u8]) -> Result<()> {
        if secret.is_empty() {
            return Err(OscarError::WeakSecret("an app's secret is not empty"));
        }
        if app.is_empty() || app.len() > 255 {
            return Err(OscarError::Malformed("an app's name has 1 to 255 bytes"));
        }
        self.0.insert(app.to_owned(), Zeroizing::new(secret.to_vec()));
        Ok(())
    }

    /// The apps, sorted.
    pub fn apps(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether no two apps have one secret; the app is not in the MAC, so that a token would be good for both.
    pub fn are_distinct(&self) -> bool {
        let secrets: Vec<_> = self.0.values().collect();
        secrets
            .iter()
            .enumerate()
            .all(|(at, one)| secrets[at + 1..].iter().all(|other| !bool::from(one.as_slice().ct_eq(other.as_slice()))))
    }

    /// Whether this is the app's secret, in constant time; an unknown app is answered the same.
    pub fn admits(&self, app: &str, secret: &[u8]) -> bool {
        // Digests are compared, so that the time does not tell the length; an app that is not there costs the same.
        let held = self.0.get(app);
        let of = |bytes: &[u8]| crate::mac::sha256(bytes);
        let same = of(held.map_or(&[][..], |held| held.as_slice())).ct_eq(&of(secret));
        held.is_some() & bool::from(same)
    }

    pub(crate) fn get(&self, app: &str) -> Option<&[u8]> {
        self.0.get(app).map(|secret| secret.as_slice())
    }
}

impl fmt::Debug for SocktopusSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.apps()).finish()
    }
}
