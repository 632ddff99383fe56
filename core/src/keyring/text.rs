//! The text of a key file: one key a line, blank lines and `#` comments skipped.

use super::eight_hex;
use super::legacy::Legacy;
use super::material::Material;
use crate::encoding::unhex;
use crate::error::{OscarError, Result};
use crate::secret::AudienceKey;
use crate::time::parse_rfc3339;
use crate::v1::Dialect;
use std::fmt;

/// What is wrong with a file of keys or revocations, and where. Nothing of the line itself is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyFileError {
    /// The line, counted from 1.
    pub line: usize,
    /// The rule that it breaks.
    pub reason: OscarError,
}

impl fmt::Display for KeyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl std::error::Error for KeyFileError {}

impl From<KeyFileError> for OscarError {
    fn from(fault: KeyFileError) -> Self {
        fault.reason
    }
}

impl Material {
    pub(super) fn parse(text: &str) -> Result<Self, KeyFileError> {
        let mut material = Self::default();
        let mut last = 0;
        for (index, line) in text.lines().enumerate() {
            last = index + 1;
            material.add_line(line).map_err(|reason| KeyFileError { line: last, reason })?;
        }
        // What only the whole file shows is told of its end.
        material.check().map_err(|reason| KeyFileError { line: last, reason })?;
        Ok(material)
    }

    pub(super) fn add_line(&mut self, line: &str) -> Result<()> {
        match words(line)[..] {
            [] => Ok(()),
            ["v1", ref rest @ ..] => self.add_legacy(v1(rest)?),
            [key] => self.add(AudienceKey::parse(key)?),
            [key, registered] => {
                let key = AudienceKey::parse(key)?;
                let kid = registered.strip_prefix("kid=").ok_or(OscarError::Malformed("after an audience key only kid=HEX may stand"))?;
                self.add(key.with_kid(&eight_hex(kid)?)?)
            }
            [key, ..] => {
                AudienceKey::parse(key)?;
                Err(OscarError::Malformed("after an audience key only kid=HEX may stand"))
            }
        }
    }
}

/// `until=RFC3339 dialect=any key=HEX kid=HEX`, each once, in any order; the dialect is `any` when it is not named.
fn v1(fields: &[&str]) -> Result<Legacy> {
    let (mut until, mut dialect, mut key, mut kid) = (None, None, None, None);
    for field in fields {
        let (name, text) = field.split_once('=').ok_or(OscarError::Malformed("a v1 line holds until=, dialect=, key= and kid="))?;
        let place = match name {
            "until" => &mut until,
            "dialect" => &mut dialect,
            "key" => &mut key,
            "kid" => &mut kid,
            _ => return Err(OscarError::Malformed("a v1 line holds until=, dialect=, key= and kid=")),
        };
        if place.replace(text).is_some() {
            return Err(OscarError::Malformed("a field of a v1 line stands twice"));
        }
    }
    let (Some(until), Some(key), Some(kid)) = (until, key, kid) else {
        return Err(OscarError::Malformed("a v1 line needs until=, key= and kid="));
    };
    let until_ms = parse_rfc3339(until).ok_or(OscarError::Malformed("until= is a time such as 2027-03-01T00:00:00Z"))?;
    let dialect = Dialect::from_name(dialect.unwrap_or("any")).ok_or(OscarError::Malformed("a dialect is any, standard or java"))?;
    let key = unhex(key).ok_or(OscarError::Malformed("a v1 key is the hex of its bytes"))?;
    Legacy::new(eight_hex(kid)?, key, until_ms, dialect)
}

/// The words of a line before its comment.
pub(super) fn words(line: &str) -> Vec<&str> {
    line.split_ascii_whitespace().take_while(|word| !word.starts_with('#')).collect()
}
