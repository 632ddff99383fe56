//! Grants: which are adopted, which key signs, when the next is asked for; sessions that are handed out.

use crate::world::{
    HOUR_MS, NOW, PLAIN, SID, Sent, answer, client, configured, enter_session, grant_for, key, request, sample, secret, sign, try_sign,
};
use oscartoki::{Client, ClientConfig, Grant, Outcome, Rolling, hazmat};

const NOW_S: i64 = NOW / 1000;

fn offer(make: impl FnOnce(&Sent) -> Grant) -> Outcome {
    let client = client();
    let sent = sign(&client, "GET", PLAIN, NOW);
    let grant = make(&sent);
    let outcome = answer(&client, sent, 0, NOW, NOW, Some(&grant));
    assert_eq!((outcome.error, outcome.signed), (None, true), "the answer stands either way");
    assert_eq!(outcome.grant_error.is_some(), outcome.adopted.is_none());
    assert_eq!(sign(&client, "GET", PLAIN, NOW).grant, outcome.adopted.map(|_| grant));
    outcome
}

#[test]
fn a_grant_is_adopted_within_its_bounds() {
    // exp × 1000 > r.ts, exp <= r.ts / 1000 + ttl + F.
    for (exp_s, ttl_s, adopted) in [
        (NOW_S + 600, 600, true),
        (NOW_S + 602, 600, true),
        (NOW_S + 603, 600, false),
        (NOW_S + 1, 600, true),
        (NOW_S, 600, false),
        (NOW_S + 3, 1, true),
        (NOW_S + 4, 1, false),
        (u32::MAX.into(), 65_535, false),
    ] {
        assert_eq!(offer(|sent| grant_for(sent, exp_s, ttl_s)).adopted.is_some(), adopted, "{exp_s} {ttl_s}");
    }
}

#[test]
fn a_grant_that_is_not_ours_is_dropped() {
    let other = hazmat::mint_request(&key(), None, &request("GET"), NOW, [3; 8], true).unwrap();
    assert_eq!(offer(|_| hazmat::mint_grant(&key(), &other, SID, NOW_S + 600, 600).unwrap()).adopted, None, "made for another request");
    let stranger = key().with_kid(&[9; 8]).unwrap();
    assert_eq!(offer(|sent| hazmat::mint_grant(&stranger, &sent.toki, SID, NOW_S + 600, 600).unwrap()).adopted, None, "another kid");
    let next = secret().audience_key("api.example.com", 1).unwrap();
    assert_eq!(offer(|sent| hazmat::mint_grant(&next, &sent.toki, SID, NOW_S + 600, 600).unwrap()).adopted, None, "another generation");
    let edited = |at: usize, sent: &Sent| {
        let mut bytes = *grant_for(sent, NOW_S + 600, 600).as_bytes();
        bytes[at] ^= 1;
        Grant::from_bytes(bytes).unwrap()
    };
    for at in [2, 10, 17, 24, 31] {
        assert_eq!(offer(|sent| edited(at, sent)).adopted, None, "byte {at} changed");
    }
    let without_life = offer(|sent| {
        let mut bytes = *grant_for(sent, NOW_S + 1, 1).as_bytes();
        bytes[22..24].copy_from_slice(&[0, 0]);
        Grant::from_bytes(bytes).unwrap()
    });
    assert_eq!((without_life.adopted, without_life.grant_error.unwrap().name()), (None, "bad_grant"));
}

#[test]
fn a_grant_that_nobody_asked_for_is_dropped() {
    let client = client();
    let held = enter_session(&client, NOW, NOW_S + 600, 600);
    let sent = sign(&client, "GET", PLAIN, NOW);
    assert!(!sent.toki.claimed_want());
    let grant = grant_for(&sent, NOW_S + 601, 600);
    let outcome = answer(&client, sent, 0, NOW, NOW, Some(&grant));
    assert_eq!((outcome.error, outcome.grant_error.unwrap().name(), outcome.adopted), (None, "bad_grant", None));
    assert_eq!(sign(&client, "GET", PLAIN, NOW).grant, Some(held));
}

#[test]
fn a_grant_comes_with_a_refusal_too() {
    let client = client();
    let sent = sign(&client, "POST", PLAIN, NOW);
    assert!(sent.probe);
    let grant = grant_for(&sent, NOW_S + 600, 600);
    assert_eq!(answer(&client, sent, 1, NOW, NOW, Some(&grant)).adopted, Some(SID));
    assert_eq!(sign(&client, "POST", PLAIN, NOW).grant, Some(grant));
}

#[test]
fn the_newest_grant_signs_until_its_end_and_then_the_root() {
    let client = client();
    let first = enter_session(&client, NOW, NOW_S + 600, 600);
    assert_eq!(sign(&client, "GET", PLAIN, (NOW_S + 600) * 1000).grant, Some(first));
    let over = sign(&client, "GET", PLAIN, (NOW_S + 600) * 1000 + 1);
    assert_eq!((over.grant, over.toki.claimed_want(), over.toki.claimed_id().to_vec()), (None, true, client.kid()));
    // A probe is the root's, in a session too.
    let probe = sign(&client, "POST", PLAIN, NOW + HOUR_MS);
    assert!(probe.probe && probe.grant.is_none() && probe.toki.claimed_want());
}

#[test]
fn the_greatest_exp_is_the_newest_then_the_one_adopted_last() {
    let client = configured(ClientConfig { roll: Rolling::Every, ..ClientConfig::default() });
    let roll = |exp_s| {
        let sent = sign(&client, "GET", PLAIN, NOW);
        let grant = grant_for(&sent, exp_s, 600);
        assert_eq!(answer(&client, sent, 0, NOW, NOW, Some(&grant)).adopted, Some(SID));
        grant
    };
    let newest = |grant| assert_eq!(sign(&client, "GET", PLAIN, NOW).grant, Some(grant));
    let first = roll(NOW_S + 600);
    newest(first);
    roll(NOW_S + 599);
    newest(first);
    let last = roll(NOW_S + 600);
    assert_ne!(first, last);
    newest(last);
    newest(roll(NOW_S + 601));
}

#[test]
fn a_request_in_flight_finishes_under_its_own_grant() {
    let client = configured(ClientConfig { roll: Rolling::Every, ..ClientConfig::default() });
    enter_session(&client, NOW, NOW_S + 600, 600);
    let in_flight = sign(&client, "GET", PLAIN, NOW);
    enter_session(&client, NOW, NOW_S + 602, 600);
    assert_eq!(answer(&client, in_flight, 0, NOW, NOW, None).error, None);
}

#[test]
fn want_is_on_every_root_request_and_from_half_of_a_session() {
    let client = client();
    assert!(sign(&client, "GET", PLAIN, NOW).toki.claimed_want());
    enter_session(&client, NOW, NOW_S + 600, 600);
    let half_ms = (NOW_S + 300) * 1000;
    assert!(!sign(&client, "GET", PLAIN, half_ms - 1).toki.claimed_want());
    assert!(sign(&client, "GET", PLAIN, half_ms).toki.claimed_want());
    let every = configured(ClientConfig { roll: Rolling::Every, ..ClientConfig::default() });
    enter_session(&every, NOW, NOW_S + 600, 600);
    let sent = sign(&every, "GET", PLAIN, NOW);
    assert!(sent.toki.claimed_want() && sent.grant.is_some());
}

#[test]
fn a_session_is_handed_out_for_ten_minutes_at_most_with_a_sid_of_its_own() {
    let client = client();
    for ttl_s in [0, -1, 601, i64::MAX] {
        assert_eq!(client.hand_out(ttl_s, NOW).unwrap_err().name(), "unsignable", "{ttl_s}");
    }
    assert_eq!(client.hand_out(1, -1).unwrap_err().name(), "unsignable");
    assert_eq!(client.hand_out(600, 1 << 47).unwrap_err().name(), "unsignable", "its end does not fit");
    let (one, two) = (client.hand_out(600, NOW).unwrap(), client.hand_out(600, NOW).unwrap());
    assert_ne!(one.sid(), two.sid());
    assert_ne!(one.grant().as_bytes()[24..], two.grant().as_bytes()[24..]);
    assert_eq!((one.kid(), one.exp_s(), one.grant().ttl_s()), (client.kid(), NOW_S + 600, 600));
    // By the service's clock, where it is known.
    let sent = sign(&client, "GET", PLAIN, NOW);
    answer(&client, sent, 0, NOW + 15 * HOUR_MS, NOW, None);
    assert_eq!(client.hand_out(1, NOW).unwrap().exp_s(), NOW_S + 15 * 3600 + 1);
    let delegate = Client::from_session(&one, ClientConfig::default()).unwrap();
    assert_eq!(delegate.hand_out(1, NOW).unwrap_err().name(), "unsignable");
    let several = Client::by_authority(&secret(), ClientConfig::default()).unwrap();
    assert_eq!(several.hand_out(1, NOW).unwrap_err().name(), "unsignable");
    sample(&client, NOW + 15 * HOUR_MS);
    try_sign(&client, &request("POST"), PLAIN, NOW + 15 * HOUR_MS, None).unwrap();
}
