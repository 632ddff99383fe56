//! The key of section 9, a service that holds it, and a memory that does what a test tells it.

use oscartoki::replay::{LogStart, Recorded, Remembered, ReplayEntry, ReplayLog};
use oscartoki::{AudienceKey, Client, ClientConfig, Keyring, Secret, Service, ServiceConfig};
use std::collections::HashSet;
use std::sync::{Arc, Mutex};

pub const AUDIENCE: &str = "api.example.com";
pub const KID: [u8; 8] = [0x1f, 0x0e, 0x65, 0x52, 0xcd, 0xee, 0xfa, 0x20];
pub const TS: i64 = 1_795_300_000_123;
pub const NONCE: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

/// Remembers tags, or says what it was told to say.
#[derive(Debug, Default)]
pub struct TestLog {
    pub carried_ms: Option<i64>,
    pub says: Mutex<Option<Remembered>>,
    pub seen: Mutex<HashSet<[u8; 16]>>,
    pub v2: Mutex<HashSet<[u8; 8]>>,
}

impl ReplayLog for TestLog {
    fn start(&self, _empty_floor_ms: i64) -> LogStart {
        self.carried_ms.map_or(LogStart::Empty, |floor_ms| LogStart::Carried { floor_ms })
    }

    fn insert(&self, entry: &ReplayEntry, floor_ms: i64, _now_ms: i64) -> Recorded {
        assert!(entry.ts_ms > floor_ms, "a log is asked only for what is above the floor");
        let fresh = if self.seen.lock().unwrap().insert(entry.tag) { Remembered::Fresh } else { Remembered::Seen };
        Recorded { remembered: self.says.lock().unwrap().unwrap_or(fresh), floor_ms: None }
    }

    fn mark_v2(&self, kid: [u8; 8]) {
        self.v2.lock().unwrap().insert(kid);
    }

    fn has_spoken_v2(&self, kid: [u8; 8]) -> bool {
        self.v2.lock().unwrap().contains(&kid)
    }
}

pub struct World {
    pub key: AudienceKey,
    pub ring: Arc<Keyring>,
    pub log: Arc<TestLog>,
    pub service: Service,
}

pub fn secret() -> Secret {
    Secret::from_bytes(&(0..32).collect::<Vec<u8>>()).unwrap()
}

pub fn config() -> ServiceConfig {
    ServiceConfig { authorities: vec![AUDIENCE.to_owned()], first_start: true, ..ServiceConfig::default() }
}

impl World {
    pub fn new() -> Self {
        Self::with(config(), TestLog::default(), TS)
    }

    pub fn with(config: ServiceConfig, log: TestLog, start_ms: i64) -> Self {
        let key = secret().audience_key(AUDIENCE, 0).unwrap();
        let ring = Arc::new(Keyring::new(AUDIENCE).unwrap());
        ring.add(&key).unwrap();
        let log = Arc::new(log);
        let service = Service::new(config, ring.clone(), log.clone(), start_ms).unwrap();
        Self { key, ring, log, service }
    }

    pub fn client(&self) -> Client {
        Client::new(&secret(), AUDIENCE, ClientConfig::default()).unwrap()
    }
}

pub fn name<T>(result: oscartoki::Result<T>) -> &'static str {
    result.err().map_or("ok", |error| error.name())
}
