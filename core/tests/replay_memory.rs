//! The replay memory of one process against a model: a map of what is live.
#![allow(clippy::unwrap_used)]

use oscartoki::replay::{LogStart, MemoryReplayLog, Quotas, Recorded, Remembered, ReplayEntry, ReplayLog, Space};
use std::collections::HashMap;
use std::sync::Barrier;

const KID: [u8; 8] = [7; 8];
const NOW: i64 = 1_795_300_000_000;

fn entry(n: u64, ts_ms: i64) -> ReplayEntry {
    let mut tag = [0; 16];
    tag[..8].copy_from_slice(&n.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes());
    tag[8..].copy_from_slice(&n.to_le_bytes());
    ReplayEntry { space: Space::Toki, tag, kid: KID, sid: None, ts_ms, keep_ms: 64_000 }
}

fn insert(log: &MemoryReplayLog, entry: &ReplayEntry, floor_ms: i64) -> Remembered {
    let Recorded { remembered, floor_ms } = log.insert(entry, floor_ms, floor_ms + 30_000);
    assert_eq!(floor_ms, None);
    remembered
}

/// A small seeded generator (splitmix64).
struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

/// Plays a random life; the model says what is live. Whether a full memory may refuse below `capacity` is the caller's.
fn against_model(log: &MemoryReplayLog, capacity: usize, seed: u64, steps: usize, exact: bool) {
    let mut random = Seeded(seed);
    let mut live: HashMap<u64, i64> = HashMap::new();
    let mut floor = NOW - 30_000;
    let (mut fresh, mut seen, mut full) = (0, 0, 0);
    for _ in 0..steps {
        if random.below(4) == 0 {
            let leap = if random.below(50) == 0 { 40_000 } else { 200 };
            floor += random.below(leap) as i64;
            live.retain(|_, ts| *ts > floor);
        }
        // A known tag with its own time, or mostly a new one, anywhere in the window.
        let known = live.keys().nth(random.below(8) as usize).copied().filter(|_| random.below(3) == 0);
        let n = known.unwrap_or_else(|| random.next());
        let ts = known.and_then(|n| live.get(&n).copied()).unwrap_or(floor + 1 + random.below(32_000) as i64);
        match insert(log, &entry(n, ts), floor) {
            Remembered::Fresh => {
                assert!(live.insert(n, ts).is_none(), "a live tag was fresh again (seed {seed})");
                assert!(!exact || live.len() <= capacity, "over capacity (seed {seed})");
                fresh += 1;
            }
            Remembered::Seen => {
                assert!(live.contains_key(&n), "an unknown tag was seen (seed {seed})");
                seen += 1;
            }
            Remembered::Full => {
                assert!(!live.contains_key(&n), "a known tag is seen, also when full (seed {seed})");
                assert!(live.len() >= capacity, "full at {} of {capacity} (seed {seed})", live.len());
                full += 1;
            }
            Remembered::Unreachable => panic!("a local memory is always there"),
        }
    }
    assert!(fresh > 0 && seen > 0 && (full > 0 || !exact), "{fresh} fresh, {seen} seen, {full} full (seed {seed})");
}

#[test]
fn exact_is_exact() {
    for seed in 0..300 {
        let capacity = 1 + seed as usize % 40;
        against_model(&MemoryReplayLog::exact(capacity), capacity, seed, 1_500, true);
    }
}

#[test]
fn the_table_agrees_with_the_model() {
    for seed in 0..60 {
        let capacity = [1, 7, 100, 3_000][seed as usize % 4];
        against_model(&MemoryReplayLog::with_quotas(capacity, Quotas::NONE), capacity, seed, 6_000, false);
    }
}

#[test]
fn three_fit_into_three() {
    let log = MemoryReplayLog::exact(3);
    let floor = NOW - 30_000;
    for (n, ts) in [(1, NOW), (2, NOW - 29_999), (3, NOW + 2_000)] {
        assert_eq!(insert(&log, &entry(n, ts), floor), Remembered::Fresh);
    }
    assert_eq!(insert(&log, &entry(4, NOW), floor), Remembered::Full);
    assert_eq!(insert(&log, &entry(2, NOW - 29_999), floor), Remembered::Seen);
    assert_eq!(insert(&log, &entry(2, NOW), floor), Remembered::Seen, "the tag is what counts");
    assert_eq!(insert(&log, &entry(4, NOW), floor + 1), Remembered::Fresh, "the floor reached one");
    assert_eq!(insert(&log, &entry(5, NOW), NOW - 1), Remembered::Full, "and no other");
    assert_eq!(log.live(), 3);
    assert_eq!(insert(&log, &ReplayEntry { space: Space::V1, ..entry(1, NOW) }, floor), Remembered::Fresh, "v1 is a space of its own");
}

#[test]
fn what_the_floor_has_passed_is_not_fresh_for_a_slower_thread() {
    for log in [MemoryReplayLog::exact(8), MemoryReplayLog::new(100)] {
        assert_eq!(insert(&log, &entry(1, NOW), NOW - 1), Remembered::Fresh);
        assert_eq!(insert(&log, &entry(1, NOW + 2_000), NOW + 100), Remembered::Fresh, "forgotten, and dated anew");
        let late = log.insert(&entry(1, NOW), NOW - 1, NOW);
        assert_eq!(late, Recorded { remembered: Remembered::Seen, floor_ms: Some(NOW + 100) });
    }
}

#[test]
fn quotas_refuse_the_greedy_and_nobody_else() {
    let log = MemoryReplayLog::new(16_000);
    let with = |n, kid, sid| ReplayEntry { kid, sid, ..entry(n, NOW + (n % 1_000) as i64) };
    let floor = NOW - 30_000;
    let mut n = 0;
    let mut take = |kid, sid| {
        n += 1;
        insert(&log, &with(n, kid, sid), floor)
    };
    for _ in 0..1_000 {
        assert_eq!(take(KID, Some([1; 8])), Remembered::Fresh);
    }
    assert_eq!(take(KID, Some([1; 8])), Remembered::Full, "a session has a sixteenth");
    for _ in 0..7_000 {
        assert_eq!(take(KID, None), Remembered::Fresh);
    }
    assert_eq!(take(KID, None), Remembered::Full, "a key has a half");
    assert_eq!(take(KID, Some([2; 8])), Remembered::Full, "and its sessions are within");
    assert_eq!(take([8; 8], Some([1; 8])), Remembered::Fresh, "the same sid under another key is another session");
    assert_eq!(insert(&log, &with(1, KID, Some([1; 8])), floor), Remembered::Seen, "over the quota a known one is still known");
    // Time gives it back, at the latest a bucket of eight seconds after the entries.
    let late = ReplayEntry { sid: Some([1; 8]), ..entry(n + 1, NOW + 11_000) };
    assert_eq!(insert(&log, &late, NOW + 10_000), Remembered::Fresh);
}

#[test]
fn times_out_of_reach_are_refused_and_extremes_do_not_panic() {
    for log in [MemoryReplayLog::new(50), MemoryReplayLog::exact(50)] {
        for ts in [i64::MIN, -1, 0, 1, NOW, 1 << 48, i64::MAX] {
            for floor in [0, NOW, i64::MIN, 1 << 48, i64::MAX] {
                log.insert(&entry(1, ts), floor, NOW);
            }
        }
        assert_ne!(log.insert(&entry(1, NOW), 0, NOW).remembered, Remembered::Fresh, "the floor never falls");
    }
    let far = MemoryReplayLog::new(50);
    assert_eq!(insert(&far, &entry(1, NOW + 500 * 86_400_000), NOW), Remembered::Full, "a year and more");
    assert_eq!(insert(&far, &entry(1, NOW + 86_400_000), NOW), Remembered::Fresh, "a message of a day");
    assert_eq!(insert(&far, &entry(1, NOW + 86_400_000), NOW + 86_399_000), Remembered::Seen);
    let kid = |n| entry(n, NOW + 2 * 86_400_000);
    assert!((2..=25).all(|n| insert(&far, &kid(n), NOW + 86_400_000) == Remembered::Fresh), "half of 50, with one of the same hours");
    assert_eq!(insert(&far, &kid(26), NOW + 86_400_000), Remembered::Full, "messages count too");
    assert_eq!(insert(&far, &entry(27, NOW + 86_430_000), NOW + 86_400_000), Remembered::Full, "with everything else");
    // Years later, without a touch between, everything is free and nothing is lost.
    let later = NOW + 5 * 365 * 86_400_000;
    assert_eq!(insert(&far, &entry(2, later), later - 1), Remembered::Fresh);
    assert_eq!(insert(&far, &entry(2, later), later - 1), Remembered::Seen);
    assert_eq!(far.live(), 1);
}

#[test]
fn what_v1_mints_below_its_floor_is_remembered_while_that_stands() {
    for log in [MemoryReplayLog::exact(8), MemoryReplayLog::new(100)] {
        let minted = ReplayEntry { space: Space::V1, ..entry(1, NOW) };
        assert_eq!(insert(&log, &minted, NOW + 4_999), Remembered::Fresh);
        assert_eq!(insert(&log, &minted, NOW + 4_999), Remembered::Seen);
        assert_eq!(log.insert(&entry(1, NOW), NOW + 4_999, NOW).floor_ms, Some(NOW + 4_999), "a toki there is over");
    }
}

#[test]
fn of_64_threads_one_wins() {
    let log = MemoryReplayLog::new(10_000);
    let gate = Barrier::new(64);
    for round in 0..50 {
        let fresh: usize = std::thread::scope(|scope| {
            let race = || {
                gate.wait();
                let remembered = insert(&log, &entry(round, NOW), NOW - 30_000);
                assert!(matches!(remembered, Remembered::Fresh | Remembered::Seen));
                usize::from(remembered == Remembered::Fresh)
            };
            let threads: Vec<_> = (0..64).map(|_| scope.spawn(race)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(fresh, 1);
    }
}

#[test]
fn a_full_table_keeps_its_word() {
    let capacity = 200_000;
    let log = MemoryReplayLog::with_quotas(capacity, Quotas::NONE);
    let floor = NOW - 30_000;
    let ts = |n: u64| floor + 1 + (n * 7 % 32_000) as i64;
    for n in 0..capacity as u64 {
        assert_eq!(insert(&log, &entry(n, ts(n)), floor), Remembered::Fresh);
    }
    for n in 0..capacity as u64 {
        assert_eq!(insert(&log, &entry(n, ts(n)), floor), Remembered::Seen);
    }
    assert_eq!(log.live(), capacity);
    let room = (capacity as u64..).take_while(|n| insert(&log, &entry(*n, ts(*n)), floor) == Remembered::Fresh).count();
    assert!(room < capacity, "it does end");
    assert!((0..1_000).all(|n| insert(&log, &entry(n, ts(n)), floor) == Remembered::Seen), "nothing live was evicted");
    assert!(log.most_touched() <= 64, "{} slots", log.most_touched());
    // A window later everything fits again.
    let later = NOW + 5_000;
    for n in 0..capacity as u64 {
        assert_eq!(insert(&log, &entry(n | 1 << 40, later + 1 + (n % 32_000) as i64), later), Remembered::Fresh);
    }
}

#[test]
fn a_million_entries_take_24_bytes_each() {
    let log = MemoryReplayLog::new(1_000_000);
    assert!(log.bytes() <= 24_000_000, "{} bytes", log.bytes());
    assert_eq!(log.start(NOW), LogStart::Empty);
}

#[test]
fn marks_last_as_long_as_the_memory() {
    let log = MemoryReplayLog::exact(1);
    assert!(!log.has_spoken_v2(KID));
    log.mark_v2(KID);
    assert!(log.has_spoken_v2(KID));
    assert!(!log.has_spoken_v2([8; 8]));
}
