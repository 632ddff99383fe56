//! Requests as they stand in a raw head.

use crate::world::{AUDIENCE, Judged, NOW, TestLog, World, accepted, config, judged, rand_nonce, unsigned};
use oscartoki::http::format_content_digest;
use oscartoki::{
    AnswerHead, AnswerHeaders, AnswerToki, Content, Headers, OscarError, RequestHead, RequestRef, ServiceConfig, Verdict, sha256,
};

type Pair<'a> = (&'a [u8], &'a [u8]);

const MALFORMED: Judged = Some(("malformed", None, 400));
const HOST: Pair<'_> = (b"Host", AUDIENCE.as_bytes());

fn head<'a>(verb: &'a str, headers: &'a [Pair<'a>]) -> RequestHead<'a> {
    RequestHead { verb: verb.as_bytes(), authority: None, target: b"/a", headers: Headers::Pairs(headers) }
}

fn toki(world: &World, verb: &str, ext: &[u8], content: Content<'_>) -> String {
    let request = RequestRef { verb: verb.as_bytes(), authority: AUDIENCE.as_bytes(), target: b"/a", ext, content };
    world.root(&request, NOW, rand_nonce(), false).to_text()
}

#[test]
fn our_headers_are_found_in_any_case_and_once() {
    let world = World::new();
    let text = toki(&world, "GET", b"", Content::None);
    let mine: Pair<'_> = (b"OscarToki", text.as_bytes());
    let verify = |headers: &[Pair<'_>]| judged(world.service.verify_head_ref(&head("GET", headers), Content::None, NOW));
    for (headers, want) in [
        (&[HOST][..], unsigned(OscarError::Missing(""), 401)),
        (&[HOST, (b"X-HTTP-Method", b"GET"), (b"oscartokikey", b""), (b"oscartokikey", b"")], unsigned(OscarError::Missing(""), 401)),
        (&[HOST, (b"oscartoki", b"")], MALFORMED),
        (&[HOST, mine, mine], MALFORMED),
        (&[HOST, mine, (b"oscartokikey", b"")], MALFORMED),
        (&[HOST, HOST, mine], MALFORMED),
        (&[mine], MALFORMED),
        (&[HOST, mine, (b"x-http-method-override", b"")], MALFORMED),
        (&[HOST, mine, (b"X-HTTP-Method", b"GET")], MALFORMED),
        (&[HOST, mine, (b"X-Method-Override", b"GET")], MALFORMED),
        (&[(b"host", b"elsewhere.example"), mine], unsigned(OscarError::UnknownAuthority(""), 400)),
        (&[HOST, mine, (b"x-forwarded-host", b"elsewhere.example")], None),
    ] {
        assert_eq!(verify(headers), want, "{headers:?}");
    }
}

#[test]
fn host_and_authority_agree() {
    let world = World::new();
    let verify = |authority: &str, host: Option<&str>| {
        let text = toki(&world, "GET", b"", Content::None);
        let mut headers: Vec<Pair<'_>> = vec![(b"oscartoki", text.as_bytes())];
        headers.extend(host.map(|host| (&b"host"[..], host.as_bytes())));
        let head = RequestHead { authority: Some(authority.as_bytes()), ..head("GET", &headers) };
        judged(world.service.verify_head_ref(&head, Content::None, NOW))
    };
    assert_eq!(verify(AUDIENCE, None), None);
    assert_eq!(verify("API.example.com:443", Some("api.example.com:80")), None);
    assert_eq!(verify(AUDIENCE, Some("api.example.com:8080")), MALFORMED);
    assert_eq!(verify(AUDIENCE, Some("")), MALFORMED);
    assert_eq!(verify("elsewhere.example", None), unsigned(OscarError::UnknownAuthority(""), 400));
}

#[test]
fn ext_is_made_of_the_configured_headers() {
    let ext = vec!["Idempotency-Key".to_owned(), "content-type".to_owned()];
    let world = World::with(ServiceConfig { ext, answer_ext: vec!["etag".to_owned()], ..config() }, TestLog::default(), NOW);
    let covered = b"\0\x0fidempotency-key\0\x04k, l\0\x0ccontent-type\0\0";
    let text = toki(&world, "GET", covered, Content::None);
    let mine: Pair<'_> = (b"oscartoki", text.as_bytes());
    let (k, l): (Pair<'_>, Pair<'_>) = ((b"idempotency-key", b"k"), (b"IDEMPOTENCY-KEY", b"l"));
    let verify = |headers: &[Pair<'_>]| world.service.verify_head_ref(&head("GET", headers), Content::None, NOW);
    let bad_mac = unsigned(OscarError::BadMac(""), 401);
    assert_eq!(judged(verify(&[HOST, mine, l, k])), bad_mac);
    assert_eq!(judged(verify(&[HOST, mine, k])), bad_mac);
    assert_eq!(judged(verify(&[HOST, mine, k, l, (b"content-type", b"text/plain")])), bad_mac);
    let bare = toki(&world, "GET", b"", Content::None);
    assert_eq!(judged(verify(&[HOST, (b"oscartoki", bare.as_bytes())])), MALFORMED, "a list is never empty ext");
    let verified = accepted(verify(&[HOST, mine, k, l]));

    let sent = AnswerHead { status: 200, headers: Headers::Pairs(&[(b"ETag", b"\"1\"")]) };
    let mut headers = AnswerHeaders::default();
    world.service.answer_head_ref(verified.into_context(), &sent, Content::Bytes(b"x"), NOW, &mut headers).unwrap();
    let r = AnswerToki::parse(headers.toki().as_bytes()).unwrap();
    let read = oscartoki::AnswerRef { status: 200, ext: b"\0\x04etag\0\x03\"1\"", content: Content::Bytes(b"x") };
    let q = oscartoki::Toki::parse(text.as_bytes()).unwrap();
    assert_eq!(crate::answers::again(&world, &q, None, &read, &r, None), r);
}

#[test]
fn content_digest_stands_for_content() {
    let world = World::with(ServiceConfig { max_body: 8, ..config() }, TestLog::default(), NOW);
    let digest = format_content_digest(&sha256(b"{}"));
    let verify = |digest: &str, content: Content<'_>| {
        let text = toki(&world, "POST", b"", Content::Bytes(b"{}"));
        let headers: [Pair<'_>; 3] = [HOST, (b"oscartoki", text.as_bytes()), (b"Content-Digest", digest.as_bytes())];
        assert_eq!(
            world.service.wants_body_first(&head("POST", &headers)),
            digest != format_content_digest(&sha256(b"{}")) && !digest.contains("47DEQ")
        );
        world.service.verify_head_ref(&head("POST", &headers), content, NOW)
    };
    assert!(matches!(verify(&digest, Content::None), Verdict::Pending(_)));
    accepted(verify(&digest, Content::Bytes(b"{}")));
    accepted(verify(&digest, Content::Digest(sha256(b"{}"))));
    let mismatch = Some(("body_mismatch", Some(5), 400));
    assert_eq!(judged(verify(&digest, Content::Bytes(b"[]"))), mismatch);
    assert_eq!(judged(verify(&digest, Content::Bytes(b""))), mismatch);
    assert_eq!(judged(verify(&digest, Content::Digest(sha256(b"[]")))), mismatch);
    assert_eq!(judged(verify(&digest, Content::Bytes(&[0; 9]))), Some(("policy", Some(6), 413)));
    // Unparsable is absent: the body's own digest counts.
    accepted(verify("sha-256=nonsense", Content::Bytes(b"{}")));
    assert_eq!(judged(verify("sha-256=nonsense", Content::Bytes(b"[]"))), unsigned(OscarError::BadMac(""), 401));
    assert_eq!(judged(verify("sha-256=nonsense", Content::Bytes(&[0; 9]))), Some(("policy", None, 413)));
    let empty = format_content_digest(&sha256(b""));
    assert_eq!(judged(verify(&empty, Content::None)), MALFORMED);
    let bodiless = toki(&world, "POST", b"", Content::None);
    let headers: [Pair<'_>; 3] = [HOST, (b"oscartoki", bodiless.as_bytes()), (b"content-digest", digest.as_bytes())];
    assert_eq!(judged(world.service.verify_head_ref(&head("POST", &headers), Content::None, NOW)), MALFORMED, "BODY 0 beside it");
    assert!(!world.service.wants_body_first(&head("POST", &[HOST])), "missing comes before any reading");
}

#[test]
fn packed_heads_are_the_same() {
    let world = World::new();
    let text = toki(&world, "GET", b"", Content::None);
    let mut packed = Vec::new();
    for (name, field) in [(&b"host"[..], AUDIENCE.as_bytes()), (b"oscartoki", text.as_bytes())] {
        assert!(oscartoki::encoding::push_lp(&mut packed, name) && oscartoki::encoding::push_lp(&mut packed, field));
    }
    assert!(world.service.verify_head("GET", None, "/a", packed.clone(), None, NOW).unwrap().accepted());
    packed.pop();
    assert_eq!(world.service.verify_head("GET", None, "/a", packed, None, NOW).unwrap_err(), OscarError::Malformed(""));
}
