use crate::world::{AUDIENCE, KID, TS, TestLog, World, config, name, secret};
use oscartoki::{Content, Headers, PresignedUrl, RequestHead, RequestRef, ServiceConfig, hazmat};

const EXP: i64 = 1_795_300_300_000;
const TARGET: &str = "/files/a.pdf?v=2";
const U: &str = "ot2.JAAfDmVSze76IAGiADyU4N0TfyDcEH63ol88BeDmUnE";

fn request<'a>(verb: &'a str, target: &'a str) -> RequestRef<'a> {
    RequestRef { verb: verb.as_bytes(), authority: AUDIENCE.as_bytes(), target: target.as_bytes(), ext: b"", content: Content::None }
}

fn signed() -> String {
    format!("{TARGET}&oscartoki={U}")
}

fn judge(world: &World, verb: &str, target: &str) -> &'static str {
    name(world.service.verify_url_ref(&request(verb, target), false, TS))
}

#[test]
fn the_vector() {
    let world = World::new();
    assert_eq!(hazmat::mint_url(&world.key, &request("GET", TARGET), EXP).unwrap(), signed());
    let seen = world.service.verify_url_ref(&request("GET", &signed()), false, TS).unwrap();
    assert_eq!((&seen.kid[..], seen.exp_ms, seen.target.as_str(), seen.authority.as_str()), (&KID[..], EXP, TARGET, AUDIENCE));
    let text = signed();
    let parsed = PresignedUrl::parse(text.as_bytes()).unwrap();
    assert_eq!((parsed.claimed_kid(), parsed.claimed_exp_ms(), parsed.claimed_target()), (KID, EXP, TARGET.as_bytes()));
}

#[test]
fn head_is_get_both_ways() {
    let world = World::new();
    assert_eq!(judge(&world, "HEAD", &signed()), "ok");
    let head = hazmat::mint_url(&world.key, &request("HEAD", TARGET), EXP).unwrap();
    assert_eq!(head, signed());
    assert_eq!(judge(&world, "GET", &head), "ok");
    assert_eq!(judge(&world, "POST", &signed()), "bad_mac");
    assert_eq!(judge(&world, "PUT", &hazmat::mint_url(&world.key, &request("PUT", TARGET), EXP).unwrap()), "ok");
}

#[test]
fn the_life_has_its_ends_included() {
    let world = World::new();
    let at = |now| name(world.service.verify_url_ref(&request("GET", &signed()), false, now));
    assert_eq!(at(EXP), "ok");
    assert_eq!(at(EXP + 1), "expired");
    assert_eq!(at(EXP - 7 * 86_400_000), "ok");
    assert_eq!(at(EXP - 7 * 86_400_000 - 1), "policy");
    assert_eq!(at(i64::MAX), "expired");
    assert_eq!(at(i64::MIN), "policy");
}

#[test]
fn separators_and_other_shapes() {
    let world = World::new();
    let bare = hazmat::mint_url(&world.key, &request("GET", "/files"), EXP).unwrap();
    assert!(bare.starts_with("/files?oscartoki=ot2."));
    assert_eq!(judge(&world, "GET", &bare), "ok");
    let empty_query = hazmat::mint_url(&world.key, &request("GET", "/files?"), EXP).unwrap();
    assert!(empty_query.starts_with("/files?&oscartoki=ot2."));
    assert_eq!(judge(&world, "GET", &empty_query), "ok");
    for (target, verdict) in [
        (bare.replace('?', "&"), "malformed"),
        (signed().replace("&oscartoki", "?oscartoki"), "malformed"),
        (format!("{TARGET}&oscartoki="), "malformed"),
        (format!("{}&x=1", signed()), "malformed"),
        (format!("{}&oscartoki={U}", signed()), "malformed"),
        (format!("{}#a", signed()), "malformed"),
        (format!("/files/a.pdf#?v=2&oscartoki={U}"), "malformed"),
        (signed().replace("/files", "files"), "malformed"),
        (signed().replace("ot2.", "ot2.="), "malformed"),
        (TARGET.to_owned(), "missing"),
        (format!("/files/a.pdf?v=2&xoscartoki={U}"), "missing"),
        (format!("/files/a.pdf?v=2&Oscartoki={U}"), "missing"),
        (format!("/files/oscartoki={U}"), "missing"),
        (signed().replace("v=2", "v=3"), "bad_mac"),
        (signed().replace("a.pdf", "b.pdf"), "bad_mac"),
        (signed().replace("?v=2&", "?"), "bad_mac"),
    ] {
        assert_eq!(judge(&world, "GET", &target), verdict, "{target}");
    }
}

#[test]
fn what_mint_refuses() {
    let world = World::new();
    let mint = |request: &RequestRef<'_>, exp| name(hazmat::mint_url(&world.key, request, exp));
    for target in ["/a?oscartoki=x", "/a?b=1&oscartoki=", "/a&oscartoki=x", "/a#b", "a", "", "/ä", "/a b", "http://api.example.com/a"] {
        assert_eq!(mint(&request("GET", target), EXP), "unsignable", "{target}");
    }
    for verb in ["get", "", "CONNECT", "GET "] {
        assert_eq!(mint(&request(verb, TARGET), EXP), "unsignable", "{verb}");
    }
    assert_eq!(mint(&RequestRef { authority: b"a/b", ..request("GET", TARGET) }, EXP), "unsignable");
    assert_eq!(mint(&request("GET", TARGET), -1), "unsignable");
    assert_eq!(mint(&request("GET", TARGET), 1 << 48), "unsignable");
    assert_eq!(mint(&request("GET", "/oscartoki=x"), EXP), "ok");
}

#[test]
fn reasons_come_in_their_order() {
    let world = World::new();
    let text = signed();
    assert_eq!(name(world.service.verify_url_ref(&request("GET", &text), true, TS)), "malformed", "a header beside it");
    let elsewhere = RequestRef { authority: b"other.example", ..request("GET", &text) };
    assert_eq!(name(world.service.verify_url_ref(&elsewhere, false, TS)), "unknown_authority");
    assert_eq!(name(world.service.verify_url_ref(&RequestRef { authority: b"a/b", ..elsewhere }, false, TS)), "malformed");
    assert_eq!(name(world.service.verify_url_ref(&RequestRef { ext: b"x", ..elsewhere }, false, TS)), "malformed");
    assert_eq!(name(world.service.verify_url_ref(&RequestRef { authority: b"API.example.com:443", ..elsewhere }, false, TS)), "ok");
    let stranger = secret().audience_key(AUDIENCE, 1).unwrap();
    assert_eq!(judge(&world, "GET", &hazmat::mint_url(&stranger, &request("GET", TARGET), EXP).unwrap()), "unknown_key");
    world.ring.revoke_key(KID.to_vec()).unwrap();
    assert_eq!(name(world.service.verify_url_ref(&request("GET", &text), false, i64::MAX)), "revoked");
}

#[test]
fn covered_headers_and_raw_heads() {
    let world = World::with(ServiceConfig { ext: vec!["range".into()], ..config() }, TestLog::default(), TS);
    let ext = [&b"\0\x05range\0\x07bytes=0"[..]].concat();
    let target = hazmat::mint_url(&world.key, &RequestRef { ext: &ext, ..request("GET", "/a") }, EXP).unwrap();
    let judge = |headers: &[(&[u8], &[u8])]| {
        let head = RequestHead { verb: b"GET", authority: None, target: target.as_bytes(), headers: Headers::Pairs(headers) };
        name(world.service.verify_url_head_ref(&head, TS))
    };
    let host: (&[u8], &[u8]) = (b"Host", AUDIENCE.as_bytes());
    assert_eq!(judge(&[host, (b"Range", b"bytes=0")]), "ok");
    assert_eq!(judge(&[host, (b"Range", b"bytes=1")]), "bad_mac");
    assert_eq!(judge(&[host]), "bad_mac");
    assert_eq!(judge(&[(b"Range", b"bytes=0")]), "malformed", "no Host");
    assert_eq!(judge(&[host, host, (b"Range", b"bytes=0")]), "malformed", "Host twice");
    assert_eq!(judge(&[host, (b"Range", b"bytes=0"), (b"oscartoki", U.as_bytes())]), "malformed", "URL and header");
    assert_eq!(judge(&[host, (b"Range", b"bytes=0"), (b"X-HTTP-Method-Override", b"PUT")]), "malformed");
    assert_eq!(judge(&[(b"Host", b"other.example"), (b"Range", b"bytes=0")]), "unknown_authority");
}

#[test]
fn a_fixed_name_stands_for_host() {
    let fixed = ServiceConfig { fixed_authority: Some(AUDIENCE.into()), authorities: Vec::new(), ..config() };
    let world = World::with(fixed, TestLog::default(), TS);
    let text = signed();
    for authority in [&b"other.example"[..], b"", b"a/b"] {
        let seen = world.service.verify_url_ref(&RequestRef { authority, ..request("GET", &text) }, false, TS).unwrap();
        assert_eq!(seen.authority, AUDIENCE);
    }
    let head = RequestHead { verb: b"GET", authority: None, target: text.as_bytes(), headers: Headers::NONE };
    assert_eq!(name(world.service.verify_url_head_ref(&head, TS)), "ok");
}

#[test]
fn the_client_signs_what_the_service_takes() {
    let world = World::new();
    let target = world.client().sign_url("GET", "API.example.com:443", "/a%2Fb?x=1&x=2", b"", TS + 1_000).unwrap();
    assert_eq!(judge(&world, "GET", &target), "ok");
    assert_eq!(world.service.counters().accepted, 1);
    assert_eq!(judge(&world, "GET", &target.replace("x=2", "x=3")), "bad_mac");
    assert_eq!(world.service.counters().refused["bad_mac"], 1);
}
