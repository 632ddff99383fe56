//! Channels: whoever subscribed gets what is published, in one order, and what it missed while it was away.
//!
//! A message has an offset, which counts up from 1 within the channel's epoch. A channel that was forgotten, or a hub that began anew, has
//! another epoch: nothing can be recovered over it.

use super::registry::{App, Connection};
use axum::extract::ws::Utf8Bytes;
use oscartoki::encoding::hex;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// Bytes of a channel's name.
pub const NAME_MAX: usize = 255;
/// Channels of one connection.
pub const SUBSCRIPTIONS_MAX: usize = 128;
/// What is kept of a channel: so many messages, bytes, and milliseconds.
const HISTORY_MAX: usize = 100;
const HISTORY_BYTES: usize = 1 << 20;
const HISTORY_MS: i64 = 600_000;

/// All channels of this process.
#[derive(Default)]
pub struct Channels(RwLock<HashMap<(App, String), Shared>>);

type Shared = Arc<Mutex<Channel>>;

struct Channel {
    name: String,
    epoch: String,
    offset: u64,
    history: VecDeque<Kept>,
    bytes: usize,
    /// By generation, so that presence is told in the order of joining.
    subscribers: BTreeMap<u64, Subscriber>,
    /// It is no longer in the map; whoever still holds it looks again.
    forgotten: bool,
}

struct Kept {
    offset: u64,
    at_ms: i64,
    frame: Utf8Bytes,
}

struct Subscriber {
    connection: Arc<Connection>,
    /// Wants to hear of who comes and goes.
    presence: bool,
}

/// Where a channel stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    pub epoch: String,
    pub offset: u64,
}

/// What a new subscriber is told.
#[derive(Serialize)]
struct Subscribed<'a> {
    subscribed: &'a str,
    epoch: &'a str,
    offset: u64,
    recovered: bool,
}

#[derive(Serialize)]
struct Published<'a> {
    channel: &'a str,
    epoch: &'a str,
    offset: u64,
    content: &'a str,
}

#[derive(Serialize)]
struct Came<'a> {
    channel: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    joined: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<&'a str>,
}

impl Channels {
    /// Publishes; where the channel stands now, and into how many queues it went.
    pub fn publish(&self, app: App, name: &str, content: &str, now_ms: i64) -> (Position, usize) {
        self.with(app, name, |channel| channel.publish(content, now_ms))
    }

    /// Subscribes. With `from`, what came after it follows, where that is still known. False: too many channels.
    pub fn subscribe(&self, connection: &Arc<Connection>, name: &str, from: Option<&Position>, presence: bool, now_ms: i64) -> bool {
        {
            let mut channels = connection.channels();
            if !channels.iter().any(|known| known == name) {
                if channels.len() >= SUBSCRIPTIONS_MAX {
                    return false;
                }
                channels.push(name.to_owned());
            }
        }
        self.with(connection.address.app, name, |channel| channel.subscribe(connection, from, presence, now_ms));
        true
    }

    /// Ends one subscription.
    pub fn unsubscribe(&self, connection: &Connection, name: &str) {
        connection.channels().retain(|known| known != name);
        self.find(connection.address.app, name, |channel| channel.leave(connection));
    }

    /// Ends all subscriptions of a connection that goes.
    pub fn leave(&self, connection: &Connection) {
        for name in std::mem::take(&mut *connection.channels()) {
            self.find(connection.address.app, &name, |channel| channel.leave(connection));
        }
    }

    /// Who is there, each id once, sorted.
    pub fn presence(&self, app: App, name: &str) -> Vec<String> {
        let ids = |channel: &mut Channel| channel.subscribers.values().map(|one| one.connection.address.connection.clone()).collect();
        self.find(app, name, ids).map(|ids: BTreeSet<String>| ids.into_iter().collect()).unwrap_or_default()
    }

    /// The newest messages, oldest first, as the JSON objects that subscribers got, and where the channel stands.
    pub fn history(&self, app: App, name: &str, limit: usize, now_ms: i64) -> Option<(Position, Vec<Utf8Bytes>)> {
        self.find(app, name, |channel| {
            channel.forget(now_ms);
            let skipped = channel.history.len().saturating_sub(limit);
            (channel.position(), channel.history.iter().skip(skipped).map(|kept| kept.frame.clone()).collect())
        })
    }

    /// How many channels there are.
    pub fn len(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Forgets what is old, and channels of which nothing is left.
    pub fn sweep(&self, now_ms: i64) {
        let mut channels = self.0.write().unwrap_or_else(PoisonError::into_inner);
        channels.retain(|_, channel| {
            let mut channel = lock(channel);
            channel.forget(now_ms);
            channel.forgotten = channel.subscribers.is_empty() && channel.history.is_empty();
            !channel.forgotten
        });
    }

    fn find<T>(&self, app: App, name: &str, body: impl FnOnce(&mut Channel) -> T) -> Option<T> {
        let channel = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&(app, name.to_owned())).cloned()?;
        Some(body(&mut lock(&channel)))
    }

    /// The channel, made where there is none.
    fn with<T>(&self, app: App, name: &str, body: impl FnOnce(&mut Channel) -> T) -> T {
        loop {
            let key = (app, name.to_owned());
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
            let channel = known.unwrap_or_else(|| {
                let mut channels = self.0.write().unwrap_or_else(PoisonError::into_inner);
                channels.entry(key).or_insert_with(|| Arc::new(Mutex::new(Channel::new(name)))).clone()
            });
            let mut channel = lock(&channel);
            if !channel.forgotten {
                return body(&mut channel);
            }
        }
    }
}

fn lock(channel: &Mutex<Channel>) -> MutexGuard<'_, Channel> {
    channel.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Channel {
    fn new(name: &str) -> Self {
        let epoch = oscartoki::Secret::generate().and_then(|secret| secret.kid_bytes(0)).map(|bytes| hex(&bytes)).unwrap_or_default();
        let (history, subscribers) = (VecDeque::new(), BTreeMap::new());
        Self { name: name.to_owned(), epoch, offset: 0, history, bytes: 0, subscribers, forgotten: false }
    }

    fn position(&self) -> Position {
        Position { epoch: self.epoch.clone(), offset: self.offset }
    }

    fn publish(&mut self, content: &str, now_ms: i64) -> (Position, usize) {
        self.offset += 1;
        let frame = frame(&Published { channel: &self.name, epoch: &self.epoch, offset: self.offset, content });
        let queued = self.subscribers.values().filter(|one| one.connection.outbox.push(frame.clone())).count();
        self.bytes += frame.len();
        self.history.push_back(Kept { offset: self.offset, at_ms: now_ms, frame });
        self.forget(now_ms);
        (self.position(), queued)
    }

    fn subscribe(&mut self, connection: &Arc<Connection>, from: Option<&Position>, presence: bool, now_ms: i64) {
        self.forget(now_ms);
        let missed = from.and_then(|from| self.after(from));
        let told = Subscribed { subscribed: &self.name, epoch: &self.epoch, offset: self.offset, recovered: missed.is_some() };
        connection.outbox.push(frame(&told));
        for frame in missed.into_iter().flatten() {
            connection.outbox.push(frame);
        }
        let is_new = !self.holds(connection);
        self.subscribers.insert(connection.generation, Subscriber { connection: connection.clone(), presence });
        if is_new {
            let id = connection.address.connection.as_str();
            self.tell(connection.generation, &Came { channel: &self.name, joined: Some(id), left: None });
        }
    }

    fn leave(&mut self, connection: &Connection) {
        if self.subscribers.remove(&connection.generation).is_some() && !self.holds(connection) {
            let id = connection.address.connection.as_str();
            self.tell(connection.generation, &Came { channel: &self.name, joined: None, left: Some(id) });
        }
    }

    /// Whether a connection of this id is here, whatever its generation.
    fn holds(&self, connection: &Connection) -> bool {
        self.subscribers.values().any(|one| one.connection.address.connection == connection.address.connection)
    }

    fn tell(&self, but: u64, came: &Came<'_>) {
        let frame = frame(came);
        for (_, one) in self.subscribers.iter().filter(|(generation, one)| **generation != but && one.presence) {
            one.connection.outbox.push(frame.clone());
        }
    }

    /// What came after a position; `None` when that is not known.
    fn after(&self, from: &Position) -> Option<Vec<Utf8Bytes>> {
        let first_known = self.history.front().map_or(self.offset, |kept| kept.offset - 1);
        if from.epoch != self.epoch || from.offset > self.offset || from.offset < first_known {
            return None;
        }
        Some(self.history.iter().filter(|kept| kept.offset > from.offset).map(|kept| kept.frame.clone()).collect())
    }

    fn forget(&mut self, now_ms: i64) {
        while let Some(oldest) = self.history.front() {
            let keeps =
                self.history.len() <= HISTORY_MAX && self.bytes <= HISTORY_BYTES && now_ms < oldest.at_ms.saturating_add(HISTORY_MS);
            if keeps {
                return;
            }
            self.bytes = self.bytes.saturating_sub(oldest.frame.len());
            self.history.pop_front();
        }
    }
}

/// JSON as a frame.
pub fn frame(content: &impl Serialize) -> Utf8Bytes {
    serde_json::to_string(content).unwrap_or_default().into()
}
