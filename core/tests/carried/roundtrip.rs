//! parse ∘ print: what is minted parses to what it was minted from, and prints itself.

use crate::world::World;
use oscartoki::{AnswerRef, AnswerToki, Content, Grant, MessageRef, MessageToki, PresignedUrl, RequestRef, Ticket, Toki, hazmat};

/// SplitMix64: a seed tells the whole run.
struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn bytes(&mut self, max: u64) -> Vec<u8> {
        (0..self.below(max + 1)).map(|_| self.next().to_le_bytes()[0]).collect()
    }

    fn text(&mut self, max: u64) -> String {
        (0..self.below(max + 1)).map(|_| char::from_u32(u32::try_from(self.below(0xD800)).unwrap()).unwrap()).collect()
    }
}

#[test]
fn messages_urls_and_tickets() {
    let world = World::new();
    let mut random = Seeded(8);
    for _ in 0..2_000 {
        let ts = i64::try_from(random.below(1 << 48)).unwrap();
        let nonce = random.next().to_le_bytes();
        let ext = random.bytes(40);

        let (destination, kind, body) = (random.text(30), random.text(30), random.bytes(300));
        let ttl = i64::try_from(1 + random.below((1 << 32) - 1)).unwrap();
        let message = MessageRef { destination: &destination, kind: &kind, ext: &ext, content: Content::Bytes(&body) };
        let m = hazmat::mint_message(&world.key, &message, ts, nonce, ttl).unwrap();
        let parsed = MessageToki::parse(m.to_text().as_bytes()).unwrap();
        assert_eq!((parsed, parsed.claimed_ts_ms(), parsed.claimed_nonce(), parsed.claimed_ttl_s()), (m, ts, nonce, ttl));
        let judged = world.service.verify_message_ref(&message, Some(m.to_text().as_bytes()), None, Some(ttl), ts);
        assert_eq!(judged.unwrap().ts_ms(), ts);

        let target: String =
            "/".chars().chain((0..random.below(60)).map(|_| char::from(b'$' + u8::try_from(random.below(91)).unwrap()))).collect();
        let request =
            RequestRef { verb: b"GET", authority: b"api.example.com", target: target.as_bytes(), ext: &ext, content: Content::None };
        let u = hazmat::mint_url(&world.key, &request, ts).unwrap();
        let parsed = PresignedUrl::parse(u.as_bytes()).unwrap();
        assert_eq!((parsed.claimed_target(), parsed.claimed_exp_ms()), (target.as_bytes(), ts));
        assert!(world.service.verify_url_ref(&RequestRef { target: u.as_bytes(), ..request }, false, ts).is_ok());

        let mut connection = random.bytes(254);
        connection.push(7);
        let mut origin = random.bytes(30);
        origin.push(b'o');
        let origin = (random.below(2) == 0).then_some(&origin[..]);
        let w = hazmat::mint_ticket(&world.key, &connection, origin, ts, nonce).unwrap();
        let parsed = Ticket::parse(w.to_text().as_bytes()).unwrap();
        assert_eq!((parsed, parsed.claimed_connection(), parsed.claimed_ts_ms()), (w, &connection[..], ts));
        assert_eq!((parsed.claimed_nonce(), parsed.claims_origin()), (nonce, origin.is_some()));
        assert_eq!(parsed.to_text(), w.to_text());
    }
}

#[test]
fn requests_grants_and_answers() {
    let world = World::new();
    let mut random = Seeded(21);
    for _ in 0..2_000 {
        let ts = i64::try_from(random.below(1 << 48)).unwrap();
        let (nonce, sid) = (random.next().to_le_bytes(), random.next().to_le_bytes());
        let (ext, body, want) = (random.bytes(40), random.bytes(300), random.below(2) == 0);
        let content = Content::Bytes(&body);
        let request = RequestRef { verb: b"PUT", authority: b"api.example.com", target: b"/a?b", ext: &ext, content };
        let q = hazmat::mint_request(&world.key, None, &request, ts, nonce, want).unwrap();
        let parsed = Toki::parse(q.to_text().as_bytes()).unwrap();
        assert_eq!((parsed, parsed.claimed_ts_ms(), parsed.claimed_nonce(), parsed.claimed_want()), (q, ts, nonce, want));
        assert_eq!((parsed.has_body(), parsed.has_ext(), parsed.to_text()), (!body.is_empty(), !ext.is_empty(), q.to_text()));

        let (exp, ttl) = (i64::try_from(random.below(1 << 32)).unwrap(), i64::try_from(1 + random.below(65_535)).unwrap());
        let k = hazmat::mint_grant(&world.key, &q, sid, exp, ttl).unwrap();
        let parsed = Grant::parse(k.to_text().as_bytes()).unwrap();
        assert_eq!((parsed, parsed.sid(), parsed.exp_s(), parsed.ttl_s(), parsed.iat_s()), (k, sid, exp, ttl, exp - ttl));

        let in_session = hazmat::mint_request(&world.key, Some(&k), &request, ts, nonce, want).unwrap();
        assert_eq!((in_session.claimed_id(), in_session.claimed_session()), (sid, true));

        let code = u8::try_from(random.below(8)).unwrap();
        let answer = AnswerRef { status: u16::try_from(random.below(65_536)).unwrap(), ext: &ext, content };
        let grant = want.then_some(&k);
        let r = hazmat::mint_answer(&world.key, None, &q, code, ts, &answer, grant).unwrap();
        let parsed = AnswerToki::parse(r.to_text().as_bytes()).unwrap();
        assert_eq!((parsed, parsed.claimed_code(), parsed.claimed_ts_ms(), parsed.has_grant()), (r, code, ts, want));
        assert_eq!((parsed.has_body(), parsed.has_ext(), parsed.to_text()), (!body.is_empty(), !ext.is_empty(), r.to_text()));
    }
}
