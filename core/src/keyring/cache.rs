//! Schedules of sessions whose MAC has passed once, so that the next request of a session derives nothing.

use super::lock;
use crate::grant::Grant;
use crate::secret::{KeySchedule, SessionSchedule};
use std::sync::{Arc, Mutex};

const SETS: usize = 1024;
const WAYS: usize = 4;

/// The keys of one session, and whose session it is.
#[derive(Debug)]
pub(crate) struct CachedSession {
    pub(crate) grant: Grant,
    pub(crate) keys: SessionSchedule,
    /// The schedule that it was derived from: a kid that gets another key has no sessions here.
    parent: Arc<KeySchedule>,
}

/// At most 4,096 sessions; a newer one takes the place of an older one of its set.
#[derive(Debug)]
pub(crate) struct SessionCache {
    sets: Box<[Mutex<Set>]>,
    // Salted, so that nobody chooses whose place his session takes.
    salt: u64,
}

#[derive(Debug, Default)]
struct Set {
    ways: [Option<Arc<CachedSession>>; WAYS],
    next: usize,
}

impl SessionCache {
    pub(super) fn new() -> Self {
        Self { sets: (0..SETS).map(|_| Mutex::default()).collect(), salt: crate::nonce::salt()[0] }
    }

    /// The session of a grant under a key, cached or derived; whether it was derived, for [`SessionCache::keep`] once its MAC has passed.
    pub(crate) fn find(&self, parent: &Arc<KeySchedule>, grant: &Grant) -> (Arc<CachedSession>, bool) {
        let known =
            lock(self.set(grant)).ways.iter().flatten().find(|held| held.grant == *grant && Arc::ptr_eq(&held.parent, parent)).cloned();
        match known {
            Some(session) => (session, false),
            None => (Arc::new(CachedSession { grant: *grant, keys: parent.session(grant), parent: parent.clone() }), true),
        }
    }

    /// Keeps a session for later. Only for one whose MAC has passed: nothing is cached before that.
    pub(crate) fn keep(&self, session: &Arc<CachedSession>) {
        let mut set = lock(self.set(&session.grant));
        let at = set.next;
        set.next = (at + 1) % WAYS;
        set.ways[at] = Some(session.clone());
    }

    fn set(&self, grant: &Grant) -> &Mutex<Set> {
        let hash = (u64::from_le_bytes(grant.sid()) ^ self.salt).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        // The upper bits of a product depend on all bits below them.
        &self.sets[(hash >> 54) as usize % SETS]
    }
}
