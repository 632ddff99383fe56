//! Who is connected.

use super::outbox::{Ending, Outbox};
use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard};

/// Power of two: connections that join, leave and are written to seldom meet.
const SHARDS: usize = 64;

/// An id in its app: the name of a secret, or the key id of a toki client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    pub app: App,
    pub connection: String,
}

/// Whose connections: two apps never see each other's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum App {
    /// The app of a secret, by its place among the sorted names.
    Named(u16),
    /// The connections of tickets that a key signed.
    Kid([u8; 8]),
}

/// One connection.
pub struct Connection {
    pub address: Address,
    /// Tells it from the one before and the one after with the same id.
    pub generation: u64,
    pub since_ms: i64,
    /// When its token or ticket was minted.
    pub issued_ms: i64,
    /// It said that it speaks the subprotocol of channels.
    pub speaks: bool,
    pub outbox: Outbox,
    /// The channels that it subscribed to.
    channels: Mutex<Vec<String>>,
}

impl Connection {
    pub fn channels(&self) -> MutexGuard<'_, Vec<String>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All connections of this process.
pub struct Registry {
    shards: [RwLock<HashMap<Address, Arc<Connection>>>; SHARDS],
    hasher: std::collections::hash_map::RandomState,
    generations: AtomicU64,
    count: AtomicUsize,
}

impl Default for Registry {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| RwLock::default()),
            hasher: std::collections::hash_map::RandomState::new(),
            generations: AtomicU64::new(1),
            count: AtomicUsize::new(0),
        }
    }
}

impl Registry {
    /// Joins. A connection of the same id gets `CLOSE` and ends.
    pub fn join(&self, address: Address, issued_ms: i64, speaks: bool, now_ms: i64) -> Arc<Connection> {
        let generation = self.generations.fetch_add(1, Ordering::Relaxed);
        let (outbox, channels) = (Outbox::default(), Mutex::default());
        let connection =
            Arc::new(Connection { address: address.clone(), generation, since_ms: now_ms, issued_ms, speaks, outbox, channels });
        match self.write(&address).insert(address, connection.clone()) {
            Some(before) => before.outbox.end(Ending::Normal, Some("CLOSE".into())),
            None => drop(self.count.fetch_add(1, Ordering::Relaxed)),
        }
        connection
    }

    /// Leaves; who took its place stays.
    pub fn leave(&self, connection: &Connection) {
        let mut shard = self.write(&connection.address);
        if shard.get(&connection.address).is_some_and(|there| there.generation == connection.generation) {
            shard.remove(&connection.address);
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
    }

    pub fn get(&self, address: &Address) -> Option<Arc<Connection>> {
        self.shards[self.shard(address)].read().unwrap_or_else(PoisonError::into_inner).get(address).cloned()
    }

    pub fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Every connection, at one moment per shard.
    pub fn all(&self) -> Vec<Arc<Connection>> {
        let read = |shard: &RwLock<HashMap<Address, Arc<Connection>>>| {
            shard.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect::<Vec<_>>()
        };
        self.shards.iter().flat_map(read).collect()
    }

    fn write(&self, address: &Address) -> RwLockWriteGuard<'_, HashMap<Address, Arc<Connection>>> {
        self.shards[self.shard(address)].write().unwrap_or_else(PoisonError::into_inner)
    }

    fn shard(&self, address: &Address) -> usize {
        usize::try_from(self.hasher.hash_one(address)).unwrap_or_default() % SHARDS
    }
}
