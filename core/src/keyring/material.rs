//! What stands in a key file, checked as a whole: keys by kid and v1 policies.

use super::legacy::{Legacy, MAX_LEGACY};
use crate::error::{OscarError, Result};
use crate::secret::{AudienceKey, KeySchedule, Kid, Secret};
use std::collections::BTreeMap;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// A v1 key is looked for as the secret of so many generations.
const GENERATIONS: i64 = 8;

#[derive(Clone, Debug, Default)]
pub(super) struct Material {
    keys: BTreeMap<Kid, Entry>,
    legacy: Vec<Legacy>,
}

/// An audience key and its schedule, which lives as long as the key stays.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    key: Arc<AudienceKey>,
    pub(super) schedule: Arc<KeySchedule>,
}

impl Material {
    pub(super) fn add(&mut self, key: AudienceKey) -> Result<()> {
        let kid = key.kid_bytes();
        match self.keys.get(&kid) {
            Some(held) if held.key.same_key(&key) => {}
            Some(_) => return Err(OscarError::KidTaken("another key stands under this kid: register another kid")),
            None => {
                let schedule = Arc::new(KeySchedule::new(&key));
                self.keys.insert(kid, Entry { key: Arc::new(key), schedule });
            }
        }
        Ok(())
    }

    pub(super) fn add_legacy(&mut self, legacy: Legacy) -> Result<()> {
        match self.legacy.iter().find(|held| held.kid == legacy.kid) {
            Some(held) if held.same_policy(&legacy) => Ok(()),
            Some(_) => Err(OscarError::KidTaken("another v1 key or policy stands under this kid")),
            None if self.legacy.len() >= MAX_LEGACY => Err(OscarError::Policy("at most 16 keys have v1 on")),
            None => {
                self.legacy.push(legacy);
                Ok(())
            }
        }
    }

    /// A v1 key, whose holders showed it to every service, must be no key of v2: not an audience key, and not the secret
    /// that one was derived from.
    pub(super) fn check(&self) -> Result<()> {
        for legacy in &self.legacy {
            if self.keys.values().any(|held| held.key.expose()[..].ct_eq(legacy.key()).into()) {
                return Err(OscarError::WeakSecret("a v1 key is an audience key too"));
            }
            let Ok(secret) = Secret::from_bytes(legacy.key()) else { continue };
            if (0..GENERATIONS).any(|generation| secret.kid_bytes(generation).is_ok_and(|kid| self.keys.contains_key(&kid))) {
                return Err(OscarError::WeakSecret("a v1 key is the secret of an audience key"));
            }
        }
        Ok(())
    }

    /// Keeps the schedules of the keys that stay, and with them the sessions cached under them.
    pub(super) fn keep_schedules(&mut self, before: &Self) {
        for (kid, entry) in &mut self.keys {
            if let Some(old) = before.keys.get(kid).filter(|old| old.key.same_key(&entry.key)) {
                entry.schedule = old.schedule.clone();
            }
        }
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = (&Kid, &Entry)> {
        self.keys.iter()
    }

    pub(super) fn legacy(&self) -> &[Legacy] {
        &self.legacy
    }
}
