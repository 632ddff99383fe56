//! Every single-bit flip and every single-character edit (replace, insert, delete) of q, r, k, m, u and w is refused: exhaustively.
#![allow(clippy::unwrap_used)]

use oscartoki::replay::{LogStart, Recorded, Remembered, ReplayEntry, ReplayLog};
use oscartoki::{
    AnswerRef, AudienceKey, Client, ClientConfig, Content, Grant, Keyring, MessageRef, RequestRef, Secret, Service, ServiceConfig,
    SignOptions, SignedHeaders, Toki, Verdict, hazmat,
};
use std::sync::Arc;

const TS: i64 = 1_795_300_000_123;
const NONCE: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];
const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Knows nothing: whatever is refused here was not refused as a replay.
#[derive(Debug)]
struct Forgetful;

impl ReplayLog for Forgetful {
    fn start(&self, _empty_floor_ms: i64) -> LogStart {
        LogStart::Empty
    }
    fn insert(&self, _entry: &ReplayEntry, _floor_ms: i64, _now_ms: i64) -> Recorded {
        Recorded { remembered: Remembered::Fresh, floor_ms: None }
    }
    fn mark_v2(&self, _kid: [u8; 8]) {}
    fn has_spoken_v2(&self, _kid: [u8; 8]) -> bool {
        false
    }
}

fn secret() -> Secret {
    Secret::from_bytes(&(0..32).collect::<Vec<u8>>()).unwrap()
}

fn key() -> AudienceKey {
    secret().audience_key("api.example.com", 0).unwrap()
}

fn service() -> Service {
    let ring = Arc::new(Keyring::new("api.example.com").unwrap());
    ring.add(&key()).unwrap();
    let config = ServiceConfig { authorities: vec!["api.example.com".into()], first_start: true, ..ServiceConfig::default() };
    Service::new(config, ring, Arc::new(Forgetful), TS).unwrap()
}

fn post() -> RequestRef<'static> {
    RequestRef {
        verb: b"POST",
        authority: b"api.example.com",
        target: b"/v1/transfer?dry=0",
        ext: b"",
        content: Content::Bytes(b"{\"amount\":10}"),
    }
}

/// All texts that differ from `text` by one character, and by one bit of what `text` says after its prefix.
fn edits(text: &str) -> impl Iterator<Item = Vec<u8>> {
    let bytes = text.as_bytes().to_vec();
    let replaced = each(&bytes, |text, at, with| (text[at] != with).then(|| [&text[..at], &[with], &text[at + 1..]].concat()));
    let inserted = each(&[&bytes[..], b" "].concat(), |text, at, with| Some([&text[..at], &[with], &text[at..text.len() - 1]].concat()));
    let deleted = (0..bytes.len()).map(|at| [&bytes[..at], &bytes[at + 1..]].concat()).collect::<Vec<_>>();
    replaced.into_iter().chain(inserted).chain(deleted).chain(flips(&bytes)).filter(move |edited| *edited != bytes)
}

fn each(text: &[u8], edit: impl Fn(&[u8], usize, u8) -> Option<Vec<u8>>) -> Vec<Vec<u8>> {
    (0..text.len()).flat_map(|at| (0x21..=0x7e).map(move |with| (at, with))).filter_map(|(at, with)| edit(text, at, with)).collect()
}

/// Each bit of the base64url part flipped once, unused bits included.
fn flips(text: &[u8]) -> Vec<Vec<u8>> {
    let sextets = (4..text.len()).flat_map(|at| (0..6).map(move |bit| (at, bit)));
    let flip = |(at, bit): (usize, usize)| {
        let sextet = ALPHABET.iter().position(|c| *c == text[at])?;
        Some([&text[..at], &[ALPHABET[sextet ^ 1 << bit]], &text[at + 1..]].concat())
    };
    sextets.filter_map(flip).collect()
}

/// Runs all edits and says how many there were.
fn refuses_every_edit(text: &str, accepts: impl Fn(&[u8]) -> bool) -> usize {
    assert!(accepts(text.as_bytes()), "the text itself is good");
    let mut count = 0;
    for edited in edits(text) {
        assert!(!accepts(&edited), "accepted: {}", String::from_utf8_lossy(&edited));
        count += 1;
    }
    // 93 replacements and one deletion for each character, 94 insertions for each gap but those that give the text itself.
    let n = text.len();
    assert!(count >= n * 93 + n * 93 + n, "{count} edits of {n} characters");
    count
}

#[test]
fn requests() {
    let service = service();
    let q = hazmat::mint_request(&key(), None, &post(), TS, NONCE, true).unwrap().to_text();
    refuses_every_edit(&q, |text| matches!(service.verify_ref(&post(), Some(text), None, TS), Verdict::Accepted(_)));
}

#[test]
fn requests_in_a_session_and_their_grants() {
    let service = service();
    let asked = hazmat::mint_request(&key(), None, &post(), TS, NONCE, true).unwrap();
    let k = hazmat::mint_grant(&key(), &asked, [0xa0; 8], TS / 1000 + 600, 600).unwrap();
    let q = hazmat::mint_request(&key(), Some(&k), &post(), TS, NONCE, false).unwrap().to_text();
    let k = k.to_text();
    let accepts = |q: &[u8], k: &[u8]| matches!(service.verify_ref(&post(), Some(q), Some(k), TS), Verdict::Accepted(_));
    refuses_every_edit(&q, |text| accepts(text, k.as_bytes()));
    refuses_every_edit(&k, |text| accepts(q.as_bytes(), text));
}

#[test]
fn answers_and_their_grants() {
    let answer = AnswerRef { status: 200, ext: b"", content: Content::Bytes(b"{\"ok\":true}") };
    let accepts = |r: &[u8], k: &[u8]| {
        let client = Client::from_audience_key(&key(), ClientConfig::default()).unwrap();
        let mut headers = SignedHeaders::default();
        let options = SignOptions { trust_clock: true, ..SignOptions::default() };
        let context = hazmat::sign(&client, &post(), options, TS, None, NONCE, &mut headers).unwrap();
        client.accept_ref(context, &answer, Some(r), Some(k), TS + 400, None).error.is_none()
    };
    let q = hazmat::mint_request(&key(), None, &post(), TS, NONCE, true).unwrap();
    let q = Toki::parse(q.to_text().as_bytes()).unwrap();
    let k: Grant = hazmat::mint_grant(&key(), &q, [0xa0; 8], TS / 1000 + 600, 600).unwrap();
    let r = hazmat::mint_answer(&key(), None, &q, 0, TS + 333, &answer, Some(&k)).unwrap().to_text();
    let k = k.to_text();
    refuses_every_edit(&r, |text| accepts(text, k.as_bytes()));
    refuses_every_edit(&k, |text| accepts(r.as_bytes(), text));
}

#[test]
fn messages() {
    let service = service();
    let message = MessageRef { destination: "billing", kind: "invoice.created", ext: b"", content: Content::Bytes(b"{}") };
    let m = hazmat::mint_message(&key(), &message, TS, NONCE, 3600).unwrap().to_text();
    refuses_every_edit(&m, |text| service.verify_message_ref(&message, Some(text), None, None, TS).is_ok());
}

/// The whole target is edited, its toki among it.
#[test]
fn urls() {
    let service = service();
    let request = RequestRef { verb: b"GET", target: b"/files/a.pdf?v=2", content: Content::None, ..post() };
    let target = hazmat::mint_url(&key(), &request, TS + 300_000).unwrap();
    refuses_every_edit(&target, |target| service.verify_url_ref(&RequestRef { target, ..request }, false, TS).is_ok());
}

#[test]
fn tickets() {
    let service = service();
    for origin in [None, Some(&b"https://app.example.com"[..])] {
        let w = hazmat::mint_ticket(&key(), b"user-42", origin, TS, NONCE).unwrap().to_text();
        refuses_every_edit(&w, |text| service.verify_ticket_ref(Some(text), origin, false, TS).is_ok());
    }
}
