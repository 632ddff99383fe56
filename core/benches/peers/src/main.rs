//! Verifying a request's toki beside verifying a JWT (HS256) and a Hawk header, each with the key at hand. `peers [--json]`: rows.
//! A JWT covers neither method nor target nor content; Hawk covers all three and, like ours here, remembers nothing.
#![allow(clippy::unwrap_used)]

use hawk::{Credentials, Header, Key, PayloadHasher, RequestBuilder, SHA256};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Validation, decode, encode};
use oscartoki::hazmat::RequestKey;
use oscartoki::{Content, REQUEST_TEXT_LEN, RequestRef, Secret, sha256};
use serde::{Deserialize, Serialize};
use std::hint::black_box;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const NAME: &str = "api.example.com";
const TARGET: &str = "/v1/accounts/4711";
const BODY: &[u8] = b"{}";
const ROUNDS: usize = 31;
const CALLS: usize = 1_000;

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    aud: String,
    jti: String,
    exp: u64,
}

fn main() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let key = RequestKey::new(&Secret::generate().unwrap().audience_key(NAME, 0).unwrap(), None);
    let content = Content::Digest(sha256(BODY));
    let request = RequestRef { verb: b"POST", authority: NAME.as_bytes(), target: TARGET.as_bytes(), ext: &[], content };
    let mut toki = [0; REQUEST_TEXT_LEN];
    key.mint(&request, i64::try_from(now.as_millis()).unwrap(), false, &mut toki).unwrap();

    let claims = Claims { sub: "kidkidki".into(), aud: NAME.into(), jti: "0123456789abcdef".into(), exp: now.as_secs() + 600 };
    let jwt = encode(&jsonwebtoken::Header::default(), &claims, &EncodingKey::from_secret(&sha256(b"key"))).unwrap();
    let (jwt_key, mut validation) = (DecodingKey::from_secret(&sha256(b"key")), Validation::new(Algorithm::HS256));
    validation.set_audience(&[NAME]);

    let hash = PayloadHasher::hash("application/json", SHA256, BODY).unwrap();
    let credentials = Credentials { id: "kidkidki".into(), key: Key::new(sha256(b"key"), SHA256).unwrap() };
    let hawk_request = RequestBuilder::new("POST", NAME, 443, TARGET).hash(&hash[..]).request();
    let hawk = hawk_request.make_header(&credentials).unwrap().to_string();

    let mut times: [Vec<f64>; 3] = Default::default();
    for round in 0..ROUNDS {
        for at in 0..3 {
            let which = if round % 2 == 0 { at } else { 2 - at };
            times[which].push(match which {
                0 => timed(|| key.verify(black_box(&toki), black_box(&request)).is_ok()),
                1 => timed(|| decode::<Claims>(black_box(&jwt), &jwt_key, &validation).is_ok()),
                _ => timed(|| {
                    let header: Header = black_box(&hawk).parse().unwrap();
                    let request = RequestBuilder::new("POST", NAME, 443, black_box(TARGET)).hash(&hash[..]).request();
                    request.validate_header(&header, &credentials.key, Duration::from_secs(600))
                }),
            });
        }
    }
    for (peer, which) in [("jsonwebtoken, HS256 decode", 1), ("hawk, parse and validate", 2)] {
        let ratio = median(times[0].iter().zip(&times[which]).map(|(ours, theirs)| ours / theirs));
        report(peer, median(times[0].iter().copied()), median(times[which].iter().copied()), ratio);
    }
}

fn timed(run: impl Fn() -> bool) -> f64 {
    let began = Instant::now();
    for _ in 0..CALLS {
        assert!(run());
    }
    began.elapsed().as_nanos() as f64 / CALLS as f64
}

fn median(of: impl Iterator<Item = f64>) -> f64 {
    let mut of: Vec<_> = of.collect();
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

fn report(peer: &str, ours: f64, theirs: f64, ratio: f64) {
    let what = "toki verify, key at hand";
    if std::env::args().any(|argument| argument == "--json") {
        println!(
            r#"{{"what":"{what}","ours_ns":{ours:.1},"peer":"{peer}","peer_ns":{theirs:.1},"ratio":{ratio:.3},"bar":null,"met":null}}"#
        );
    } else {
        println!("{what:<36} {ours:>7.1}   {peer:<36} {theirs:>7.1}   {ratio:>5.2}");
    }
}
