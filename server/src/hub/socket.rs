//! One connection: a task that reads, writes and watches the pings.

use super::admit::Admitted;
use super::outbox::{Ending, Work};
use super::registry::Connection;
use super::{Counters, Hub};
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures_util::{SinkExt as _, StreamExt as _};
use oscartoki::socktopus::{PING_DEADLINE_MS, SocktopusRequest};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// A client's message, its fragments together, in bytes.
pub const MESSAGE_MAX: usize = 64 << 10;
/// A write that takes longer ends the connection.
const WRITE_DEADLINE: Duration = Duration::from_secs(5);
/// A ticket as the first frame comes within this time.
const FIRST_FRAME: Duration = Duration::from_secs(5);
const PING_DEADLINE: Duration = Duration::from_millis(PING_DEADLINE_MS.unsigned_abs());

/// Runs a connection whose ticket comes as its first frame.
pub async fn run_unnamed(hub: Hub, origin: Option<String>, speaks: bool, mut socket: WebSocket) {
    let first = timeout(FIRST_FRAME, socket.next()).await;
    let admitted = match &first {
        Ok(Some(Ok(Message::Text(ticket)))) => hub.0.admit_ticket(ticket, origin.as_deref()),
        _ => Err(oscartoki::OscarError::Missing("the first frame is a ticket")),
    };
    match admitted {
        Ok(admitted) => run(hub, admitted, speaks, socket).await,
        Err(error) => {
            Counters::count(&hub.0.counters.refused);
            tracing::debug!(error = error.name(), "a ticket was refused");
            close(&mut socket, Ending::Policy).await;
        }
    }
}

/// Runs a connection until it ends.
pub async fn run(hub: Hub, admitted: Admitted, speaks: bool, socket: WebSocket) {
    // Joined before its first frame is read: a PONG proves it.
    let connection = hub.0.registry.join(admitted.address, admitted.issued_ms, speaks, (hub.0.clock)());
    Counters::count(&hub.0.counters.connected);
    if hub.0.draining.load(Ordering::Acquire) {
        connection.outbox.end(Ending::Away, Some("CLOSE".into()));
    }
    let ending = Talk { hub: &hub, connection: &connection, socket }.run().await;
    hub.0.channels.leave(&connection);
    if ending == Ending::Slow {
        Counters::count(&hub.0.counters.slow);
    }
}

struct Talk<'a> {
    hub: &'a Hub,
    connection: &'a Arc<Connection>,
    socket: WebSocket,
}

impl Talk<'_> {
    async fn run(mut self) -> Ending {
        let ending = self.talk().await.unwrap_or_else(|ending| ending);
        // Whoever sends to this id from now on is told that nobody is there.
        self.hub.0.registry.leave(self.connection);
        self.connection.outbox.end(ending, None);
        let _ = timeout(WRITE_DEADLINE, close(&mut self.socket, ending)).await;
        ending
    }

    /// Until there is a reason to end.
    async fn talk(&mut self) -> Result<Ending, Ending> {
        let mut deadline = Instant::now() + PING_DEADLINE;
        loop {
            tokio::select! {
                () = self.connection.outbox.changed() => self.write_out().await?,
                frame = self.socket.next() => match self.heard(frame).await? {
                    Heard::Ping => deadline = Instant::now() + PING_DEADLINE,
                    Heard::Nothing => {}
                },
                () = tokio::time::sleep_until(deadline) => return self.say_close(Ending::Away).await,
            }
        }
    }

    /// Writes what waits, in as few writes as the system takes it.
    async fn write_out(&mut self) -> Result<(), Ending> {
        let (socket, outbox) = (&mut self.socket, &self.connection.outbox);
        let all = async {
            while let Some(work) = outbox.take() {
                match work {
                    Work::Frame(frame) => socket.feed(Message::Text(frame)).await.map_err(|_| Ending::Normal)?,
                    Work::End(ending) => {
                        if ending != Ending::Slow {
                            socket.flush().await.map_err(|_| Ending::Normal)?;
                        }
                        return Err(ending);
                    }
                }
            }
            socket.flush().await.map_err(|_| Ending::Normal)
        };
        timeout(WRITE_DEADLINE, all).await.unwrap_or(Err(Ending::Slow))
    }

    async fn heard(&mut self, frame: Option<Result<Message, axum::Error>>) -> Result<Heard, Ending> {
        match frame {
            Some(Ok(Message::Text(text))) => match SocktopusRequest::parse(&text) {
                Some(SocktopusRequest::Ping) => {
                    self.connection.outbox.push("PONG".into());
                    Ok(Heard::Ping)
                }
                Some(SocktopusRequest::Close) => Err(Ending::Normal),
                None => {
                    if self.connection.speaks {
                        self.hub.0.command(self.connection, &text);
                    }
                    Ok(Heard::Nothing)
                }
            },
            Some(Ok(Message::Binary(_))) => Err(Ending::Unsupported),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(Heard::Nothing),
            Some(Ok(Message::Close(_))) | None => Err(Ending::Normal),
            Some(Err(error)) => Err(if is_too_long(&error) { Ending::TooLong } else { Ending::Normal }),
        }
    }

    async fn say_close(&mut self, ending: Ending) -> Result<Ending, Ending> {
        self.connection.outbox.end(ending, Some("CLOSE".into()));
        self.write_out().await.map(|()| ending)
    }
}

enum Heard {
    Ping,
    Nothing,
}

/// A frame's header said more than [`MESSAGE_MAX`], or its fragments came to it.
fn is_too_long(error: &axum::Error) -> bool {
    use std::error::Error as _;
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(tungstenite::Error::Capacity(_)) = error.downcast_ref::<tungstenite::Error>() {
            return true;
        }
        source = error.source();
    }
    false
}

async fn close(socket: &mut WebSocket, ending: Ending) {
    let _ = socket.send(Message::Close(Some(CloseFrame { code: ending.code(), reason: "".into() }))).await;
    // The peer's own close frame, so that ours is not lost in a reset.
    let _ = timeout(Duration::from_secs(1), async { while let Some(Ok(_)) = socket.next().await {} }).await;
}
