//! The clock: clamp, age, steps and sleeps, and when a probe goes first.

use crate::world::{HOUR_MS, NOW, PLAIN, TRUSTING, answer, client, mint, request, sample, sign, try_sign};
use oscartoki::{AnswerRef, Client, Outcome, SignOptions};

fn is_probe(client: &Client, verb: &str, options: SignOptions, now_ms: i64, mono_ms: Option<i64>) -> bool {
    try_sign(client, &request(verb), options, now_ms, mono_ms).unwrap().probe
}

fn exchange(client: &Client, sent_at: (i64, i64), ts_ms: i64, received_at: (i64, i64)) -> Outcome {
    let sent = try_sign(client, &request("GET"), PLAIN, sent_at.0, Some(sent_at.1)).unwrap();
    let fields = AnswerRef { status: 200, ..AnswerRef::default() };
    let toki = mint(&sent, 0, ts_ms, &fields, None);
    client.accept_ref(sent.context, &fields, Some(toki.as_bytes()), None, received_at.0, Some(received_at.1))
}

#[test]
fn a_probe_goes_before_an_unsafe_request_without_a_sample() {
    let client = client();
    for verb in ["POST", "PUT", "DELETE", "PATCH", "PURGE"] {
        assert!(is_probe(&client, verb, PLAIN, NOW, None), "{verb}");
        assert!(!is_probe(&client, verb, TRUSTING, NOW, None), "{verb}, its clock trusted");
    }
    for verb in ["GET", "HEAD", "OPTIONS"] {
        assert!(!is_probe(&client, verb, PLAIN, NOW, None), "{verb}");
        assert!(is_probe(&client, verb, SignOptions { verify_first: true, ..PLAIN }, NOW, None), "{verb}, verify first");
    }
}

#[test]
fn a_sample_is_good_from_age_zero_to_under_an_hour() {
    let client = client();
    sample(&client, NOW);
    assert!(is_probe(&client, "POST", PLAIN, NOW - 1, None));
    assert!(!is_probe(&client, "POST", PLAIN, NOW, None));
    assert!(!is_probe(&client, "POST", PLAIN, NOW + HOUR_MS - 1, None));
    assert!(is_probe(&client, "POST", PLAIN, NOW + HOUR_MS, None));
    assert!(!is_probe(&client, "POST", TRUSTING, NOW + HOUR_MS, None));
}

#[test]
fn a_probe_is_a_head_with_ts_zero_and_want_and_its_success_a_signed_one() {
    let client = client();
    let sent = sign(&client, "POST", PLAIN, NOW);
    assert!(sent.probe && sent.grant.is_none());
    assert_eq!((sent.toki.claimed_ts_ms(), sent.toki.claimed_want(), sent.toki.has_body()), (0, true, false));
    let outcome = answer(&client, sent, 1, NOW + 500, NOW + 20, None);
    assert_eq!(
        (outcome.error, outcome.code, outcome.may_have_run, outcome.resend, outcome.offset_ms),
        (None, Some(1), false, false, Some(480))
    );
    let sent = sign(&client, "POST", PLAIN, NOW + 30);
    assert!(!sent.probe);
    assert_eq!(sent.toki.claimed_ts_ms(), NOW + 510);
}

#[test]
fn a_failed_probe_is_anything_but_a_signed_one() {
    for (code, name) in
        [(0, "policy"), (2, "replayed"), (3, "grant_expired"), (4, "revoked"), (5, "body_mismatch"), (6, "policy"), (7, "busy")]
    {
        let client = client();
        let sent = sign(&client, "POST", PLAIN, NOW);
        let outcome = answer(&client, sent, code, NOW, NOW, None);
        assert_eq!(outcome.error.unwrap().name(), name);
        assert!(outcome.signed && !outcome.may_have_run && !outcome.resend && outcome.probe);
    }
    let client = client();
    for toki in [None, Some(&b""[..]), Some(b"ot2.AAAA")] {
        let sent = sign(&client, "POST", PLAIN, NOW);
        let outcome = client.accept_ref(sent.context, &AnswerRef { status: 204, ..AnswerRef::default() }, toki, None, NOW, None);
        assert!(outcome.error.is_some() && !outcome.signed && !outcome.may_have_run && !outcome.resend);
    }
    assert_eq!(client.offset_ms(), None);
}

#[test]
fn the_offset_is_clamped_between_both_legs() {
    let client = client();
    // Without an offset: lo.
    assert_eq!(exchange(&client, (NOW, 0), NOW + 1000, (NOW + 400, 400)).offset_ms, Some(600));
    // Between lo and hi it stays; below lo it rises to lo; above hi it falls to lo.
    assert_eq!(exchange(&client, (NOW, 0), NOW + 700, (NOW + 200, 200)).offset_ms, Some(600));
    assert_eq!(exchange(&client, (NOW, 0), NOW + 600, (NOW + 10, 10)).offset_ms, Some(600));
    assert_eq!(exchange(&client, (NOW, 0), NOW + 800, (NOW + 199, 199)).offset_ms, Some(601));
    assert_eq!(exchange(&client, (NOW, 0), NOW + 600, (NOW + 300, 300)).offset_ms, Some(300));
    assert_eq!(client.offset_ms(), Some(300));
}

#[test]
fn an_answer_that_came_before_its_request_tells_no_time() {
    let client = client();
    let outcome = exchange(&client, (NOW, 0), NOW + 77, (NOW - 1, 0));
    assert_eq!((outcome.error, outcome.offset_ms), (None, None));
    assert!(is_probe(&client, "POST", PLAIN, NOW, None));
    assert_eq!(exchange(&client, (NOW, 0), NOW + 77, (NOW, 0)).offset_ms, Some(77));
    assert!(!is_probe(&client, "POST", PLAIN, NOW, None));
}

#[test]
fn the_time_to_sign_is_at_least_one_and_fits_48_bits() {
    let client = client();
    assert_eq!(sign(&client, "GET", PLAIN, 0).toki.claimed_ts_ms(), 1);
    assert_eq!(sign(&client, "GET", PLAIN, (1 << 48) - 1).toki.claimed_ts_ms(), (1 << 48) - 1);
    for now_ms in [-1, i64::MIN, 1 << 48, i64::MAX] {
        assert_eq!(try_sign(&client, &request("GET"), PLAIN, now_ms, None).unwrap_err().name(), "unsignable", "{now_ms}");
    }
    let sent = sign(&client, "GET", PLAIN, NOW);
    assert_eq!(answer(&client, sent, 0, 5, NOW, None).offset_ms, Some(5 - NOW));
    assert_eq!(sign(&client, "GET", PLAIN, 7).toki.claimed_ts_ms(), 1);
    assert_eq!(sign(&client, "GET", PLAIN, NOW).toki.claimed_ts_ms(), 5);
}

#[test]
fn clocks_that_part_by_more_than_a_second_make_the_age_unknown() {
    for (wall, mono, parted) in
        [(1_000, 0, false), (1_001, 0, true), (0, 1_000, false), (0, 1_001, true), (60_000, 60_000, false), (900, 1_901, true)]
    {
        let client = client();
        exchange(&client, (NOW, 0), NOW, (NOW, 0));
        assert_eq!(is_probe(&client, "POST", PLAIN, NOW + wall, Some(mono)), parted, "{wall} {mono}");
        assert_eq!(client.offset_ms(), Some(0), "the offset stays");
    }
}

#[test]
fn a_forgotten_age_stays_forgotten_when_the_clock_steps_back() {
    let client = client();
    exchange(&client, (NOW, 0), NOW, (NOW, 0));
    assert!(!is_probe(&client, "GET", PLAIN, NOW + HOUR_MS, Some(10)));
    assert!(is_probe(&client, "POST", PLAIN, NOW + 20, Some(20)));
    exchange(&client, (NOW + 30, 30), NOW + 30, (NOW + 30, 30));
    assert!(!is_probe(&client, "POST", PLAIN, NOW + 40, Some(40)));
    // One clock alone can't part from anything.
    assert!(!is_probe(&client, "POST", PLAIN, NOW + 5_000, None));
}

#[test]
fn a_step_between_request_and_answer_leaves_an_unknown_age() {
    let client = client();
    assert_eq!(exchange(&client, (NOW, 0), NOW + 100, (NOW + HOUR_MS, 200)).offset_ms, Some(100 - HOUR_MS));
    assert!(is_probe(&client, "POST", PLAIN, NOW + HOUR_MS, Some(200)));
}

#[test]
fn answers_that_are_not_authentic_leave_the_clock_alone() {
    let client = client();
    sample(&client, NOW);
    let sent = sign(&client, "GET", PLAIN, NOW);
    let fields = AnswerRef { status: 200, ..AnswerRef::default() };
    let toki = mint(&sent, 0, NOW + 9_999, &fields, None);
    let outcome = client.accept_ref(sent.context, &AnswerRef { status: 201, ..fields }, Some(toki.as_bytes()), None, NOW, None);
    assert_eq!((outcome.error.unwrap().name(), outcome.offset_ms, outcome.status), ("bad_mac", Some(0), Some(201)));
    assert_eq!(client.offset_ms(), Some(0));
}
