//! Many threads, one service.

use crate::world::{NOW, World, get, judged};
use oscartoki::{Service, Verdict};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

fn shared<T: Send + Sync>(_: &T) {}

#[test]
fn sixty_four_threads_and_one_toki_have_one_winner() {
    let world = World::new();
    shared::<Service>(&world.service);
    let toki = world.root(&get("/"), NOW, 1, false);
    let (winners, replayed, start) = (AtomicUsize::new(0), AtomicUsize::new(0), Barrier::new(64));
    std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                start.wait();
                match judged(world.verify(&get("/"), &toki, None, NOW)) {
                    None => winners.fetch_add(1, Ordering::Relaxed),
                    Some(("replayed", Some(2), 409)) => replayed.fetch_add(1, Ordering::Relaxed),
                    other => panic!("{other:?}"),
                };
            });
        }
    });
    assert_eq!((winners.into_inner(), replayed.into_inner()), (1, 63));
    assert_eq!(world.service.counters().accepted, 1);
}

#[test]
fn keys_are_reloaded_while_requests_are_verified() {
    let world = World::new();
    let (line, grant) = (world.key.to_text(), world.grant(NOW / 1000 + 600, 600));
    let other = crate::world::secret().audience_key("api.example.com", 1).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..500 {
                world.ring.load(&format!("# round {round}\n{line}\n{}", other.to_text())).unwrap();
                world.ring.load_revocations(&format!("revoked {} {round:016x}", "0".repeat(16))).unwrap();
                assert!(world.ring.load("oa2.broken").is_err());
                world.ring.load(&line).unwrap();
            }
            done.store(true, Ordering::Relaxed);
        });
        for _ in 0..4 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    assert_eq!(world.root_get(NOW, NOW), None);
                    assert_eq!(world.session_get(&grant, NOW, NOW), None);
                }
            });
        }
    });
}

#[test]
fn more_sessions_than_the_cache_holds() {
    let world = World::new();
    let mint = world.root(&get("/"), NOW, 0, true);
    let grants: Vec<_> = (0u64..6_000)
        .map(|sid| oscartoki::hazmat::mint_grant(&world.key, &mint, sid.to_be_bytes(), NOW / 1000 + 600, 600).unwrap())
        .collect();
    for grant in grants.iter().chain(&grants[..100]) {
        assert_eq!(world.session_get(grant, NOW, NOW), None);
    }
}

#[test]
fn a_verdict_crosses_threads() {
    let world = World::new();
    let toki = world.root(&get("/"), NOW, 1, false);
    let verdict = world.verify(&get("/"), &toki, None, NOW);
    shared::<Verdict>(&verdict);
    std::thread::scope(|scope| scope.spawn(move || drop(verdict)).join()).unwrap();
}
