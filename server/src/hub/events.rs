//! The fallback where websockets don't get through: the same connection as server-sent events. It has no pings; it ends with its response.

use super::admit::Admitted;
use super::channel::Position;
use super::outbox::Work;
use super::registry::Connection;
use super::{Counters, Hub};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::Stream;
use oscartoki::socktopus::SocktopusFrame;
use serde_json::Value;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// A comment goes out so often, which shows who is gone.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The id of the last event that a client saw: `EPOCH:OFFSET`.
pub fn position_of(id: &str) -> Option<Position> {
    let (epoch, offset) = id.rsplit_once(':')?;
    Some(Position { epoch: epoch.to_owned(), offset: offset.parse().ok()? })
}

/// Joins, and answers with the stream.
pub fn run(hub: Hub, admitted: Admitted, channel: Option<&str>, from: Option<&Position>) -> Response {
    let now_ms = (hub.0.clock)();
    let connection = hub.0.registry.join(admitted.address, admitted.issued_ms, true, now_ms);
    Counters::count(&hub.0.counters.connected);
    if let Some(channel) = channel {
        hub.0.channels.subscribe(&connection, channel, from, false, now_ms);
    }
    let stream = events(Joined { hub, connection });
    (
        // A proxy that gathers answers would keep the events.
        [("x-accel-buffering", "no"), ("cache-control", "no-store")],
        Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)),
    )
        .into_response()
}

/// Leaves when the response is dropped, whoever dropped it.
struct Joined {
    hub: Hub,
    connection: Arc<Connection>,
}

impl Drop for Joined {
    fn drop(&mut self) {
        self.hub.0.channels.leave(&self.connection);
        self.hub.0.registry.leave(&self.connection);
    }
}

fn events(joined: Joined) -> impl Stream<Item = Result<Event, Infallible>> {
    futures_util::stream::unfold(Some(joined), |joined| async {
        let joined = joined?;
        loop {
            match joined.connection.outbox.take() {
                Some(Work::Frame(text)) => return Some((Ok(event_of(&text)), Some(joined))),
                Some(Work::End(ending)) => {
                    let last = Event::default().event("close").data(ending.code().to_string());
                    return Some((Ok(last), None));
                }
                None => joined.connection.outbox.changed().await,
            }
        }
    })
}

/// `message` for a message to this connection, `channel` with an id for one of a channel, `told` for the rest.
fn event_of(text: &str) -> Event {
    match SocktopusFrame::parse(text) {
        Some(SocktopusFrame::Data { content }) => Event::default().event("message").json_data(content).unwrap_or_default(),
        Some(SocktopusFrame::Close) => Event::default().event("told").data("CLOSE"),
        _ => {
            let told: Value = serde_json::from_str(text).unwrap_or_default();
            match (told["epoch"].as_str(), told["offset"].as_u64(), told.get("content")) {
                (Some(epoch), Some(offset), Some(_)) => Event::default().event("channel").id(format!("{epoch}:{offset}")).data(text),
                _ => Event::default().event("told").data(text),
            }
        }
    }
}
