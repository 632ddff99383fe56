//! The answer's toki, and the grant that rolls the client onto a session.

use super::legacy::LegacyReply;
use crate::error::{OscarError, Result};
use crate::grant::{GRANT_TEXT_LEN, Grant};
use crate::keyring::{CachedSession, Held};
use crate::mac::Tag;
use crate::nonce;
use crate::request::{AnswerRef, Content};
use crate::toki::AnswerToki;
use std::fmt;
use std::sync::Arc;

/// Everything that the answer to one request is minted with. Consumed by the one answer.
#[derive(Debug)]
pub struct AnswerContext {
    pub(crate) reply: Reply,
}

/// An answer speaks the version of its request.
#[derive(Debug)]
pub(crate) enum Reply {
    V2(Bound),
    V1(LegacyReply),
}

/// The request that an answer of v2 is bound to.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) key: Arc<Held>,
    pub(crate) session: Option<Arc<CachedSession>>,
    pub(crate) tag: Tag,
    pub(crate) code: u8,
    pub(crate) want: bool,
    pub(crate) probe: bool,
    pub(crate) head: bool,
    pub(crate) grant_ttl_s: i64,
}

impl AnswerContext {
    pub(crate) fn is_probe(&self) -> bool {
        match &self.reply {
            Reply::V2(bound) => bound.probe,
            Reply::V1(_) => false,
        }
    }

    pub(crate) fn set_code(&mut self, code: u8) {
        match &mut self.reply {
            Reply::V2(bound) => bound.code = code,
            Reply::V1(_) => {}
        }
    }

    /// The code that the answer carries: 0, or that of the refusal.
    pub fn code(&self) -> u8 {
        match &self.reply {
            Reply::V2(bound) => bound.code,
            Reply::V1(_) => 0,
        }
    }

    /// Mints the answer's toki, and a grant where one was asked for, into `out`; `now_ms` is the service's clock at this
    /// moment. The answer to HEAD, and 204 and 304, have no content, whatever `answer` says.
    /// Errors: `unsignable` (a 1xx status, ext or time that do not fit), `busy` (no random bytes).
    pub fn answer_ref(self, answer: &AnswerRef<'_>, now_ms: i64, out: &mut AnswerHeaders) -> Result<()> {
        match self.reply {
            Reply::V2(bound) => bound.answer(answer, now_ms, out),
            Reply::V1(reply) => reply.answer(now_ms, out),
        }
    }
}

impl Bound {
    fn answer(self, answer: &AnswerRef<'_>, now_ms: i64, out: &mut AnswerHeaders) -> Result<()> {
        if (100..200).contains(&answer.status) {
            return Err(OscarError::Unsignable("an answer of 1xx carries no toki"));
        }
        let bare = self.head || matches!(answer.status, 204 | 304);
        let answer = AnswerRef { content: if bare { Content::None } else { answer.content }, ..*answer };
        let grant = self.grant(now_ms)?;
        let res = self.session.as_ref().map_or(&self.key.schedule.res, |session| &session.keys.res);
        let toki = AnswerToki::mint(res, &self.tag, self.code, now_ms, &answer, grant.as_ref())?;
        let mut written = AnswerHeaders::default();
        written.toki_len = toki.write(&mut written.toki)?.len();
        if let Some(grant) = grant {
            written.grant_len = grant.write(&mut written.grant)?.len();
        }
        *out = written;
        Ok(())
    }

    /// WANT is answered at code 0, a root's also at code 1, with another code never.
    fn grant(&self, now_ms: i64) -> Result<Option<Grant>> {
        let due = self.want && (self.code == 0 || self.code == 1 && self.session.is_none());
        if !due {
            return Ok(None);
        }
        let exp_s = now_ms.div_euclid(1_000).saturating_add(self.grant_ttl_s);
        Grant::mint(&self.key.schedule, self.key.kid, &self.tag, nonce::draw()?, exp_s, self.grant_ttl_s).map(Some)
    }
}

/// The longest toki that an answer carries: OscarToki v1's.
const TOKI_MAX: usize = 96;

/// The headers of an answer, in place.
#[derive(Clone)]
pub struct AnswerHeaders {
    toki: [u8; TOKI_MAX],
    toki_len: usize,
    grant: [u8; GRANT_TEXT_LEN],
    grant_len: usize,
}

impl AnswerHeaders {
    /// The header `oscartoki`; empty before anything was minted.
    pub fn toki(&self) -> &str {
        std::str::from_utf8(&self.toki[..self.toki_len]).unwrap_or_default()
    }

    /// The header `oscartokikey`, when a grant is attached.
    pub fn grant(&self) -> Option<&str> {
        std::str::from_utf8(&self.grant[..self.grant_len]).ok().filter(|text| !text.is_empty())
    }
}

impl AnswerHeaders {
    /// A toki of v1, alone.
    pub(super) fn set_toki(&mut self, text: &str) -> Result<()> {
        let mut written = Self::default();
        let room = written.toki.get_mut(..text.len()).ok_or(OscarError::Unsignable("a toki that is too long"))?;
        room.copy_from_slice(text.as_bytes());
        written.toki_len = text.len();
        *self = written;
        Ok(())
    }
}

impl Default for AnswerHeaders {
    fn default() -> Self {
        Self { toki: [0; TOKI_MAX], toki_len: 0, grant: [0; GRANT_TEXT_LEN], grant_len: 0 }
    }
}

impl fmt::Debug for AnswerHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerHeaders").field("toki", &self.toki()).field("grant", &self.grant()).finish()
    }
}
