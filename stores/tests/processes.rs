//! What processes share, under real processes: killed at random, forked, all starting at once. Without the test harness, whose
//! threads a fork would not survive.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Folder, NOW, Seeded, entry};
use oscartoki::replay::{MemoryReplayLog, Quotas, Remembered, ReplayLog};
use oscartoki_stores::{MappedReplayLog, Options, RingFiles, RingSources, fork_guard};
use std::borrow::Borrow;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::time::Duration;

fn main() {
    // The harness's questions get its answers: there is one test here.
    if std::env::args().any(|argument| argument == "--list") {
        return println!("processes: test");
    }
    killed_at_random_nothing_is_accepted_twice();
    of_eight_children_one_wins();
    eight_that_start_at_once_share_one_file();
    a_guarded_fork_is_noticed();
    a_child_follows_the_files();
    println!("test processes ... ok");
}

/// Zeroed words that parent and children see.
fn shared<T>(n: usize) -> &'static [T] {
    let access = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
    // SAFETY: a new zeroed mapping that is never unmapped; only used for atomics.
    unsafe {
        let start = libc::mmap(std::ptr::null_mut(), n * size_of::<T>(), access, flags, -1, 0);
        assert_ne!(start, libc::MAP_FAILED);
        std::slice::from_raw_parts(start.cast(), n)
    }
}

/// Runs `life` in a child; its process id.
fn child(life: impl FnOnce()) -> libc::pid_t {
    // SAFETY: this process has one thread, so the child may do what it likes.
    match unsafe { libc::fork() } {
        0 => {
            let lived = std::panic::catch_unwind(std::panic::AssertUnwindSafe(life)).is_ok();
            // SAFETY: ends the child at once, without what the parent has set up for its own end.
            unsafe { libc::_exit(i32::from(!lived)) }
        }
        pid => {
            assert!(pid > 0);
            pid
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum End {
    Well,
    Killed,
    Failed,
}

/// Waits for a child's end, or only asks for it.
fn ended(pid: libc::pid_t, options: i32) -> Option<End> {
    let mut status = 0;
    // SAFETY: a child of ours, and a writable status.
    let got = unsafe { libc::waitpid(pid, &mut status, options) };
    (got == pid).then(|| match status {
        0 => End::Well,
        _ if libc::WIFSIGNALED(status) => End::Killed,
        _ => End::Failed,
    })
}

/// Four workers race through the same 250,000 tags while they are killed and begun again where they were.
fn killed_at_random_nothing_is_accepted_twice() {
    const WORKERS: usize = 4;
    const TAGS: u64 = 250_000;
    let folder = Folder::new("killed");
    let path = folder.path("m");
    let accepted = shared::<AtomicU32>(TAGS as usize);
    let progress = shared::<AtomicU64>(WORKERS);
    // Time goes on by 2 ms per tag, so that slots are used again and again, and the clocks of the workers differ by two grains.
    let options = Options { capacity: 60_000, quotas: Some(Quotas { kid: 60_000, sid: 60_000 }) };
    let life = |worker: usize| {
        let log = MappedReplayLog::open(&path, &options).unwrap();
        while let n @ 0..TAGS = progress[worker].fetch_add(1, Relaxed) {
            let ts = NOW + n as i64 * 2;
            let now = ts + worker as i64 * 700;
            let recorded = log.insert(&entry(n, ts), now - 30_000, now);
            if recorded.remembered == Remembered::Fresh {
                accepted[n as usize].fetch_add(1, SeqCst);
            }
            assert_ne!(recorded.remembered, Remembered::Full, "there is room");
        }
    };
    let mut random = Seeded(20);
    let mut pids: Vec<_> = (0..WORKERS).map(|worker| child(|| life(worker))).collect();
    let mut kills = 0;
    while progress.iter().any(|at| at.load(Relaxed) < TAGS) {
        std::thread::sleep(Duration::from_micros(100 + random.below(900)));
        let worker = random.below(WORKERS as u64) as usize;
        // SAFETY: a child of ours that was not waited for, so the number is still its.
        unsafe { libc::kill(pids[worker], libc::SIGKILL) };
        match ended(pids[worker], 0) {
            Some(End::Killed) => kills += 1,
            end => assert_eq!(end, Some(End::Well), "it was through before"),
        }
        pids[worker] = child(|| life(worker));
    }
    assert!(pids.into_iter().all(|pid| ended(pid, 0) == Some(End::Well)), "a worker failed");
    let twice = accepted.iter().filter(|times| times.load(SeqCst) > 1).count();
    let never = accepted.iter().filter(|times| times.load(SeqCst) == 0).count();
    assert_eq!(twice, 0, "accepted twice");
    assert!(kills >= 10, "{kills} kills are too few to mean anything");
    println!("1,000,000 inserts by 4 processes, {kills} kills: none accepted twice, {never} lost with their process");
    // A kill can lose the one tag that was under way.
    assert!(never <= kills, "{never} of {TAGS} were accepted by nobody");
}

/// Children of one parent use the mapping that they inherited.
fn of_eight_children_one_wins() {
    let folder = Folder::new("forked");
    let log = MappedReplayLog::open(folder.path("m"), &Options { capacity: 5_000, quotas: Some(Quotas::NONE) }).unwrap();
    race(|| &log);
}

/// Everyone opens the file, and one of them makes it.
fn eight_that_start_at_once_share_one_file() {
    let folder = Folder::new("at-once");
    let options = Options { capacity: 5_000, quotas: Some(Quotas::NONE) };
    race(|| MappedReplayLog::open(folder.path("m"), &options).unwrap());
}

fn race<L: Borrow<MappedReplayLog>>(open: impl Fn() -> L) {
    const TAGS: u64 = 2_000;
    let accepted = shared::<AtomicU32>(TAGS as usize);
    let waiting = shared::<AtomicU32>(1);
    let life = || {
        waiting[0].fetch_add(1, SeqCst);
        while waiting[0].load(SeqCst) < 8 {
            std::thread::yield_now();
        }
        let log = open();
        for n in 0..TAGS {
            if log.borrow().insert(&entry(n, NOW), NOW - 30_000, NOW).remembered == Remembered::Fresh {
                accepted[n as usize].fetch_add(1, SeqCst);
            }
        }
    };
    let pids: Vec<_> = (0..8).map(|_| child(life)).collect();
    assert!(pids.into_iter().all(|pid| ended(pid, 0) == Some(End::Well)));
    assert!(accepted.iter().all(|times| times.load(SeqCst) == 1), "each tag has one winner");
}

fn a_guarded_fork_is_noticed() {
    let log = MemoryReplayLog::exact(9);
    let fresh = |n| log.insert(&entry(n, NOW), 0, NOW).remembered;
    let before = oscartoki::fork::count();
    let count = shared::<AtomicU64>(1);
    let in_a_child = || {
        assert_eq!(ended(child(|| count[0].store(oscartoki::fork::count(), SeqCst)), 0), Some(End::Well));
        count[0].load(SeqCst)
    };
    assert_eq!(in_a_child(), before, "without the guard nobody notices");
    fork_guard();
    fork_guard();
    assert_eq!(in_a_child(), before + 1, "with it, once");
    assert_eq!(fresh(1), Remembered::Fresh);
    let child = child(|| assert_eq!([fresh(1), fresh(2)], [Remembered::Full; 2]));
    assert_eq!(ended(child, 0), Some(End::Well), "a local memory refuses in the child");
    assert_eq!(fresh(2), Remembered::Fresh, "and not in the parent");
    assert_eq!(oscartoki::fork::count(), before);
}

/// A ring's files, opened before the fork, go on in the child, also when a thread of the parent was just looking at them.
fn a_child_follows_the_files() {
    let folder = Folder::new("followed");
    let line = || oscartoki::Secret::generate().unwrap().audience_key("a", 0).unwrap().to_text() + "\n";
    let (keys, revoked) = (folder.path("keys"), folder.path("revoked"));
    std::fs::write(&keys, line()).unwrap();
    let ring = Arc::new(oscartoki::Keyring::new("a").unwrap());
    let sources = RingSources { keys: vec![keys.clone()], revocations: Some(revoked.clone()), ..RingSources::default() };
    let files = RingFiles::open(ring.clone(), sources).unwrap();
    let follow = |kids: usize, revocations: usize| {
        let start = std::time::Instant::now();
        while (ring.kids().len(), ring.revocations_text().lines().count()) != (kids, revocations) {
            assert!(start.elapsed() < Duration::from_secs(2), "not within two seconds");
            files.refresh().unwrap();
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    let children: Vec<_> = (0..4)
        .map(|_| {
            child(|| {
                follow(3, 1);
                // A child of the child as well.
                let grandchild = child(|| follow(3, 2));
                assert_eq!(ended(grandchild, 0), Some(End::Well));
                follow(3, 2);
            })
        })
        .collect();
    std::thread::sleep(Duration::from_millis(50));
    std::fs::write(&keys, line() + &line() + &line()).unwrap();
    files.append(&ring.revoke_key(vec![1; 8]).unwrap()).unwrap();
    std::thread::sleep(Duration::from_millis(1200));
    files.append(&ring.revoke_key(vec![2; 8]).unwrap()).unwrap();
    follow(3, 2);
    for pid in children {
        assert_eq!(ended(pid, 0), Some(End::Well));
    }
}
