use crate::world::{KID, NONCE, TS, TestLog, World, config, name, secret};
use oscartoki::replay::Remembered;
use oscartoki::{TICKET_TEXT_MAX, Ticket, encoding, hazmat};

const ORIGIN: &[u8] = b"https://app.example.com";
const FREE: &str = "ot2.JQAfDmVSze76IAGiADgBewECAwQFBgcIB3VzZXItNDLFixZvzBF7haTuiMkVQqHu";
const BOUND: &str = "ot2.JQQfDmVSze76IAGiADgBewECAwQFBgcIB3VzZXItNDJFDaioQ_Dob3qbDkkpMxmD";

fn judge(world: &World, ticket: &str, origin: Option<&[u8]>, now_ms: i64) -> &'static str {
    name(world.service.verify_ticket_ref(Some(ticket.as_bytes()), origin, false, now_ms))
}

#[test]
fn the_vectors() {
    let world = World::new();
    for (text, origin) in [(FREE, None), (BOUND, Some(ORIGIN))] {
        let ticket = hazmat::mint_ticket(&world.key, b"user-42", origin, TS, NONCE).unwrap();
        assert_eq!(ticket.to_text(), text);
        assert_eq!(Ticket::parse(text.as_bytes()).unwrap(), ticket);
        let seen = world.service.verify_ticket_ref(Some(text.as_bytes()), origin, origin.is_some(), TS).unwrap();
        assert_eq!((&seen.kid[..], &seen.connection[..], seen.ts_ms, seen.origin_bound), (&KID[..], &b"user-42"[..], TS, origin.is_some()));
    }
}

#[test]
fn a_bound_ticket_wants_its_origin_byte_for_byte() {
    let world = World::new();
    for origin in [None, Some(&b""[..]), Some(b"https://app.example.com/"), Some(b"https://APP.example.com"), Some(b"null")] {
        assert_eq!(judge(&world, BOUND, origin, TS), "bad_mac", "{origin:?}");
    }
    assert_eq!(judge(&world, BOUND, Some(&vec![b'x'; 65_536]), TS), "malformed");
    assert_eq!(judge(&world, BOUND, Some(ORIGIN), TS), "ok");
    // Of an unbound one no Origin is looked at, unless policy demands that it is bound.
    assert_eq!(judge(&world, FREE, Some(b"https://evil.example"), TS), "ok");
    let world = World::new();
    assert_eq!(judge(&world, FREE, Some(&vec![b'x'; 65_536]), TS), "ok");
    let world = World::new();
    assert_eq!(name(world.service.verify_ticket_ref(Some(FREE.as_bytes()), Some(ORIGIN), true, TS)), "policy");
    assert_eq!(judge(&world, FREE, None, TS), "replayed", "line 7 comes before policy: it is spent");
}

#[test]
fn single_use_always() {
    let world = World::new();
    assert_eq!(judge(&world, FREE, None, TS), "ok");
    assert_eq!(judge(&world, FREE, None, TS), "replayed");
    for (says, verdict) in [(Remembered::Full, "busy"), (Remembered::Unreachable, "busy"), (Remembered::Seen, "replayed")] {
        *world.log.says.lock().unwrap() = Some(says);
        assert_eq!(judge(&world, BOUND, Some(ORIGIN), TS), verdict);
    }
}

#[test]
fn the_window_and_the_floor_are_those_of_requests() {
    for (now, verdict) in [(TS - 2_001, "stale"), (TS - 2_000, "ok"), (TS + 29_999, "ok"), (TS + 30_000, "stale")] {
        let world = World::with(config(), TestLog::default(), TS - 60_000);
        assert_eq!(judge(&world, FREE, None, now), verdict, "{now}");
        assert_eq!(world.service.floor_ms(), now - 30_000);
    }
    let world = World::new();
    assert_eq!(judge(&world, FREE, None, TS + 60_000), "stale");
    assert_eq!(judge(&world, FREE, None, TS), "stale", "the floor never falls");
    for now in [-1, 1 << 48, i64::MAX, i64::MIN] {
        assert_eq!(judge(&world, FREE, None, now), "malformed");
    }
    assert_eq!(world.service.floor_ms(), TS + 30_000, "a clock that is none moves nothing");
}

#[test]
fn nothing_is_stored_before_the_mac() {
    let world = World::new();
    assert_eq!(judge(&world, &FREE.replace("uiMkVQqHu", "uiMkVQqH"), None, TS), "malformed");
    assert_eq!(judge(&world, &FREE.replace("uiMkVQqHu", "uiMkVQqXu"), None, TS), "bad_mac");
    assert_eq!(name(world.service.verify_ticket_ref(None, None, false, TS)), "missing");
    let stranger = hazmat::mint_ticket(&secret().audience_key("other.example", 7).unwrap(), b"user-42", None, TS, NONCE).unwrap();
    assert_eq!(judge(&world, &stranger.to_text(), None, TS), "unknown_key");
    world.ring.revoke_key(KID.to_vec()).unwrap();
    assert_eq!(judge(&world, FREE, None, i64::from(u32::MAX)), "revoked");
    assert!(world.log.seen.lock().unwrap().is_empty());
}

#[test]
fn lengths() {
    let world = World::new();
    for n in [1, 2, 3, 254, 255] {
        let connection = vec![0xff; n];
        let text = hazmat::mint_ticket(&world.key, &connection, None, TS, [u8::try_from(n).unwrap(); 8]).unwrap().to_text();
        assert!(text.len() <= TICKET_TEXT_MAX && (n < 255 || text.len() == TICKET_TEXT_MAX));
        assert_eq!(Ticket::parse(text.as_bytes()).unwrap().claimed_connection(), connection);
        assert_eq!(judge(&world, &text, None, TS), "ok");
        assert_eq!(name(Ticket::parse(format!("{text}AAAA").as_bytes())), "malformed");
        assert_eq!(name(Ticket::parse(&text.as_bytes()[..text.len() - 4])), "malformed");
    }
    for (connection, origin) in [(vec![], None), (vec![1; 256], None), (vec![1], Some(vec![])), (vec![1], Some(vec![b'x'; 65_536]))] {
        let minted = hazmat::mint_ticket(&world.key, &connection, origin.as_deref(), TS, NONCE);
        assert_eq!(name(minted), "unsignable");
    }
    // n = 0: 41 bytes whose length agrees.
    let mut bytes = vec![0x25, 0];
    bytes.extend(KID);
    bytes.resize(41, 0);
    let text = oscartoki_text(&bytes);
    assert_eq!(name(Ticket::parse(text.as_bytes())), "malformed");
    for text in ["", "ot2.", "ot2.JQ", "ok2.JQAf", &"x".repeat(1 << 16)] {
        assert_eq!(name(Ticket::parse(text.as_bytes())), "malformed");
    }
    assert_eq!(encoding::hex(&KID), "1f0e6552cdeefa20");
}

/// base64url by hand.
fn oscartoki_text(bytes: &[u8]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::from("ot2.");
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for at in 0..=chunk.len() {
            out.push(char::from(ALPHABET[(word >> (18 - 6 * at) & 63) as usize]));
        }
    }
    out
}

#[test]
fn the_client_mints_what_the_service_takes() {
    let world = World::new();
    let origin = Some("https://app.example.com".to_owned());
    let ticket = world.client().mint_ticket(b"user-42", origin.clone(), TS).unwrap();
    assert_eq!(name(world.service.verify_ticket(Some(ticket.clone()), origin.clone(), true, TS)), "ok");
    assert_eq!(name(world.service.verify_ticket(Some(ticket), origin, true, TS)), "replayed");
    assert_eq!(name(world.client().mint_ticket(b"", None, TS)), "unsignable");
    assert_eq!(name(world.client().mint_ticket(b"a", None, -1)), "unsignable");
}
