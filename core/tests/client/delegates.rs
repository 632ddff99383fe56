//! A client of a handed-out session.

use crate::world::{HOUR_MS, NOW, PLAIN, SID, TRUSTING, answer, client, key, mint, request, sign, try_sign};
use oscartoki::{AnswerRef, Client, ClientConfig, Grant, MessageRef, Rolling, Session, SignOptions, hazmat};

const NOW_S: i64 = NOW / 1000;

fn delegate(ttl_s: i64) -> (Client, Session) {
    let session = client().hand_out(ttl_s, NOW).unwrap();
    let config = ClientConfig { roll: Rolling::Every, ..ClientConfig::default() };
    (Client::from_session(&Session::parse(&session.to_text()).unwrap(), config).unwrap(), session)
}

#[test]
fn a_delegate_signs_in_its_session_probes_too_and_never_asks_for_a_grant() {
    let (delegate, session) = delegate(600);
    for (verb, options) in [("POST", PLAIN), ("GET", PLAIN), ("POST", TRUSTING)] {
        let sent = sign(&delegate, verb, options, NOW);
        assert_eq!((sent.grant, sent.probe), (Some(*session.grant()), (verb, options) == ("POST", PLAIN)));
        assert_eq!((sent.toki.claimed_want(), sent.toki.claimed_session(), sent.toki.claimed_id()), (false, true, session.grant().sid()));
        let code = u8::from(sent.probe);
        assert_eq!(answer(&delegate, sent, code, NOW, NOW, None).error, None);
    }
    assert_eq!(delegate.kid(), client().kid());
}

#[test]
fn a_grant_sent_to_a_delegate_is_ignored() {
    let (delegate, session) = delegate(600);
    let sent = sign(&delegate, "GET", PLAIN, NOW);
    let grant = hazmat::mint_grant(&key(), &sent.toki, SID, NOW_S + 601, 600).unwrap();
    let outcome = answer(&delegate, sent, 0, NOW, NOW, Some(&grant));
    assert_eq!((outcome.error, outcome.grant_error, outcome.adopted, outcome.offset_ms), (None, None, None, Some(0)));
    assert_eq!(sign(&delegate, "GET", PLAIN, NOW).grant, Some(*session.grant()));
}

#[test]
fn an_answer_under_the_root_is_not_for_a_delegate() {
    let (delegate, _) = delegate(600);
    let sent = sign(&delegate, "GET", PLAIN, NOW);
    let fields = AnswerRef { status: 200, ..AnswerRef::default() };
    let of_root = hazmat::mint_request(&key(), None, &request("GET"), NOW, sent.toki.claimed_nonce(), false).unwrap();
    let toki = hazmat::mint_answer(&key(), None, &of_root, 0, NOW, &fields, None).unwrap().to_text();
    assert_eq!(delegate.accept_ref(sent.context, &fields, Some(toki.as_bytes()), None, NOW, None).error.unwrap().name(), "bad_mac");
}

#[test]
fn without_a_sample_a_grant_that_looks_over_is_probed_first_unless_the_clock_is_trusted() {
    let ahead_ms = NOW + 15 * HOUR_MS;
    let (delegate, session) = delegate(600);
    let end_ms = session.exp_s() * 1000;
    assert!(!sign(&delegate, "GET", PLAIN, end_ms).probe);
    assert!(sign(&delegate, "GET", PLAIN, end_ms + 1).probe);
    for options in [TRUSTING, SignOptions { verify_first: true, ..TRUSTING }] {
        assert_eq!(try_sign(&delegate, &request("GET"), options, ahead_ms, None).unwrap_err().name(), "grant_expired");
    }
    let probe = sign(&delegate, "GET", PLAIN, ahead_ms);
    assert_eq!((probe.probe, probe.toki.claimed_ts_ms(), probe.grant), (true, 0, Some(*session.grant())));
    assert_eq!(answer(&delegate, probe, 1, NOW, ahead_ms, None).error, None);
    let sent = sign(&delegate, "POST", PLAIN, ahead_ms);
    assert_eq!((sent.probe, sent.toki.claimed_ts_ms()), (false, NOW));
}

#[test]
fn with_a_sample_a_delegate_whose_session_is_over_fails() {
    let (delegate, session) = delegate(5);
    let sent = sign(&delegate, "GET", PLAIN, NOW);
    answer(&delegate, sent, 0, NOW, NOW, None);
    let end_ms = session.exp_s() * 1000;
    assert!(!sign(&delegate, "POST", PLAIN, end_ms).probe);
    for (verb, options, now_ms) in [
        ("GET", PLAIN, end_ms + 1),
        ("POST", PLAIN, end_ms + 1),
        ("POST", TRUSTING, end_ms + 1),
        ("GET", SignOptions { verify_first: true, ..PLAIN }, end_ms + 1),
        ("POST", PLAIN, end_ms + 2 * HOUR_MS),
    ] {
        assert_eq!(try_sign(&delegate, &request(verb), options, now_ms, None).unwrap_err().name(), "grant_expired", "{verb}");
    }
}

#[test]
fn a_delegate_signs_no_message_and_no_other_audience() {
    let (delegate, _) = delegate(600);
    let message = MessageRef { destination: "billing", kind: "x", ext: b"", content: oscartoki::Content::None };
    assert_eq!(delegate.mint_message_ref(&message, 60, NOW).unwrap_err().name(), "unsignable");
    assert_eq!(delegate.for_audience("other").unwrap_err().name(), "unsignable");
}

#[test]
fn a_handed_out_grant_is_parsed_like_any_other() {
    let (_, session) = delegate(600);
    let text = session.to_text();
    for bad in [text.replace("oz2.", "oa2."), text.replace("oz2.", "os2.")] {
        assert_eq!(Session::parse(&bad).unwrap_err().name(), "wrong_kind");
    }
    for bad in [&text[..text.len() - 1], &text[4..], &text.replacen("oz2.K", "oz2.L", 1)] {
        assert_eq!(Session::parse(bad).unwrap_err().name(), "malformed");
    }
    let mut bytes = *session.grant().as_bytes();
    bytes[1] = 1;
    assert_eq!(Grant::from_bytes(bytes).unwrap_err().name(), "malformed");
    let sent = sign(&client(), "GET", PLAIN, NOW);
    assert_eq!(mint(&sent, 0, NOW, &AnswerRef::default(), None).len(), 38);
}
