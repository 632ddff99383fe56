//! Signing, verifying, answering and accepting take nothing from the heap; the rare step that does is named here too.
#![allow(clippy::unwrap_used)]

mod counting;

use counting::{Counting, allocations};
use oscartoki::{
    AnswerHeaders, AnswerRef, Client, ClientConfig, Content, Keyring, MemoryReplayLog, OscarError, RequestRef, Secret, Service,
    ServiceConfig, SignContext, SignOptions, SignedHeaders, Verdict, VerifiedRequest, sha256,
};
use std::sync::Arc;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const NAME: &str = "api.example.com";
const NOW: i64 = 1_795_300_000_000;

struct World {
    client: Client,
    service: Service,
}

impl World {
    fn new() -> Self {
        let secret = Secret::from_bytes(&std::array::from_fn::<_, 32, _>(|at| at as u8)).unwrap();
        let config = ClientConfig { trust_clock: true, ..ClientConfig::default() };
        let ring = Arc::new(Keyring::new(NAME).unwrap());
        ring.add(&secret.audience_key(NAME, 0).unwrap()).unwrap();
        let rules = ServiceConfig { authorities: vec![NAME.into()], first_start: true, ..ServiceConfig::default() };
        let service = Service::new(rules, ring, Arc::new(MemoryReplayLog::new(1 << 12)), NOW).unwrap();
        Self { client: Client::new(&secret, NAME, config).unwrap(), service }
    }

    fn sign(&self, request: &RequestRef<'_>, now_ms: i64) -> (SignContext, SignedHeaders) {
        let mut signed = SignedHeaders::default();
        let options = SignOptions::default();
        let (count, context) = allocations(|| self.client.sign_ref(request, options, now_ms, None, &mut signed).unwrap());
        assert_eq!(count, 0, "sign");
        (context, signed)
    }

    fn verify(&self, request: &RequestRef<'_>, signed: &SignedHeaders, now_ms: i64) -> (u64, VerifiedRequest) {
        allocations(|| {
            let verdict = self.service.verify_ref(request, Some(signed.toki().as_bytes()), signed.grant().map(str::as_bytes), now_ms);
            match (verdict, request.content) {
                (Verdict::Accepted(verified), _) => verified,
                (Verdict::Pending(pending), Content::Digest(digest)) => match pending.finish(Some(&digest)) {
                    Verdict::Accepted(verified) => verified,
                    other => panic!("{other:?}"),
                },
                (other, _) => panic!("{other:?}"),
            }
        })
    }

    /// A whole exchange; how often verifying and accepting allocated.
    fn exchange(&self, request: &RequestRef<'_>, now_ms: i64) -> (u64, u64) {
        let (context, signed) = self.sign(request, now_ms);
        let (verifying, verified) = self.verify(request, &signed, now_ms);
        let answer = AnswerRef { status: 200, ext: &[], content: Content::Bytes(b"{}") };
        let mut out = AnswerHeaders::default();
        let (answering, ()) = allocations(|| self.service.answer_ref(verified.into_context(), &answer, now_ms, &mut out).unwrap());
        assert_eq!(answering, 0, "answer");
        let (accepting, outcome) = allocations(|| {
            self.client.accept_ref(context, &answer, Some(out.toki().as_bytes()), out.grant().map(str::as_bytes), now_ms, None)
        });
        assert_eq!(outcome.error, None);
        (verifying, accepting)
    }
}

fn requests() -> [RequestRef<'static>; 3] {
    let fields = RequestRef { verb: b"POST", authority: b"API.example.com:443", target: b"/v1/accounts?limit=10", ..RequestRef::default() };
    [
        RequestRef { verb: b"GET", ..fields },
        RequestRef { content: Content::Bytes(br#"{"a":1}"#), ..fields },
        RequestRef { ext: b"\0\x01a\0\x01b", content: Content::Digest(sha256(b"x")), ..fields },
    ]
}

#[test]
fn a_session_that_is_cached_takes_nothing_from_the_heap() {
    let world = World::new();
    // The first answer brings the grant, the second request its schedule: both are kept, and that takes memory.
    let (verifying, accepting) = world.exchange(&requests()[0], NOW);
    assert_eq!(verifying, 0, "with the root key");
    assert!(accepting > 0, "a new grant is kept");
    let (verifying, accepting) = world.exchange(&requests()[0], NOW + 1);
    assert!(verifying > 0, "a new session's schedule is kept");
    assert_eq!(accepting, 0);
    for (at, request) in (2..).zip(requests().iter().cycle().take(30)) {
        assert_eq!(world.exchange(request, NOW + at), (0, 0), "{request:?}");
    }
}

#[test]
fn the_root_key_takes_nothing_from_the_heap() {
    let world = World::new();
    for (at, request) in (0..).zip(requests().iter().cycle().take(30)) {
        // Nobody accepts, so every request is the root key's.
        let (_, signed) = world.sign(request, NOW + at);
        assert!(signed.grant().is_none());
        let (count, verified) = world.verify(request, &signed, NOW + at);
        assert_eq!(count, 0, "{request:?}");
        let mut out = AnswerHeaders::default();
        let answer = AnswerRef { status: 204, ..AnswerRef::default() };
        let (count, ()) = allocations(|| world.service.answer_ref(verified.into_context(), &answer, NOW + at, &mut out).unwrap());
        assert_eq!(count, 0, "with a grant");
        assert!(out.grant().is_some());
    }
}

#[test]
fn refusals_take_nothing_from_the_heap() {
    let world = World::new();
    let request = requests()[0];
    let (_, signed) = world.sign(&request, NOW);
    let refused = |target: &[u8], toki: Option<&[u8]>, now_ms| {
        let (count, error) = allocations(|| match world.service.verify_ref(&RequestRef { target, ..request }, toki, None, now_ms) {
            Verdict::Refused(refusal) => refusal.error(),
            other => panic!("{other:?}"),
        });
        assert_eq!(count, 0, "{error}");
        error.name()
    };
    let toki = signed.toki().as_bytes();
    assert_eq!(refused(request.target, None, NOW), OscarError::Missing("").name());
    assert_eq!(refused(request.target, Some(b"ot2."), NOW), "malformed");
    assert_eq!(refused(b"/other", Some(toki), NOW), "bad_mac");
    assert_eq!(refused(request.target, Some(toki), NOW + 60_000), "stale");
    let world = World::new();
    let (_, signed) = world.sign(&request, NOW);
    world.verify(&request, &signed, NOW);
    let (count, verdict) = allocations(|| world.service.verify_ref(&request, Some(signed.toki().as_bytes()), None, NOW));
    assert!(matches!(verdict, Verdict::Refused(refusal) if refusal.error().name() == "replayed"));
    assert_eq!(count, 0, "replayed");
}
