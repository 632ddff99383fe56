//! OscarToki v1: shapes, spellings, times, stepping, and the client's two steps.
#![allow(clippy::unwrap_used)]

use oscartoki::{Dialect, V1Client, V1Key, encoding, sha256};

const NOW: i64 = 1_795_297_929_123;

fn key() -> V1Key {
    V1Key::new(b"5cbc654dc3355e382201615c").unwrap()
}

fn h(text: &str) -> String {
    encoding::hex(&sha256(text.as_bytes()))
}

fn name<T>(result: oscartoki::Result<T>) -> &'static str {
    result.err().map_or("ok", |error| error.name())
}

#[test]
fn mints_what_every_original_accepts_and_nothing_newer_does() {
    for now in (NOW..NOW + 2_000).step_by(7) {
        let toki = key().mint(now).unwrap();
        let ts = key().verify(&toki, Dialect::Standard, now).unwrap();
        assert!(serves(&toki));
        assert_eq!(key().verify(&toki, Dialect::Java, now), Ok(ts));
        for newer in ts + 1..=now {
            assert_eq!(key().mint(newer).unwrap(), toki, "a newer time would have served");
        }
    }
}

/// No digest of it has a zero for Java to lose.
fn serves(toki: &str) -> bool {
    let ts: String = toki.split('|').next().unwrap().chars().rev().collect();
    let inner = h(&format!("5cbc654dc3355e382201615c - {ts} - 5cbc654dc3355e382201615c"));
    ![inner.clone(), h(&inner), h(toki)].iter().any(|digest| digest.starts_with('0'))
}

#[test]
fn tokikeys_step_back_until_java_agrees() {
    let mut stepped = 0;
    for now in (NOW..NOW + 200_000_000).step_by(1_000_003) {
        let toki = key().mint(now).unwrap();
        let tokikey = key().mint_tokikey(&toki, now).unwrap();
        for dialect in [Dialect::Any, Dialect::Standard, Dialect::Java] {
            assert_eq!(key().verify_tokikey(&toki, &tokikey, dialect, now), Ok(()));
        }
        let t7: String = tokikey.split("o_o").nth(1).unwrap().chars().rev().collect();
        let inner = h(&format!("{t7}{}5cbc654dc3355e382201615c", h(&toki)));
        assert!(!inner.starts_with('0') && !h(&inner).starts_with('0'));
        stepped += usize::from(t7 != now.to_string()[..7]);
    }
    assert!((10..50).contains(&stepped), "{stepped} of 200 stepped");
}

#[test]
fn age_and_future_have_their_ends_included() {
    let toki = key().mint(NOW).unwrap();
    let ts = key().verify(&toki, Dialect::Any, NOW).unwrap();
    let at = |now| name(key().verify(&toki, Dialect::Any, now));
    assert_eq!(at(ts + 50_000), "ok");
    assert_eq!(at(ts + 50_001), "stale");
    assert_eq!(at(ts - 5_000), "ok");
    assert_eq!(at(ts - 5_001), "stale");
    assert_eq!(at(i64::MAX), "stale");
    assert_eq!(at(i64::MIN), "stale");
}

#[test]
fn other_shapes_are_malformed() {
    let toki = key().mint(NOW).unwrap();
    let (time, rest) = toki.split_once('|').unwrap();
    let (core, noise) = rest.split_once('|').unwrap();
    let bad = [
        String::new(),
        "||".into(),
        time.into(),
        format!("{time}|{core}"),
        format!("{toki}|"),
        format!("|{toki}"),
        format!(" {toki}"),
        format!("{toki}\n"),
        format!("{}|{core}|{noise}", &time[1..]),
        format!("{time}1|{core}|{noise}"),
        format!("NaN|{core}|{noise}"),
        format!("{time}|{}|{noise}", core.to_uppercase()),
        format!("{time}|{}|{noise}", &core[..31]),
        format!("{time}|{core}0|{noise}"),
        format!("{time}|{core}|{}", &noise[1..]),
        format!("{time}|{core}|{noise}0"),
        format!("{time}|{core}|{}", noise.to_uppercase()).replace(|c: char| c.is_ascii_digit(), "A"),
    ];
    for text in bad {
        for dialect in [Dialect::Any, Dialect::Standard, Dialect::Java] {
            assert_eq!(name(key().verify(&text, dialect, NOW)), "malformed", "{text:?}");
        }
    }
    // Short cores are Java's alone.
    let short = format!("{time}|{}|{noise}", &core[..63]);
    assert_eq!(name(key().verify(&short, Dialect::Standard, NOW)), "malformed");
    assert_eq!(name(key().verify(&short, Dialect::Any, NOW)), "bad_mac");
}

#[test]
fn one_spelling_for_all_parts_and_the_noise_is_checked() {
    // A time whose core and noise both lose a zero in Java.
    let full = |ts: i64| {
        let inner = h(&format!("k - {ts} - k"));
        (inner.clone(), h(&inner), h(&format!("{ts}Brouillage de piste")))
    };
    let lost = |text: &str| h(text).trim_start_matches('0').to_owned();
    let ts = (NOW..).find(|ts| full(*ts).1.starts_with('0') && full(*ts).2.starts_with('0') && !full(*ts).0.starts_with('0')).unwrap();
    let (inner, outer, noise) = full(ts);
    let reverse = |text: &str| text.chars().rev().collect::<String>();
    let toki = |core: &str, noise: &str| format!("{}|{}|{}", reverse(&ts.to_string()), reverse(core), &noise[..15]);
    let (short_core, short_noise) = (lost(&inner), lost(&format!("{ts}Brouillage de piste")));
    let key = V1Key::new(b"k").unwrap();
    let at = |text: String, dialect| name(key.verify(&text, dialect, ts));
    assert_eq!(at(toki(&outer, &noise), Dialect::Any), "ok");
    assert_eq!(at(toki(&outer, &noise), Dialect::Standard), "ok");
    assert_eq!(at(toki(&short_core, &short_noise), Dialect::Any), "ok");
    assert_eq!(at(toki(&short_core, &short_noise), Dialect::Java), "ok");
    assert_eq!(at(toki(&short_core, &short_noise), Dialect::Standard), "malformed");
    assert_eq!(at(toki(&outer, &short_noise), Dialect::Any), "bad_mac");
    assert_eq!(at(toki(&short_core, &noise), Dialect::Any), "bad_mac");
    assert_eq!(at(toki(&outer, &outer), Dialect::Any), "bad_mac");
}

#[test]
fn keys_and_clocks_that_are_none() {
    assert_eq!(name(V1Key::new(b"")), "weak_secret");
    for now in [i64::MIN, -1, 0, 999_999_999_999, 10_000_000_000_000, i64::MAX] {
        assert_eq!(name(key().mint(now)), "unsignable");
        assert_eq!(name(key().mint_tokikey(&key().mint(NOW).unwrap(), now)), "unsignable");
    }
    assert!(!format!("{:?}", key()).contains("5cbc"));
    let toki = key().mint(NOW).unwrap();
    for tokikey in
        ["", "o_o", "o_o1234567", "IMVALID TOKI", &format!("{}o_o123456", "a".repeat(64)), &format!("{}o_o12345678", "a".repeat(64))]
    {
        assert_eq!(name(key().verify_tokikey(&toki, tokikey, Dialect::Any, NOW)), "malformed");
    }
    assert_eq!(name(key().mint_tokikey("IMVALID TOKI", NOW)), "malformed");
}

#[test]
fn two_steps_of_a_client() {
    let client = V1Client::new(&key(), Dialect::Any);
    let exchange = client.begin(NOW).unwrap();
    let tokikey = key().mint_tokikey(&exchange.toki(), NOW).unwrap();
    let body = format!(r#"{{"status":"success","tokikey":"{tokikey}"}}"#);
    let theirs = |now| Some(key().mint(now).unwrap());
    assert_eq!(exchange.tokikey(), None);
    assert_eq!(exchange.accept_first(body.as_bytes(), theirs(NOW + 40), NOW + 60), Ok(tokikey.clone()));
    assert_eq!(exchange.tokikey(), Some(tokikey));
    assert_eq!(exchange.accept_second(theirs(NOW + 90), NOW + 120), Ok(()));
    assert_eq!(exchange.tokikey(), None);
    assert_eq!(name(exchange.accept_second(theirs(NOW + 95), NOW + 120)), "replayed");
}

#[test]
fn answers_that_a_client_refuses() {
    let client = V1Client::new(&key(), Dialect::Any);
    let judge = |content: fn(&str) -> String, toki: fn(&str) -> Option<String>| {
        let exchange = client.begin(NOW).unwrap();
        let tokikey = key().mint_tokikey(&exchange.toki(), NOW).unwrap();
        let first = name(exchange.accept_first(content(&tokikey).as_bytes(), toki(&exchange.toki()), NOW));
        assert_eq!(name(exchange.accept_first(b"", None, NOW)), "replayed", "accepted once, good or bad");
        first
    };
    let good = |tokikey: &str| format!(r#"{{"status":"success","tokikey":"{tokikey}"}}"#);
    assert_eq!(judge(good, |_| None), "missing");
    assert_eq!(judge(good, |own| Some(own.to_owned())), "replayed", "our own toki came back");
    assert_eq!(judge(good, |_| Some("IMVALID TOKI".into())), "malformed");
    assert_eq!(judge(good, |_| Some(V1Key::new(b"other").unwrap().mint(NOW).unwrap())), "bad_mac");
    assert_eq!(judge(good, |_| Some(key().mint(NOW - 60_000).unwrap())), "stale");
    assert_eq!(judge(|_| r#"{"status":"error","message":"no"}"#.into(), |_| Some(key().mint(NOW - 1_000).unwrap())), "missing");
    assert_eq!(judge(|_| r#"{"status":"success"}"#.into(), |_| Some(key().mint(NOW - 2_000).unwrap())), "malformed");
    assert_eq!(
        judge(|_| r#"{"status":"success","tokikey":"IMVALID TOKI"}"#.into(), |_| Some(key().mint(NOW - 3_000).unwrap())),
        "malformed"
    );
    let foreign = |_: &str| {
        let other = V1Key::new(b"other").unwrap();
        format!(r#"{{"status":"success","tokikey":"{}"}}"#, other.mint_tokikey(&key().mint(NOW).unwrap(), NOW).unwrap())
    };
    assert_eq!(judge(foreign, |_| Some(key().mint(NOW - 4_000).unwrap())), "bad_mac");
}

#[test]
fn two_exchanges_never_share_a_toki() {
    let client = V1Client::new(&key(), Dialect::Any);
    let tokis: std::collections::HashSet<String> = (0..50).map(|_| client.begin(NOW).unwrap().toki()).collect();
    assert_eq!(tokis.len(), 50);
}
