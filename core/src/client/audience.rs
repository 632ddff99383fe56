//! What a client holds for one audience: keys, clock, the newest grant.

use super::clock::Clock;
use super::state::Name;
use crate::error::{OscarError, Result};
use crate::grant::{GRANT_TEXT_LEN, Grant};
use crate::mac::Tag;
use crate::secret::{AudienceKey, KeySchedule, Kid, Session, SessionSchedule};
use crate::time::FUTURE_MS;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One audience of one client. The lock is held for a few loads and stores, never across a MAC.
pub(crate) struct Audience {
    /// Empty in a client of one audience key or session.
    name: Vec<u8>,
    /// `None` in a delegate.
    root: Option<RootKeys>,
    state: Mutex<State>,
}

/// The root's kid and keys.
pub(crate) struct RootKeys {
    pub(crate) kid: Kid,
    pub(crate) schedule: KeySchedule,
}

/// A grant that is held, with its session's keys.
pub(crate) struct Held {
    pub(crate) grant: Grant,
    pub(crate) text: [u8; GRANT_TEXT_LEN],
    pub(crate) schedule: SessionSchedule,
}

/// What moves.
pub(crate) struct State {
    pub(crate) clock: Clock,
    /// Greatest exp, then adopted last. An older one never is the newest again; requests in flight keep theirs by `Arc`.
    newest: Option<Arc<Held>>,
}

impl Audience {
    pub(super) fn root(name: Vec<u8>, key: &AudienceKey) -> Self {
        let root = RootKeys { kid: key.kid_bytes(), schedule: KeySchedule::new(key) };
        Self { name, root: Some(root), state: Mutex::new(State { clock: Clock::default(), newest: None }) }
    }

    pub(super) fn delegate(session: &Session) -> Self {
        let held = Held::new(*session.grant(), session.schedule());
        Self { name: Vec::new(), root: None, state: Mutex::new(State { clock: Clock::default(), newest: Some(Arc::new(held)) }) }
    }

    pub(super) fn name(&self) -> &[u8] {
        &self.name
    }

    /// How an exported state names it.
    pub(super) fn state_name(&self) -> Name {
        match (&self.root, &self.lock().newest) {
            (None, Some(held)) => Name::Session(held.grant.sid()),
            _ => Name::Audience(String::from_utf8_lossy(&self.name).into_owned()),
        }
    }

    pub(super) fn kid(&self) -> Kid {
        match (&self.root, &self.lock().newest) {
            (Some(root), _) => root.kid,
            (None, held) => held.as_ref().map_or([0; 8], |held| held.grant.kid()),
        }
    }

    /// The root's keys; `None` in a delegate.
    pub(crate) fn root_keys(&self) -> Option<&RootKeys> {
        self.root.as_ref()
    }

    /// The root's keys, for what a delegate must not mint: `unsignable` there.
    pub(crate) fn keys(&self) -> Result<&RootKeys> {
        self.root.as_ref().ok_or(OscarError::Unsignable("a handed-out session signs requests and nothing else"))
    }

    /// A copy of the clock.
    pub(crate) fn clock(&self) -> Clock {
        self.lock().clock
    }

    /// The time to sign with, by this audience's clock.
    pub(crate) fn corrected(&self, now_ms: i64) -> Result<i64> {
        self.clock().corrected(now_ms)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    pub(super) fn newest(&self) -> Option<&Arc<Held>> {
        self.newest.as_ref()
    }

    pub(super) fn adopt(&mut self, held: Arc<Held>) {
        if self.newest.as_ref().is_none_or(|newest| held.grant.exp_s() >= newest.grant.exp_s()) {
            self.newest = Some(held);
        }
    }
}

impl RootKeys {
    /// A grant that answers no request: the salt of a random tag is a random salt.
    pub(super) fn unasked_grant(&self, tag: [[u8; 8]; 2], sid: [u8; 8], exp_s: i64, ttl_s: i64) -> Result<Grant> {
        let mut random: Tag = [0; 16];
        random[..8].copy_from_slice(&tag[0]);
        random[8..].copy_from_slice(&tag[1]);
        Grant::mint(&self.schedule, self.kid, &random, sid, exp_s, ttl_s)
    }

    /// Whether a grant that came with an answer to a request with WANT is ours. `answered_ms` is the answer's own time.
    pub(super) fn adopts(&self, grant: &Grant, request_tag: &Tag, answered_ms: i64) -> bool {
        grant.kid() == self.kid
            && grant.ttl_s() >= 1
            && grant.exp_s() * 1000 > answered_ms
            && grant.exp_s() <= answered_ms / 1000 + grant.ttl_s() + FUTURE_MS / 1000
            && grant.answers(&self.schedule, request_tag)
    }

    pub(super) fn hold(&self, grant: Grant) -> Arc<Held> {
        Arc::new(Held::new(grant, self.schedule.session(&grant)))
    }
}

impl Held {
    fn new(grant: Grant, schedule: SessionSchedule) -> Self {
        let mut text = [0; GRANT_TEXT_LEN];
        // A grant's text fits its own length exactly.
        let _ = grant.write(&mut text);
        Self { grant, text, schedule }
    }

    /// Judged by the toki's own time, on both sides by the same number.
    pub(super) fn is_live(&self, ts_ms: i64) -> bool {
        ts_ms <= self.grant.exp_s() * 1000
    }
}
