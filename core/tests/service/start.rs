//! How a service begins: its floor, when it is ready, and what is no configuration.

use crate::world::{AUDIENCE, NOW, TestLog, World, config, get, judged};
use oscartoki::{Keyring, OscarError, ReplayMemory, RequestRef, Service, ServiceConfig};
use std::sync::Arc;

const STALE: crate::world::Judged = Some(("stale", Some(1), 401));

#[test]
fn an_empty_memory_waits() {
    let world = World::with(ServiceConfig { first_start: false, ..config() }, TestLog::default(), NOW);
    assert_eq!(*world.log.empty_floor_ms.lock().unwrap(), Some(NOW + 4_000));
    assert_eq!((world.service.floor_ms(), world.service.ready_at()), (NOW + 4_000, NOW + 6_000));
    assert_eq!(world.root_get(NOW + 4_000, NOW + 4_000), STALE);
    assert_eq!(world.root_get(NOW + 4_001, NOW + 4_000), None);
    // A toki of before the start stays refused for good.
    assert_eq!(world.root_get(NOW, NOW + 20_000), STALE);
}

#[test]
fn a_first_start_is_ready_at_once() {
    let world = World::new();
    assert_eq!(*world.log.empty_floor_ms.lock().unwrap(), Some(NOW - 30_000));
    assert_eq!((world.service.floor_ms(), world.service.ready_at()), (NOW - 30_000, NOW));
    assert_eq!(world.root_get(NOW - 29_999, NOW), None);
}

#[test]
fn a_memory_that_survived_carries_the_floor() {
    for first_start in [false, true] {
        let log = TestLog { carried_ms: Some(NOW - 5_000), ..TestLog::default() };
        let world = World::with(ServiceConfig { first_start, ..config() }, log, NOW);
        assert_eq!((world.service.floor_ms(), world.service.ready_at()), (NOW - 5_000, NOW));
        assert_eq!(world.root_get(NOW - 5_000, NOW), STALE);
        assert_eq!(world.root_get(NOW - 4_999, NOW), None);
    }
    let log = TestLog { carried_ms: Some(-7), ..TestLog::default() };
    assert_eq!(World::with(config(), log, NOW).service.floor_ms(), 0, "never below 0");
}

#[test]
fn the_window_is_configured() {
    let world = World::with(ServiceConfig { window_ms: 1_000, ..config() }, TestLog::default(), NOW);
    assert_eq!(world.root_get(NOW - 999, NOW), None);
    assert_eq!(world.root_get(NOW - 1_000, NOW), STALE);
}

#[test]
fn a_configuration_makes_sense_or_is_refused() {
    let start = |config: ServiceConfig, now_ms| {
        let ring = Arc::new(Keyring::new(AUDIENCE).unwrap());
        Service::new(config, ring, Arc::new(TestLog::default()), now_ms).map(|_| ()).map_err(|error| error.name())
    };
    for window_ms in [1_000, 30_000] {
        assert_eq!(start(ServiceConfig { window_ms, ..config() }, NOW), Ok(()));
    }
    for window_ms in [i64::MIN, 0, 999, 30_001] {
        assert_eq!(start(ServiceConfig { window_ms, ..config() }, NOW), Err("policy"));
    }
    for bad in [
        ServiceConfig { max_ttl_s: 0, ..config() },
        ServiceConfig { grant_ttl_s: 0, ..config() },
        ServiceConfig { max_body: -1, ..config() },
        ServiceConfig { max_answer: -1, ..config() },
    ] {
        assert_eq!(start(bad, NOW), Err("policy"));
    }
    for bad in ["", "a/b", "ä.example", "::1", "a:0", "a b", "user@a"] {
        assert_eq!(start(ServiceConfig { authorities: vec![bad.to_owned()], ..config() }, NOW), Err("malformed"), "{bad}");
        assert_eq!(start(ServiceConfig { fixed_authority: Some(bad.to_owned()), ..config() }, NOW), Err("malformed"), "{bad}");
    }
    assert_eq!(start(ServiceConfig { ext: vec!["a b".to_owned()], ..config() }, NOW), Err("malformed"));
    assert_eq!(start(ServiceConfig { answer_ext: vec!["a".to_owned(), "A".to_owned()], ..config() }, NOW), Err("malformed"));
    assert_eq!((start(config(), -1), start(config(), 1 << 48)), (Err("malformed"), Err("malformed")));
    assert_eq!(start(ServiceConfig { authorities: Vec::new(), ..config() }, NOW), Ok(()), "a service without names refuses everything");
}

#[test]
fn names_are_normalised_like_those_of_requests() {
    let named = |name: &str| World::with(ServiceConfig { authorities: vec![name.to_owned()], ..config() }, TestLog::default(), NOW);
    for (name, asked, good) in [
        ("API.example.com:443", "api.EXAMPLE.com:80", true),
        ("api.example.com:8443", "api.example.com:8443", true),
        ("api.example.com", "api.example.com:8443", false),
        ("api.example.com", "api.example.com.", false),
        ("[::1]:8080", "[::1]:8080", true),
    ] {
        let world = named(name);
        let request = RequestRef { authority: asked.as_bytes(), ..get("/") };
        let toki = world.root(&request, NOW, 1, false);
        let want = if good { None } else { Some(("unknown_authority", None, 400)) };
        assert_eq!(judged(world.verify(&request, &toki, None, NOW)), want, "{name} {asked}");
    }
}

#[test]
fn a_fixed_name_stands_for_host() {
    let fixed = ServiceConfig { authorities: Vec::new(), fixed_authority: Some("Inner.example.com:80".to_owned()), ..config() };
    let world = World::with(fixed, TestLog::default(), NOW);
    let signed = RequestRef { authority: b"inner.example.com", ..get("/") };
    for host in ["inner.example.com", "anything.example", "not an authority", ""] {
        let toki = world.root(&signed, NOW, crate::world::rand_nonce(), false);
        let asked = RequestRef { authority: host.as_bytes(), ..get("/") };
        let verified = crate::world::accepted(world.verify(&asked, &toki, None, NOW));
        assert_eq!(verified.authority(), "inner.example.com");
    }
    let other = world.root(&get("/"), NOW, 2, false);
    assert_eq!(judged(world.verify(&get("/"), &other, None, NOW)), Some(("bad_mac", None, 401)));
}

#[test]
fn other_languages_choose_a_memory_by_name() {
    let ring = Arc::new(Keyring::new(AUDIENCE).unwrap());
    ring.add(&crate::world::secret().audience_key(AUDIENCE, 0).unwrap()).unwrap();
    let world = World::new();
    let verify = |service: &Service, nonce| {
        let toki = world.root(&get("/"), NOW, nonce, false).to_text();
        judged(service.verify_ref(&get("/"), Some(toki.as_bytes()), None, NOW))
    };
    let memory = ReplayMemory::local(1_000).unwrap();
    let service = |memory: &ReplayMemory| Service::with_memory(config(), ring.clone(), memory, NOW).unwrap();
    let (one, two) = (service(&memory), service(&memory));
    assert_eq!(verify(&one, 1), None);
    assert_eq!(verify(&two, 1), Some(("replayed", Some(2), 409)), "two services on one memory remember together");
    let full = service(&ReplayMemory::exact(1).unwrap());
    assert_eq!((verify(&full, 1), verify(&full, 2)), (None, Some(("busy", Some(7), 503))));
    assert_eq!(verify(&service(&ReplayMemory::refusing()), 1), Some(("busy", Some(7), 503)));
    for capacity in [i64::MIN, -1, 0, 1 << 32, i64::MAX] {
        assert_eq!(ReplayMemory::local(capacity).map(|_| ()), Err(OscarError::Policy("")), "{capacity}");
    }
}

#[test]
fn errors_are_the_protocols() {
    assert_eq!(Keyring::new("").map(|_| ()), Err(OscarError::Malformed("")));
    assert_eq!(Keyring::new("ä").map(|_| ()), Err(OscarError::Malformed("")));
    assert_eq!(Keyring::new(&"a".repeat(256)).map(|_| ()), Err(OscarError::Malformed("")));
    assert!(Keyring::new("Any/Name?#").is_ok());
}
