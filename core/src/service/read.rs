//! Line 1: a request's toki and grant, parsed strictly, and its fields, checked by section 5.

use super::check_now;
use super::config::Rules;
use super::names::Names;
use crate::error::{OscarError, Result};
use crate::grant::Grant;
use crate::http::{RequestHead, check_ext, check_method, check_target};
use crate::mac::{EMPTY_SHA256, MacKey, sha256};
use crate::request::{Content, RequestRef};
use crate::secret::Kid;
use crate::toki::Toki;

/// A request as it is put before the service.
pub(crate) struct Asked<'a> {
    pub(crate) verb: &'a [u8],
    pub(crate) address: Address<'a>,
    pub(crate) target: &'a [u8],
    pub(crate) ext: &'a [u8],
    /// What Content-Digest says.
    pub(crate) declared: Option<[u8; 32]>,
    /// What has arrived. Beside a Content-Digest, `None` says that nothing has been read yet.
    pub(crate) arrived: Content<'a>,
    pub(crate) toki: Option<&'a [u8]>,
    pub(crate) grant: Option<&'a [u8]>,
}

/// Where the authority stands.
pub(crate) enum Address<'a> {
    Name(&'a [u8]),
    /// In a head, with its Host.
    Head(&'a RequestHead<'a>, Option<&'a [u8]>),
}

/// A well-formed request to this service.
pub(crate) struct Read<'a> {
    pub(crate) asked: &'a Asked<'a>,
    pub(crate) toki: Toki,
    pub(crate) grant: Option<Grant>,
    /// Which of this service's names it is sent to.
    pub(crate) name: usize,
    names: &'a Names,
}

impl<'a> Read<'a> {
    /// Every `malformed`, then `unknown_authority`, then a body over the limit.
    pub(crate) fn new(rules: &Rules, names: &'a Names, asked: &'a Asked<'a>, toki: &[u8], now_ms: i64) -> Result<Self> {
        let toki = Toki::parse(toki)?;
        let grant = asked.grant.map(Grant::parse).transpose()?;
        match &grant {
            None if toki.claimed_session() => return Err(OscarError::Malformed("a toki of a session without a grant")),
            Some(_) if !toki.claimed_session() => return Err(OscarError::Malformed("a grant beside a toki of the root key")),
            Some(grant) if grant.sid() != toki.claimed_id() => return Err(OscarError::Malformed("the grant is another session's")),
            _ => {}
        }
        check_now(now_ms)?;
        check_method(asked.verb).map_err(OscarError::Malformed)?;
        check_target(asked.verb, asked.target).map_err(OscarError::Malformed)?;
        check_ext(asked.ext).map_err(OscarError::Malformed)?;
        if holds_url_toki(asked.target) {
            return Err(OscarError::Malformed("a presigned URL and a header together"));
        }
        if asked.declared == Some(EMPTY_SHA256) || asked.declared.is_none() && asked.arrived == Content::Digest(EMPTY_SHA256) {
            return Err(OscarError::Malformed("a digest of zero bytes stands for no content"));
        }
        let has_content = asked.declared.is_some() || !matches!(asked.arrived, Content::None | Content::Bytes([]));
        toki.check_flags(has_content, !asked.ext.is_empty())?;
        let name = names.find(&asked.address)?;
        if asked.declared.is_none() && matches!(asked.arrived, Content::Bytes(bytes) if bytes.len() > rules.max_body) {
            return Err(OscarError::Policy("the body is over this service's limit"));
        }
        Ok(Self { asked, toki, grant, name, names })
    }

    /// Whose key it says it was signed with.
    pub(crate) fn kid(&self) -> Kid {
        self.grant.as_ref().map_or(self.toki.claimed_id(), Grant::kid)
    }

    /// Line 3. Where a server hides an empty `?`, the MAC is tried without and, failing, with it.
    pub(crate) fn verifies(&self, key: &MacKey, empty_query_hidden: bool) -> bool {
        let digest = match (self.asked.declared, self.asked.arrived) {
            (Some(digest), _) | (None, Content::Digest(digest)) => Some(digest),
            (None, Content::None | Content::Bytes([])) => None,
            (None, Content::Bytes(bytes)) => Some(sha256(bytes)),
        };
        let fits = |target| {
            let Asked { verb, ext, .. } = *self.asked;
            let authority = self.names.get(self.name).as_bytes();
            let request = RequestRef { verb, authority, target, ext, content: Content::None };
            self.toki.verifies(key, &request, authority, digest.as_ref())
        };
        let target = self.asked.target;
        fits(target)
            || empty_query_hidden && !target.contains(&b'?') && target.len() < crate::http::LP_MAX && fits(&[target, b"?"].concat())
    }
}

/// Whether a target holds `oscartoki=` after `?` or `&`.
pub(crate) fn holds_url_toki(target: &[u8]) -> bool {
    // Nearly no target has an o after ? or &: one pass over all bytes, without a branch, says so.
    let pairs = target.iter().zip(target.get(1..).unwrap_or_default());
    if !pairs.fold(false, |seen, (byte, next)| seen | ((*byte == b'?' || *byte == b'&') & (*next == b'o'))) {
        return false;
    }
    let mut rest = target;
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'?' | b'&')) {
        rest = &rest[at + 1..];
        if rest.starts_with(b"oscartoki=") {
            return true;
        }
    }
    false
}
