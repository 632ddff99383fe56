//! The head of an HTTP message as a framework shows it: which of its headers are ours, and which it must not have.

use super::{digest::parse_content_digest, normalise_authority};
use crate::encoding::take_lp;
use crate::error::{OscarError, Result};

/// Header fields in order, names in any case.
#[derive(Clone, Copy, Debug)]
pub enum Headers<'a> {
    /// Pairs of name and value.
    Pairs(&'a [(&'a [u8], &'a [u8])]),
    /// `lp(name) lp(value)` one after another, checked by [`Headers::packed`].
    Packed(&'a [u8]),
}

impl<'a> Headers<'a> {
    /// No headers.
    pub const NONE: Headers<'static> = Headers::Pairs(&[]);

    /// Packed headers, checked to their end; `malformed` otherwise.
    pub fn packed(bytes: &'a [u8]) -> Result<Self> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let next = take_lp(rest).and_then(|(_, after)| take_lp(after));
            rest = next.ok_or(OscarError::Malformed("packed headers are pairs of lp(name) lp(value)"))?.1;
        }
        Ok(Self::Packed(bytes))
    }

    /// Every header in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        let (mut pairs, mut packed) = match *self {
            Self::Pairs(pairs) => (pairs.iter(), &[][..]),
            Self::Packed(packed) => ([].iter(), packed),
        };
        std::iter::from_fn(move || {
            if let Some(pair) = pairs.next() {
                return Some(*pair);
            }
            let (name, rest) = take_lp(packed)?;
            let (field, rest) = take_lp(rest)?;
            packed = rest;
            Some((name, field))
        })
    }

    /// The values of one header, in order.
    pub fn values<'n>(&self, name: &'n [u8]) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        self.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v)
    }
}

/// A request's head.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'a> {
    /// The method as sent.
    pub verb: &'a [u8],
    /// `:authority` of HTTP/2, where there is one; Host is read from the headers.
    pub authority: Option<&'a [u8]>,
    /// The raw request target.
    pub target: &'a [u8],
    /// All headers.
    pub headers: Headers<'a>,
}

/// The fields of a request's head that a service reads.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RequestFields<'a> {
    pub(crate) toki: Option<&'a [u8]>,
    pub(crate) grant: Option<&'a [u8]>,
    pub(crate) host: Option<&'a [u8]>,
    pub(crate) content_digest: Option<[u8; 32]>,
}

impl<'a> RequestHead<'a> {
    /// Picks our fields. `missing` without a toki comes before every `malformed`.
    pub(crate) fn fields(&self) -> Result<RequestFields<'a>> {
        let (mut fields, digest, fault) = self.pick();
        if fields.toki.is_none() {
            return Err(OscarError::Missing("the request has no oscartoki header"));
        }
        fault.map_or(Ok(()), Err)?;
        fields.content_digest = digest.map(parse_content_digest).transpose()?.flatten();
        Ok(fields)
    }

    /// Our fields beside a presigned URL, which has its toki in the target; Content-Digest says nothing there.
    pub(crate) fn url_fields(&self) -> Result<RequestFields<'a>> {
        let (fields, _, fault) = self.pick();
        fault.map_or(Ok(fields), Err)
    }

    /// Our fields, Content-Digest unread, and what is malformed about them.
    fn pick(&self) -> (RequestFields<'a>, Option<&'a [u8]>, Option<OscarError>) {
        let mut fields = RequestFields::default();
        let mut digest = None;
        let mut fault = None;
        for (name, field) in self.headers.iter() {
            let place = match name.len() {
                4 if name.eq_ignore_ascii_case(b"host") => &mut fields.host,
                9 if name.eq_ignore_ascii_case(b"oscartoki") => &mut fields.toki,
                12 if name.eq_ignore_ascii_case(b"oscartokikey") => &mut fields.grant,
                14 if name.eq_ignore_ascii_case(b"content-digest") => &mut digest,
                13 | 17 | 22 if is_method_override(name) => {
                    fault = fault.or(Some("a method override header"));
                    continue;
                }
                _ => continue,
            };
            if place.replace(field).is_some() {
                fault = fault.or(Some("a header that may stand once stands twice"));
            }
        }
        if fields.toki == Some(b"") || fields.grant == Some(b"") {
            fault = fault.or(Some("an empty oscartoki or oscartokikey header"));
        }
        (fields, digest, fault.map(OscarError::Malformed))
    }

    /// The one authority of Host and `:authority`, normalised; different, or neither: malformed.
    pub(crate) fn authority(&self, host: Option<&'a [u8]>, buffer: &'a mut [u8; 255]) -> Result<&'a [u8]> {
        let mut other = [0; 255];
        match (self.authority, host) {
            (Some(one), Some(two)) => {
                let two = normalise_authority(two, &mut other).map_err(OscarError::Malformed)?;
                let one = normalise_authority(one, buffer).map_err(OscarError::Malformed)?;
                if one == two { Ok(one) } else { Err(OscarError::Malformed("Host and :authority differ")) }
            }
            (Some(one), None) | (None, Some(one)) => normalise_authority(one, buffer).map_err(OscarError::Malformed),
            (None, None) => Err(OscarError::Malformed("the request has neither Host nor :authority")),
        }
    }
}

/// An answer's head.
#[derive(Clone, Copy, Debug)]
pub struct AnswerHead<'a> {
    /// The status.
    pub status: u16,
    /// All headers.
    pub headers: Headers<'a>,
}

/// `oscartoki` and `oscartokikey` of an answer.
pub type AnswerFields<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

impl<'a> AnswerHead<'a> {
    /// The toki and the grant; twice, or empty, is malformed.
    pub fn fields(&self) -> Result<AnswerFields<'a>> {
        let once = |name: &'static [u8]| {
            let mut values = self.headers.values(name);
            match (values.next(), values.next()) {
                (_, Some(_)) => Err(OscarError::Malformed("a header that may stand once stands twice")),
                (Some(b""), _) => Err(OscarError::Malformed("an empty oscartoki or oscartokikey header")),
                (field, None) => Ok(field),
            }
        };
        Ok((once(b"oscartoki")?, once(b"oscartokikey")?))
    }
}

/// Whether a probe leaves this header out (spec section 7): it has no body and no condition.
pub fn drops_from_probe(name: &str) -> bool {
    const DROPPED: [&str; 7] = ["content-digest", "content-length", "transfer-encoding", "content-encoding", "expect", "trailer", "range"];
    DROPPED.iter().any(|dropped| name.eq_ignore_ascii_case(dropped)) || name.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("if-"))
}

fn is_method_override(name: &[u8]) -> bool {
    [&b"x-http-method-override"[..], b"x-http-method", b"x-method-override"].iter().any(|n| name.eq_ignore_ascii_case(n))
}
