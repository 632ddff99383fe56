//! A local memory after a fork. Alone in its process: the counter of forks is the process's.

use oscartoki::replay::{MemoryReplayLog, Remembered, ReplayEntry, ReplayLog, Space};

#[test]
fn a_forked_memory_refuses_until_it_is_replaced() {
    let entry = |n| ReplayEntry { space: Space::Toki, tag: [n; 16], kid: [0; 8], sid: None, ts_ms: 1_000, keep_ms: 64_000 };
    let remembered = |log: &MemoryReplayLog, n| log.insert(&entry(n), 0, 1_000).remembered;
    let logs = [MemoryReplayLog::exact(9), MemoryReplayLog::new(9)];
    for log in &logs {
        assert_eq!(remembered(log, 1), Remembered::Fresh);
        assert!(!log.has_spoken_v2([1; 8]));
    }
    oscartoki::fork::forked();
    for log in &logs {
        assert_eq!(remembered(log, 1), Remembered::Full, "it can't even say that it knows it");
        assert_eq!(remembered(log, 2), Remembered::Full);
        assert!(log.has_spoken_v2([1; 8]), "v1 is refused too");
    }
    assert_eq!(remembered(&MemoryReplayLog::exact(9), 1), Remembered::Fresh);
}
