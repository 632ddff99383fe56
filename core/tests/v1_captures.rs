//! What the original OscarToki clients minted, judged by our verifier at their own clock.
#![allow(clippy::unwrap_used)]

use oscartoki::{Dialect, V1Key};
use serde_json::Value;

const AHEAD_MS: i64 = 5_000;
const AGE_MS: i64 = 50_000;

fn cases() -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/captures/oscartoki-v1.json");
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    file["cases"].as_array().unwrap().clone()
}

fn text<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name].as_str().unwrap()
}

fn key(case: &Value) -> V1Key {
    V1Key::new(text(case, "key").as_bytes()).unwrap()
}

/// Milliseconds that the capture was minted at: Python writes seconds, and we cut.
fn minted_ms(case: &Value) -> i64 {
    case["mint_ms"].as_i64().unwrap_or_else(|| {
        let (seconds, fraction) = text(case, "mint_s").split_once('.').unwrap();
        format!("{seconds}{:0<3.3}", fraction).parse().unwrap()
    })
}

/// Whether a toki's digests keep their zeros in Java's spelling, as far as its text shows.
fn is_short(case: &Value) -> bool {
    text(case, "toki").split('|').nth(1).unwrap().len() < 64
}

#[test]
fn every_toki_verifies_at_its_own_clock() {
    let mut seen = [0; 3];
    for case in cases() {
        let client = text(&case, "client");
        let now = minted_ms(&case);
        let verdict = |dialect| key(&case).verify(text(&case, "toki"), dialect, now).map_err(|e| e.name());
        assert_eq!(verdict(Dialect::Any), Ok(now), "{case}");
        assert_eq!(verdict(Dialect::Java), Ok(now), "{case}");
        match client {
            "javascript" => (seen[0] += 1, assert_eq!(verdict(Dialect::Standard), Ok(now), "{case}")).0,
            "python" => (seen[1] += 1, assert_eq!(verdict(Dialect::Standard), Ok(now), "{case}")).0,
            _ if is_short(&case) => (seen[2] += 1, assert_eq!(verdict(Dialect::Standard), Err("malformed"), "{case}")).0,
            _ => seen[2] += 1,
        }
    }
    assert_eq!(seen, [30, 15, 20]);
}

/// The originals put no bound on the future and count age in steps of 10 s. Ours: 5 s ahead, 50 s old. Inside both bounds we agree
/// with JavaScript's verifier; outside we refuse what it may accept.
#[test]
fn checks_of_the_original_verifier() {
    let (mut agreed, mut stricter) = (0, 0);
    for case in cases() {
        for check in case["checks"].as_array().into_iter().flatten() {
            let Some(now) = check["now_ms"].as_i64() else {
                // Python raises ValueError on its own tokis: nothing to agree with. Ours judges them by the same bounds.
                let now = (check["now_s"].as_f64().unwrap() * 1000.0).round() as i64;
                let age = now - minted_ms(&case);
                let good = (-AHEAD_MS..=AGE_MS).contains(&age);
                let ours = key(&case).verify(text(&case, "toki"), Dialect::Any, now);
                assert_eq!(ours.map_err(|e| e.name()), if good { Ok(minted_ms(&case)) } else { Err("stale") }, "{case} {check}");
                continue;
            };
            let age = now - minted_ms(&case);
            let ours = key(&case).verify(text(&case, "toki"), Dialect::Any, now).map_err(|e| e.name());
            if (-AHEAD_MS..=AGE_MS).contains(&age) {
                assert_eq!(check["valid"], Value::Bool(true));
                assert_eq!(ours, Ok(minted_ms(&case)), "{case} {check}");
                agreed += 1;
            } else {
                assert_eq!(ours, Err("stale"), "{case} {check}");
                stricter += usize::from(check["valid"] == Value::Bool(true));
            }
        }
    }
    assert_eq!(agreed, 30 * 7);
    assert_eq!(stricter, 30 * 3);
}

#[test]
fn tokikeys_of_the_originals() {
    let (mut count, mut lost) = (0, 0);
    for case in cases() {
        let Some(tokikey) = case["tokikey"].as_str() else { continue };
        let now = case["tokikey_at_ms"].as_i64().unwrap_or_else(|| minted_ms(&case));
        let verify =
            |dialect, now, tokikey: &str| key(&case).verify_tokikey(text(&case, "toki"), tokikey, dialect, now).map_err(|e| e.name());
        assert_eq!(verify(Dialect::Any, now, tokikey), Ok(()), "{case}");
        assert_eq!(verify(Dialect::Java, now, tokikey), Ok(()), "{case}");
        if text(&case, "client") == "javascript" {
            assert_eq!(verify(Dialect::Standard, now, tokikey), Ok(()), "{case}");
        } else {
            lost += usize::from(verify(Dialect::Standard, now, tokikey).is_err());
        }
        // The bucket of the time, and its neighbours; then no longer. Our own stepping may reach one or two buckets further.
        assert_eq!(verify(Dialect::Any, now + 1_000_000, tokikey), Ok(()), "{case}");
        assert_eq!(verify(Dialect::Any, now + 10_000_000, tokikey), Err("stale"), "{case}");
        assert_eq!(verify(Dialect::Any, now - 1_000_000, tokikey), Err("stale"), "{case}");
        // Another digit anywhere in the digest.
        for at in [0, 31, 62] {
            let mut other = tokikey.to_owned();
            let digit = if &tokikey[at..=at] == "1" { "2" } else { "1" };
            other.replace_range(at..=at, digit);
            assert_eq!(verify(Dialect::Any, now, &other), Err("bad_mac"), "{case}");
        }
        count += 1;
    }
    assert_eq!(count, 50);
    assert!(lost > 0, "the captures of Java hold tokikeys that lost zeros");
}

#[test]
fn captures_are_refused_under_another_key_and_when_altered() {
    for case in cases() {
        let (toki, now) = (text(&case, "toki"), minted_ms(&case));
        let other = V1Key::new(format!("{}x", text(&case, "key")).as_bytes()).unwrap();
        assert_eq!(other.verify(toki, Dialect::Any, now).map_err(|e| e.name()), Err("bad_mac"));
        let parts: Vec<&str> = toki.split('|').collect();
        let flip = |part: &str, at: usize| {
            let mut part = part.to_owned();
            let digit = if &part[at..=at] == "3" { "4" } else { "3" };
            part.replace_range(at..=at, digit);
            part
        };
        for altered in [
            format!("{}|{}|{}", flip(parts[0], 0), parts[1], parts[2]),
            format!("{}|{}|{}", parts[0], flip(parts[1], 5), parts[2]),
            format!("{}|{}|{}", parts[0], parts[1], flip(parts[2], 14)),
        ] {
            let verdict = key(&case).verify(&altered, Dialect::Any, now).map_err(|e| e.name());
            assert!(verdict == Err("bad_mac") || verdict == Err("malformed"), "{altered}: {verdict:?}");
        }
    }
}
