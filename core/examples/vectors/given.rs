//! The `in` of a case or step: its members, read strictly.

use oscartoki::{AnswerRef, AudienceKey, Content, Grant, MessageRef, OscarError, RequestRef, Secret, Toki, encoding, http};
use serde_json::{Map, Value};

pub const KEY: &str = "secret_hex audience_key audience generation ";
pub const REQUEST: &str = "method authority target ext_hex body_hex body_sha256_hex ";
pub const ANSWER: &str = "status grant ext_hex body_hex body_sha256_hex ";
pub const MESSAGE: &str = "destination type ext_hex body_hex body_sha256_hex ";
pub const URL: &str = "method authority target ext_hex ";
pub const PASS: &str = "mode params datetime app_public ";

/// Why an operation gives no result.
#[derive(Debug)]
pub enum Fault {
    /// The protocol's own refusal.
    Refused(OscarError),
    /// The case is not in the format of the page: it fails, whatever it expects.
    Case(String),
}

impl From<OscarError> for Fault {
    fn from(error: OscarError) -> Self {
        Self::Refused(error)
    }
}

pub type Result<T> = std::result::Result<T, Fault>;

/// Members by name; hex is decoded once, so that the borrowed fields of a request can point to it.
pub struct Given<'v> {
    members: &'v Map<String, Value>,
    ext: Vec<u8>,
    body: Vec<u8>,
    digest: Option<Vec<u8>>,
}

impl<'v> Given<'v> {
    /// Takes the members, which must all be among the `allowed` ones.
    pub fn new(members: &'v Map<String, Value>, allowed: &str) -> Result<Self> {
        if let Some(unknown) = members.keys().find(|name| !allowed.split(' ').any(|known| known == name.as_str())) {
            return Err(Fault::Case(format!("member {unknown}")));
        }
        let mut given = Self { members, ext: Vec::new(), body: Vec::new(), digest: None };
        given.ext = given.bytes("ext_hex")?;
        given.body = given.bytes("body_hex")?;
        given.digest = given.maybe_bytes("body_sha256_hex")?;
        Ok(given)
    }

    /// A member; absent and null are both "not given".
    pub fn get(&self, name: &str) -> Option<&'v Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    pub fn maybe_text(&self, name: &str) -> Result<Option<&'v str>> {
        self.get(name).map(|value| value.as_str().ok_or_else(|| Fault::Case(format!("{name} is no text")))).transpose()
    }

    pub fn text(&self, name: &str) -> Result<&'v str> {
        Ok(self.maybe_text(name)?.unwrap_or_default())
    }

    /// Text as a header's bytes.
    pub fn header(&self, name: &str) -> Result<Option<&'v [u8]>> {
        Ok(self.maybe_text(name)?.map(str::as_bytes))
    }

    pub fn maybe_bytes(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let unhex = |text| encoding::unhex(text).ok_or_else(|| Fault::Case(format!("{name} is no hex")));
        self.maybe_text(name)?.map(unhex).transpose()
    }

    pub fn bytes(&self, name: &str) -> Result<Vec<u8>> {
        Ok(self.maybe_bytes(name)?.unwrap_or_default())
    }

    pub fn eight(&self, name: &str) -> Result<[u8; 8]> {
        self.bytes(name)?.try_into().map_err(|_| Fault::Case(format!("{name} has not 8 bytes")))
    }

    pub fn maybe_number(&self, name: &str) -> Result<Option<i64>> {
        self.get(name).map(|value| value.as_i64().ok_or_else(|| Fault::Case(format!("{name} is no integer")))).transpose()
    }

    pub fn number(&self, name: &str) -> Result<i64> {
        self.maybe_number(name)?.ok_or_else(|| Fault::Case(format!("{name} is missing")))
    }

    pub fn flag(&self, name: &str, absent: bool) -> Result<bool> {
        self.get(name).map_or(Ok(absent), |value| value.as_bool().ok_or_else(|| Fault::Case(format!("{name} is no truth value"))))
    }

    pub fn content(&self) -> Result<Content<'_>> {
        match &self.digest {
            Some(digest) => Ok(Content::Digest(self.sized(digest)?)),
            None if self.body.is_empty() => Ok(Content::None),
            None => Ok(Content::Bytes(&self.body)),
        }
    }

    pub fn digest(&self) -> Result<Option<[u8; 32]>> {
        self.digest.as_deref().map(|digest| self.sized(digest)).transpose()
    }

    fn sized(&self, digest: &[u8]) -> Result<[u8; 32]> {
        digest.try_into().map_err(|_| Fault::Refused(OscarError::Malformed("a content digest has 32 bytes")))
    }

    pub fn request(&self) -> Result<RequestRef<'_>> {
        Ok(RequestRef {
            verb: self.text("method")?.as_bytes(),
            authority: self.text("authority")?.as_bytes(),
            target: self.text("target")?.as_bytes(),
            ext: &self.ext,
            content: self.content()?,
        })
    }

    /// `out_of_range` is the error for a status that HTTP's field can't hold.
    pub fn answer(&self, out_of_range: OscarError) -> Result<AnswerRef<'_>> {
        let status = u16::try_from(self.number("status")?).map_err(|_| out_of_range)?;
        Ok(AnswerRef { status, ext: &self.ext, content: self.content()? })
    }

    pub fn message(&self) -> Result<MessageRef<'_>> {
        Ok(MessageRef { destination: self.text("destination")?, kind: self.text("type")?, ext: &self.ext, content: self.content()? })
    }

    pub fn grant(&self, name: &str) -> Result<Option<Grant>> {
        Ok(self.header(name)?.map(Grant::parse).transpose()?)
    }

    pub fn request_toki(&self) -> Result<Toki> {
        Ok(Toki::parse(self.text("request_toki")?.as_bytes())?)
    }

    /// The audience: the one given, else the authority, normalised.
    fn audience(&self) -> Result<String> {
        if let Some(audience) = self.maybe_text("audience")? {
            return Ok(audience.to_owned());
        }
        let mut room = [0; 255];
        let name = http::normalise_authority(self.text("authority")?.as_bytes(), &mut room).map_err(OscarError::Unsignable)?;
        Ok(String::from_utf8_lossy(name).into_owned())
    }

    pub fn secret(&self) -> Result<Secret> {
        match self.maybe_text("secret")? {
            Some(text) => Ok(Secret::parse(text)?),
            None => Ok(Secret::from_bytes(&self.bytes("secret_hex")?)?),
        }
    }

    /// The key of who signs.
    pub fn key(&self) -> Result<AudienceKey> {
        match self.maybe_text("audience_key")? {
            Some(text) => Ok(AudienceKey::parse(text)?),
            None => Ok(self.secret()?.audience_key(&self.audience()?, self.maybe_number("generation")?.unwrap_or(0))?),
        }
    }

    /// The key of who verifies: there a field outside its rules is malformed.
    pub fn held_key(&self) -> Result<AudienceKey> {
        self.key().map_err(|fault| match fault {
            Fault::Refused(OscarError::Unsignable(rule)) => Fault::Refused(OscarError::Malformed(rule)),
            other => other,
        })
    }
}
