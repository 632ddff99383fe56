//! `u`: the toki inside a presigned URL (spec sections 4 and 8).

use crate::encoding::{be48, parse_text, read_be48, text};
use crate::error::{OscarError, Result};
use crate::http::{Fault, check_ext, check_method, check_target, normalise_authority};
use crate::mac::{self, TAG_LEN, Tag};
use crate::request::RequestRef;
use crate::secret::{KeySchedule, Kid};
use crate::toki::{EXT, PREFIX, array};

/// Bytes of a URL's toki.
pub const URL_LEN: usize = 32;
/// Characters of a URL's toki.
pub const URL_TEXT_LEN: usize = 47;

/// The longest life of a URL that a service takes, in milliseconds: seven days.
const MAX_LIFE_MS: i64 = 7 * 86_400_000;
const PARAMETER: &[u8] = b"oscartoki=";
const TYPE: u8 = 0x24;
const HEAD: usize = URL_LEN - TAG_LEN;

/// A presigned request target, parsed and not verified: the signed part and its toki.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PresignedUrl<'a> {
    target: &'a [u8],
    toki: [u8; URL_LEN],
}

/// What a URL covers beside its target, checked and normalised.
pub(crate) struct Covered<'a> {
    verb: &'a [u8],
    pub(crate) authority: &'a [u8],
    ext: &'a [u8],
}

impl<'a> PresignedUrl<'a> {
    /// Finds the toki in a request target. Errors: `missing` without the parameter, `malformed` for everything that mint does not write.
    pub fn parse(target: &'a [u8]) -> Result<Self> {
        let at = find_parameter(target).ok_or(OscarError::Missing("the target has no parameter oscartoki"))?;
        let (before, after) = (&target[..at], &target[at + 1 + PARAMETER.len()..]);
        if target[at] != separator(before) {
            return Err(OscarError::Malformed("the parameter oscartoki follows ? when it is the first, else &"));
        }
        let toki = parse_text(after, PREFIX, "a URL's toki is ot2. and 43 characters of base64url, and the end")?;
        if toki[0] != TYPE {
            return Err(OscarError::Malformed("a URL's toki begins with 0x24"));
        }
        if toki[1] & !EXT != 0 {
            return Err(OscarError::Malformed("an unknown flag in a URL's toki"));
        }
        Ok(Self { target: before, toki })
    }

    /// Mints the target with its parameter. Everything outside section 5 is `unsignable`.
    pub(crate) fn mint(keys: &KeySchedule, kid: Kid, request: &RequestRef<'_>, exp_ms: i64) -> Result<String> {
        let mut buffer = [0; 255];
        let target = request.target;
        let covered = Covered::new(request, target, &mut buffer).map_err(OscarError::Unsignable)?;
        if find_parameter(target).is_some() {
            return Err(OscarError::Unsignable("the target holds oscartoki= already"));
        }
        let exp = be48(exp_ms).ok_or(OscarError::Unsignable("a time is 0 to 2^48 - 1 milliseconds"))?;
        let mut toki = [0; URL_LEN];
        toki[0] = TYPE;
        toki[1] = if request.ext.is_empty() { 0 } else { EXT };
        toki[2..10].copy_from_slice(&kid);
        toki[10..HEAD].copy_from_slice(&exp);
        let mut url = PresignedUrl { target, toki };
        let tag = keys.url.tag(&url.message(&covered));
        url.toki[HEAD..].copy_from_slice(&tag);
        // Checked above: a target is ASCII.
        let mut out = String::from_utf8_lossy(target).into_owned();
        out.push(char::from(separator(target)));
        out.push_str("oscartoki=");
        out.push_str(&text(PREFIX, &url.toki));
        Ok(out)
    }

    /// What can be judged without a key: the fields and the flag. Of `request`, target and content are not looked at.
    pub(crate) fn check<'b>(&self, request: &RequestRef<'b>, buffer: &'b mut [u8; 255]) -> Result<Covered<'b>> {
        let covered = Covered::new(request, self.target, buffer).map_err(OscarError::Malformed)?;
        if (self.toki[1] & EXT != 0) == request.ext.is_empty() {
            return Err(OscarError::Malformed("flag EXT and the covered headers do not agree"));
        }
        Ok(covered)
    }

    /// The MAC, in constant time.
    pub(crate) fn authenticate(&self, keys: &KeySchedule, covered: &Covered<'_>) -> Result<()> {
        if keys.url.verifies(&self.message(covered), &self.tag()) {
            Ok(())
        } else {
            Err(OscarError::BadMac("the toki is not the MAC of this URL"))
        }
    }

    /// Policy, then time; both ends are good.
    pub(crate) fn check_time(&self, now_ms: i64) -> Result<()> {
        if self.claimed_exp_ms() > now_ms.saturating_add(MAX_LIFE_MS) {
            return Err(OscarError::Policy("the URL is good for more than seven days"));
        }
        if now_ms > self.claimed_exp_ms() {
            return Err(OscarError::Expired("the URL's life is over"));
        }
        Ok(())
    }

    fn message<'m>(&'m self, covered: &Covered<'m>) -> mac::Message<'m, 4> {
        let fields = [covered.verb, covered.authority, self.target, covered.ext];
        mac::Message { head: &self.toki[..HEAD], request: None, fields, digest: None }
    }

    /// The signed part of the target: what stands before the parameter's separator.
    pub fn claimed_target(&self) -> &'a [u8] {
        self.target
    }

    /// The key id.
    pub fn claimed_kid(&self) -> Kid {
        array(&self.toki, 2)
    }

    /// The last good millisecond.
    pub fn claimed_exp_ms(&self) -> i64 {
        read_be48(&array(&self.toki, 10))
    }

    fn tag(&self) -> Tag {
        array(&self.toki, HEAD)
    }
}

impl<'a> Covered<'a> {
    fn new(request: &RequestRef<'a>, target: &[u8], buffer: &'a mut [u8; 255]) -> std::result::Result<Self, Fault> {
        check_method(request.verb)?;
        let authority = normalise_authority(request.authority, buffer)?;
        check_target(request.verb, target)?;
        check_ext(request.ext)?;
        Ok(Self { verb: if request.verb == b"HEAD" { b"GET" } else { request.verb }, authority, ext: request.ext })
    }
}

/// Where the first `?oscartoki=` or `&oscartoki=` begins.
fn find_parameter(target: &[u8]) -> Option<usize> {
    let starts = target.iter().enumerate().filter(|(_, byte)| matches!(byte, b'?' | b'&'));
    starts.map(|(at, _)| at).find(|at| target[at + 1..].starts_with(PARAMETER))
}

fn separator(target: &[u8]) -> u8 {
    if target.contains(&b'?') { b'&' } else { b'?' }
}

/// A URL that was verified.
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedUrl {
    /// The key id of the signer, 8 bytes.
    pub kid: Vec<u8>,
    /// The last good millisecond.
    pub exp_ms: i64,
    /// The target as it was signed, without the parameter.
    pub target: String,
    /// The name of this service that it was sent to, normalised; the fixed one, where one is configured.
    pub authority: String,
}
