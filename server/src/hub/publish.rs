//! What is sent to connections, and who is sent away.

use super::channel::Position;
use super::outbox::Ending;
use super::registry::{Address, App};
use super::{Counters, Shared};
use axum::extract::ws::Utf8Bytes;
use oscartoki::socktopus::{SocktopusFrame, SocktopusMessage, SocktopusSent};
use std::sync::atomic::Ordering;

impl Shared {
    /// Puts each message into its connection's queue; never waits for a client.
    pub fn send(&self, address_of: impl Fn(&str) -> Address, messages: Vec<SocktopusMessage>) -> SocktopusSent {
        let mut sent = SocktopusSent::default();
        for message in messages {
            let connection = self.registry.get(&address_of(&message.recipient));
            let frame = || Utf8Bytes::from(SocktopusFrame::Data { content: message.content.clone() }.to_text());
            if connection.is_some_and(|connection| connection.outbox.push(frame())) {
                sent.succeeded.push(message);
            } else {
                sent.failed.push(message);
            }
        }
        let count = |messages: &[SocktopusMessage]| u64::try_from(messages.len()).unwrap_or(u64::MAX);
        self.counters.delivered.fetch_add(count(&sent.succeeded), Ordering::Relaxed);
        self.counters.failed.fetch_add(count(&sent.failed), Ordering::Relaxed);
        sent
    }

    /// Publishes to a channel: where it stands now, and into how many queues it went.
    pub fn publish(&self, app: App, channel: &str, content: &str) -> (Position, usize) {
        let (position, queued) = self.channels.publish(app, channel, content, (self.clock)());
        self.counters.published.fetch_add(1, Ordering::Relaxed);
        self.counters.delivered.fetch_add(u64::try_from(queued).unwrap_or(u64::MAX), Ordering::Relaxed);
        (position, queued)
    }

    /// Ends a connection and takes back what was issued to its id, connected or not.
    pub fn kick(&self, address: &Address) {
        self.doorkeeper.kick(address, (self.clock)());
        if let Some(connection) = self.registry.get(address) {
            connection.outbox.end(Ending::Normal, Some("CLOSE".into()));
            Counters::count(&self.counters.kicked);
        }
    }
}
