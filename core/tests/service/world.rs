//! One client, one service and a memory that does what a test tells it.

use oscartoki::replay::{LogStart, Recorded, Remembered, ReplayEntry, ReplayLog};
use oscartoki::{
    AnswerContext, AnswerHeaders, AnswerRef, AudienceKey, Content, Grant, Keyring, OscarError, Refusal, RequestRef, Secret, Service,
    ServiceConfig, Toki, Verdict, VerifiedRequest, hazmat,
};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

pub const AUDIENCE: &str = "api.example.com";
pub const NOW: i64 = 1_795_300_000_123;
pub const NONCE: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

/// Remembers tags, or says what it was told to say.
#[derive(Debug, Default)]
pub struct TestLog {
    pub carried_ms: Option<i64>,
    pub says: Mutex<Option<Remembered>>,
    pub floor_ms: Mutex<Option<i64>>,
    pub entries: Mutex<HashMap<[u8; 16], ReplayEntry>>,
    pub marked: Mutex<HashSet<[u8; 8]>>,
    pub empty_floor_ms: Mutex<Option<i64>>,
}

impl ReplayLog for TestLog {
    fn start(&self, empty_floor_ms: i64) -> LogStart {
        *self.empty_floor_ms.lock().unwrap() = Some(empty_floor_ms);
        self.carried_ms.map_or(LogStart::Empty, |floor_ms| LogStart::Carried { floor_ms })
    }

    fn insert(&self, entry: &ReplayEntry, _floor_ms: i64, _now_ms: i64) -> Recorded {
        let floor_ms = *self.floor_ms.lock().unwrap();
        if let Some(remembered) = *self.says.lock().unwrap() {
            return Recorded { remembered, floor_ms };
        }
        let seen = self.entries.lock().unwrap().insert(entry.tag, *entry).is_some();
        Recorded { remembered: if seen { Remembered::Seen } else { Remembered::Fresh }, floor_ms }
    }

    fn mark_v2(&self, kid: [u8; 8]) {
        self.marked.lock().unwrap().insert(kid);
    }

    fn has_spoken_v2(&self, kid: [u8; 8]) -> bool {
        self.marked.lock().unwrap().contains(&kid)
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
        Self::with(config(), TestLog::default(), NOW)
    }

    pub fn with(config: ServiceConfig, log: TestLog, start_ms: i64) -> Self {
        let key = secret().audience_key(AUDIENCE, 0).unwrap();
        let ring = Arc::new(Keyring::new(AUDIENCE).unwrap());
        ring.add(&key).unwrap();
        let log = Arc::new(log);
        let service = Service::new(config, ring.clone(), log.clone(), start_ms).unwrap();
        Self { key, ring, log, service }
    }

    pub fn root(&self, request: &RequestRef<'_>, ts_ms: i64, nonce: u64, want: bool) -> Toki {
        hazmat::mint_request(&self.key, None, request, ts_ms, nonce.to_be_bytes(), want).unwrap()
    }

    pub fn in_session(&self, grant: &Grant, request: &RequestRef<'_>, ts_ms: i64, want: bool) -> Toki {
        hazmat::mint_request(&self.key, Some(grant), request, ts_ms, NONCE, want).unwrap()
    }

    /// A grant as if this service had made it.
    pub fn grant(&self, exp_s: i64, ttl_s: i64) -> Grant {
        let q = self.root(&get("/"), NOW, 0, true);
        hazmat::mint_grant(&self.key, &q, [0xa0; 8], exp_s, ttl_s).unwrap()
    }

    pub fn verify(&self, request: &RequestRef<'_>, toki: &Toki, grant: Option<&Grant>, now_ms: i64) -> Verdict {
        let grant = grant.map(Grant::to_text);
        self.service.verify_ref(request, Some(toki.to_text().as_bytes()), grant.as_deref().map(str::as_bytes), now_ms)
    }

    /// What becomes of a GET of the root key: `None` accepted, else name, code and status of the refusal.
    pub fn root_get(&self, ts_ms: i64, now_ms: i64) -> Judged {
        let toki = self.root(&get("/"), ts_ms, rand_nonce(), false);
        judged(self.verify(&get("/"), &toki, None, now_ms))
    }

    /// The same in a session.
    pub fn session_get(&self, grant: &Grant, ts_ms: i64, now_ms: i64) -> Judged {
        let toki = hazmat::mint_request(&self.key, Some(grant), &get("/"), ts_ms, rand_nonce().to_be_bytes(), false).unwrap();
        judged(self.verify(&get("/"), &toki, Some(grant), now_ms))
    }
}

pub type Judged = Option<(&'static str, Option<u8>, u16)>;

pub fn judged(verdict: Verdict) -> Judged {
    match verdict {
        Verdict::Accepted(_) => None,
        Verdict::Refused(refusal) => Some(named(&refusal)),
        other => panic!("neither accepted nor refused: {other:?}"),
    }
}

pub fn named(refusal: &Refusal) -> (&'static str, Option<u8>, u16) {
    assert_eq!(refusal.www_authenticate(), refusal.status() == 401);
    assert_eq!(refusal.is_signed(), refusal.code().is_some());
    (refusal.error().name(), refusal.code(), refusal.status())
}

pub fn accepted(verdict: Verdict) -> VerifiedRequest {
    match verdict {
        Verdict::Accepted(request) => request,
        other => panic!("not accepted: {other:?}"),
    }
}

pub fn refused(verdict: Verdict) -> Refusal {
    match verdict {
        Verdict::Refused(refusal) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

pub fn unsigned(error: OscarError, status: u16) -> Judged {
    Some((error.name(), None, status))
}

pub fn answer(service: &Service, context: AnswerContext, answer: &AnswerRef<'_>, now_ms: i64) -> AnswerHeaders {
    let mut headers = AnswerHeaders::default();
    service.answer_ref(context, answer, now_ms, &mut headers).unwrap();
    headers
}

pub fn request<'a>(verb: &'a str, target: &'a str, body: &'a [u8]) -> RequestRef<'a> {
    let content = if body.is_empty() { Content::None } else { Content::Bytes(body) };
    RequestRef { verb: verb.as_bytes(), authority: AUDIENCE.as_bytes(), target: target.as_bytes(), ext: b"", content }
}

pub fn get(target: &str) -> RequestRef<'_> {
    request("GET", target, b"")
}

/// Another one at each call.
pub fn rand_nonce() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
