//! A replay memory in Redis, for the machines of a fleet.
//!
//! Entry, quota and floor are one script, so that no two machines accept one toki. The floor stands beside the run id of the server that
//! wrote it: after a restart, a failover or a flush the memory may have lost what it was told last, so that the floor begins anew at
//! now + 2F and nothing of before is accepted. A server that does not answer within 50 ms is out of reach; after three of those in a row
//! nobody waits for it for a second.

mod breaker;
mod link;
mod resp;
mod script;

use crate::StoreError;
use breaker::Breaker;
use link::{Link, Target};
use oscartoki::fork;
use oscartoki::replay::{LogStart, Quotas, Recorded, Remembered, ReplayEntry, ReplayLog, Space};
use oscartoki::time::FUTURE_MS;
use resp::Fault;
use script::{Judged, Names};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a request waits for the server, at most.
const DEADLINE: Duration = Duration::from_millis(50);
/// How long [`RedisReplayLog::open`] and a start wait.
const PATIENCE: Duration = Duration::from_secs(2);
/// Connections that wait for the next request.
const IDLE_MAX: usize = 16;

/// Remembers for all machines that name the same server and the same memory. Its server must not evict (`maxmemory-policy noeviction`).
pub struct RedisReplayLog {
    target: Target,
    names: Names,
    quotas: Quotas,
    breaker: Breaker,
    idle: Mutex<Idle>,
}

struct Idle {
    links: Vec<Link>,
    /// A child must not speak on its parent's connections.
    forks: u64,
}

impl RedisReplayLog {
    /// Opens the memory `name` (most often the audience) at a `redis://` address. `capacity`: how many live requests are expected; a kid may have
    /// half of them, a session a sixteenth. Errors: an address that is none, no answer within 2 s, a server that may evict.
    pub fn open(url: &str, name: &str, capacity: usize) -> Result<Self, StoreError> {
        if capacity == 0 {
            return Err(StoreError::Options("a replay memory has room for 1 entry or more"));
        }
        let target = Target::parse(url)?;
        let idle = Mutex::new(Idle { links: vec![target.connect(PATIENCE)?], forks: fork::count() });
        Ok(Self { target, names: Names::of(name), quotas: Quotas::of(capacity), breaker: Breaker::default(), idle })
    }

    /// `HOST:PORT`, or the path of a socket: for logs.
    pub fn address(&self) -> &str {
        &self.target.address
    }

    /// One exchange, on a connection that nobody else has. `None`: out of reach.
    fn ask<T>(&self, deadline: Duration, exchange: impl FnOnce(&mut Link) -> Result<T, Fault>) -> Option<Result<T, Fault>> {
        if !self.breaker.lets_through() {
            return None;
        }
        let mut link = match self.take().map_or_else(|| self.target.connect(deadline), Ok) {
            Ok(link) => link,
            Err(_) => {
                self.breaker.failed();
                return None;
            }
        };
        link.wait_for(deadline);
        let came = exchange(&mut link);
        match &came {
            // The server answered, if only that it can't.
            Ok(_) => self.keep(link),
            Err(error) if link::is_refusal(error) => self.keep(link),
            // A late answer would be taken for the next one's: the connection goes.
            Err(_) => {
                self.breaker.failed();
                return None;
            }
        }
        self.breaker.succeeded();
        Some(came)
    }

    fn take(&self) -> Option<Link> {
        self.idle().links.pop()
    }

    fn keep(&self, link: Link) {
        let mut idle = self.idle();
        if idle.links.len() < IDLE_MAX {
            idle.links.push(link);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.forks != fork::count() {
            *idle = Idle { links: Vec::new(), forks: fork::count() };
        }
        idle
    }
}

impl ReplayLog for RedisReplayLog {
    fn start(&self, empty_floor_ms: i64) -> LogStart {
        match self.ask(PATIENCE, |link| script::start(link, &self.names, empty_floor_ms)) {
            Some(Ok(Some(floor_ms))) => LogStart::Carried { floor_ms },
            // Out of reach, too: what it knows is judged with the next insert, and this service's own floor covers what was before.
            _ => LogStart::Empty,
        }
    }

    fn insert(&self, entry: &ReplayEntry, floor_ms: i64, now_ms: i64) -> Recorded {
        let gone_floor_ms = now_ms.saturating_add(2 * FUTURE_MS);
        let asked = self.ask(DEADLINE, |link| script::insert(link, &self.names, entry, floor_ms, gone_floor_ms, now_ms, self.quotas));
        match asked {
            Some(Ok((judged, floor_ms))) => {
                let remembered = match judged {
                    Judged::Fresh => Remembered::Fresh,
                    Judged::Seen => Remembered::Seen,
                    Judged::Full => Remembered::Full,
                };
                Recorded { remembered, floor_ms: Some(floor_ms) }
            }
            // It has no room, or is not the one that is written to.
            Some(Err(_)) => Recorded { remembered: Remembered::Full, floor_ms: None },
            // v1 has no safe methods: what can't be remembered is refused there by its own judge.
            None => Recorded { remembered: Remembered::Unreachable, floor_ms: None },
        }
    }

    fn mark_v2(&self, kid: [u8; 8]) {
        // A mark that is lost leaves v1 on for this kid until it speaks v2 again, which is soon.
        let _ = self.ask(DEADLINE, |link| script::mark(link, &self.names, kid));
    }

    fn has_spoken_v2(&self, kid: [u8; 8]) -> bool {
        matches!(self.ask(DEADLINE, |link| script::is_marked(link, &self.names, kid)), None | Some(Err(_) | Ok(true)))
    }
}

impl std::fmt::Debug for RedisReplayLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisReplayLog").field("address", &self.target.address).finish_non_exhaustive()
    }
}

/// Which keys a space has.
const fn letter(space: Space) -> char {
    match space {
        Space::Toki => 't',
        Space::V1 => 'o',
    }
}
