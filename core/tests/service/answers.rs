//! What is answered: toki, code, status, and the grant.

use crate::world::{NOW, TestLog, World, accepted, answer, config, get, refused, request};
use oscartoki::{
    Answer, AnswerHeaders, AnswerRef, AnswerToki, Content, Grant, JudgedRequest, OscarError, Request, ServiceConfig, Toki, Verdict, hazmat,
    sha256,
};

const OK: AnswerRef<'_> = AnswerRef { status: 200, ext: b"", content: Content::Bytes(b"{\"ok\":true}") };

/// The one toki that fits this answer, at the code and time of `r`.
pub fn again(world: &World, q: &Toki, session: Option<&Grant>, sent: &AnswerRef<'_>, r: &AnswerToki, grant: Option<&Grant>) -> AnswerToki {
    let covered = AnswerRef { content: if r.has_body() { sent.content } else { Content::None }, ..*sent };
    hazmat::mint_answer(&world.key, session, q, r.claimed_code(), r.claimed_ts_ms(), &covered, grant).unwrap()
}

/// The answer's toki and grant, after its MAC and the grant's place in it have been checked.
fn read(world: &World, toki: &Toki, session: Option<&Grant>, sent: &AnswerRef<'_>, headers: &AnswerHeaders) -> (AnswerToki, Option<Grant>) {
    let r = AnswerToki::parse(headers.toki().as_bytes()).unwrap();
    let grant = headers.grant().map(|text| Grant::parse(text.as_bytes()).unwrap());
    assert_eq!(again(world, toki, session, sent, &r, grant.as_ref()), r);
    (r, grant)
}

#[test]
fn the_answer_of_section_9_but_for_the_random_sid() {
    let world = World::new();
    let post = request("POST", "/v1/transfer?dry=0", b"{\"amount\":10}");
    let toki = world.root(&post, NOW, 0x0102_0304_0506_0708, true);
    let verified = accepted(world.verify(&post, &toki, None, NOW));
    let headers = answer(&world.service, verified.into_context(), &OK, NOW + 333);
    let (r, grant) = read(&world, &toki, None, &OK, &headers);
    assert_eq!((r.claimed_code(), r.claimed_ts_ms(), r.has_body(), r.has_ext()), (0, NOW + 333, true, false));
    let grant = grant.unwrap();
    assert_eq!((grant.kid().to_vec(), grant.exp_s(), grant.ttl_s()), (world.key.kid(), (NOW + 333) / 1000 + 600, 600));
    let made = hazmat::mint_grant(&world.key, &toki, grant.sid(), grant.exp_s(), grant.ttl_s()).unwrap();
    assert_eq!(made, grant, "the salt comes from the request's tag");
    // The session that was made works.
    assert_eq!(world.session_get(&grant, NOW + 400, NOW + 400), None);
}

#[test]
fn a_grant_is_made_when_it_is_wanted_and_due() {
    let world = World::with(ServiceConfig { max_ttl_s: 60, ..config() }, TestLog::default(), NOW);
    let grant_of = |toki: &Toki, session: Option<&Grant>, verdict: Verdict| {
        let context = match verdict {
            Verdict::Accepted(request) => request.into_context(),
            Verdict::Refused(refusal) => refusal.into_context().unwrap(),
            other => panic!("{other:?}"),
        };
        read(&world, toki, session, &OK, &answer(&world.service, context, &OK, NOW)).1
    };
    let root = |want, ts_ms| {
        let toki = world.root(&get("/"), ts_ms, crate::world::rand_nonce(), want);
        grant_of(&toki, None, world.verify(&get("/"), &toki, None, NOW))
    };
    assert_eq!(root(true, NOW).unwrap().ttl_s(), 60, "no longer than the limit");
    assert_eq!(root(false, NOW), None);
    assert!(root(true, NOW - 30_000).is_some(), "a root's WANT at code 1");
    assert_eq!(root(false, NOW - 30_000), None);

    let held = world.grant(NOW / 1000 + 30, 60);
    let session = |want, ts_ms| {
        let toki = world.in_session(&held, &get(&format!("/{ts_ms}/{want}")), ts_ms, want);
        grant_of(&toki, Some(&held), world.verify(&get(&format!("/{ts_ms}/{want}")), &toki, Some(&held), NOW))
    };
    let rolled = session(true, NOW).unwrap();
    assert_ne!(rolled.sid(), held.sid());
    assert_eq!(session(false, NOW), None);
    assert_eq!(session(true, NOW - 30_000), None, "a session's WANT at code 1");

    // Other codes: replayed, revoked.
    let toki = world.root(&get("/twice"), NOW, 1, true);
    assert!(grant_of(&toki, None, world.verify(&get("/twice"), &toki, None, NOW)).is_some());
    assert_eq!(grant_of(&toki, None, world.verify(&get("/twice"), &toki, None, NOW)), None);
    world.ring.revoke_key(world.key.kid()).unwrap();
    assert_eq!(root(true, NOW), None);
}

#[test]
fn a_refusal_is_signed_with_its_code_and_may_have_a_body() {
    let world = World::new();
    let toki = world.root(&get("/"), NOW - 60_000, 1, false);
    let refusal = refused(world.verify(&get("/"), &toki, None, NOW));
    let sent = AnswerRef { status: refusal.status(), ext: b"", content: Content::Bytes(b"too old") };
    let headers = answer(&world.service, refusal.into_context().unwrap(), &sent, NOW);
    let (r, _) = read(&world, &toki, None, &sent, &headers);
    assert_eq!((r.claimed_code(), r.has_body()), (1, true));
    let forged = AnswerRef { status: 200, ..sent };
    assert_ne!(again(&world, &toki, None, &forged, &r, None), r, "the status is covered");
}

#[test]
fn answers_without_content() {
    let world = World::new();
    let mut nonce = 0;
    let mut flags = |verb: &str, status| {
        nonce += 1;
        let asked = request(verb, "/", b"");
        let toki = world.root(&asked, NOW, nonce, false);
        let context = accepted(world.verify(&asked, &toki, None, NOW)).into_context();
        let sent = AnswerRef { status, ext: b"\0\x01a\0\0", content: Content::Bytes(b"text") };
        let headers = answer(&world.service, context, &sent, NOW);
        let (r, _) = read(&world, &toki, None, &sent, &headers);
        (r.has_body(), r.has_ext())
    };
    assert_eq!(flags("GET", 200), (true, true));
    assert_eq!(flags("HEAD", 200), (false, true));
    assert_eq!(flags("GET", 204), (false, true));
    assert_eq!(flags("GET", 304), (false, true));
    assert_eq!(flags("GET", 0), (true, true));
}

#[test]
fn what_can_not_be_answered() {
    let world = World::new();
    let mint = |sent: &AnswerRef<'_>, now_ms| {
        let toki = world.root(&get("/"), NOW, crate::world::rand_nonce(), true);
        let context = accepted(world.verify(&get("/"), &toki, None, NOW)).into_context();
        let mut headers = AnswerHeaders::default();
        let result = context.answer_ref(sent, now_ms, &mut headers);
        assert_eq!(result.is_err(), headers.toki().is_empty(), "written only on success");
        result
    };
    assert_eq!(mint(&OK, NOW), Ok(()));
    assert_eq!(mint(&AnswerRef { status: 100, ..OK }, NOW), Err(OscarError::Unsignable("")));
    assert_eq!(mint(&AnswerRef { status: 199, ..OK }, NOW), Err(OscarError::Unsignable("")));
    assert_eq!(mint(&AnswerRef { ext: &[0; 65_536], ..OK }, NOW), Err(OscarError::Unsignable("")));
    assert_eq!(mint(&AnswerRef { content: Content::Digest(sha256(b"")), ..OK }, NOW), Err(OscarError::Unsignable("")));
    assert_eq!(mint(&OK, -1), Err(OscarError::Unsignable("")));
    assert_eq!(mint(&OK, 1 << 48), Err(OscarError::Unsignable("")));
}

#[test]
fn other_languages_get_objects_that_are_used_once() {
    let world = World::new();
    let asked = |body: &[u8]| Request {
        verb: "POST".into(),
        authority: "api.example.com".into(),
        target: "/".into(),
        content_digest: Some(sha256(body).to_vec()),
        ..Request::default()
    };
    let verify = |nonce| {
        let request = asked(b"{}");
        let toki = world.root(&request.as_ref().unwrap(), NOW, nonce, true).to_text();
        world.service.verify(&request, Some(toki), None, NOW).unwrap()
    };
    let replayed = OscarError::Replayed("");
    let pending = verify(1);
    assert!(pending.pending() && !pending.accepted() && !pending.signed());
    assert_eq!(pending.answer(&Answer::default(), NOW).unwrap_err(), replayed, "nothing to answer before the body is in");
    assert_eq!(pending.finish(Some(vec![0; 31])).unwrap_err(), OscarError::Malformed(""));
    let done = pending.finish(Some(sha256(b"{}").to_vec())).unwrap();
    assert_eq!(pending.finish(Some(sha256(b"{}").to_vec())).unwrap_err(), replayed);
    assert_eq!(pending.too_large().unwrap_err(), replayed);
    assert_eq!(done.finish(None).unwrap_err(), replayed);
    assert!(done.accepted() && done.raise().is_ok());
    assert_eq!((done.kid().unwrap(), done.sid(), done.ts_ms(), done.want()), (world.key.kid(), None, Some(NOW), true));
    assert!(done.answer(&Answer { status: 70_000, ..Answer::default() }, NOW).is_err());
    let signed = done.answer(&Answer { status: 200, ..Answer::default() }, NOW).unwrap();
    assert!(signed.toki.starts_with("ot2.") && signed.grant.unwrap().starts_with("ok2."));
    assert_eq!(done.answer(&Answer { status: 200, ..Answer::default() }, NOW).unwrap_err(), replayed);

    let large = verify(2).too_large().unwrap();
    assert_eq!((large.name().as_deref(), large.code(), large.status()), (Some("policy"), Some(6), 413));
    assert!(large.answer(&Answer { status: 413, ..Answer::default() }, NOW).is_ok());
    let missing = world.service.verify(&asked(b"{}"), None, None, NOW).unwrap();
    assert_eq!((missing.name().as_deref(), missing.code(), missing.status(), missing.signed()), (Some("missing"), None, 401, false));
    assert_eq!(missing.answer(&Answer::default(), NOW).unwrap_err(), replayed);
    assert!(missing.sentence().unwrap().starts_with("missing: "));
    let judged: &JudgedRequest = &missing;
    assert_eq!(judged.raise().unwrap_err(), OscarError::Missing(""));
}
