//! What the tests share.
#![allow(clippy::unwrap_used, dead_code)]

use oscartoki::replay::{Remembered, ReplayEntry, ReplayLog, Space};
use std::path::PathBuf;

pub const NOW: i64 = 1_795_300_000_000;

/// A folder that is gone when the test is.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("oscartoki-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

pub fn entry(n: u64, ts_ms: i64) -> ReplayEntry {
    let mut tag = [0; 16];
    tag[..8].copy_from_slice(&n.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes());
    tag[8..].copy_from_slice(&n.to_le_bytes());
    ReplayEntry { space: Space::Toki, tag, kid: [7; 8], sid: None, ts_ms, keep_ms: 64_000 }
}

pub fn insert(log: &dyn ReplayLog, n: u64, ts_ms: i64, now_ms: i64) -> Remembered {
    log.insert(&entry(n, ts_ms), now_ms - 30_000, now_ms).remembered
}

/// A small seeded generator (splitmix64).
pub struct Seeded(pub u64);

impl Seeded {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}
