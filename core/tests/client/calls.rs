//! The loop over sign and accept.

use crate::world::{AUDIENCE, HOUR_MS, NOW, PLAIN, client, configured, key, sample};
use oscartoki::{
    Answer, AnswerRef, Call, Client, ClientConfig, Content, Grant, Outcome, Request, SignOptions, SignedRequest, Step, Toki, hazmat, sha256,
};
use std::sync::Arc;

fn request(verb: &str) -> Request {
    Request { verb: verb.into(), authority: AUDIENCE.into(), target: "/v1/transfer".into(), content: b"x".to_vec(), ..Request::default() }
}

fn send(call: &Call, now_ms: i64, mono_ms: Option<i64>) -> Arc<SignedRequest> {
    match call.next(now_ms, mono_ms) {
        Step::Send(signed) => signed,
        other => panic!("{other:?}"),
    }
}

fn reply(call: &Call, signed: &SignedRequest, code: u8, ts_ms: i64, received_ms: i64, mono_ms: Option<i64>) {
    let session = signed.grant().map(|text| Grant::parse(text.as_bytes()).unwrap());
    let toki = Toki::parse(signed.toki().as_bytes()).unwrap();
    let status = if code == 0 { 200 } else { 401 };
    let answer = AnswerRef { status, ..AnswerRef::default() };
    let toki = hazmat::mint_answer(&key(), session.as_ref(), &toki, code, ts_ms, &answer, None).unwrap();
    call.received(&Answer { status: status.into(), ..Answer::default() }, Some(toki.to_text()), None, received_ms, mono_ms);
}

fn end(call: &Call) -> (bool, Outcome) {
    match call.next(NOW, None) {
        Step::Done(outcome) => (true, *outcome),
        Step::Failed(outcome) => (false, *outcome),
        other => panic!("{other:?}"),
    }
}

fn counts(call: &Call) -> (i64, bool, bool) {
    (call.requests(), call.probed(), call.resent())
}

#[test]
fn an_unsafe_call_probes_then_sends_once() {
    let client = client();
    let call = client.call(request("POST"), PLAIN);
    let probe = send(&call, NOW, None);
    assert_eq!((probe.is_probe(), probe.verb(), probe.content_digest()), (true, "HEAD".to_owned(), None));
    assert_eq!(send(&call, NOW, None).toki(), probe.toki(), "asked again, the same");
    reply(&call, &probe, 1, NOW, NOW, None);
    let sent = send(&call, NOW, None);
    assert_eq!((sent.is_probe(), sent.verb()), (false, "POST".to_owned()));
    assert_eq!(sent.content_digest(), Some(oscartoki::http::format_content_digest(&sha256(b"x"))));
    reply(&call, &sent, 0, NOW, NOW, None);
    let (done, outcome) = end(&call);
    assert!(done && outcome.signed);
    assert_eq!(counts(&call), (2, true, false));
    reply(&call, &sent, 4, NOW, NOW, None);
    assert!(end(&call).0, "an answer after the end changes nothing");
}

#[test]
fn an_unsafe_call_ends_with_whatever_its_request_got() {
    for code in 1..=7 {
        let client = client();
        sample(&client, NOW);
        let call = client.call(request("POST"), PLAIN);
        let sent = send(&call, NOW, None);
        reply(&call, &sent, code, NOW, NOW, None);
        let (done, outcome) = end(&call);
        assert_eq!((done, outcome.code, outcome.may_have_run), (false, Some(code), ![3, 5, 6].contains(&code)));
        assert_eq!(counts(&call), (1, false, false));
    }
}

#[test]
fn a_safe_call_is_resent_once_and_freshly_signed() {
    for code in [1, 2] {
        let client = client();
        let call = client.call(request("GET"), PLAIN);
        let first = send(&call, NOW, None);
        reply(&call, &first, code, NOW + HOUR_MS, NOW, None);
        let second = send(&call, NOW, None);
        assert_ne!(first.toki(), second.toki());
        assert_eq!(Toki::parse(second.toki().as_bytes()).unwrap().claimed_ts_ms(), NOW + HOUR_MS);
        reply(&call, &second, code, NOW + HOUR_MS, NOW, None);
        let (done, outcome) = end(&call);
        assert_eq!((done, outcome.code, outcome.resend, outcome.may_have_run), (false, Some(code), false, true));
        assert_eq!(counts(&call), (2, false, true));
    }
}

#[test]
fn after_a_resend_nobody_can_say_that_nothing_ran() {
    let client = client();
    let call = client.call(request("GET"), PLAIN);
    reply(&call, &send(&call, NOW, None), 2, NOW, NOW, None);
    reply(&call, &send(&call, NOW, None), 6, NOW, NOW, None);
    let (done, outcome) = end(&call);
    assert_eq!((done, outcome.error.unwrap().name(), outcome.may_have_run), (false, "policy", true));
}

#[test]
fn an_unsigned_refusal_or_silence_ends_a_call() {
    for verb in ["GET", "POST"] {
        let client = client();
        sample(&client, NOW);
        let call = client.call(request(verb), PLAIN);
        send(&call, NOW, None);
        call.received(&Answer { status: 401, ..Answer::default() }, None, None, NOW, None);
        assert_eq!(end(&call).1.error.unwrap().name(), "missing");
        let call = client.call(request(verb), PLAIN);
        send(&call, NOW, None);
        call.failed();
        let (done, outcome) = end(&call);
        assert_eq!((done, outcome.status, outcome.may_have_run), (false, None, true));
        let call = client.call(request(verb), PLAIN);
        send(&call, NOW, None);
        call.too_large(200);
        assert_eq!((end(&call).1.error.unwrap().name(), counts(&call)), ("policy", (1, false, false)));
    }
}

#[test]
fn a_failed_probe_ends_a_call_that_never_ran() {
    for code in [0, 2, 4, 6, 7] {
        let client = client();
        let call = client.call(request("POST"), PLAIN);
        reply(&call, &send(&call, NOW, None), code, NOW, NOW, None);
        let (done, outcome) = end(&call);
        assert!(!done && !outcome.may_have_run && outcome.signed && outcome.probe);
    }
    let client = client();
    let call = client.call(request("POST"), PLAIN);
    send(&call, NOW, None);
    call.failed();
    assert!(!end(&call).1.may_have_run);
    assert_eq!(counts(&call), (1, true, false));
}

#[test]
fn verify_first_probes_once_even_before_a_safe_request() {
    let client = client();
    sample(&client, NOW);
    let call = client.call(request("GET"), SignOptions { verify_first: true, ..PLAIN });
    let probe = send(&call, NOW, None);
    assert!(probe.is_probe());
    reply(&call, &probe, 1, NOW, NOW, None);
    let sent = send(&call, NOW, None);
    assert!(!sent.is_probe());
    reply(&call, &sent, 0, NOW, NOW, None);
    assert!(end(&call).0);
}

#[test]
fn a_clock_that_does_not_hold_still_ends_a_call_after_three_probes() {
    let client = client();
    let call = client.call(request("POST"), PLAIN);
    for round in 0..3 {
        let now_ms = NOW + round * HOUR_MS;
        let probe = send(&call, now_ms, Some(0));
        assert!(probe.is_probe());
        reply(&call, &probe, 1, now_ms, now_ms + 10_000, Some(1));
    }
    let Step::Failed(outcome) = call.next(NOW + 9 * HOUR_MS, Some(2)) else { panic!() };
    assert_eq!((outcome.error.unwrap().name(), outcome.may_have_run, counts(&call)), ("stale", false, (3, true, false)));
}

#[test]
fn what_cannot_be_signed_was_never_sent() {
    let client = client();
    let bad_digest = Request { content_digest: Some(vec![0; 31]), content: Vec::new(), ..request("POST") };
    let of_nothing = Request { content_digest: Some(sha256(b"").to_vec()), content: Vec::new(), ..request("POST") };
    for request in [Request { verb: "post".into(), ..request("POST") }, bad_digest, of_nothing] {
        let call = client.call(request, PLAIN);
        let (done, outcome) = end(&call);
        assert_eq!((done, outcome.error.unwrap().name(), outcome.may_have_run, call.requests()), (false, "unsignable", false, 0));
    }
}

#[test]
fn a_layer_may_be_told_not_to_send_content_digest() {
    let client: Client = configured(ClientConfig { send_content_digest: false, trust_clock: true, ..ClientConfig::default() });
    let call = client.call(request("POST"), PLAIN);
    let sent = send(&call, NOW, None);
    assert_eq!(sent.content_digest(), None);
    let toki = Toki::parse(sent.toki().as_bytes()).unwrap();
    let whole = oscartoki::RequestRef {
        verb: b"POST",
        authority: AUDIENCE.as_bytes(),
        target: b"/v1/transfer",
        ext: b"",
        content: Content::Bytes(b"x"),
    };
    assert_eq!(hazmat::mint_request(&key(), None, &whole, NOW, toki.claimed_nonce(), true).unwrap(), toki, "signed all the same");
}
