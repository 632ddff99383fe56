//! The bodies of `/send` and `/kick`, JSON.

use crate::error::{OscarError, Result};
use serde_json::{Map, Value, json};
use std::fmt;

/// One message.
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocktopusMessage {
    /// The connection it goes to.
    pub recipient: String,
    /// What it says.
    pub content: String,
}

/// `POST /send`.
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[derive(Clone, PartialEq, Eq)]
pub struct SocktopusSend {
    /// The app, `secretName` in JSON.
    pub app: String,
    /// Its secret.
    pub secret: String,
    /// What to send, in this order.
    pub messages: Vec<SocktopusMessage>,
}

/// What `/send` answers: every message of the request in one of the two, in the request's order.
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SocktopusSent {
    /// Handed to a connection's queue.
    pub succeeded: Vec<SocktopusMessage>,
    /// To nobody.
    pub failed: Vec<SocktopusMessage>,
}

/// `POST /kick`.
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[derive(Clone, PartialEq, Eq)]
pub struct SocktopusKick {
    /// The app, `secretName` in JSON.
    pub app: String,
    /// Its secret.
    pub secret: String,
    /// Whom.
    pub connections: Vec<String>,
}

impl SocktopusSend {
    /// The body.
    pub fn to_json(&self) -> String {
        let messages: Vec<Value> = self.messages.iter().map(SocktopusMessage::to_value).collect();
        json!({ "secretName": self.app, "secret": self.secret, "messages": messages }).to_string()
    }

    /// Reads a body. Error: `malformed`, also for a member that is unknown, absent or of another type.
    pub fn parse(body: &[u8]) -> Result<Self> {
        let members = object(body, &["secretName", "secret", "messages"])?;
        Ok(Self { app: text(&members, "secretName")?, secret: text(&members, "secret")?, messages: messages(&members, "messages")? })
    }
}

impl SocktopusSent {
    /// The body.
    pub fn to_json(&self) -> String {
        let values = |messages: &[SocktopusMessage]| messages.iter().map(SocktopusMessage::to_value).collect::<Vec<_>>();
        json!({ "succeeded": values(&self.succeeded), "failed": values(&self.failed) }).to_string()
    }

    /// Reads an answer. Error: `malformed`.
    pub fn parse(body: &[u8]) -> Result<Self> {
        let members = object(body, &["succeeded", "failed"])?;
        Ok(Self { succeeded: messages(&members, "succeeded")?, failed: messages(&members, "failed")? })
    }
}

impl SocktopusKick {
    /// The body.
    pub fn to_json(&self) -> String {
        json!({ "secretName": self.app, "secret": self.secret, "connections": self.connections }).to_string()
    }

    /// Reads a body. Error: `malformed`, also for a member that is unknown, absent or of another type.
    pub fn parse(body: &[u8]) -> Result<Self> {
        let members = object(body, &["secretName", "secret", "connections"])?;
        let connections = list(&members, "connections")?.iter().map(|value| value.as_str().map(str::to_owned).ok_or(MALFORMED));
        Ok(Self { app: text(&members, "secretName")?, secret: text(&members, "secret")?, connections: connections.collect::<Result<_>>()? })
    }
}

impl SocktopusMessage {
    fn to_value(&self) -> Value {
        json!({ "recipient": self.recipient, "content": self.content })
    }

    fn parse(value: &Value) -> Result<Self> {
        let members = value.as_object().filter(|members| known(members, &["recipient", "content"])).ok_or(MALFORMED)?;
        Ok(Self { recipient: text(members, "recipient")?, content: text(members, "content")? })
    }
}

const MALFORMED: OscarError = OscarError::Malformed("the body is a JSON object with exactly the documented members");

fn object(body: &[u8], names: &[&str]) -> Result<Map<String, Value>> {
    let value: Value = serde_json::from_slice(body).map_err(|_| MALFORMED)?;
    match value {
        Value::Object(members) if known(&members, names) => Ok(members),
        _ => Err(MALFORMED),
    }
}

fn known(members: &Map<String, Value>, names: &[&str]) -> bool {
    members.keys().all(|name| names.contains(&name.as_str()))
}

fn text(members: &Map<String, Value>, name: &str) -> Result<String> {
    members.get(name).and_then(Value::as_str).map(str::to_owned).ok_or(MALFORMED)
}

fn list<'v>(members: &'v Map<String, Value>, name: &str) -> Result<&'v Vec<Value>> {
    members.get(name).and_then(Value::as_array).ok_or(MALFORMED)
}

fn messages(members: &Map<String, Value>, name: &str) -> Result<Vec<SocktopusMessage>> {
    list(members, name)?.iter().map(SocktopusMessage::parse).collect()
}

impl fmt::Debug for SocktopusSend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SocktopusSend({}, {} messages)", self.app, self.messages.len())
    }
}

impl fmt::Debug for SocktopusKick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SocktopusKick({}, {} connections)", self.app, self.connections.len())
    }
}
