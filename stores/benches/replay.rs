//! Group `replay`: what a check costs beside one random read of as much memory, what an entry takes, how far a look goes.
//! `cargo bench -p oscartoki-stores --bench replay [-- --json]`.
#![allow(missing_docs, clippy::unwrap_used)]

use oscartoki::replay::{MemoryReplayLog, Remembered, ReplayEntry, ReplayLog, Space};
use oscartoki_stores::{MappedReplayLog, Options};
use std::hint::black_box;
use std::time::Instant;

/// Live entries, which is also the capacity.
const LIVE: u64 = 1_000_000;
const STEPS: u64 = 150_000;
const ROUNDS: usize = 11;
const NOW: i64 = 1_795_300_000_000;
/// An entry is live for W + F: a local memory forgets it when the floor passes.
const LIFE_MS: i64 = 32_000;

fn main() {
    let local = Load::new(MemoryReplayLog::new(LIVE as usize), LIFE_MS, 0);
    let folder = std::env::temp_dir().join(format!("oscartoki-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mapped = MappedReplayLog::open(folder.join("replay"), &Options { capacity: LIVE as usize, quotas: None }).unwrap();
    let mapped = Load::new(mapped, LIFE_MS, 2 * LIFE_MS);
    let mut loads: [Box<dyn Measured>; 2] = [Box::new(local), Box::new(mapped)];
    let mut memory = Chase::new(loads[0].bytes());
    let (mut reads, mut times) = (Vec::new(), [const { [const { Vec::new() }; 2] }; 2]);
    // Alternating, so that whatever else the machine does falls on all alike.
    for _ in 0..ROUNDS {
        reads.push(timed(|| memory.read(STEPS)));
        for (load, times) in loads.iter_mut().zip(&mut times) {
            times[0].push(timed(|| load.fresh()));
            times[1].push(timed(|| load.seen()));
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
    let [[local_new, local_known], [mapped_new, mapped_known]] = &times;
    let peer = format!("one random read of {} MB, dependent", loads[0].bytes() / 1_000_000);
    report(&[
        timing("local: a check of a new tag, 1 M live, ns", local_new, &peer, &reads, 1.5),
        timing("local: a check of a known tag, 1 M live, ns", local_known, &peer, &reads, 1.5),
        timing("mapped: a check of a new tag, 1 M live, ns", mapped_new, "local: the same", local_new, 2.0),
        timing("mapped: a check of a known tag, 1 M live, ns", mapped_known, "local: the same", local_known, 2.0),
        row("local: bytes per entry of capacity", loads[0].bytes() as f64 / LIVE as f64, "24 bytes", 24.0, 1.0),
        row("mapped: bytes per entry of capacity", loads[1].bytes() as f64 / LIVE as f64, "48 bytes", 48.0, 1.0),
        row("local: most slots that one operation touched", loads[0].touched() as f64, "64 slots", 64.0, 1.0),
        row("mapped: most slots that one operation touched", loads[1].touched() as f64, "64 slots", 64.0, 1.0),
    ]);
}

fn timed(run: impl FnOnce()) -> f64 {
    let began = Instant::now();
    run();
    began.elapsed().as_nanos() as f64 / STEPS as f64
}

fn median(of: impl Iterator<Item = f64>) -> f64 {
    let mut of: Vec<_> = of.collect();
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

/// As much memory as the local table, read at random: every place is known only when the one before was read.
struct Chase {
    words: Vec<u64>,
    at: u64,
}

impl Chase {
    fn new(bytes: usize) -> Self {
        let words = (0..bytes as u64 / 8).map(mix).collect();
        Self { words, at: 0 }
    }

    fn read(&mut self, steps: u64) {
        for step in 0..steps {
            let place = (u128::from(mix(self.at ^ step)) * self.words.len() as u128) >> 64;
            self.at = self.words[place as usize];
        }
        black_box(self.at);
    }
}

/// A memory that holds [`LIVE`] entries all the time: with every new one an old one passes.
struct Load<L> {
    log: L,
    next: u64,
    life_ms: i64,
    keep_ms: i64,
}

trait Measured {
    fn fresh(&mut self);
    fn seen(&mut self);
    fn bytes(&self) -> usize;
    fn touched(&self) -> usize;
}

impl<L: ReplayLog> Load<L> {
    fn new(log: L, life_ms: i64, keep_ms: i64) -> Self {
        let mut load = Self { log, next: 0, life_ms, keep_ms };
        (0..LIVE + LIVE / 4).for_each(|_| load.insert_next());
        load
    }

    /// Time in which a million entries come.
    fn span_ms(&self) -> i64 {
        if self.keep_ms > 0 { self.keep_ms + 1_100 } else { self.life_ms }
    }

    fn entry(&self, n: u64) -> ReplayEntry {
        let mut tag = [0; 16];
        tag[..8].copy_from_slice(&mix(n).to_le_bytes());
        tag[8..].copy_from_slice(&n.to_le_bytes());
        // 64 clients with 16 sessions each.
        let (kid, sid) = ((n & 63).to_le_bytes(), Some((n & 1023).to_le_bytes()));
        ReplayEntry { space: Space::Toki, tag, kid, sid, ts_ms: NOW + (n as i64 * self.span_ms()) / LIVE as i64, keep_ms: self.keep_ms }
    }

    fn insert(&self, n: u64, now_n: u64) -> Remembered {
        let now_ms = NOW + (now_n as i64 * self.span_ms()) / LIVE as i64;
        self.log.insert(&self.entry(n), now_ms - self.span_ms(), now_ms).remembered
    }

    fn insert_next(&mut self) {
        assert_eq!(self.insert(self.next, self.next), Remembered::Fresh, "entry {}", self.next);
        self.next += 1;
    }

    fn fresh_all(&mut self) {
        (0..STEPS).for_each(|_| self.insert_next());
    }

    fn seen_all(&self) {
        for step in 0..STEPS {
            let n = self.next - 1 - mix(step) % (LIVE * 9 / 10);
            assert_eq!(self.insert(n, self.next - 1), Remembered::Seen);
        }
    }
}

macro_rules! measured {
    ($log:ty) => {
        impl Measured for Load<$log> {
            fn fresh(&mut self) {
                self.fresh_all();
            }
            fn seen(&mut self) {
                self.seen_all();
            }
            fn bytes(&self) -> usize {
                self.log.bytes()
            }
            fn touched(&self) -> usize {
                self.log.most_touched()
            }
        }
    };
}

measured!(MemoryReplayLog);
measured!(MappedReplayLog);

/// A number that looks random (splitmix64).
fn mix(n: u64) -> u64 {
    let z = n.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ z >> 31
}

struct Row<'a> {
    what: &'a str,
    ours: f64,
    peer: &'a str,
    theirs: f64,
    ratio: f64,
    bar: f64,
}

fn row<'a>(what: &'a str, ours: f64, peer: &'a str, theirs: f64, bar: f64) -> Row<'a> {
    Row { what, ours, peer, theirs, ratio: ours / theirs, bar }
}

/// The ratio is the median of the rounds' ratios: what slows a round down slows both.
fn timing<'a>(what: &'a str, ours: &[f64], peer: &'a str, theirs: &[f64], bar: f64) -> Row<'a> {
    let ratio = median(ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs));
    Row { ratio, ..row(what, median(ours.iter().copied()), peer, median(theirs.iter().copied()), bar) }
}

fn report(rows: &[Row<'_>]) {
    let json = std::env::args().any(|argument| argument == "--json");
    for Row { what, ours, peer, theirs, ratio, bar } in rows {
        let met = ratio <= bar;
        if json {
            println!(
                r#"{{"what":"{what}","ours_ns":{ours:.1},"peer":"{peer}","peer_ns":{theirs:.1},"ratio":{ratio:.2},"bar":{bar},"met":{met}}}"#
            );
        } else {
            let verdict = if met { "met" } else { "missed" };
            println!("{what:<48} {ours:>7.1}   {peer:<40} {theirs:>7.1}   {ratio:>5.2} <= {bar:<4} {verdict}");
        }
    }
}
