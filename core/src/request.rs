//! What is signed: a request and an answer, as borrowed fields in the order of the MAC.

use crate::error::{OscarError, Result};

/// Content of a request or answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Content<'a> {
    /// None, which is the same as zero bytes.
    #[default]
    None,
    /// The bytes as sent.
    Bytes(&'a [u8]),
    /// The SHA-256 of at least one byte of content. For a verifier this is what Content-Digest says, which
    /// [`PendingBody::finish`](crate::PendingBody::finish) compares with what arrives.
    Digest([u8; 32]),
}

/// One request, borrowed: what `sign` and `verify` read.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestRef<'a> {
    /// The method, `[A-Z][A-Z0-9_-]{0,31}`.
    pub verb: &'a [u8],
    /// The Host or `:authority` value; normalised inside.
    pub authority: &'a [u8],
    /// The request target as written on the wire.
    pub target: &'a [u8],
    /// The covered headers as lp pairs ([`ExtList`](crate::ExtList)); empty for an empty list.
    pub ext: &'a [u8],
    /// The content.
    pub content: Content<'a>,
}

/// One answer, borrowed: what `answer` and `accept` read.
#[derive(Clone, Copy, Debug, Default)]
pub struct AnswerRef<'a> {
    /// The HTTP status; 0 for an RPC reply.
    pub status: u16,
    /// The covered headers as lp pairs; empty for an empty list.
    pub ext: &'a [u8],
    /// The content after removing content-coding; `None` for a stream, HEAD, 204 and 304.
    pub content: Content<'a>,
}

/// The owned twin of [`RequestRef`], for languages behind UniFFI.
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub verb: String,
    /// The Host or `:authority` value.
    pub authority: String,
    /// The request target as written on the wire.
    pub target: String,
    /// The covered headers as lp pairs.
    pub ext: Vec<u8>,
    /// The content as sent.
    pub content: Vec<u8>,
    /// In place of content: its SHA-256, 32 bytes.
    pub content_digest: Option<Vec<u8>>,
}

/// The owned twin of [`AnswerRef`], for languages behind UniFFI.
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status, 0 to 65,535.
    pub status: i64,
    /// The covered headers as lp pairs.
    pub ext: Vec<u8>,
    /// The content after removing content-coding.
    pub content: Vec<u8>,
    /// In place of content: its SHA-256, 32 bytes.
    pub content_digest: Option<Vec<u8>>,
}

impl Request {
    /// The borrowed form; `malformed` for a digest of another length than 32 bytes.
    pub fn as_ref(&self) -> Result<RequestRef<'_>> {
        Ok(RequestRef {
            verb: self.verb.as_bytes(),
            authority: self.authority.as_bytes(),
            target: self.target.as_bytes(),
            ext: &self.ext,
            content: content(&self.content, self.content_digest.as_deref())?,
        })
    }
}

impl Answer {
    /// The borrowed form; `malformed` for a status beyond 65,535 or a digest of another length than 32 bytes.
    pub fn as_ref(&self) -> Result<AnswerRef<'_>> {
        Ok(AnswerRef {
            status: u16::try_from(self.status).map_err(|_| OscarError::Malformed("a status is 0 to 65,535"))?,
            ext: &self.ext,
            content: content(&self.content, self.content_digest.as_deref())?,
        })
    }
}

fn content<'a>(bytes: &'a [u8], digest: Option<&[u8]>) -> Result<Content<'a>> {
    match digest {
        None => Ok(if bytes.is_empty() { Content::None } else { Content::Bytes(bytes) }),
        Some(digest) => digest.try_into().map(Content::Digest).map_err(|_| OscarError::Malformed("a content digest has 32 bytes")),
    }
}
