//! What a client says that speaks [`PROTOCOL`]: JSON objects, each with one command. Without it, other text than Socktopus' is ignored.

use super::Shared;
use super::channel::{NAME_MAX, Position, frame};
use super::registry::Connection;
use axum::extract::ws::Utf8Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// The websocket subprotocol that asks for channels.
pub const PROTOCOL: &str = "oscar.hub.1";
/// What history gives unless asked for less.
pub const HISTORY_LIMIT: usize = 100;

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Command {
    Subscribe {
        subscribe: String,
        epoch: Option<String>,
        offset: Option<u64>,
        #[serde(default)]
        presence: bool,
    },
    Unsubscribe {
        unsubscribe: String,
    },
    Presence {
        presence: String,
    },
    History {
        history: String,
        limit: Option<usize>,
    },
}

impl Shared {
    /// Runs a command; its answer goes into the connection's queue.
    pub fn command(&self, connection: &Arc<Connection>, text: &str) {
        let answer = match serde_json::from_str::<Command>(text) {
            Ok(command) => self.run(connection, command),
            Err(_) => Some(refusal("malformed", "a command is an object with subscribe, unsubscribe, presence or history")),
        };
        if let Some(answer) = answer {
            connection.outbox.push(answer);
        }
    }

    fn run(&self, connection: &Arc<Connection>, command: Command) -> Option<Utf8Bytes> {
        let (app, now_ms) = (connection.address.app, (self.clock)());
        let (Command::Subscribe { subscribe: name, .. }
        | Command::Unsubscribe { unsubscribe: name }
        | Command::Presence { presence: name }
        | Command::History { history: name, .. }) = &command;
        if !is_name(name) {
            return Some(refusal("malformed", "a channel's name has 1 to 255 bytes"));
        }
        match command {
            Command::Subscribe { subscribe, epoch, offset, presence } => {
                let from = epoch.zip(offset).map(|(epoch, offset)| Position { epoch, offset });
                let is_in = self.channels.subscribe(connection, &subscribe, from.as_ref(), presence, now_ms);
                (!is_in).then(|| refusal("policy", "a connection has at most 128 channels"))
            }
            Command::Unsubscribe { unsubscribe } => {
                self.channels.unsubscribe(connection, &unsubscribe);
                Some(frame(&json!({ "unsubscribed": unsubscribe })))
            }
            Command::Presence { presence } => Some(frame(&self.presence_of(app, &presence))),
            Command::History { history, limit } => Some(self.history_of(app, &history, limit).into()),
        }
    }

    /// `{"presence", "connections"}`.
    pub fn presence_of(&self, app: super::registry::App, channel: &str) -> Value {
        json!({ "presence": channel, "connections": self.channels.presence(app, channel) })
    }

    /// `{"history", "epoch", "offset", "messages"}`; a channel that is not there stands at 0 of no epoch.
    pub fn history_of(&self, app: super::registry::App, channel: &str, limit: Option<usize>) -> String {
        let limit = limit.unwrap_or(HISTORY_LIMIT).min(HISTORY_LIMIT);
        let known = self.channels.history(app, channel, limit, (self.clock)());
        let (position, messages) = known.unwrap_or_else(|| (Position { epoch: String::new(), offset: 0 }, Vec::new()));
        let (name, epoch) = (Value::from(channel), Value::from(position.epoch));
        // The messages are JSON already.
        format!("{{\"history\":{name},\"epoch\":{epoch},\"offset\":{},\"messages\":[{}]}}", position.offset, join(&messages))
    }
}

fn join(messages: &[Utf8Bytes]) -> String {
    messages.iter().map(Utf8Bytes::as_str).collect::<Vec<_>>().join(",")
}

/// Whether a channel may be called so.
pub fn is_name(name: &str) -> bool {
    (1..=NAME_MAX).contains(&name.len())
}

fn refusal(name: &str, sentence: &str) -> Utf8Bytes {
    frame(&json!({ "error": name, "message": sentence }))
}
