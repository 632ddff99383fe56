//! Who may come in: a token or a ticket is good once, and not after a kick.

use super::Shared;
use super::registry::{Address, App};
use oscartoki::socktopus::{SocktopusToken, TOKEN_AHEAD_MS, TOKEN_LIFE_MS};
use oscartoki::{OscarError, Result};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A kick denies what was issued up to so long after it, in milliseconds: as far as a token may be dated ahead.
const KICK_AHEAD_MS: i64 = TOKEN_AHEAD_MS;
/// And for so long: until the last such token is stale.
const KICK_TOKENS_MS: i64 = KICK_AHEAD_MS + TOKEN_LIFE_MS;
/// Tickets are good for a service's window, 30 s at most.
const KICK_TICKETS_MS: i64 = 40_000;

/// Who was let in with what, and who was kicked.
pub struct Doorkeeper {
    /// A token from before this hub may have been used in an earlier one.
    began_ms: i64,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    spent: HashSet<(Address, i64)>,
    /// The same by the time when they are stale.
    spent_until: BTreeMap<i64, Vec<(Address, i64)>>,
    kicked: HashMap<Address, i64>,
}

impl Doorkeeper {
    pub fn new(began_ms: i64) -> Self {
        Self { began_ms, memory: Mutex::default() }
    }

    /// Takes an id's tokens and tickets back, those of the near future too.
    pub fn kick(&self, address: &Address, now_ms: i64) {
        let mut memory = self.lock();
        memory.kicked.retain(|_, at_ms| now_ms < at_ms.saturating_add(KICK_TICKETS_MS));
        memory.kicked.insert(address.clone(), now_ms);
    }

    /// Judges what is authentic: `revoked` after a kick, `replayed` when a token was used. `life_ms`: for how long such a thing is good.
    fn admit(&self, address: &Address, issued_ms: i64, once: bool, kicks_ms: i64, now_ms: i64) -> Result<()> {
        let mut memory = self.lock();
        let denied = |at_ms: i64| issued_ms <= at_ms.saturating_add(KICK_AHEAD_MS) && now_ms < at_ms.saturating_add(kicks_ms);
        if memory.kicked.get(address).is_some_and(|at_ms| denied(*at_ms)) {
            return Err(OscarError::Revoked("this id was kicked"));
        }
        if !once {
            return Ok(());
        }
        if issued_ms < self.began_ms {
            return Err(OscarError::Stale("the token is older than this hub"));
        }
        let live = memory.spent_until.split_off(&now_ms);
        for stale in std::mem::replace(&mut memory.spent_until, live).into_values().flatten() {
            memory.spent.remove(&stale);
        }
        let spent = (address.clone(), issued_ms);
        if !memory.spent.insert(spent.clone()) {
            return Err(OscarError::Replayed("the token was used before"));
        }
        memory.spent_until.entry(issued_ms.saturating_add(TOKEN_LIFE_MS + 1)).or_default().push(spent);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who comes in, and when what lets him in was issued.
pub struct Admitted {
    pub address: Address,
    pub issued_ms: i64,
}

impl Shared {
    /// The address of an app's connection, where the app has a secret here.
    pub fn named(&self, app: &str, connection: &str) -> Option<Address> {
        self.app(app).map(|app| Address { app, connection: connection.to_owned() })
    }

    /// An app that has a secret here.
    pub fn app(&self, name: &str) -> Option<App> {
        let at = self.secrets.apps().position(|known| known == name)?;
        u16::try_from(at).ok().map(App::Named)
    }

    /// Spends a Socktopus token. Errors: `missing`, `malformed`, `unknown_key`, `bad_mac`, `stale`, `replayed`, `revoked`.
    pub fn admit_token(&self, token: &str) -> Result<Admitted> {
        if token.is_empty() {
            return Err(OscarError::Missing("a connection brings a token"));
        }
        let now_ms = (self.clock)();
        let token = SocktopusToken::verify(&self.secrets, token, now_ms)?;
        let address = self.named(&token.app, &token.connection).ok_or(OscarError::UnknownKey("the app is not held here"))?;
        self.doorkeeper.admit(&address, token.ts_ms, true, KICK_TOKENS_MS, now_ms)?;
        Ok(Admitted { address, issued_ms: token.ts_ms })
    }

    /// Spends a ticket of toki v2. Errors: those of a ticket, and `revoked` after a kick.
    pub fn admit_ticket(&self, ticket: &str, origin: Option<&str>) -> Result<Admitted> {
        let service = self.service.as_ref().ok_or(OscarError::UnknownKey("this hub holds no keys"))?;
        let now_ms = (self.clock)();
        let ticket = service.verify_ticket_ref(Some(ticket.as_bytes()), origin.map(str::as_bytes), false, now_ms)?;
        let connection = String::from_utf8(ticket.connection).map_err(|_| OscarError::Malformed("a connection id is UTF-8 here"))?;
        let kid = ticket.kid.try_into().map_err(|_| OscarError::Malformed("a key id has 8 bytes"))?;
        let address = Address { app: App::Kid(kid), connection };
        self.doorkeeper.admit(&address, ticket.ts_ms, false, KICK_TICKETS_MS, now_ms)?;
        Ok(Admitted { address, issued_ms: ticket.ts_ms })
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, App, Doorkeeper, KICK_TOKENS_MS};

    fn address() -> Address {
        Address { app: App::Named(0), connection: "alice".into() }
    }

    fn name(came: oscartoki::Result<()>) -> &'static str {
        came.err().map_or("ok", |error| error.name())
    }

    #[test]
    fn once_and_not_after_a_kick() {
        let door = Doorkeeper::new(1_000);
        let admit = |ts, now| name(door.admit(&address(), ts, true, KICK_TOKENS_MS, now));
        assert_eq!((admit(2_000, 2_000), admit(2_000, 2_001), admit(2_000, 7_000)), ("ok", "replayed", "replayed"));
        assert_eq!(admit(999, 2_000), "stale");
        door.kick(&address(), 10_000);
        assert_eq!((admit(9_000, 10_001), admit(11_000, 10_001), admit(11_001, 10_001)), ("revoked", "revoked", "ok"));
        assert_eq!((admit(11_000, 15_999), admit(11_000, 16_000)), ("revoked", "ok"));
    }

    #[test]
    fn what_is_stale_is_forgotten() {
        let door = Doorkeeper::new(0);
        for ts in 0..1_000 {
            assert_eq!(name(door.admit(&address(), ts * 10, true, KICK_TOKENS_MS, ts * 10)), "ok");
        }
        assert!(door.lock().spent.len() <= 502);
    }
}
