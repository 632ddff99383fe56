//! `ext`: the headers that decide what happens, in configured order (spec section 5).

use super::{Headers, LP_MAX};
use crate::error::{OscarError, Result};

/// A configured list of covered headers. Both sides have the same; an empty list gives empty ext, any other never does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExtList(Vec<String>);

impl ExtList {
    /// A list of header names, which are lower-cased. Error: `malformed` for a name that is no header name or stands twice.
    pub fn new<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Result<Self> {
        let mut list = Vec::new();
        for name in names {
            let name = name.as_ref().to_ascii_lowercase();
            if name.is_empty() || name.len() > 255 || !name.bytes().all(is_token) {
                return Err(OscarError::Malformed("a covered header's name is a token of RFC 9110"));
            }
            if list.contains(&name) {
                return Err(OscarError::Malformed("a covered header stands twice in its list"));
            }
            list.push(name);
        }
        Ok(Self(list))
    }

    /// The names, lower case, in order.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Whether nothing is covered.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes ext of `headers` into `out` (cleared first). `fault` makes the error of an ext that is too long.
    pub fn encode_into(&self, headers: &Headers<'_>, out: &mut Vec<u8>) -> std::result::Result<(), super::Fault> {
        out.clear();
        for name in &self.0 {
            out.extend_from_slice(&u16::try_from(name.len()).unwrap_or(u16::MAX).to_be_bytes());
            out.extend_from_slice(name.as_bytes());
            let start = out.len();
            out.extend_from_slice(&[0, 0]);
            let mut values = headers.values(name.as_bytes());
            if let Some(first) = values.next() {
                out.extend_from_slice(first);
                for more in values {
                    out.extend_from_slice(b", ");
                    out.extend_from_slice(more);
                }
            }
            let len = u16::try_from(out.len() - start - 2).map_err(|_| "a covered header has at most 65,535 bytes")?;
            out[start..start + 2].copy_from_slice(&len.to_be_bytes());
        }
        if out.len() > LP_MAX { Err("the covered headers have at most 65,535 bytes") } else { Ok(()) }
    }

    /// Ext of `headers`, in a buffer of its own.
    pub fn encode(&self, headers: &Headers<'_>) -> std::result::Result<Vec<u8>, super::Fault> {
        let mut out = Vec::new();
        self.encode_into(headers, &mut out)?;
        Ok(out)
    }
}

/// Whether `ext` is lp pairs to its end and holds `name` with a value that is not empty.
pub(crate) fn ext_has_value(ext: &[u8], name: &[u8]) -> bool {
    Headers::packed(ext).is_ok_and(|pairs| pairs.iter().any(|(key, field)| key == name && !field.is_empty()))
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
