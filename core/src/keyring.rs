//! The keys of a service: one ring per audience, `(kid, AK)` for each client and generation, who is revoked, and whose
//! OscarToki v1 is still on. Changed while it is read: a change builds a new ring and swaps it in.

mod cache;
mod legacy;
mod material;
mod revocation;
mod text;

pub(crate) use cache::{CachedSession, SessionCache};
pub(crate) use legacy::Legacy;
pub use text::KeyFileError;

use crate::encoding::unhex;
use crate::error::{OscarError, Result};
use crate::http::check_audience;
use crate::secret::{AudienceKey, KeySchedule, Kid, Secret};
use crate::v1::Dialect;
use material::Material;
use revocation::{Revocations, Standing};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// What one service holds for one audience: keys by kid, revocations, v1 policies. Used from many threads at once.
#[cfg_attr(feature = "uniffi", derive(uniffi::Object))]
#[derive(Debug)]
pub struct Keyring {
    audience: String,
    ring: RwLock<Arc<Ring>>,
    // Writers take turns here; a reader waits for no longer than a pointer's swap.
    edit: Mutex<Edit>,
    sessions: SessionCache,
}

#[derive(Debug, Default)]
struct Edit {
    material: Material,
    /// From the file of revocations, replaced when it is reread.
    filed: Revocations,
    /// From this process's own calls, which no reread takes back.
    called: Revocations,
}

/// A snapshot.
#[derive(Debug, Default)]
struct Ring {
    keys: HashMap<Kid, Arc<Held>, BuildHasherDefault<KidHasher>>,
    legacy: Arc<[Arc<Legacy>]>,
}

/// One key of the ring, with what is known against it.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) kid: Kid,
    pub(crate) schedule: Arc<KeySchedule>,
    pub(crate) standing: Standing,
    /// Whether v1 is on for this kid, so that its first verified v2 request ends it.
    pub(crate) has_v1: bool,
    spoke_v2: AtomicBool,
}

impl Held {
    /// Whether the caller is the first of this snapshot to see this kid speak v2 beside a v1 key.
    pub(crate) fn ends_v1(&self) -> bool {
        self.has_v1 && !self.spoke_v2.load(Ordering::Relaxed) && !self.spoke_v2.swap(true, Ordering::Relaxed)
    }
}

#[cfg_attr(feature = "uniffi", uniffi::export)]
impl Keyring {
    /// An empty ring for an audience of 1 to 255 bytes 0x21–0x7E, used byte for byte; `malformed` otherwise.
    #[cfg_attr(feature = "uniffi", uniffi::constructor)]
    pub fn new(audience: &str) -> Result<Self> {
        check_audience(audience.as_bytes()).map_err(OscarError::Malformed)?;
        Ok(Self { audience: audience.to_owned(), ring: RwLock::default(), edit: Mutex::default(), sessions: SessionCache::new() })
    }

    /// The audience whose keys these are.
    pub fn audience(&self) -> String {
        self.audience.clone()
    }

    /// Adds a key. The same kid with the same key again changes nothing.
    /// Errors: `kid_taken` (another key stands under this kid), `weak_secret` (equal to a v1 key).
    pub fn add(&self, key: &AudienceKey) -> Result<()> {
        self.change(|material| material.add(key.clone()))
    }

    /// Adds the key that a secret has for this audience and generation. A service that can do without the secret uses
    /// [`Keyring::add`]. Errors as there.
    pub fn add_secret(&self, secret: &Secret, generation: i64) -> Result<()> {
        let key = secret.audience_key(&self.audience, generation)?;
        self.change(|material| material.add(key))
    }

    /// Adds what one line of a key file says: `oa2.…`, `oa2.… kid=HEX` or
    /// `v1 until=RFC3339 dialect=any key=HEX kid=HEX`. Errors: `wrong_kind` (`os2.` or `oz2.`), `malformed`,
    /// `weak_secret`, `kid_taken`, `policy` (a seventeenth v1 key).
    pub fn add_text(&self, line: &str) -> Result<()> {
        self.change(|material| material.add_line(line))
    }

    /// Switches OscarToki v1 on for a client until a time: `key` are the v1 key's bytes.
    /// Errors: `malformed` (kid of another length, a negative time), `weak_secret` (empty, or equal to a key of this ring),
    /// `kid_taken`, `policy` (at most 16).
    pub fn add_v1(&self, kid: Vec<u8>, key: Vec<u8>, until_ms: i64, dialect: Dialect) -> Result<()> {
        let legacy = Legacy::new(eight(&kid)?, key, until_ms, dialect)?;
        self.change(|material| material.add_legacy(legacy))
    }

    /// Replaces all keys by those of a key file's text, at once or, with an error, not at all. Revocations stay.
    /// Errors as of [`Keyring::add_text`]; [`Keyring::try_load`] also says the line.
    pub fn load(&self, text: &str) -> Result<()> {
        self.try_load(text).map_err(|fault| fault.reason)
    }

    /// Replaces the revocations by those of a file's text, at once or, with an error (`malformed`), not at all.
    /// What this process revoked by its own calls stays, and an issued-before mark never falls.
    pub fn load_revocations(&self, text: &str) -> Result<()> {
        self.try_load_revocations(text).map_err(|fault| fault.reason)
    }

    /// What a key file's text would be refused for, with its line; `None` when it is good.
    pub fn fault_in_keys(&self, text: &str) -> Option<String> {
        Material::parse(text).err().map(|fault| fault.to_string())
    }

    /// What a revocation file's text would be refused for, with its line; `None` when it is good.
    pub fn fault_in_revocations(&self, text: &str) -> Option<String> {
        Revocations::parse(text).err().map(|fault| fault.to_string())
    }

    /// Revokes a kid at once. Returns the line that a file of revocations gets. Error: `malformed` (not 8 bytes).
    pub fn revoke_key(&self, kid: Vec<u8>) -> Result<String> {
        let kid = eight(&kid)?;
        Ok(self.revoke(|revocations| revocations.revoke_key(kid)))
    }

    /// Revokes one session of a kid at once. Returns the line that a file of revocations gets. Error: `malformed`.
    pub fn revoke_session(&self, kid: Vec<u8>, sid: Vec<u8>) -> Result<String> {
        let (kid, sid) = (eight(&kid)?, eight(&sid)?);
        Ok(self.revoke(|revocations| revocations.revoke_session(kid, sid)))
    }

    /// Revokes the sessions of a kid that were issued before a second of the epoch; one issued at it is good. The mark
    /// never falls. Returns the line that a file of revocations gets. Error: `malformed` (also a negative time).
    pub fn revoke_issued_before(&self, kid: Vec<u8>, before_s: i64) -> Result<String> {
        let kid = eight(&kid)?;
        if before_s < 0 {
            return Err(OscarError::Malformed("a time is not negative"));
        }
        Ok(self.revoke(|revocations| revocations.revoke_before(kid, before_s)))
    }

    /// All revocations in force, as the text of a file.
    pub fn revocations_text(&self) -> String {
        let edit = lock(&self.edit);
        edit.filed.and(&edit.called).to_text()
    }

    /// The kids held, 8 bytes each, sorted.
    pub fn kids(&self) -> Vec<Vec<u8>> {
        let mut kids: Vec<_> = self.snapshot().keys.keys().map(|kid| kid.to_vec()).collect();
        kids.sort_unstable();
        kids
    }

    /// Whether a key stands under this kid.
    pub fn holds(&self, kid: Vec<u8>) -> bool {
        eight(&kid).is_ok_and(|kid| self.held(&kid).is_some())
    }

    /// Whether any key has v1 on. Where none has, everything that is not `ot2.` is malformed.
    pub fn has_v1(&self) -> bool {
        !self.snapshot().legacy.is_empty()
    }
}

impl Keyring {
    /// [`Keyring::load`], with the line of what is wrong.
    pub fn try_load(&self, text: &str) -> Result<(), KeyFileError> {
        let mut material = Material::parse(text)?;
        let mut edit = lock(&self.edit);
        material.keep_schedules(&edit.material);
        edit.material = material;
        self.publish(&edit);
        Ok(())
    }

    /// [`Keyring::load_revocations`], with the line of what is wrong.
    pub fn try_load_revocations(&self, text: &str) -> Result<(), KeyFileError> {
        let mut filed = Revocations::parse(text)?;
        let mut edit = lock(&self.edit);
        filed.keep_marks(&edit.filed);
        edit.filed = filed;
        self.publish(&edit);
        Ok(())
    }

    /// Whether what a kid issued at a second of the epoch, and what lives on since (a connection opened by a ticket), still stands.
    /// Errors: `unknown_key`, `revoked`.
    pub fn stands(&self, kid: Kid, issued_s: i64) -> Result<()> {
        let held = self.held(&kid).ok_or(OscarError::UnknownKey("the key id is not held here"))?;
        held.standing.judge_issued(issued_s)
    }

    /// The key under a kid, as it stands now.
    pub(crate) fn held(&self, kid: &Kid) -> Option<Arc<Held>> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).keys.get(kid).cloned()
    }

    /// The v1 keys in the order in which they are tried.
    pub(crate) fn legacy(&self) -> Arc<[Arc<Legacy>]> {
        self.snapshot().legacy.clone()
    }

    /// Session schedules whose MAC has passed once.
    pub(crate) fn sessions(&self) -> &SessionCache {
        &self.sessions
    }

    fn snapshot(&self) -> Arc<Ring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes a copy of the material and keeps it when the change held.
    fn change(&self, change: impl FnOnce(&mut Material) -> Result<()>) -> Result<()> {
        let mut edit = lock(&self.edit);
        let mut material = edit.material.clone();
        change(&mut material)?;
        material.check()?;
        edit.material = material;
        self.publish(&edit);
        Ok(())
    }

    fn revoke(&self, revoke: impl FnOnce(&mut Revocations) -> String) -> String {
        let mut edit = lock(&self.edit);
        let line = revoke(&mut edit.called);
        self.publish(&edit);
        line
    }

    /// Builds the ring that `edit` says and swaps it in. A key that stays keeps its schedule, and so its cached sessions.
    fn publish(&self, edit: &Edit) {
        let before = self.snapshot();
        let revocations = edit.filed.and(&edit.called);
        let legacy: Arc<[_]> =
            edit.material.legacy().iter().map(|legacy| Arc::new(legacy.with_standing(revocations.standing(&legacy.kid)))).collect();
        let keys = edit.material.keys().map(|(kid, entry)| {
            let old = before.keys.get(kid).filter(|held| Arc::ptr_eq(&held.schedule, &entry.schedule));
            let held = Held {
                kid: *kid,
                schedule: entry.schedule.clone(),
                standing: revocations.standing(kid),
                has_v1: legacy.iter().any(|legacy| legacy.kid == *kid),
                spoke_v2: AtomicBool::new(old.is_some_and(|held| held.spoke_v2.load(Ordering::Relaxed))),
            };
            (*kid, Arc::new(held))
        });
        let ring = Arc::new(Ring { keys: keys.collect(), legacy });
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
    }
}

/// Readers and writers never leave a ring half built, so a poisoned lock is a good one.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A kid or sid from a caller's bytes.
fn eight(bytes: &[u8]) -> Result<[u8; 8]> {
    bytes.try_into().map_err(|_| OscarError::Malformed("a kid or sid has 8 bytes"))
}

/// A kid or sid from 16 digits of hex.
fn eight_hex(text: &str) -> Result<[u8; 8]> {
    let bytes = unhex(text).ok_or(OscarError::Malformed("a kid or sid is 16 digits of hex"))?;
    bytes.try_into().map_err(|_| OscarError::Malformed("a kid or sid is 16 digits of hex"))
}

/// Kids are random or chosen by the operator, and only an operator puts one into the table: eight bytes need no SipHash.
#[derive(Default)]
struct KidHasher(u64);

impl Hasher for KidHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = (self.0 ^ u64::from_le_bytes(word)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}
