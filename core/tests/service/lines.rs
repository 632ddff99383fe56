//! Lines 1 to 8.

use crate::world::{AUDIENCE, Judged, NONCE, NOW, TestLog, World, accepted, config, get, judged, rand_nonce, request, unsigned};
use oscartoki::replay::Remembered;
use oscartoki::{Content, Grant, OscarError, RequestRef, ServiceConfig, hazmat};

const MALFORMED: Judged = Some(("malformed", None, 400));
const STALE: Judged = Some(("stale", Some(1), 401));
const REVOKED: Judged = Some(("revoked", Some(4), 403));
const EXPIRED: Judged = Some(("grant_expired", Some(3), 401));
const POLICY: Judged = Some(("policy", Some(6), 403));
const F: i64 = 2_000;
const W: i64 = 30_000;

#[test]
fn the_vectors_of_section_9_verify() {
    let world = World::new();
    let post = request("POST", "/v1/transfer?dry=0", b"{\"amount\":10}");
    let q = b"ot2.IQofDmVSze76IAGiADgBewECAwQFBgcIW8XPj1Fcadcpvhuo3QgFWA";
    let verified = accepted(world.service.verify_ref(&post, Some(q), None, NOW));
    assert_eq!((verified.kid().to_vec(), verified.sid()), (world.key.kid(), None));
    assert_eq!((verified.ts_ms(), verified.nonce(), verified.want(), verified.authority()), (NOW, NONCE, true, AUDIENCE));

    let accounts = get("/v1/accounts?limit=10");
    let in_session = b"ot2.IQGgoaKjpKWmpwGiADgE6AAAAAAAAAAAKAdcjgLTeo10qgnNFT2kLA";
    let grant = b"ok2.KgAfDmVSze76IKChoqOkpaanawIc-AJYPYh3PGeQSf4";
    let verified = accepted(world.service.verify_ref(&accounts, Some(in_session), Some(grant), NOW));
    assert_eq!(verified.sid(), Some([0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7]));
    assert_eq!((verified.ts_ms(), verified.want()), (1_795_300_001_000, false));

    let head = request("HEAD", "/v1/transfer?dry=0", b"");
    let probe = b"ot2.IQgfDmVSze76IAAAAAAAAAECAwQFBgcIIFK5lWwcLjxeeK_F5MgKmQ";
    assert_eq!(judged(world.service.verify_ref(&head, Some(probe), None, NOW)), Some(("stale", Some(1), 204)));
}

#[test]
fn missing_comes_before_malformed_before_unknown_authority() {
    let world = World::new();
    let bad = RequestRef { verb: b"get", authority: b"elsewhere.example", ..get("/") };
    assert_eq!(judged(world.service.verify_ref(&bad, None, Some(b"ok2."), NOW)), unsigned(OscarError::Missing(""), 401));
    assert_eq!(judged(world.service.verify_ref(&bad, Some(b"ot2."), None, NOW)), MALFORMED);
    let toki = world.root(&get("/"), NOW, 1, false);
    let elsewhere = RequestRef { authority: b"elsewhere.example", ..get("/") };
    assert_eq!(judged(world.verify(&elsewhere, &toki, None, NOW)), unsigned(OscarError::UnknownAuthority(""), 400));
    let nowhere = RequestRef { authority: b"elsewhere.example/", ..get("/") };
    assert_eq!(judged(world.verify(&nowhere, &toki, None, NOW)), MALFORMED);
    // An unknown authority comes before an unknown key.
    world.ring.load("").unwrap();
    assert_eq!(judged(world.verify(&elsewhere, &toki, None, NOW)), unsigned(OscarError::UnknownAuthority(""), 400));
    assert_eq!(judged(world.verify(&get("/"), &toki, None, NOW)), unsigned(OscarError::UnknownKey(""), 401));
    assert_eq!(world.service.counters().refused["unknown_authority"], 2);
    assert_eq!(world.service.counters().refused["missing"], 1);
}

#[test]
fn line_1_refuses_what_is_not_well_formed() {
    let world = World::new();
    let toki = world.root(&get("/"), NOW, 1, false);
    let text = toki.to_text();
    let grant = world.grant(NOW / 1000 + 600, 600);
    let session = world.in_session(&grant, &get("/"), NOW, false);
    let verify = |request: &RequestRef<'_>, toki: &str, grant: Option<&str>| {
        judged(world.service.verify_ref(request, Some(toki.as_bytes()), grant.map(str::as_bytes), NOW))
    };
    for bad in
        ["", "ot2.", &text[..57], &format!("{text}A"), &text.replace("ot2.", "ot1."), &format!(" {text}"), &format!("{text}, {text}")]
    {
        assert_eq!(verify(&get("/"), bad, None), MALFORMED, "{bad}");
    }
    let other = hazmat::mint_grant(&world.key, &toki, [0xb0; 8], NOW / 1000 + 600, 600).unwrap().to_text();
    assert_eq!(verify(&get("/"), &session.to_text(), None), MALFORMED, "a session without a grant");
    assert_eq!(verify(&get("/"), &text, Some(&grant.to_text())), MALFORMED, "a grant without a session");
    assert_eq!(verify(&get("/"), &session.to_text(), Some(&other)), MALFORMED, "another session's grant");
    assert_eq!(verify(&get("/"), &session.to_text(), Some("")), MALFORMED, "an empty grant");
    let first_byte = format!("ok2.Kw{}", &grant.to_text()[6..]);
    assert_eq!(verify(&get("/"), &session.to_text(), Some(&first_byte)), MALFORMED, "a grant's first byte");
    for (verb, target) in
        [("get", "/"), ("CONNECT", "/"), ("GET", ""), ("GET", "*"), ("GET", "http://api.example.com/"), ("GET", "/#a"), ("GET", "/ä")]
    {
        assert_eq!(verify(&request(verb, target, b""), &text, None), MALFORMED, "{verb} {target}");
    }
    for target in ["/?oscartoki=", "/?a=1&oscartoki=ot2.x"] {
        assert_eq!(verify(&get(target), &text, None), MALFORMED, "a URL and a header together");
    }
    assert_eq!(verify(&request("GET", "/", b"x"), &text, None), MALFORMED, "content beside BODY 0");
    assert_eq!(verify(&RequestRef { ext: b"\0\0", ..get("/") }, &text, None), MALFORMED, "ext beside EXT 0");
    let posted = world.root(&request("POST", "/", b"x"), NOW, 2, false).to_text();
    assert_eq!(verify(&request("POST", "/", b""), &posted, None), MALFORMED, "BODY 1 without content");
    let empty = RequestRef { content: Content::Digest(oscartoki::sha256(b"")), ..request("POST", "/", b"") };
    assert_eq!(verify(&empty, &posted, None), MALFORMED, "the digest of zero bytes");
    assert_eq!(judged(world.service.verify_ref(&get("/"), Some(text.as_bytes()), None, -1)), MALFORMED, "no clock");
    assert!(world.log.entries.lock().unwrap().is_empty(), "nothing is stored before the MAC");
    assert_eq!(verify(&get("/"), &text, None), None);
}

#[test]
fn line_3_covers_every_field_and_leaves_nothing_behind() {
    let world = World::new();
    let body = request("POST", "/a?b=1", b"{}");
    let toki = world.root(&body, NOW, 1, false);
    let bad_mac = unsigned(OscarError::BadMac(""), 401);
    for other in [
        RequestRef { verb: b"PUT", ..body },
        RequestRef { target: b"/a?b=2", ..body },
        RequestRef { target: b"/a?", ..body },
        RequestRef { content: Content::Bytes(b"[]"), ..body },
        RequestRef { content: Content::Digest(oscartoki::sha256(b"[]")), ..body },
    ] {
        assert_eq!(judged(world.verify(&other, &toki, None, NOW)), bad_mac);
    }
    let other_audience = crate::world::secret().audience_key("other.example.com", 0).unwrap();
    let elsewhere = hazmat::mint_request(&other_audience, None, &body, NOW, NONCE, false).unwrap();
    assert_eq!(judged(world.verify(&body, &elsewhere, None, NOW)), bad_mac);
    // Even when the kid is revoked: that is told only to those who hold the key.
    world.ring.revoke_key(world.key.kid()).unwrap();
    assert_eq!(judged(world.verify(&body, &elsewhere, None, NOW)), bad_mac);
    assert!(world.log.entries.lock().unwrap().is_empty());
    assert_eq!(world.service.floor_ms(), NOW - W);
}

#[test]
fn a_forged_session_is_not_cached() {
    let world = World::new();
    let grant = world.grant(NOW / 1000 + 600, 600);
    let good = world.in_session(&grant, &get("/"), NOW, false);
    let mut longer = *grant.as_bytes();
    longer[21] ^= 1;
    let longer = Grant::from_bytes(longer).unwrap();
    for _ in 0..2 {
        assert_eq!(judged(world.verify(&get("/"), &good, Some(&longer), NOW)), unsigned(OscarError::BadMac(""), 401));
    }
    assert_eq!(judged(world.verify(&get("/"), &good, Some(&grant), NOW)), None);
    assert_eq!(world.session_get(&grant, NOW, NOW), None);
}

#[test]
fn line_4_comes_before_time_and_tells_kid_session_and_mark() {
    let world = World::new();
    let exp_s = NOW / 1000 + 600;
    let grant = world.grant(exp_s, 600);
    let iat_s = exp_s - 600;
    world.ring.revoke_issued_before(world.key.kid(), iat_s).unwrap();
    assert_eq!(world.session_get(&grant, NOW, NOW), None, "iat = mark is good");
    world.ring.revoke_issued_before(world.key.kid(), iat_s + 1).unwrap();
    assert_eq!(world.session_get(&grant, NOW, NOW), REVOKED);
    assert_eq!(world.root_get(NOW, NOW), None, "a root toki has no iat");
    world.ring.revoke_issued_before(world.key.kid(), 0).unwrap();
    assert_eq!(world.session_get(&grant, NOW, NOW), REVOKED, "a mark never falls");

    let world = World::new();
    world.ring.revoke_session(world.key.kid(), grant.sid().to_vec()).unwrap();
    assert_eq!(world.session_get(&grant, NOW, NOW), REVOKED);
    assert_eq!(world.session_get(&grant, NOW - 2 * W, NOW), REVOKED, "line 4 before line 5");
    assert_eq!(world.root_get(NOW, NOW), None);
    world.ring.revoke_key(world.key.kid()).unwrap();
    assert_eq!(world.root_get(NOW, NOW), REVOKED);
    let head = request("HEAD", "/", b"");
    let probe = world.root(&head, 0, 1, true);
    assert_eq!(judged(world.verify(&head, &probe, None, NOW)), REVOKED);
}

#[test]
fn line_5_is_the_window_and_the_floor_rises_there_alone() {
    let world = World::new();
    assert_eq!(world.root_get(NOW + F, NOW), None);
    assert_eq!(world.root_get(NOW + F + 1, NOW), STALE);
    assert_eq!(world.root_get(NOW - W + 1, NOW), None);
    assert_eq!(world.root_get(NOW - W, NOW), STALE);
    assert_eq!(world.service.floor_ms(), NOW - W);
    assert_eq!(world.log.entries.lock().unwrap().len(), 2, "a stale toki is not stored");

    // A clock that is set back does not lower the floor, and judges what is ahead by itself.
    assert_eq!(world.root_get(NOW + 10_000, NOW + 10_000), None);
    assert_eq!(world.service.floor_ms(), NOW + 10_000 - W);
    assert_eq!(world.root_get(NOW + 10_000 - W, NOW), STALE);
    assert_eq!(world.root_get(NOW + F + 1, NOW), STALE);

    // Unsigned and revoked requests do not reach line 5.
    world.ring.revoke_key(world.key.kid()).unwrap();
    assert_eq!(world.root_get(NOW + 50_000, NOW + 50_000), REVOKED);
    assert_eq!(world.service.floor_ms(), NOW + 10_000 - W);
}

#[test]
fn the_floor_is_never_negative_so_a_probe_never_runs() {
    let world = World::with(config(), TestLog::default(), 0);
    assert_eq!(world.service.floor_ms(), 0);
    let probe = world.root(&get("/"), 0, 1, true);
    assert_eq!(judged(world.verify(&get("/"), &probe, None, 0)), Some(("stale", Some(1), 204)));
    assert_eq!(world.root_get(1, 0), None);
}

#[test]
fn line_6_judges_by_the_tokis_own_time() {
    let world = World::new();
    let exp_s = NOW / 1000;
    let grant = world.grant(exp_s, 600);
    assert_eq!(world.session_get(&grant, exp_s * 1000, NOW), None);
    assert_eq!(world.session_get(&grant, exp_s * 1000 + 1, NOW), EXPIRED);
    // Minted within the session, arriving after its end.
    assert_eq!(world.session_get(&grant, exp_s * 1000, NOW + W - 1_000), None);
    let stored = world.log.entries.lock().unwrap().len();
    assert_eq!(world.session_get(&grant, exp_s * 1000 + 1, NOW), EXPIRED);
    assert_eq!(world.log.entries.lock().unwrap().len(), stored, "an expired one is not stored");
}

#[test]
fn line_7_spends_a_toki_once() {
    let world = World::new();
    let toki = world.root(&get("/"), NOW, 1, false);
    assert_eq!(judged(world.verify(&get("/"), &toki, None, NOW)), None);
    assert_eq!(judged(world.verify(&get("/"), &toki, None, NOW)), Some(("replayed", Some(2), 409)));
    let entry = world.log.entries.lock().unwrap()[&toki.tag()];
    assert_eq!((entry.kid.to_vec(), entry.sid, entry.ts_ms, entry.keep_ms), (world.key.kid(), None, NOW, 2 * W + 2 * F));
}

#[test]
fn line_7_without_room_or_reach() {
    let world = World::new();
    let busy = Some(("busy", Some(7), 503));
    let verify = |verb: &str| {
        let toki = world.root(&request(verb, "/", b""), NOW, rand_nonce(), false);
        judged(world.verify(&request(verb, "/", b""), &toki, None, NOW))
    };
    *world.log.says.lock().unwrap() = Some(Remembered::Full);
    assert_eq!((verify("GET"), verify("POST")), (busy, busy));
    *world.log.says.lock().unwrap() = Some(Remembered::Unreachable);
    for safe in ["GET", "HEAD", "OPTIONS"] {
        assert_eq!(verify(safe), None, "{safe}");
    }
    for unsafe_one in ["POST", "PUT", "DELETE", "TRACE", "GETX", "QUERY"] {
        assert_eq!(verify(unsafe_one), busy, "{unsafe_one}");
    }
    let counters = world.service.counters();
    assert_eq!((counters.accepted, counters.unremembered, counters.refused["busy"]), (3, 3, 8));
}

#[test]
fn line_7_judges_again_by_the_shared_floor() {
    let world = World::new();
    *world.log.floor_ms.lock().unwrap() = Some(NOW - 100);
    assert_eq!(world.root_get(NOW - 99, NOW), None);
    assert_eq!(world.service.floor_ms(), NOW - 100, "the shared floor becomes ours");
    assert_eq!(world.root_get(NOW - 100, NOW), STALE);
    *world.log.floor_ms.lock().unwrap() = Some(NOW + 5_000);
    assert_eq!(world.root_get(NOW + 1, NOW), STALE);
    *world.log.floor_ms.lock().unwrap() = Some(0);
    assert_eq!(world.root_get(NOW + 1, NOW), STALE, "our own floor does not fall with it");
}

#[test]
fn line_8_comes_after_the_toki_is_spent() {
    let world = World::new();
    let exp_s = NOW / 1000 + 300;
    let long = world.grant(exp_s, 601);
    let toki = world.in_session(&long, &get("/"), NOW, false);
    assert_eq!(judged(world.verify(&get("/"), &toki, Some(&long), NOW)), POLICY);
    assert_eq!(judged(world.verify(&get("/"), &toki, Some(&long), NOW)), Some(("replayed", Some(2), 409)));
    assert_eq!(world.session_get(&world.grant(exp_s, 600), NOW, NOW), None);

    let mut bytes = *world.grant(exp_s, 1).as_bytes();
    bytes[23] = 0;
    assert_eq!(world.session_get(&Grant::from_bytes(bytes).unwrap(), NOW, NOW), POLICY, "ttl 0");

    // iat × 1000 > now + F, here with now at a full second.
    let now = NOW / 1000 * 1000;
    let ahead = |seconds| world.grant(now / 1000 + seconds + 600, 600);
    assert_eq!(world.session_get(&ahead(2), now, now), None);
    assert_eq!(world.session_get(&ahead(3), now, now), POLICY);
    assert_eq!(world.session_get(&ahead(3), now, now + 999), POLICY);
    assert_eq!(world.session_get(&ahead(3), now, now + 1_000), None);
    // ttl greater than exp: issued before the epoch, not an overflow.
    assert_eq!(world.session_get(&world.grant(5, 600), NOW, NOW), EXPIRED);
}

#[test]
fn a_server_that_hides_an_empty_query() {
    let signed = |world: &World, target: &str| world.root(&get(target), NOW, rand_nonce(), false);
    let hidden = World::with(ServiceConfig { empty_query_hidden: true, ..config() }, TestLog::default(), NOW);
    assert_eq!(judged(hidden.verify(&get("/a"), &signed(&hidden, "/a?"), None, NOW)), None);
    assert_eq!(judged(hidden.verify(&get("/a"), &signed(&hidden, "/a"), None, NOW)), None);
    let bad_mac = unsigned(OscarError::BadMac(""), 401);
    assert_eq!(judged(hidden.verify(&get("/a?"), &signed(&hidden, "/a"), None, NOW)), bad_mac);
    assert_eq!(judged(hidden.verify(&get("/a?b"), &signed(&hidden, "/a?b?"), None, NOW)), bad_mac);
    let shown = World::new();
    assert_eq!(judged(shown.verify(&get("/a"), &signed(&shown, "/a?"), None, NOW)), bad_mac);
}
