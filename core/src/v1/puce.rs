//! The puce: how originals told their registry of an exchange, with the key in clear. Read to be compatible; keep a keyed hash only.

use crate::error::{OscarError, Result};
use crate::mac::MacKey;
use std::fmt;
use zeroize::Zeroize;

/// The path of the registry that puces go to.
pub const PUCE_PATH: &str = "/api/v1/puces";

/// One puce. The client's key is in it, in clear: a service that takes puces warns, and stores [`Puce::fingerprint`] in its place.
#[cfg_attr(feature = "uniffi", derive(uniffi::Object))]
pub struct Puce {
    app_name: String,
    client: String,
}

#[cfg_attr(feature = "uniffi", uniffi::export)]
impl Puce {
    /// A puce of an app and its v1 key, for a registry that still wants one.
    #[cfg_attr(feature = "uniffi", uniffi::constructor)]
    pub fn new(app_name: String, client: String) -> Self {
        Self { app_name, client }
    }

    /// Reads the body of a puce by its Content-Type: a form (Python, Java), or JSON (the body of the GET that JavaScript sends).
    /// Error: `malformed`, also for a member that is absent, or stands twice.
    #[cfg_attr(feature = "uniffi", uniffi::constructor)]
    pub fn parse(content_type: &str, content: &[u8]) -> Result<Self> {
        let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match kind.as_str() {
            "application/x-www-form-urlencoded" => from_form(content),
            "application/json" => from_json(content),
            _ => Err(OscarError::Malformed("a puce is a form or JSON")),
        }
    }

    /// The body of a POST, `application/x-www-form-urlencoded`.
    pub fn to_form(&self) -> String {
        format!("app_name={}&client={}", form_encode(&self.app_name), form_encode(&self.client))
    }

    /// The body of JavaScript's GET, `application/json`.
    pub fn to_json(&self) -> String {
        serde_json::json!({ "client": self.client, "app_name": self.app_name }).to_string()
    }

    /// The app.
    pub fn app_name(&self) -> String {
        self.app_name.clone()
    }

    /// What to store and compare in place of the key: HMAC-SHA256 under the registry's own key of 32 bytes (else `weak_secret`).
    pub fn fingerprint(&self, registry_key: &[u8]) -> Result<Vec<u8>> {
        let key = registry_key.try_into().map_err(|_| OscarError::WeakSecret("a registry's key has exactly 32 bytes"))?;
        Ok(MacKey::new(key).digest(&[b"oscartoki/1 puce\0", self.client.as_bytes()]).to_vec())
    }
}

impl Puce {
    /// Key material: the client's v1 key.
    pub fn expose(&self) -> &str {
        &self.client
    }
}

impl Drop for Puce {
    fn drop(&mut self) {
        self.client.zeroize();
    }
}

impl fmt::Debug for Puce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Puce").field("app_name", &self.app_name).finish_non_exhaustive()
    }
}

fn from_form(content: &[u8]) -> Result<Puce> {
    const FAULT: OscarError = OscarError::Malformed("a puce's form has app_name and client, once each");
    let (mut app_name, mut client) = (None, None);
    for pair in content.split(|b| *b == b'&') {
        let at = pair.iter().position(|b| *b == b'=').ok_or(FAULT)?;
        let place = match &pair[..at] {
            b"app_name" => &mut app_name,
            b"client" => &mut client,
            _ => continue,
        };
        if place.replace(form_decode(&pair[at + 1..]).ok_or(FAULT)?).is_some() {
            return Err(FAULT);
        }
    }
    Ok(Puce { app_name: app_name.ok_or(FAULT)?, client: client.ok_or(FAULT)? })
}

fn from_json(content: &[u8]) -> Result<Puce> {
    const FAULT: OscarError = OscarError::Malformed("a puce's JSON has the texts app_name and client");
    let body: serde_json::Value = serde_json::from_slice(content).map_err(|_| FAULT)?;
    let member = |name: &str| body.get(name).and_then(serde_json::Value::as_str).map(str::to_owned).ok_or(FAULT);
    Ok(Puce { app_name: member("app_name")?, client: member("client")? })
}

/// `application/x-www-form-urlencoded` of the URL standard.
fn form_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'*' | b'-' | b'.' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn form_decode(field: &[u8]) -> Option<String> {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [first, after @ ..] = rest {
        rest = after;
        match first {
            b'+' => out.push(b' '),
            b'%' => {
                let (digits, after) = rest.split_at_checked(2)?;
                out.extend(crate::encoding::unhex(std::str::from_utf8(digits).ok()?)?);
                rest = after;
            }
            byte => out.push(*byte),
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Puce;

    #[test]
    fn both_forms_are_read_and_written() {
        let puce = Puce::new("test_app".into(), "clé & été=+%".into());
        for (kind, body) in [("application/x-www-form-urlencoded; charset=UTF-8", puce.to_form()), ("application/json", puce.to_json())] {
            let read = Puce::parse(kind, body.as_bytes()).unwrap();
            assert_eq!((read.app_name.as_str(), read.expose()), ("test_app", "clé & été=+%"));
        }
        // As Java's URLEncoder and axios write it.
        assert_eq!(Puce::parse("application/x-www-form-urlencoded", b"app_name=a&client=k%C3%A9y+1").unwrap().expose(), "kéy 1");
        assert_eq!(Puce::parse("application/json", br#"{"client":"k","app_name":"a"}"#).unwrap().expose(), "k");
    }

    #[test]
    fn other_bodies_are_malformed() {
        for body in [
            "",
            "app_name=a",
            "client=k",
            "app_name=a&client=k&client=l",
            "app_name=a&client=%4",
            "app_name=a&client=%zz",
            "app_name=a&client=%ff",
        ] {
            assert!(Puce::parse("application/x-www-form-urlencoded", body.as_bytes()).is_err(), "{body}");
        }
        for body in ["", "[]", r#"{"client":1,"app_name":"a"}"#, r#"{"app_name":"a"}"#] {
            assert!(Puce::parse("application/json", body.as_bytes()).is_err(), "{body}");
        }
        assert!(Puce::parse("text/plain", b"app_name=a&client=k").is_err());
    }

    #[test]
    fn keys_are_kept_as_a_keyed_hash_and_not_printed() {
        let puce = Puce::new("a".into(), "secret-key".into());
        let other = Puce::new("a".into(), "secret-kez".into());
        assert_eq!(puce.fingerprint(&[7; 32]).unwrap().len(), 32);
        assert_ne!(puce.fingerprint(&[7; 32]).unwrap(), other.fingerprint(&[7; 32]).unwrap());
        assert_ne!(puce.fingerprint(&[7; 32]).unwrap(), puce.fingerprint(&[8; 32]).unwrap());
        assert!(puce.fingerprint(&[7; 31]).is_err());
        assert!(!format!("{puce:?}").contains("secret"));
    }
}
