//! The mapped memory, in one process and in several.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Folder, NOW, Seeded, entry, insert};
use oscartoki::replay::{LogStart, Quotas, Recorded, Remembered, ReplayEntry, ReplayLog, Space};
use oscartoki_stores::{MappedReplayLog, Options, StoreError};
use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::sync::Barrier;

const KEEP: i64 = 64_000;

fn options(capacity: usize) -> Options {
    Options { capacity, quotas: Some(Quotas::NONE) }
}

#[test]
fn agrees_with_a_model_of_what_is_kept() {
    let folder = Folder::new("model");
    for seed in 0..40 {
        let capacity = [1, 20, 300][seed as usize % 3];
        let log = MappedReplayLog::open(folder.path(&format!("m{seed}")), &options(capacity)).unwrap();
        let mut random = Seeded(seed);
        let mut kept: HashMap<u64, (i64, i64)> = HashMap::new();
        let mut now = NOW;
        for _ in 0..3_000 {
            if random.below(3) == 0 {
                let leap = if random.below(80) == 0 { 100_000 } else { 400 };
                now += random.below(leap) as i64;
            }
            let floor = now - 30_000;
            // Longer than W: what is kept is more than what could be accepted.
            kept.retain(|_, (_, inserted)| *inserted + KEEP + 2_048 > now);
            let known = kept.keys().nth(random.below(8) as usize).copied().filter(|_| random.below(3) == 0);
            let n = known.unwrap_or_else(|| random.next());
            let ts = known.map_or(floor + 1 + random.below(32_000) as i64, |n| kept[&n].0);
            if ts <= floor {
                continue;
            }
            match log.insert(&entry(n, ts), floor, now).remembered {
                Remembered::Fresh => assert!(kept.insert(n, (ts, now)).is_none(), "twice fresh (seed {seed})"),
                Remembered::Seen => assert!(kept.contains_key(&n), "never seen (seed {seed})"),
                Remembered::Full => {
                    assert!(!kept.contains_key(&n), "a known one is seen, also when full (seed {seed})");
                    assert!(kept.len() >= capacity, "full at {} of {capacity} (seed {seed})", kept.len());
                }
                Remembered::Unreachable => panic!("a file is always there"),
            }
        }
        assert!(log.live(now) > 0 && log.most_touched() <= 64);
    }
}

#[test]
fn processes_on_one_file_share_what_they_know() {
    let folder = Folder::new("share");
    let path = folder.path("m");
    let first = MappedReplayLog::open(&path, &options(100)).unwrap();
    let second = MappedReplayLog::open(&path, &options(5_000)).unwrap();
    assert_eq!(second.capacity(), 100, "an existing file stays as it is");
    assert_eq!(first.start(NOW + 4_000), LogStart::Empty);
    assert_eq!(second.start(NOW + 9_000), LogStart::Carried { floor_ms: NOW + 4_000 });
    assert_eq!(insert(&first, 1, NOW + 5_000, NOW), Remembered::Fresh);
    assert_eq!(insert(&second, 1, NOW + 5_000, NOW), Remembered::Seen);
    let v1 = ReplayEntry { space: Space::V1, ..entry(1, NOW + 5_000) };
    assert_eq!(second.insert(&v1, NOW, NOW).remembered, Remembered::Fresh, "v1 is a space of its own");
    second.mark_v2([3; 8]);
    second.mark_v2([0; 8]);
    assert!(first.has_spoken_v2([3; 8]) && first.has_spoken_v2([0; 8]) && !first.has_spoken_v2([4; 8]));
    drop((first, second));
    let third = MappedReplayLog::open(&path, &options(100)).unwrap();
    assert_eq!(third.start(NOW + 20_000), LogStart::Carried { floor_ms: NOW + 4_000 }, "a restart carries on");
    assert_eq!(insert(&third, 1, NOW + 5_000, NOW), Remembered::Seen);
    assert!(third.has_spoken_v2([3; 8]));
}

#[test]
fn whoever_starts_first_on_a_new_file_starts_empty() {
    let folder = Folder::new("race");
    let path = folder.path("m");
    let maker = MappedReplayLog::open(&path, &options(100)).unwrap();
    let quick = MappedReplayLog::open(&path, &options(100)).unwrap();
    assert_eq!(quick.start(NOW), LogStart::Empty, "the maker has written no floor yet");
    assert_eq!(maker.start(NOW + 7), LogStart::Empty);
    let late = MappedReplayLog::open(&path, &options(100)).unwrap();
    assert_eq!(late.start(NOW + 9_000), LogStart::Carried { floor_ms: NOW + 7 }, "the higher one counts");
    let recorded = late.insert(&entry(1, NOW + 7), 0, NOW);
    assert_eq!(recorded, Recorded { remembered: Remembered::Seen, floor_ms: Some(NOW + 7) }, "at the floor nothing is fresh");
    let recorded = late.insert(&entry(3, NOW + 8), NOW - 50, NOW);
    assert_eq!(recorded, Recorded { remembered: Remembered::Fresh, floor_ms: Some(NOW + 7) });
    assert_eq!(late.insert(&entry(2, NOW + 100), NOW + 50, NOW).floor_ms, Some(NOW + 50), "it rises with its users'");
}

#[test]
fn what_a_faster_clock_made_room_for_is_below_the_floor() {
    let folder = Folder::new("clock");
    let log = MappedReplayLog::open(folder.path("m"), &options(1)).unwrap();
    for n in 0..5 {
        assert_eq!(insert(&log, n, NOW, NOW), Remembered::Fresh);
    }
    let ahead = NOW + 70_000;
    for n in 5..20 {
        insert(&log, n, ahead, ahead);
    }
    // Whoever was slow comes with the old clock and floor.
    assert_eq!(log.insert(&entry(0, NOW), NOW - 30_000, NOW).remembered, Remembered::Seen);
}

#[test]
fn quotas_count_for_all_processes() {
    let folder = Folder::new("quota");
    let logs = [1, 2].map(|_| MappedReplayLog::open(folder.path("m"), &Options { capacity: 320, quotas: None }).unwrap());
    let with = |n: u64, kid, sid| ReplayEntry { kid: [kid; 8], sid, ..entry(n, NOW) };
    let mut n = 0;
    let mut take = |kid, sid| {
        n += 1;
        logs[n as usize % 2].insert(&with(n, kid, sid), NOW - 30_000, NOW).remembered
    };
    for _ in 0..20 {
        assert_eq!(take(1, Some([1; 8])), Remembered::Fresh);
    }
    assert_eq!(take(1, Some([1; 8])), Remembered::Full, "a session has a sixteenth");
    for _ in 0..140 {
        assert_eq!(take(1, None), Remembered::Fresh);
    }
    assert_eq!(take(1, None), Remembered::Full, "a key has a half");
    assert_eq!(take(2, Some([1; 8])), Remembered::Fresh);
    let later = NOW + KEEP + 17_000;
    assert_eq!(logs[0].insert(&ReplayEntry { kid: [1; 8], ..entry(900, later) }, NOW, later).remembered, Remembered::Fresh);
}

#[test]
fn a_day_of_messages_fits() {
    let folder = Folder::new("message");
    let log = MappedReplayLog::open(folder.path("m"), &options(50)).unwrap();
    let message = |keep_ms| ReplayEntry { keep_ms, ..entry(1, NOW + 86_400_000) };
    assert_eq!(log.insert(&message(86_434_000), NOW - 34_000, NOW).remembered, Remembered::Fresh);
    let later = NOW + 86_000_000;
    assert_eq!(log.insert(&message(434_000), later - 34_000, later).remembered, Remembered::Seen);
    assert_eq!(log.insert(&ReplayEntry { keep_ms: i64::MAX, ..entry(2, NOW * 2) }, NOW, NOW).remembered, Remembered::Full);
}

#[test]
fn of_64_threads_one_wins() {
    let folder = Folder::new("threads");
    let logs: Vec<_> = (0..4).map(|_| MappedReplayLog::open(folder.path("m"), &options(20)).unwrap()).collect();
    let gate = Barrier::new(64);
    for round in 0..200 {
        // Old entries end at different moments for different clocks, so that the threads choose different slots.
        let now = NOW + round as i64 * 9_000;
        let fresh: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..64)
                .map(|thread: usize| {
                    let (logs, gate) = (&logs, &gate);
                    scope.spawn(move || {
                        gate.wait();
                        let now = now + thread as i64 % 4 * 500;

                        insert(&logs[thread % 4], 1_000_000 + round * 10 + thread as u64 % 3, now, now);
                        usize::from(logs[thread % 4].insert(&entry(round, now + 1_600), now - 30_000, now).remembered == Remembered::Fresh)
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(fresh, 1, "round {round}");
    }
}

#[test]
fn a_file_that_was_replaced_refuses_within_a_second() {
    let folder = Folder::new("replaced");
    let path = folder.path("m");
    for replace in [false, true] {
        let log = MappedReplayLog::open(&path, &options(100)).unwrap();
        assert_eq!(insert(&log, 1, NOW, NOW), Remembered::Fresh);
        fs::remove_file(&path).unwrap();
        let other = replace.then(|| MappedReplayLog::open(&path, &options(100)).unwrap());
        assert_eq!(insert(&log, 2, NOW + 1_000, NOW + 1_000), Remembered::Full);
        assert_eq!(insert(&log, 1, NOW, NOW + 1_001), Remembered::Full, "and stays so");
        assert!(log.has_spoken_v2([1; 8]), "v1 is refused too");
        if let Some(other) = other {
            assert_eq!(insert(&other, 1, NOW, NOW), Remembered::Fresh);
        }
        fs::remove_file(&path).ok();
    }
    let log = MappedReplayLog::open(&path, &options(100)).unwrap();
    assert_eq!(insert(&log, 1, NOW, NOW), Remembered::Fresh);
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(log.bytes() as u64 + 1).unwrap();
    assert_eq!(insert(&log, 2, NOW + 1_000, NOW + 1_000), Remembered::Full, "another length");
}

#[test]
fn what_is_no_memory_is_refused_with_a_sentence() {
    let folder = Folder::new("damaged");
    let path = folder.path("m");
    let whole = {
        drop(MappedReplayLog::open(&path, &options(100)).unwrap());
        fs::read(&path).unwrap()
    };
    let refused = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        MappedReplayLog::open(&path, &options(100)).unwrap_err()
    };
    for short in [0, 1, 50, 111, 112, 4_096, whole.len() - 1] {
        let error = refused(&whole[..short]);
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains("delete it"), "{error}");
    }
    assert!(matches!(refused(&[0; 5_000]), StoreError::Damaged { .. }));
    for at in (0..112).filter(|at| !(12..16).contains(at)) {
        let mut bent = whole.clone();
        bent[at] ^= 0x40;
        let error = refused(&bent);
        let version = (8..12).contains(&at);
        assert!(
            if version { matches!(error, StoreError::Version { .. }) } else { matches!(error, StoreError::Damaged { .. }) },
            "{at}: {error}"
        );
    }
    fs::write(&path, &whole).unwrap();
    MappedReplayLog::open(&path, &options(100)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(MappedReplayLog::open(&path, &options(100)), Err(StoreError::NotPrivate { .. })));
    symlink(&path, folder.path("link")).unwrap();
    assert!(matches!(MappedReplayLog::open(folder.path("link"), &options(100)), Err(StoreError::System { .. })));
    fs::create_dir(folder.path("folder")).unwrap();
    assert!(MappedReplayLog::open(folder.path("folder"), &options(100)).is_err());
    assert!(matches!(MappedReplayLog::open(folder.path("no/such"), &options(100)), Err(StoreError::System { .. })));
    for capacity in [0, usize::MAX] {
        assert!(matches!(MappedReplayLog::open(folder.path("size"), &options(capacity)), Err(StoreError::Options(_))));
    }
    assert_eq!(fs::metadata(folder.path("m.lock")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_draft_that_a_dead_maker_left_is_in_nobodys_way() {
    let folder = Folder::new("draft");
    fs::write(folder.path("m.new"), "half").unwrap();
    MappedReplayLog::open(folder.path("m"), &options(100)).unwrap();
    assert!(!folder.path("m.new").exists());
    assert_eq!(fs::metadata(folder.path("m")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn many_marks_make_everyone_marked() {
    let folder = Folder::new("marks");
    let log = MappedReplayLog::open(folder.path("m"), &options(1)).unwrap();
    for n in 0_u64..300 {
        log.mark_v2(n.to_le_bytes());
        assert!(log.has_spoken_v2(n.to_le_bytes()));
    }
    assert!(log.has_spoken_v2([9; 8]), "v1 ends rather than a mark is lost");
}

#[test]
fn a_million_entries_take_48_bytes_each() {
    let folder = Folder::new("bytes");
    let log = MappedReplayLog::open(folder.path("m"), &Options::default()).unwrap();
    assert_eq!(log.capacity(), 1_000_000);
    assert!(log.bytes() <= 48_000_000, "{} bytes", log.bytes());
    let floor = NOW - 30_000;
    for n in 0_u64..1_000_000 {
        let entry = ReplayEntry { kid: (n % 64).to_le_bytes(), ..entry(n, NOW) };
        assert_eq!(log.insert(&entry, floor, NOW).remembered, Remembered::Fresh);
    }
    assert!((0..1_000_000).step_by(7).all(|n| log.insert(&entry(n, NOW), floor, NOW).remembered == Remembered::Seen));
    assert!(log.most_touched() <= 64, "{}", log.most_touched());
}
