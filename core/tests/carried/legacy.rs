use crate::world::{AUDIENCE, KID, NONCE, TS, TestLog, World, config, name};
use oscartoki::replay::Remembered;
use oscartoki::{
    AnswerHeaders, AnswerRef, Content, Dialect, Handshake, Headers, RequestHead, ServiceConfig, V1Client, V1Key, Verdict, Version, hazmat,
};

const OLD: &[u8] = b"5cbc654dc3355e382201615c";
const UNTIL: i64 = TS + 86_400_000;

fn world() -> World {
    with(TestLog::default(), config())
}

fn with(log: TestLog, config: ServiceConfig) -> World {
    let world = World::with(config, log, TS);
    world.ring.add_v1(KID.to_vec(), OLD.to_vec(), UNTIL, Dialect::Any).unwrap();
    world
}

fn key() -> V1Key {
    V1Key::new(OLD).unwrap()
}

fn ask(world: &World, verb: &str, toki: Option<&str>, tokikey: Option<&str>, now_ms: i64) -> Verdict {
    let mut headers: Vec<(&[u8], &[u8])> = vec![(b"host", AUDIENCE.as_bytes())];
    headers.extend(toki.map(|toki| (&b"oscartoki"[..], toki.as_bytes())));
    headers.extend(tokikey.map(|tokikey| (&b"oscartokikey"[..], tokikey.as_bytes())));
    let head = RequestHead { verb: verb.as_bytes(), authority: None, target: b"/sum?a=1&b=3", headers: Headers::Pairs(&headers) };
    world.service.verify_head_ref(&head, Content::None, now_ms)
}

fn refusal(verdict: Verdict) -> (&'static str, u16) {
    match verdict {
        Verdict::Refused(refusal) => {
            assert!(!refusal.is_signed(), "a failed exchange never brings a toki");
            if let Some(body) = refusal.legacy_body() {
                assert_eq!(body, format!(r#"{{"status":"error","message":"{}"}}"#, refusal.error().name()));
            }
            (refusal.error().name(), refusal.status())
        }
        other => panic!("not refused: {other:?}"),
    }
}

fn first(world: &World, toki: &str, now_ms: i64) -> Handshake {
    match ask(world, "GET", Some(toki), None, now_ms) {
        Verdict::Handshake(handshake) => handshake,
        other => panic!("no handshake: {other:?}"),
    }
}

/// Accepts, and answers with the service's next toki.
fn second(world: &World, verb: &str, toki: &str, tokikey: &str, now_ms: i64) -> String {
    let Verdict::Accepted(request) = ask(world, verb, Some(toki), Some(tokikey), now_ms) else { panic!("not accepted") };
    assert_eq!((request.kid(), request.version(), request.authority()), (KID, Version::V1, AUDIENCE));
    let mut out = AnswerHeaders::default();
    let answer = AnswerRef { status: 200, ext: b"", content: Content::Bytes(b"4") };
    world.service.answer_ref(request.into_context(), &answer, now_ms, &mut out).unwrap();
    assert_eq!(out.grant(), None);
    out.toki().to_owned()
}

#[test]
fn the_two_steps_with_our_client() {
    let world = world();
    let client = V1Client::new(&key(), Dialect::Standard);
    for (turn, verb) in ["GET", "POST", "DELETE"].into_iter().enumerate() {
        let now = TS + 100 * i64::try_from(turn).unwrap();
        let exchange = client.begin(now).unwrap();
        let handshake = first(&world, &exchange.toki(), now + 1);
        let tokikey = exchange.accept_first(handshake.body().as_bytes(), Some(handshake.toki().into()), now + 2).unwrap();
        let toki = second(&world, verb, &exchange.toki(), &tokikey, now + 3);
        exchange.accept_second(Some(toki), now + 4).unwrap();
    }
    assert_eq!(world.service.counters().v1_accepted, 3);
}

#[test]
fn each_toki_counts_once_in_each_step() {
    let world = world();
    let toki = key().mint(TS).unwrap();
    let handshake = first(&world, &toki, TS);
    assert_eq!(refusal(ask(&world, "GET", Some(&toki), None, TS)), ("replayed", 409));
    second(&world, "POST", &toki, handshake.tokikey(), TS);
    assert_eq!(refusal(ask(&world, "POST", Some(&toki), Some(handshake.tokikey()), TS)), ("replayed", 409));
    assert_eq!(refusal(ask(&world, "GET", Some(&toki), Some(handshake.tokikey()), TS + 49_000)), ("replayed", 409));
}

/// How v1 falls: the service's own toki taken as a client's, without any key.
#[test]
fn what_was_minted_here_is_no_request() {
    let world = world();
    // Nothing to reflect from a failed exchange.
    for toki in [None, Some("IMVALID TOKI"), Some("1|2|3")] {
        let expected = if toki.is_none() { ("missing", 401) } else { ("malformed", 400) };
        assert_eq!(refusal(ask(&world, "GET", toki, None, TS)), expected);
    }
    let stolen = V1Key::new(b"another").unwrap().mint(TS).unwrap();
    assert_eq!(refusal(ask(&world, "GET", Some(&stolen), None, TS)), ("unknown_key", 401));
    // From an honest one: neither the toki of the handshake nor that of the answer, in either step.
    let toki = key().mint(TS).unwrap();
    let handshake = first(&world, &toki, TS);
    let answered = second(&world, "GET", &toki, handshake.tokikey(), TS);
    for reflected in [handshake.toki(), &answered] {
        let tokikey = key().mint_tokikey(reflected, TS).unwrap();
        assert_eq!(refusal(ask(&world, "GET", Some(reflected), None, TS)), ("reflected", 403));
        assert_eq!(refusal(ask(&world, "POST", Some(reflected), Some(&tokikey), TS)), ("reflected", 403));
        assert!(["reflected", "replayed"].contains(&refusal(ask(&world, "GET", Some(reflected), None, TS)).0));
    }
    // Nor does the service ever hand out a client's own.
    assert_ne!(handshake.toki(), toki);
    assert_ne!(handshake.toki(), answered);
}

#[test]
fn tokikeys_are_checked() {
    let world = world();
    let toki = key().mint(TS).unwrap();
    let good = key().mint_tokikey(&toki, TS).unwrap();
    let other = key().mint_tokikey(&key().mint(TS - 10).unwrap(), TS).unwrap();
    assert_eq!(refusal(ask(&world, "POST", Some(&toki), Some(&other), TS)), ("bad_mac", 401));
    assert_eq!(refusal(ask(&world, "POST", Some(&toki), Some("IMVALID TOKI"), TS)), ("malformed", 400));
    let old = key().mint_tokikey(&toki, TS - 10_000_000).unwrap();
    assert_eq!(refusal(ask(&world, "POST", Some(&toki), Some(&old), TS)), ("stale", 401));
    assert_eq!(refusal(ask(&world, "POST", Some(&toki), None, TS)), ("missing", 401), "only a GET begins");
    second(&world, "POST", &toki, &good, TS);
}

#[test]
fn the_rest_of_a_toki_is_checked() {
    let world = world();
    let toki = key().mint(TS).unwrap();
    let (head, noise) = toki.rsplit_once('|').unwrap();
    let flipped = noise.replace(|c: char| c.is_ascii_digit(), "f");
    assert_eq!(refusal(ask(&world, "GET", Some(&format!("{head}|{flipped}")), None, TS)), ("bad_mac", 401));
    first(&world, &toki, TS);
}

#[test]
fn age_future_and_the_end() {
    let toki = key().mint(TS + 10_000).unwrap();
    let ts = key().verify(&toki, Dialect::Any, TS + 10_000).unwrap();
    for (now, verdict) in [(ts - 5_001, "stale"), (ts + 50_001, "stale")] {
        assert_eq!(refusal(ask(&world(), "GET", Some(&toki), None, now)), (verdict, 401));
    }
    for now in [ts - 5_000, ts + 50_000] {
        first(&world(), &toki, now);
    }
    let last = key().mint(UNTIL).unwrap();
    first(&world(), &last, UNTIL);
    assert_eq!(refusal(ask(&world(), "GET", Some(&last), None, UNTIL + 1)), ("policy", 403));
}

#[test]
fn v1_ends_with_the_first_verified_v2_request() {
    let world = world();
    first(&world, &key().mint(TS).unwrap(), TS);
    let request = oscartoki::RequestRef { verb: b"GET", authority: AUDIENCE.as_bytes(), target: b"/", ext: b"", content: Content::None };
    let toki = hazmat::mint_request(&world.key, None, &request, TS, NONCE, false).unwrap();
    // A refused one ends nothing.
    let forged = toki.to_text().replace("ot2.IQ", "ot2.IR");
    assert!(matches!(world.service.verify_ref(&request, Some(forged.as_bytes()), None, TS), Verdict::Refused(_)));
    first(&world, &key().mint(TS - 10).unwrap(), TS);
    assert!(matches!(world.service.verify_ref(&request, Some(toki.to_text().as_bytes()), None, TS), Verdict::Accepted(_)));
    assert_eq!(refusal(ask(&world, "GET", Some(&key().mint(TS - 20).unwrap()), None, TS)), ("policy", 403));
}

#[test]
fn a_revoked_kid_has_no_v1() {
    let world = world();
    world.ring.revoke_key(KID.to_vec()).unwrap();
    assert_eq!(refusal(ask(&world, "GET", Some(&key().mint(TS).unwrap()), None, TS)), ("revoked", 403));
}

#[test]
fn where_no_key_has_v1_on_everything_else_is_malformed() {
    assert_eq!(refusal(ask(&World::new(), "GET", Some(&key().mint(TS).unwrap()), None, TS)), ("malformed", 400));
}

#[test]
fn a_memory_that_begins_empty_refuses_what_it_can_not_know() {
    let start = |log| with(log, ServiceConfig { first_start: false, ..config() });
    let at = |world: &World, ts: i64, now| match ask(world, "GET", Some(&exact(ts)), None, now) {
        Verdict::Handshake(_) => "ok",
        other => refusal(other).0,
    };
    // Times that serve every original, so that tokis have exactly them.
    let served = |from: i64| (from..).find(|ts| key().verify(&key().mint(*ts).unwrap(), Dialect::Any, *ts) == Ok(*ts)).unwrap();
    let before = (0..).map(|n| TS + 4_999 - n).find(|ts| served(*ts) == *ts).unwrap();
    let after = served(TS + 5_000);
    assert_eq!(at(&start(TestLog::default()), before, TS + 5_000), "stale");
    assert_eq!(at(&start(TestLog::default()), before, before + 50_000), "stale", "as long as it could be accepted");
    assert_eq!(at(&start(TestLog::default()), after, TS + 5_000), "ok");
    assert_eq!(at(&with(TestLog::default(), config()), before, TS + 5_000), "ok", "first_start");
    // Begun empty by another process a second ago, which the floor tells.
    let young = || start(TestLog { carried_ms: Some(TS - 1_000 + 4_000), ..TestLog::default() });
    assert_eq!(at(&young(), served(TS + 3_800), TS + 5_000), "stale");
    assert_eq!(at(&young(), served(TS + 4_000), TS + 5_000), "ok");
    // Carried over from long ago.
    let old = start(TestLog { carried_ms: Some(TS - 30_000), ..TestLog::default() });
    assert_eq!(at(&old, served(TS - 20_000), TS), "ok");
}

/// A toki of exactly this time, which serves every original.
fn exact(ts: i64) -> String {
    key().mint(ts).unwrap()
}

#[test]
fn a_memory_that_can_not_remember_refuses() {
    for says in [Remembered::Full, Remembered::Unreachable] {
        let world = world();
        *world.log.says.lock().unwrap() = Some(says);
        assert_eq!(refusal(ask(&world, "GET", Some(&key().mint(TS).unwrap()), None, TS)), ("busy", 503));
    }
}

#[test]
fn keys_are_tried_in_order_in_their_own_dialect() {
    let world = World::new();
    world.ring.add_v1(KID.to_vec(), b"k".to_vec(), UNTIL, Dialect::Standard).unwrap();
    world.ring.add_v1(vec![2; 8], OLD.to_vec(), UNTIL, Dialect::Java).unwrap();
    assert_eq!(first(&world, &key().mint(TS).unwrap(), TS).kid(), [2; 8]);
    assert_eq!(first(&world, &V1Key::new(b"k").unwrap().mint(TS).unwrap(), TS).kid(), KID);
    assert_eq!(name(world.ring.add_v1(vec![3; 8], Vec::new(), UNTIL, Dialect::Any)), "weak_secret");
}

#[test]
fn authority_and_method_are_checked_as_ever() {
    let world = world();
    let toki = key().mint(TS).unwrap();
    let judge = |verb: &[u8], headers: &[(&[u8], &[u8])]| {
        let head = RequestHead { verb, authority: None, target: b"/", headers: Headers::Pairs(headers) };
        refusal(world.service.verify_head_ref(&head, Content::None, TS)).0
    };
    let ours: (&[u8], &[u8]) = (b"oscartoki", toki.as_bytes());
    let host: (&[u8], &[u8]) = (b"host", AUDIENCE.as_bytes());
    assert_eq!(judge(b"GET", &[(b"host", b"other.example"), ours]), "unknown_authority");
    assert_eq!(judge(b"GET", &[ours]), "malformed");
    assert_eq!(judge(b"GET", &[host, ours, ours]), "malformed");
    assert_eq!(judge(b"GET", &[host, ours, (b"oscartokikey", b"")]), "malformed");
    assert_eq!(judge(b"get", &[host, ours]), "malformed");
    assert_eq!(judge(b"GET", &[host, ours, (b"x-http-method-override", b"PUT")]), "malformed");
}

/// The table that a service really has, from many threads.
#[test]
fn one_of_64_threads_wins_each_step() {
    let ring = std::sync::Arc::new(oscartoki::Keyring::new(AUDIENCE).unwrap());
    ring.add_v1(KID.to_vec(), OLD.to_vec(), UNTIL, Dialect::Any).unwrap();
    let log = std::sync::Arc::new(oscartoki::MemoryReplayLog::new(100_000));
    let service = oscartoki::Service::new(config(), ring, log, TS).unwrap();
    let request = oscartoki::RequestRef { verb: b"GET", authority: AUDIENCE.as_bytes(), target: b"/", ext: b"", content: Content::None };
    for turn in 0..20 {
        let now = TS + turn * 1_000;
        let toki = key().mint(now).unwrap();
        let tokikey = key().mint_tokikey(&toki, now).unwrap();
        let race = |tokikey: Option<&str>| {
            let verdicts: Vec<Verdict> = std::thread::scope(|scope| {
                let ask = || service.verify_ref(&request, Some(toki.as_bytes()), tokikey.map(str::as_bytes), now);
                let threads: Vec<_> = (0..64).map(|_| scope.spawn(ask)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            let won = verdicts.iter().filter(|verdict| !matches!(verdict, Verdict::Refused(_))).count();
            let replayed = verdicts.iter().filter(|v| matches!(v, Verdict::Refused(r) if r.error().name() == "replayed")).count();
            (won, replayed)
        };
        assert_eq!(race(None), (1, 63));
        assert_eq!(race(Some(&tokikey)), (1, 63));
    }
}

/// Many answers in one millisecond, each with a toki of its own that an original takes for a while.
#[test]
fn no_two_answers_carry_the_same_toki() {
    let ring = std::sync::Arc::new(oscartoki::Keyring::new(AUDIENCE).unwrap());
    ring.add_v1(KID.to_vec(), OLD.to_vec(), UNTIL, Dialect::Any).unwrap();
    let log = std::sync::Arc::new(oscartoki::MemoryReplayLog::new(100_000));
    let service = oscartoki::Service::new(ServiceConfig { first_start: false, ..config() }, ring, log, TS).unwrap();
    let request = oscartoki::RequestRef { verb: b"GET", authority: AUDIENCE.as_bytes(), target: b"/", ext: b"", content: Content::None };
    let client = V1Client::new(&key(), Dialect::Any);
    let now = TS + 6_000;
    for _ in 0..40 {
        let exchange = client.begin(now).unwrap();
        let Verdict::Handshake(handshake) = service.verify_ref(&request, Some(exchange.toki().as_bytes()), None, now) else {
            panic!("no handshake")
        };
        exchange.accept_first(handshake.body().as_bytes(), Some(handshake.toki().into()), now + 20_000).unwrap();
    }
}
