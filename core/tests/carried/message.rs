use crate::world::{AUDIENCE, KID, NONCE, TS, TestLog, World, name, secret};
use oscartoki::replay::Remembered;
use oscartoki::{Client, ClientConfig, Content, Freshness, Message, MessageMemory, MessageRef, MessageToki, hazmat, sha256};
use std::sync::Arc;

const M: &str = "ot2.IwIfDmVSze76IAGiADgBewECAwQFBgcIAAAOEGloOOowjJt_MeMeWsOXsTU";

fn invoice() -> MessageRef<'static> {
    MessageRef { destination: "billing", kind: "invoice.created", ext: b"", content: Content::Bytes(b"{}") }
}

fn judge(world: &World, message: &MessageRef<'_>, toki: &str, now_ms: i64) -> &'static str {
    name(world.service.verify_message_ref(message, Some(toki.as_bytes()), None, None, now_ms))
}

#[test]
fn the_vector() {
    let world = World::new();
    let toki = hazmat::mint_message(&world.key, &invoice(), TS, NONCE, 3600).unwrap();
    assert_eq!(toki.to_text(), M);
    assert_eq!(MessageToki::parse(M.as_bytes()).unwrap(), toki);
    let seen = world.service.verify_message_ref(&invoice(), Some(M.as_bytes()), None, None, TS).unwrap();
    assert_eq!((seen.kid(), seen.ts_ms(), seen.ttl_s()), (KID.to_vec(), TS, 3600));
    assert_eq!(seen.freshness(), Freshness::Unchecked);
    // The digest stands for the body.
    let digest = MessageRef { content: Content::Digest(sha256(b"{}")), ..invoice() };
    assert_eq!(judge(&world, &digest, M, TS), "ok");
}

#[test]
fn the_window_has_its_ends_included() {
    let world = World::new();
    for (now, verdict) in [
        (TS - 300_001, "not_yet"),
        (TS - 300_000, "ok"),
        (TS, "ok"),
        (TS + 3_600_000, "ok"),
        (TS + 3_600_001, "expired"),
        (i64::MAX, "expired"),
        (i64::MIN, "not_yet"),
    ] {
        assert_eq!(judge(&world, &invoice(), M, now), verdict, "{now}");
    }
}

#[test]
fn every_covered_field_is_covered() {
    let world = World::new();
    for other in [
        MessageRef { destination: "billinG", ..invoice() },
        MessageRef { destination: "billingi", kind: "nvoice.created", ..invoice() },
        MessageRef { kind: "", ..invoice() },
        MessageRef { content: Content::Bytes(b"{} "), ..invoice() },
        MessageRef { content: Content::None, ..invoice() },
        MessageRef { content: Content::Digest(sha256(b"")), ..invoice() },
    ] {
        assert_eq!(judge(&world, &other, M, TS), "bad_mac", "{other:?}");
    }
    assert_eq!(judge(&world, &MessageRef { ext: b"x", ..invoice() }, M, TS), "malformed");
    let long = "x".repeat(65_536);
    assert_eq!(judge(&world, &MessageRef { kind: &long, ..invoice() }, M, TS), "malformed");
    assert_eq!(name(world.service.verify_message_ref(&invoice(), None, None, None, TS)), "missing");
}

#[test]
fn an_absent_body_is_zero_bytes() {
    let world = World::new();
    let empty = MessageRef { content: Content::None, ..invoice() };
    let toki = hazmat::mint_message(&world.key, &empty, TS, NONCE, 1).unwrap().to_text();
    for content in [Content::None, Content::Bytes(b""), Content::Digest(sha256(b""))] {
        assert_eq!(judge(&world, &MessageRef { content, ..empty }, &toki, TS), "ok");
    }
    assert_eq!(judge(&world, &invoice(), &toki, TS), "bad_mac");
}

#[test]
fn policy_comes_before_time_and_after_the_rest() {
    let world = World::new();
    let long = hazmat::mint_message(&world.key, &invoice(), TS, NONCE, 86_401).unwrap().to_text();
    assert_eq!(judge(&world, &invoice(), &long, i64::MAX), "policy");
    let at = |toki: &str, max| name(world.service.verify_message_ref(&invoice(), Some(toki.as_bytes()), None, Some(max), TS));
    assert_eq!(at(&long, 86_401), "ok");
    assert_eq!(at(M, 3_600), "ok");
    assert_eq!(at(M, 3_599), "policy");
    world.ring.revoke_key(KID.to_vec()).unwrap();
    assert_eq!(judge(&world, &invoice(), &long, i64::MAX), "revoked");
    let stranger = hazmat::mint_message(&secret().audience_key("other.example", 1).unwrap(), &invoice(), TS, NONCE, 60).unwrap();
    assert_eq!(judge(&world, &invoice(), &stranger.to_text(), TS), "unknown_key");
}

#[test]
fn what_mint_refuses() {
    let key = secret().audience_key(AUDIENCE, 0).unwrap();
    let mint = |message: &MessageRef<'_>, ts, ttl| name(hazmat::mint_message(&key, message, ts, NONCE, ttl));
    assert_eq!(mint(&invoice(), TS, 0), "unsignable");
    assert_eq!(mint(&invoice(), TS, -1), "unsignable");
    assert_eq!(mint(&invoice(), TS, 1 << 32), "unsignable");
    assert_eq!(mint(&invoice(), TS, (1 << 32) - 1), "ok");
    assert_eq!(mint(&invoice(), -1, 1), "unsignable");
    assert_eq!(mint(&invoice(), 1 << 48, 1), "unsignable");
    let long = "x".repeat(65_536);
    assert_eq!(mint(&MessageRef { destination: &long, ..invoice() }, TS, 1), "unsignable");
    assert_eq!(mint(&MessageRef { ext: long.as_bytes(), ..invoice() }, TS, 1), "unsignable");
    assert_eq!(mint(&MessageRef { destination: "", kind: &long[1..], ..invoice() }, TS, 1), "ok");
}

#[test]
fn consumers_that_share_a_memory_see_a_message_once() {
    let world = World::new();
    let log = Arc::new(TestLog::default());
    let memory = MessageMemory::new(log.clone(), true, TS);
    let judge = |toki: &str, now| {
        world.service.verify_message_ref(&invoice(), Some(toki.as_bytes()), Some(&memory), None, now).map(|seen| seen.freshness().name())
    };
    assert_eq!(judge(M, TS), Ok("fresh"));
    assert_eq!(judge(M, TS), Ok("duplicate"));
    assert_eq!(judge(M, TS + 3_600_000), Ok("duplicate"));
    assert_eq!(judge(M, TS + 3_600_001).unwrap_err().name(), "expired");
    for silent in [Remembered::Full, Remembered::Unreachable] {
        *log.says.lock().unwrap() = Some(silent);
        assert_eq!(judge(M, TS), Ok("unchecked"));
    }
}

#[test]
fn a_local_memory_has_its_room() {
    let world = World::new();
    let memory = MessageMemory::local(2, true, TS).unwrap();
    let judge = |nonce: u8, ttl, now| {
        let toki = hazmat::mint_message(&world.key, &invoice(), TS, [nonce; 8], ttl).unwrap().to_text();
        let seen = world.service.verify_message_ref(&invoice(), Some(toki.as_bytes()), Some(&memory), None, now).unwrap();
        seen.freshness().name()
    };
    assert_eq!(judge(1, 86_400, TS), "fresh");
    assert_eq!(judge(2, 60, TS), "fresh");
    assert_eq!(judge(3, 86_400, TS), "unchecked", "no room");
    assert_eq!(judge(1, 86_400, TS + 86_400_000), "duplicate");
    assert_eq!(judge(3, 86_400, TS + 100_000), "fresh", "the second's life is over");
    assert_eq!(name(MessageMemory::local(-1, true, TS)), "malformed");
}

#[test]
fn a_memory_that_begins_empty_does_not_call_old_messages_fresh() {
    let world = World::new();
    let judge = |memory: &MessageMemory, ts| {
        let toki = hazmat::mint_message(&world.key, &invoice(), ts, NONCE, 3_600).unwrap().to_text();
        let seen = world.service.verify_message_ref(&invoice(), Some(toki.as_bytes()), Some(memory), None, TS + 300_001).unwrap();
        seen.freshness()
    };
    let empty = MessageMemory::new(Arc::new(TestLog::default()), false, TS);
    assert_eq!(judge(&empty, TS + 300_000), Freshness::Unchecked);
    assert_eq!(judge(&empty, TS + 300_001), Freshness::Fresh);
    assert_eq!(judge(&empty, TS + 300_000), Freshness::Duplicate);
    let carried = MessageMemory::new(Arc::new(TestLog { carried_ms: Some(TS), ..TestLog::default() }), false, TS);
    assert_eq!(judge(&carried, TS), Freshness::Fresh);
}

#[test]
fn a_reply_is_bound_to_its_message_and_accepted_once() {
    let world = World::new();
    let client = world.client();
    let envelope =
        Message { destination: "rpc.billing".into(), kind: "total".into(), content: b"{\"id\":1}".to_vec(), ..Message::default() };
    let ask = || {
        let sent = client.mint_message(envelope.clone(), 60, TS).unwrap();
        let seen = world.service.verify_message(&envelope, Some(sent.toki()), None, None, TS).unwrap();
        (sent, seen)
    };
    let (sent, seen) = ask();
    let reply = seen.reply(b"", b"42", TS + 5).unwrap();
    assert_eq!(sent.accept_reply(Some(reply.clone()), b"", b"42"), Ok(TS + 5));
    assert_eq!(name(sent.accept_reply(Some(reply.clone()), b"", b"42")), "replayed");
    assert_eq!(name(ask().0.accept_reply(Some(reply), b"", b"42")), "bad_mac", "the reply to another message");
    let (sent, seen) = ask();
    assert_eq!(name(sent.accept_reply(Some(seen.reply(b"", b"42", TS).unwrap()), b"", b"43")), "bad_mac");
    let (sent, seen) = ask();
    assert_eq!(name(sent.accept_reply(Some(seen.reply(b"", b"", TS).unwrap()), b"", b"43")), "policy", "content that is not covered");
    let (sent, seen) = ask();
    assert_eq!(name(sent.accept_reply(Some(seen.reply(b"", b"42", TS).unwrap()), b"", b"")), "malformed");
    assert_eq!(name(ask().0.accept_reply(None, b"", b"")), "missing");
    assert_eq!(name(ask().0.accept_reply(Some(M.into()), b"", b"")), "malformed");
}

#[test]
fn a_delegate_signs_no_message() {
    let world = World::new();
    let session = world.client().hand_out(60, TS).unwrap();
    let delegate = Client::from_session(&session, ClientConfig::default()).unwrap();
    assert_eq!(name(delegate.mint_message(Message::default(), 60, TS)), "unsignable");
    assert_eq!(name(delegate.sign_url("GET", AUDIENCE, "/", b"", TS)), "unsignable");
    assert_eq!(name(delegate.mint_ticket(b"user", None, TS)), "unsignable");
    let several = Client::by_authority(&secret(), ClientConfig::default()).unwrap();
    assert_eq!(name(several.mint_message(Message::default(), 60, TS)), "unsignable");
    assert_eq!(name(several.sign_url("GET", AUDIENCE, "/", b"", TS)), "ok");
}
