//! What this service is called: the names that a request may be sent to.

use super::ServiceConfig;
use super::read::Address;
use crate::error::{OscarError, Result};
use crate::http::normalise_authority;

/// A list, one of which must be the request's; or one fixed name, whatever the request says.
#[derive(Debug)]
pub(crate) struct Names {
    names: Vec<Name>,
    fixed: bool,
}

/// One name, normalised.
#[derive(Debug)]
struct Name {
    text: String,
    /// Normalising changes it no more: `a:80:80` becomes `a:80`, which as a Host is another name.
    settled: bool,
}

impl Name {
    /// A name that is no authority is an error here and not later.
    fn new(name: &str) -> Result<Self> {
        let text = normal(name)?;
        Ok(Self { settled: normal(&text).is_ok_and(|again| again == text), text })
    }
}

impl Names {
    pub(super) fn new(config: &ServiceConfig) -> Result<Self> {
        let fixed = config.fixed_authority.as_ref();
        let names = match fixed {
            Some(name) => vec![Name::new(name)?],
            None => config.authorities.iter().map(|name| Name::new(name)).collect::<Result<_>>()?,
        };
        Ok(Self { names, fixed: fixed.is_some() })
    }

    /// Whether Host is ignored.
    pub(super) fn is_fixed(&self) -> bool {
        self.fixed
    }

    /// The name as it stands in M.
    pub(crate) fn get(&self, at: usize) -> &str {
        self.names.get(at).map_or("", |name| &name.text)
    }

    /// Which name a request is sent to.
    pub(super) fn find(&self, address: &Address<'_>) -> Result<usize> {
        if self.fixed {
            return Ok(0);
        }
        // The usual spelling is the normal one.
        let raw = match address {
            Address::Name(raw) => Some(*raw),
            Address::Head(head, host) => head.authority.xor(*host),
        };
        let spelt = |raw: &[u8]| self.names.iter().position(|name| name.settled && name.text.as_bytes() == raw);
        if let Some(at) = raw.and_then(spelt) {
            return Ok(at);
        }
        let mut buffer = [0; 255];
        let asked = match address {
            Address::Name(raw) => normalise_authority(raw, &mut buffer).map_err(OscarError::Malformed)?,
            Address::Head(head, host) => head.authority(*host, &mut buffer)?,
        };
        let found = self.names.iter().position(|name| name.text.as_bytes() == asked);
        found.ok_or(OscarError::UnknownAuthority("the request was sent to a name that is not this service's"))
    }
}

fn normal(name: &str) -> Result<String> {
    let mut buffer = [0; 255];
    let normal = normalise_authority(name.as_bytes(), &mut buffer).map_err(OscarError::Malformed)?;
    std::str::from_utf8(normal).map(str::to_owned).map_err(|_| OscarError::Malformed("an authority is ASCII"))
}
