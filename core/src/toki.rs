//! `q` and `r`: the toki of a request and the toki of an answer (spec section 4).
//! A parsed toki is a claim: its getters say `claimed_…` until a service or client has checked the MAC.

use crate::encoding::{be48, parse_text, read_be48, text, write_text};
use crate::error::{OscarError, Result};
use crate::grant::Grant;
use crate::http::{check_ext, check_method, check_target, normalise_authority};
use crate::mac::{MacKey, Message, TAG_LEN, Tag, content_digest};
use crate::request::{AnswerRef, RequestRef};

/// Bytes of a request's toki.
pub const REQUEST_LEN: usize = 40;
/// Characters of a request's toki.
pub const REQUEST_TEXT_LEN: usize = 58;
/// Bytes of an answer's toki.
pub const ANSWER_LEN: usize = 25;
/// Characters of an answer's toki.
pub const ANSWER_TEXT_LEN: usize = 38;

pub(crate) const PREFIX: &str = "ot2.";
const REQUEST_TYPE: u8 = 0x21;
const ANSWER_TYPE: u8 = 0x22;

const SESSION: u8 = 1;
const GRANT: u8 = 1;
pub(crate) const BODY: u8 = 2;
pub(crate) const EXT: u8 = 4;
const WANT: u8 = 8;

/// A request's toki, parsed and not verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Toki([u8; REQUEST_LEN]);

/// What a request's toki is minted from beside the request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokiFields {
    /// kid, or sid in a session.
    pub(crate) id: [u8; 8],
    pub(crate) session: bool,
    pub(crate) want: bool,
    pub(crate) ts_ms: i64,
    pub(crate) nonce: [u8; 8],
}

impl Toki {
    /// Reads `ot2.` text strictly: length, alphabet, unused bits, type byte, flags.
    pub fn parse(text: &[u8]) -> Result<Self> {
        let bytes = parse_text(text, PREFIX, "a request's toki is ot2. and 54 characters of base64url")?;
        if bytes[0] != REQUEST_TYPE {
            return Err(OscarError::Malformed("a request's toki begins with 0x21"));
        }
        if bytes[1] & !(SESSION | BODY | EXT | WANT) != 0 {
            return Err(OscarError::Malformed("an unknown flag in a request's toki"));
        }
        Ok(Self(bytes))
    }

    /// Mints the toki of `request` under `key`. Everything outside section 5 is `unsignable`.
    pub(crate) fn mint(key: &MacKey, fields: &TokiFields, request: &RequestRef<'_>) -> Result<Self> {
        let mut buffer = [0; 255];
        let (authority, digest) = check_request(request, &mut buffer).map_err(OscarError::Unsignable)?;
        let ts = be48(fields.ts_ms).ok_or(OscarError::Unsignable("a time is 0 to 2^48 - 1 milliseconds"))?;
        let flag = |on, bit| if on { bit } else { 0 };
        let mut bytes = [0; REQUEST_LEN];
        bytes[0] = REQUEST_TYPE;
        bytes[1] =
            flag(fields.session, SESSION) | flag(digest.is_some(), BODY) | flag(!request.ext.is_empty(), EXT) | flag(fields.want, WANT);
        bytes[2..10].copy_from_slice(&fields.id);
        bytes[10..16].copy_from_slice(&ts);
        bytes[16..24].copy_from_slice(&fields.nonce);
        let mut toki = Self(bytes);
        let tag = key.tag(&toki.message(request, authority, digest.as_ref()));
        toki.0[24..].copy_from_slice(&tag);
        Ok(toki)
    }

    /// Whether this toki is the MAC of `request` under `key`, in constant time. `authority` is normalised.
    /// The flags have been compared before by [`Toki::check_flags`].
    pub(crate) fn verifies(&self, key: &MacKey, request: &RequestRef<'_>, authority: &[u8], digest: Option<&[u8; 32]>) -> bool {
        key.verifies(&self.message(request, authority, digest), &self.tag())
    }

    /// BODY exactly with content, EXT exactly with ext.
    pub(crate) fn check_flags(&self, has_content: bool, has_ext: bool) -> Result<()> {
        if self.has_body() != has_content {
            return Err(OscarError::Malformed("flag BODY and the content do not agree"));
        }
        if self.has_ext() != has_ext {
            return Err(OscarError::Malformed("flag EXT and the covered headers do not agree"));
        }
        Ok(())
    }

    fn message<'a>(&'a self, request: &RequestRef<'a>, authority: &'a [u8], digest: Option<&'a [u8; 32]>) -> Message<'a, 4> {
        Message { head: &self.0[..24], request: None, fields: [request.verb, authority, request.target, request.ext], digest }
    }

    /// The `ot2.` text.
    pub fn to_text(&self) -> String {
        text(PREFIX, &self.0)
    }

    /// Writes the `ot2.` text into `out`.
    pub(crate) fn write<'o>(&self, out: &'o mut [u8]) -> Result<&'o str> {
        write_text(out, PREFIX, &self.0)
    }

    /// kid, or sid when [`Toki::claimed_session`].
    pub fn claimed_id(&self) -> [u8; 8] {
        array(&self.0, 2)
    }

    /// Whether it was minted in a session.
    pub fn claimed_session(&self) -> bool {
        self.0[1] & SESSION != 0
    }

    /// Whether the sender asks for a grant.
    pub fn claimed_want(&self) -> bool {
        self.0[1] & WANT != 0
    }

    /// Milliseconds since the epoch; 0 is a probe.
    pub fn claimed_ts_ms(&self) -> i64 {
        read_be48(&array(&self.0, 10))
    }

    /// The nonce.
    pub fn claimed_nonce(&self) -> [u8; 8] {
        array(&self.0, 16)
    }

    /// Whether content was signed.
    pub fn has_body(&self) -> bool {
        self.0[1] & BODY != 0
    }

    /// Whether headers were signed.
    pub fn has_ext(&self) -> bool {
        self.0[1] & EXT != 0
    }

    /// The tag: what an answer is bound to and the replay memory keys on.
    pub fn tag(&self) -> Tag {
        array(&self.0, REQUEST_LEN - TAG_LEN)
    }
}

/// Section 5 on the fields of a request: the normalised authority and the content's digest, or the rule that is broken.
pub(crate) fn check_request<'b>(
    request: &RequestRef<'b>,
    buffer: &'b mut [u8; 255],
) -> std::result::Result<(&'b [u8], Option<[u8; 32]>), &'static str> {
    check_method(request.verb)?;
    let authority = normalise_authority(request.authority, buffer)?;
    check_target(request.verb, request.target)?;
    check_ext(request.ext)?;
    let digest = content_digest(request.content).map_err(|e| e.detail())?;
    Ok((authority, digest))
}

/// An answer's toki, parsed and not verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerToki([u8; ANSWER_LEN]);

impl AnswerToki {
    /// Reads `ot2.` text strictly: length, alphabet, type byte, flags, code.
    pub fn parse(text: &[u8]) -> Result<Self> {
        let bytes = parse_text(text, PREFIX, "an answer's toki is ot2. and 34 characters of base64url")?;
        if bytes[0] != ANSWER_TYPE {
            return Err(OscarError::Malformed("an answer's toki begins with 0x22"));
        }
        if bytes[1] & !(GRANT | BODY | EXT) != 0 {
            return Err(OscarError::Malformed("an unknown flag in an answer's toki"));
        }
        if bytes[2] > 7 {
            return Err(OscarError::Malformed("an answer's code is 0 to 7"));
        }
        Ok(Self(bytes))
    }

    /// Mints the toki of `answer` to the request with `request_tag`, under the K_res of the request's own context.
    pub(crate) fn mint(
        key: &MacKey,
        request_tag: &Tag,
        code: u8,
        ts_ms: i64,
        answer: &AnswerRef<'_>,
        grant: Option<&Grant>,
    ) -> Result<Self> {
        let ts = be48(ts_ms).ok_or(OscarError::Unsignable("a time is 0 to 2^48 - 1 milliseconds"))?;
        if code > 7 {
            return Err(OscarError::Unsignable("an answer's code is 0 to 7"));
        }
        check_ext(answer.ext).map_err(OscarError::Unsignable)?;
        let digest = content_digest(answer.content).map_err(|e| OscarError::Unsignable(e.detail()))?;
        let flag = |on, bit| if on { bit } else { 0 };
        let mut bytes = [0; ANSWER_LEN];
        bytes[0] = ANSWER_TYPE;
        bytes[1] = flag(grant.is_some(), GRANT) | flag(digest.is_some(), BODY) | flag(!answer.ext.is_empty(), EXT);
        bytes[2] = code;
        bytes[3..9].copy_from_slice(&ts);
        let mut toki = Self(bytes);
        let tag = key.tag(&toki.message(request_tag, &answer.status.to_be_bytes(), grant, answer.ext, digest.as_ref()));
        toki.0[9..].copy_from_slice(&tag);
        Ok(toki)
    }

    /// Checks flags and MAC against the answer as it arrived. Content beside BODY 0 is authentic without it: see [`AnswerToki::has_body`].
    pub(crate) fn verify(&self, key: &MacKey, request_tag: &Tag, answer: &AnswerRef<'_>, grant: Option<&Grant>) -> Result<()> {
        if self.has_grant() != grant.is_some() {
            return Err(OscarError::Malformed("flag GRANT and the grant do not agree"));
        }
        if self.has_ext() == answer.ext.is_empty() {
            return Err(OscarError::Malformed("flag EXT and the covered headers do not agree"));
        }
        let digest = if self.has_body() {
            let digest = content_digest(answer.content)?;
            Some(digest.ok_or(OscarError::Malformed("flag BODY without content"))?)
        } else {
            None
        };
        check_ext(answer.ext).map_err(OscarError::Malformed)?;
        let status = answer.status.to_be_bytes();
        if key.verifies(&self.message(request_tag, &status, grant, answer.ext, digest.as_ref()), &self.tag()) {
            Ok(())
        } else {
            Err(OscarError::BadMac("the answer's toki is not the MAC of this answer"))
        }
    }

    fn message<'a>(
        &'a self,
        request_tag: &'a Tag,
        status: &'a [u8; 2],
        grant: Option<&'a Grant>,
        ext: &'a [u8],
        digest: Option<&'a [u8; 32]>,
    ) -> Message<'a, 2> {
        Message {
            head: &self.0[..9],
            request: Some((request_tag, status)),
            fields: [grant.map_or(&[], |grant| grant.as_bytes()), ext],
            digest,
        }
    }

    /// The `ot2.` text.
    pub fn to_text(&self) -> String {
        text(PREFIX, &self.0)
    }

    /// Writes the `ot2.` text into `out`.
    pub(crate) fn write<'o>(&self, out: &'o mut [u8]) -> Result<&'o str> {
        write_text(out, PREFIX, &self.0)
    }

    /// 0 ok, 1 stale, 2 replayed, 3 grant_expired, 4 revoked, 5 body_mismatch, 6 policy, 7 busy.
    pub fn claimed_code(&self) -> u8 {
        self.0[2]
    }

    /// The service's clock, milliseconds since the epoch.
    pub fn claimed_ts_ms(&self) -> i64 {
        read_be48(&array(&self.0, 3))
    }

    /// Whether a grant is attached.
    pub fn has_grant(&self) -> bool {
        self.0[1] & GRANT != 0
    }

    /// Whether content was signed.
    pub fn has_body(&self) -> bool {
        self.0[1] & BODY != 0
    }

    /// Whether headers were signed.
    pub fn has_ext(&self) -> bool {
        self.0[1] & EXT != 0
    }

    fn tag(&self) -> Tag {
        array(&self.0, ANSWER_LEN - TAG_LEN)
    }
}

pub(crate) fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[at..at + N]);
    out
}
