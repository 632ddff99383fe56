//! One process of the service, its clock, and what it does wrong under a mutant.

use crate::Mutant;
use oscartoki::replay::{Remembered, ReplayEntry, Space};
use oscartoki::time::{FUTURE_MS, WINDOW_MS};
use oscartoki::{
    AnswerContext, AnswerHeaders, AnswerRef, AudienceKey, Content, Grant, Keyring, ReplayLog, RequestRef, Service, ServiceConfig, Toki,
    Verdict, hazmat,
};
use std::sync::Arc;

pub const AUDIENCE: &str = "api.example.com";

/// A request on the wire. `arrives` differs from `body` where the adversary changed it.
#[derive(Clone, Debug)]
pub struct Packet {
    pub attempt: usize,
    pub verb: String,
    pub target: String,
    pub ext: Vec<u8>,
    pub body: Option<[u8; 32]>,
    pub arrives: Option<[u8; 32]>,
    pub toki: String,
    pub grant: Option<String>,
}

/// An answer on the wire.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    pub accepted: bool,
    pub status: u16,
    pub code: Option<u8>,
    pub toki: Option<String>,
    pub grant: Option<String>,
    pub body: &'static [u8],
}

pub struct Node {
    pub service: Service,
    pub log: Arc<dyn ReplayLog>,
    pub ahead_ms: i64,
    pub mutant: Mutant,
}

impl Node {
    pub fn start(ring: &Arc<Keyring>, log: Arc<dyn ReplayLog>, ahead_ms: i64, first_start: bool, mutant: Mutant, at_ms: i64) -> Self {
        let first_start = first_start || mutant == Mutant::AlwaysFirstStart;
        let config = ServiceConfig { authorities: vec![AUDIENCE.to_owned()], first_start, ..ServiceConfig::default() };
        let service = Service::new(config, ring.clone(), log.clone(), at_ms + ahead_ms).unwrap();
        Self { service, log, ahead_ms, mutant }
    }

    /// Reads one request at the world's time `at_ms`, and answers.
    pub fn judge(&self, packet: &Packet, key: &AudienceKey, at_ms: i64) -> Reply {
        let now_ms = at_ms + self.ahead_ms;
        let request = RequestRef {
            verb: packet.verb.as_bytes(),
            authority: AUDIENCE.as_bytes(),
            target: packet.target.as_bytes(),
            ext: &packet.ext,
            content: packet.body.map_or(Content::None, Content::Digest),
        };
        let grant = packet.grant.as_deref().map(str::as_bytes);
        let verdict = match self.service.verify_ref(&request, Some(packet.toki.as_bytes()), grant, now_ms) {
            Verdict::Pending(pending) => {
                let arrived = if self.mutant == Mutant::BodyUnchecked { packet.body } else { packet.arrives };
                pending.finish(arrived.as_ref())
            }
            verdict => verdict,
        };
        let parsed = || (Toki::parse(packet.toki.as_bytes()).unwrap(), grant.map(|text| Grant::parse(text).unwrap()));
        match verdict {
            Verdict::Accepted(request) => {
                let (toki, session) = parsed();
                if self.mutant == Mutant::ExpiryByNow && session.is_some_and(|grant| now_ms > grant.exp_s() * 1000) {
                    return by_hand(key, session.as_ref(), &toki, 3, now_ms);
                }
                let body: &[u8] = if packet.verb == "HEAD" { b"" } else { b"{\"ran\":true}" };
                Reply { accepted: true, ..signed(request.into_context(), 200, 0, body, now_ms) }
            }
            Verdict::Refused(refusal) => {
                let (status, code) = (refusal.status(), refusal.code());
                let (toki, session) = parsed();
                let (ts_ms, tag) = (toki.claimed_ts_ms(), toki.tag());
                if self.mutant == Mutant::FutureAccepted && code == Some(1) && ts_ms > now_ms + FUTURE_MS {
                    let keep_ms = 2 * (WINDOW_MS + FUTURE_MS);
                    let entry = ReplayEntry { space: Space::Toki, tag, kid: key.kid_bytes(), sid: None, ts_ms, keep_ms };
                    if self.log.insert(&entry, self.service.floor_ms(), now_ms).remembered == Remembered::Fresh {
                        return by_hand(key, session.as_ref(), &toki, 0, now_ms);
                    }
                }
                let body: &[u8] = if packet.verb == "HEAD" || status == 204 { b"" } else { b"refused" };
                match refusal.into_context() {
                    Some(context) => signed(context, status, code.unwrap(), body, now_ms),
                    None => Reply { status, body, ..Reply::default() },
                }
            }
            other => panic!("no such verdict in this world: {other:?}"),
        }
    }
}

fn signed(context: AnswerContext, status: u16, code: u8, body: &'static [u8], now_ms: i64) -> Reply {
    let mut headers = AnswerHeaders::default();
    let content = if body.is_empty() { Content::None } else { Content::Bytes(body) };
    context.answer_ref(&AnswerRef { status, ext: &[], content }, now_ms, &mut headers).unwrap();
    let (toki, grant) = (Some(headers.toki().to_owned()), headers.grant().map(str::to_owned));
    Reply { accepted: false, status, code: Some(code), toki, grant, body }
}

/// An answer that the shipped service would not give.
fn by_hand(key: &AudienceKey, session: Option<&Grant>, toki: &Toki, code: u8, now_ms: i64) -> Reply {
    let status = if code == 0 { 200 } else { 401 };
    let answer = hazmat::mint_answer(key, session, toki, code, now_ms, &AnswerRef { status, ..AnswerRef::default() }, None).unwrap();
    Reply { accepted: code == 0, status, code: Some(code), toki: Some(answer.to_text()), grant: None, body: b"" }
}
