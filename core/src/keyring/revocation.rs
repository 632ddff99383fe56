//! Who is revoked: kids, sessions, and what a kid issued before a mark (spec section 6, line 4).

use super::eight_hex;
use super::text::{KeyFileError, words};
use crate::encoding::hex;
use crate::error::{OscarError, Result};
use crate::grant::Grant;
use crate::secret::Kid;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) type Sid = [u8; 8];

/// What is known against one kid.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standing(Option<Arc<Against>>);

#[derive(Clone, Debug, Default)]
struct Against {
    revoked: bool,
    sessions: BTreeSet<Sid>,
    before_s: Option<i64>,
}

impl Standing {
    /// Line 4 for a toki of the root key, which has no issue time, or of a session.
    pub(crate) fn judge(&self, session: Option<&Grant>) -> Result<()> {
        let Some(against) = &self.0 else { return Ok(()) };
        if against.revoked {
            return Err(OscarError::Revoked("the key is revoked"));
        }
        let Some(grant) = session else { return Ok(()) };
        if against.sessions.contains(&grant.sid()) {
            return Err(OscarError::Revoked("the session is revoked"));
        }
        match against.before_s {
            Some(mark) if grant.iat_s() < mark => Err(OscarError::Revoked("the session was issued before the key's mark")),
            _ => Ok(()),
        }
    }
    /// The same for something that the root key issued at a time and that lives on, such as a connection opened by a ticket.
    pub(crate) fn judge_issued(&self, issued_s: i64) -> Result<()> {
        self.judge(None)?;
        match self.0.as_ref().and_then(|against| against.before_s) {
            Some(mark) if issued_s < mark => Err(OscarError::Revoked("it was issued before the key's mark")),
            _ => Ok(()),
        }
    }
}

/// Everything that is revoked.
#[derive(Clone, Debug, Default)]
pub(super) struct Revocations(BTreeMap<Kid, Arc<Against>>);

impl Revocations {
    /// Reads the text of a file: `revoked KID`, `revoked KID SID`, `revoked KID before SECONDS`.
    pub(super) fn parse(text: &str) -> Result<Self, KeyFileError> {
        let mut all = Self::default();
        for (index, line) in text.lines().enumerate() {
            all.add_line(line).map_err(|reason| KeyFileError { line: index + 1, reason })?;
        }
        Ok(all)
    }

    fn add_line(&mut self, line: &str) -> Result<()> {
        const SHAPE: OscarError = OscarError::Malformed("a line is: revoked KID, revoked KID SID, or revoked KID before SECONDS");
        match words(line)[..] {
            [] => {}
            ["revoked", kid] => drop(self.revoke_key(eight_hex(kid)?)),
            ["revoked", kid, sid] => drop(self.revoke_session(eight_hex(kid)?, eight_hex(sid)?)),
            ["revoked", kid, "before", seconds] if seconds.bytes().all(|b| b.is_ascii_digit()) => {
                let before_s = seconds.parse().map_err(|_| OscarError::Malformed("a time of too many digits"))?;
                drop(self.revoke_before(eight_hex(kid)?, before_s));
            }
            _ => return Err(SHAPE),
        }
        Ok(())
    }

    /// Each of these returns its line in the file.
    pub(super) fn revoke_key(&mut self, kid: Kid) -> String {
        self.against(kid).revoked = true;
        format!("revoked {}", hex(&kid))
    }

    pub(super) fn revoke_session(&mut self, kid: Kid, sid: Sid) -> String {
        self.against(kid).sessions.insert(sid);
        format!("revoked {} {}", hex(&kid), hex(&sid))
    }

    pub(super) fn revoke_before(&mut self, kid: Kid, before_s: i64) -> String {
        let against = self.against(kid);
        against.before_s = against.before_s.max(Some(before_s));
        format!("revoked {} before {before_s}", hex(&kid))
    }

    /// A mark never falls, not even when its line is taken out of the file.
    pub(super) fn keep_marks(&mut self, before: &Self) {
        for (kid, old) in &before.0 {
            if let Some(mark) = old.before_s {
                self.revoke_before(*kid, mark);
            }
        }
    }

    /// Both.
    pub(super) fn and(&self, other: &Self) -> Self {
        let mut all = self.clone();
        for (kid, more) in &other.0 {
            let against = all.against(*kid);
            against.revoked |= more.revoked;
            against.sessions.extend(&more.sessions);
            against.before_s = against.before_s.max(more.before_s);
        }
        all
    }

    pub(super) fn standing(&self, kid: &Kid) -> Standing {
        Standing(self.0.get(kid).cloned())
    }

    pub(super) fn to_text(&self) -> String {
        let mut out = String::new();
        let mut line = |text: String| {
            out.push_str(&text);
            out.push('\n');
        };
        for (kid, against) in &self.0 {
            let kid = hex(kid);
            if against.revoked {
                line(format!("revoked {kid}"));
            }
            for sid in &against.sessions {
                line(format!("revoked {kid} {}", hex(sid)));
            }
            if let Some(mark) = against.before_s {
                line(format!("revoked {kid} before {mark}"));
            }
        }
        out
    }

    fn against(&mut self, kid: Kid) -> &mut Against {
        Arc::make_mut(self.0.entry(kid).or_default())
    }
}
