//! Clock and grants as text, so that one process can go on where another stopped.

use super::audience::Audience;
use super::clock::Clock;
use crate::encoding::{hex, unhex};
use crate::error::{OscarError, Result};
use crate::grant::Grant;
use crate::http::check_audience;
use std::fmt::Write as _;
use std::sync::Arc;

const FIRST_LINE: &str = "oscartoki client 1";

/// Whose clock and grant these are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// Of a root holder; empty in a client of one audience key.
    Audience(String),
    /// Of a delegate.
    Session([u8; 8]),
}

/// The lines of one audience.
pub(super) struct Entry {
    pub(super) name: Name,
    clock: Option<Clock>,
    grant: Option<Grant>,
}

pub(super) fn export(audiences: &[Arc<Audience>]) -> String {
    let mut text = format!("{FIRST_LINE}\n");
    for audience in audiences {
        // Writing to a String can't fail.
        let _ = match audience.state_name() {
            Name::Audience(name) => writeln!(text, "audience {name}"),
            Name::Session(sid) => writeln!(text, "session {}", hex(&sid)),
        };
        let state = audience.lock();
        if let Some(offset) = state.clock.offset_ms() {
            let received = state.clock.received_ms().map_or("-".to_owned(), |ms| ms.to_string());
            let _ = writeln!(text, "clock {offset} {received}");
        }
        if let (Some(held), Some(_)) = (state.newest(), audience.root_keys()) {
            let _ = writeln!(text, "grant {}", held.grant.to_text());
        }
    }
    text
}

pub(super) fn parse(text: &str) -> Result<Vec<Entry>> {
    const FAULT: OscarError = OscarError::Malformed("not a state that this version of oscartoki wrote");
    let mut lines = text.lines();
    if lines.next() != Some(FIRST_LINE) {
        return Err(FAULT);
    }
    let mut entries: Vec<Entry> = Vec::new();
    for line in lines {
        let (word, rest) = line.split_once(' ').ok_or(FAULT)?;
        let name = match word {
            "audience" if rest.is_empty() || check_audience(rest.as_bytes()).is_ok() => Some(Name::Audience(rest.to_owned())),
            "session" => Some(Name::Session(unhex(rest).and_then(|sid| sid.try_into().ok()).ok_or(FAULT)?)),
            _ => None,
        };
        if let Some(name) = name {
            entries.push(Entry { name, clock: None, grant: None });
            continue;
        }
        let entry = entries.last_mut().ok_or(FAULT)?;
        match word {
            "clock" if entry.clock.is_none() => {
                let (offset, received) = rest.split_once(' ').ok_or(FAULT)?;
                let received = if received == "-" { None } else { Some(received.parse().map_err(|_| FAULT)?) };
                entry.clock = Some(Clock::imported(offset.parse().map_err(|_| FAULT)?, received));
            }
            "grant" if entry.grant.is_none() => entry.grant = Some(Grant::parse(rest.as_bytes())?),
            _ => return Err(FAULT),
        }
    }
    Ok(entries)
}

impl Entry {
    pub(super) fn apply(self, audience: &Audience) {
        let held = match (audience.root_keys(), self.grant) {
            (Some(root), Some(grant)) if grant.kid() == root.kid && grant.ttl_s() >= 1 => Some(root.hold(grant)),
            _ => None,
        };
        let mut state = audience.lock();
        state.clock = self.clock.unwrap_or(state.clock);
        if let Some(held) = held {
            state.adopt(held);
        }
    }
}
