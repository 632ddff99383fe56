//! Line 9 and the limit on bodies.

use crate::world::{NOW, TestLog, World, accepted, config, judged, named, rand_nonce, refused, request};
use oscartoki::{Content, PendingBody, RequestRef, ServiceConfig, Verdict, sha256};

fn pending(world: &World, body: &[u8]) -> PendingBody {
    let post = RequestRef { content: Content::Digest(sha256(body)), ..request("POST", "/", b"") };
    let toki = world.root(&post, NOW, rand_nonce(), true);
    match world.verify(&post, &toki, None, NOW) {
        Verdict::Pending(pending) => pending,
        other => panic!("not pending: {other:?}"),
    }
}

#[test]
fn what_arrives_is_compared_with_content_digest() {
    let world = World::new();
    assert_eq!(pending(&world, b"{}").kid().to_vec(), world.key.kid());
    assert_eq!(world.service.counters().accepted, 0, "nothing is verified yet");
    accepted(pending(&world, b"{}").finish(Some(&sha256(b"{}"))));
    let mismatch = Some(("body_mismatch", Some(5), 400));
    assert_eq!(judged(pending(&world, b"{}").finish(Some(&sha256(b"[]")))), mismatch);
    assert_eq!(judged(pending(&world, b"{}").finish(Some(&sha256(b"")))), mismatch);
    assert_eq!(judged(pending(&world, b"{}").finish(None)), mismatch);
    assert_eq!(named(&pending(&world, b"{}").too_large()), ("policy", Some(6), 413));
    let counters = world.service.counters();
    assert_eq!((counters.accepted, counters.refused["body_mismatch"], counters.refused["policy"]), (1, 3, 1));
}

#[test]
fn a_pending_toki_is_spent() {
    let world = World::new();
    let post = RequestRef { content: Content::Digest(sha256(b"{}")), ..request("POST", "/", b"") };
    let toki = world.root(&post, NOW, 1, false);
    assert!(matches!(world.verify(&post, &toki, None, NOW), Verdict::Pending(_)));
    assert_eq!(judged(world.verify(&post, &toki, None, NOW)), Some(("replayed", Some(2), 409)));
}

#[test]
fn a_body_over_the_limit_is_refused_before_its_mac_but_after_missing() {
    let world = World::with(ServiceConfig { max_body: 4, ..config() }, TestLog::default(), NOW);
    let verify = |body: &[u8]| {
        let post = request("POST", "/", body);
        judged(world.verify(&post, &world.root(&post, NOW, rand_nonce(), false), None, NOW))
    };
    assert_eq!(verify(b"1234"), None);
    assert_eq!(verify(b"12345"), Some(("policy", None, 413)));
    let large = request("POST", "/", b"12345");
    assert_eq!(judged(world.service.verify_ref(&large, None, None, NOW)), Some(("missing", None, 401)));
    assert!(!refused(world.service.verify_ref(&large, Some(b"ot2.x"), None, NOW)).is_signed());
}
