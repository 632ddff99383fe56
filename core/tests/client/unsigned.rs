//! `answers = none`: a service behind an edge that can't sign answers.

use crate::world::{NOW, PLAIN, TRUSTING, client, configured, enter_session, mint, request, sign, try_sign};
use oscartoki::{AnswerRef, Client, ClientConfig, SignOptions};

fn unsigned() -> Client {
    configured(ClientConfig { unsigned_answers: true, ..ClientConfig::default() })
}

#[test]
fn an_unsigned_answer_is_taken_and_nothing_of_it_is_authentic() {
    let client = unsigned();
    for status in [200, 401, 500] {
        let sent = sign(&client, "GET", PLAIN, NOW);
        let outcome = client.accept_ref(sent.context, &AnswerRef { status, ..AnswerRef::default() }, None, None, NOW, None);
        assert_eq!((outcome.error, outcome.signed, outcome.code, outcome.status), (None, false, None, Some(status)));
        assert!(outcome.may_have_run && !outcome.content_authentic && !outcome.resend);
    }
}

#[test]
fn clock_and_grants_never_move() {
    let client = unsigned();
    let sent = sign(&client, "GET", PLAIN, NOW);
    let fields = AnswerRef { status: 401, ..AnswerRef::default() };
    let toki = mint(&sent, 1, NOW + 60_000, &fields, None);
    let outcome = client.accept_ref(sent.context, &fields, Some(toki.as_bytes()), None, NOW, None);
    assert_eq!((outcome.error, outcome.signed, outcome.resend, outcome.offset_ms), (None, false, false, None));
    assert_eq!(client.offset_ms(), None);
}

#[test]
fn an_unsafe_request_needs_a_trusted_clock() {
    let client = unsigned();
    assert_eq!(try_sign(&client, &request("POST"), PLAIN, NOW, None).unwrap_err().name(), "policy");
    let verify_first = SignOptions { verify_first: true, ..TRUSTING };
    assert_eq!(try_sign(&client, &request("GET"), verify_first, NOW, None).unwrap_err().name(), "policy");
    assert!(!sign(&client, "POST", TRUSTING, NOW).probe);
    let trusting = configured(ClientConfig { unsigned_answers: true, trust_clock: true, ..ClientConfig::default() });
    assert!(!sign(&trusting, "POST", PLAIN, NOW).probe);
}

#[test]
fn too_large_is_policy_here_too_and_a_delegate_that_looks_over_is_over() {
    let client_ = unsigned();
    let outcome = client_.accept_too_large(sign(&client_, "GET", PLAIN, NOW).context, 200);
    assert_eq!(outcome.error.unwrap().name(), "policy");
    let session = client().hand_out(5, NOW).unwrap();
    let config = ClientConfig { unsigned_answers: true, ..ClientConfig::default() };
    let delegate = Client::from_session(&session, config).unwrap();
    assert_eq!(try_sign(&delegate, &request("GET"), PLAIN, NOW + 60_000, None).unwrap_err().name(), "grant_expired");
    assert!(!sign(&delegate, "GET", PLAIN, NOW).probe);
}

#[test]
fn everywhere_else_an_unsigned_answer_is_missing() {
    let client = client();
    enter_session(&client, NOW, NOW / 1000 + 600, 600);
    let sent = sign(&client, "POST", PLAIN, NOW);
    let outcome = client.accept_ref(sent.context, &AnswerRef { status: 401, ..AnswerRef::default() }, None, None, NOW, None);
    assert_eq!(outcome.error.unwrap().name(), "missing");
    assert!(outcome.may_have_run && !outcome.signed && !outcome.resend);
}
