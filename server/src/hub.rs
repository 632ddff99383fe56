//! The websocket hub: a drop-in for Socktopus (`/recieve`, `/send`, `/kick`), and the same for holders of toki v2 tickets. docs/hub.md
//! says what goes over the wire.
//!
//! A connection has one task, which alone writes to its socket; everybody else puts messages into its bounded [`outbox`]. A generation tells
//! two connections of one id apart.

mod admit;
mod channel;
mod command;
mod events;
mod outbox;
mod publish;
mod registry;
mod routes;
mod socket;

pub use routes::routes;

use admit::Doorkeeper;
use channel::Channels;
pub use command::PROTOCOL;
use oscartoki::Service;
use oscartoki::socktopus::SocktopusSecrets;
use outbox::Ending;
use registry::{App, Registry};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// What a hub is made with.
pub struct HubConfig {
    /// The secrets of the apps. No two may be equal ([`SocktopusSecrets::are_distinct`]).
    pub secrets: SocktopusSecrets,
    /// Origins that may connect, beside that of Host.
    pub origins: Vec<String>,
    /// Verifies tickets and signed publishes; without one, only the secrets count.
    pub service: Option<Arc<Service>>,
    /// Milliseconds since the epoch.
    pub clock: fn() -> i64,
}

/// A hub. Clones are one.
#[derive(Clone)]
pub struct Hub(Arc<Shared>);

pub(crate) struct Shared {
    secrets: SocktopusSecrets,
    origins: Vec<String>,
    service: Option<Arc<Service>>,
    clock: fn() -> i64,
    registry: Registry,
    channels: Channels,
    doorkeeper: Doorkeeper,
    counters: Counters,
    /// Nobody is admitted any more.
    draining: AtomicBool,
}

/// What happened since the start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Connections that were admitted.
    pub connected: AtomicU64,
    /// Messages put into a connection's queue.
    pub delivered: AtomicU64,
    /// Messages for nobody, or for a queue that was full.
    pub failed: AtomicU64,
    /// Messages published to channels.
    pub published: AtomicU64,
    /// Connections that were kicked.
    pub kicked: AtomicU64,
    /// Connections closed because their client did not read.
    pub slow: AtomicU64,
    /// Connections that were refused.
    pub refused: AtomicU64,
}

impl Counters {
    fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

impl Hub {
    /// A hub that remembers everything in this process.
    pub fn new(config: HubConfig) -> Self {
        Self(Arc::new(Shared {
            doorkeeper: Doorkeeper::new((config.clock)()),
            secrets: config.secrets,
            origins: config.origins,
            service: config.service,
            clock: config.clock,
            registry: Registry::default(),
            channels: Channels::default(),
            counters: Counters::default(),
            draining: AtomicBool::new(false),
        }))
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.0.registry.len()
    }

    /// Counts since the start.
    pub fn counters(&self) -> &Counters {
        &self.0.counters
    }

    /// How many channels have a subscriber or a history.
    pub fn channels(&self) -> usize {
        self.0.channels.len()
    }

    /// Ends connections whose key was revoked or taken off the ring, and forgets what is old. To be called when either may have happened.
    pub fn sweep(&self) {
        let Some(service) = &self.0.service else { return self.0.channels.sweep((self.0.clock)()) };
        for connection in self.0.registry.all() {
            let App::Kid(kid) = connection.address.app else { continue };
            if service.keyring().stands(kid, connection.issued_ms.div_euclid(1_000)).is_err() {
                connection.outbox.end(Ending::Normal, Some("CLOSE".into()));
            }
        }
        self.0.channels.sweep((self.0.clock)());
    }

    /// Ends a connection and takes back what was issued to its id: the operator's kick. `app` as [`Hub::list`] tells it; false: there is no
    /// such app.
    pub fn kick(&self, app: &str, connection: &str) -> bool {
        let kid = app.strip_prefix("kid:").and_then(oscartoki::encoding::unhex).and_then(|kid| kid.try_into().ok());
        let address = match kid {
            Some(kid) => Some(registry::Address { app: App::Kid(kid), connection: connection.to_owned() }),
            None => self.0.named(app, connection),
        };
        address.as_ref().map(|address| self.0.kick(address)).is_some()
    }

    /// Who is connected, by app and id. For operators: the admin listener shows it.
    pub fn list(&self) -> Vec<Listed> {
        let all = self.0.registry.all();
        let mut list: Vec<Listed> = all.iter().map(|connection| self.0.listed(connection)).collect();
        list.sort_by(|one, other| (&one.app, &one.connection).cmp(&(&other.app, &other.connection)));
        list
    }

    /// Sends `CLOSE` to everybody and waits until they are gone, for `patience` at most. Nobody is admitted any more.
    pub async fn drain(&self, patience: Duration) {
        // Who joins after this looks at the flag himself.
        self.0.draining.store(true, Ordering::Release);
        for connection in self.0.registry.all() {
            connection.outbox.end(Ending::Away, Some("CLOSE".into()));
        }
        let gone = async {
            while self.connections() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let _ = tokio::time::timeout(patience, gone).await;
    }
}

/// An open connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The app's name, or `kid:` and the key id in hex.
    pub app: String,
    /// Its id.
    pub connection: String,
    /// Tells it from others of the same id.
    pub generation: u64,
    /// Since when it is open.
    pub since_ms: i64,
    /// When its token or ticket was minted.
    pub issued_ms: i64,
}

impl Shared {
    fn listed(&self, connection: &registry::Connection) -> Listed {
        Listed {
            app: self.app_name(connection.address.app),
            connection: connection.address.connection.clone(),
            generation: connection.generation,
            since_ms: connection.since_ms,
            issued_ms: connection.issued_ms,
        }
    }

    fn app_name(&self, app: App) -> String {
        match app {
            App::Named(at) => self.secrets.apps().nth(at.into()).unwrap_or_default().to_owned(),
            App::Kid(kid) => format!("kid:{}", oscartoki::encoding::hex(&kid)),
        }
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hub({} connections)", self.connections())
    }
}
