//! Drives the fuzz bodies on stable, with a seeded mutator over the texts and bytes of `core/vectors`:
//! `cargo run --release -p oscartoki --example fuzz -- [--seconds N] [--seed N] [--corpus DIR]`.
//! `--corpus` writes each body's seeds to DIR/BODY for cargo-fuzz, and runs nothing.

#[path = "../fuzz/bodies.rs"]
mod bodies;

use bodies::{BODIES, Body};
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

const LONGEST: usize = 16 * 1024;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let (mut seconds, mut seed, mut corpus_dir) = (20, None, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let text = arguments.next().ok_or("an option without its value")?;
        match argument.as_str() {
            "--seconds" => seconds = text.parse()?,
            "--seed" => seed = Some(text.parse()?),
            "--corpus" => corpus_dir = Some(text),
            _ => return Err(format!("no option {argument}; there are --seconds N, --seed N, --corpus DIR").into()),
        }
    }
    let vectors = read_vectors(&Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors"))?;
    if let Some(dir) = corpus_dir {
        write_corpus(Path::new(&dir), &vectors)?;
        return Ok(ExitCode::SUCCESS);
    }
    let clock = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(1, |age| age.as_secs());
    let seed = seed.unwrap_or_else(clock);
    println!("seed {seed}, {} texts of the vectors", vectors.len());
    let failed = BODIES.iter().filter(|body| !drive(body, &vectors, seed, Duration::from_secs(seconds))).count();
    println!("{} passed, {failed} failed", BODIES.len() - failed);
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs one body: its seeds, which it must take, all texts as they are, then mutants of both until the time is over.
fn drive(body: &Body, vectors: &[Vec<u8>], seed: u64, time: Duration) -> bool {
    let seeds = (body.seeds)();
    let end = Instant::now() + time;
    let mut random = Random(seed);
    let mut runs = 0_u64;
    for input in seeds.iter().chain(vectors) {
        let taken = run(body, input, seed, runs);
        if taken.is_none() {
            return false;
        }
        if taken == Some(false) && runs < seeds.len() as u64 {
            println!("{}: its own seed {runs} is refused: {}", body.name, oscartoki::encoding::hex(input));
            return false;
        }
        runs += 1;
    }
    while Instant::now() < end {
        for _ in 0..64 {
            let input = mutant(&mut random, &seeds, vectors);
            if run(body, &input, seed, runs).is_none() {
                return false;
            }
            runs += 1;
        }
    }
    println!("{}: {runs} runs", body.name);
    true
}

/// What the body says; `None` when it panicked.
fn run(body: &Body, input: &[u8], seed: u64, runs: u64) -> Option<bool> {
    let verdict = std::panic::catch_unwind(|| (body.run)(input));
    if verdict.is_err() {
        println!("{}: broken at run {runs}, --seed {seed}, input {}", body.name, oscartoki::encoding::hex(input));
    }
    verdict.ok()
}

/// A seed or a text with one to four changes.
fn mutant(random: &mut Random, seeds: &[Vec<u8>], vectors: &[Vec<u8>]) -> Vec<u8> {
    let from = if random.below(4) > 0 { seeds } else { vectors };
    let mut bytes = random.one_of(from).clone();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(1 + random.0 as usize % 64)).min(bytes.len());
        match random.below(9) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            1 if at < bytes.len() => bytes[at] = *random.one_of(b"AZaz09-_=|.:/?&#\n\r\0 \x7f\xff"),
            2 => bytes.insert(at, *random.one_of(b"AZaz09-_=|.:/?&#\n\r\0 \x7f\xff")),
            3 if at < bytes.len() => drop(bytes.remove(at)),
            4 => drop(bytes.drain(at..end)),
            5 => bytes.extend_from_within(at..end),
            6 => bytes.truncate(at),
            7 => drop(bytes.splice(at..end, random.one_of(vectors).iter().copied())),
            _ => replace_word(random, &mut bytes, vectors),
        }
    }
    bytes.truncate(LONGEST);
    bytes
}

/// A word, which is what stands between spaces, colons and line ends, becomes a text of the vectors.
fn replace_word(random: &mut Random, bytes: &mut Vec<u8>, vectors: &[Vec<u8>]) {
    let ends = |b: &u8| matches!(b, b' ' | b':' | b'\n');
    let at = random.below(bytes.len() + 1);
    let start = bytes[..at].iter().rposition(ends).map_or(0, |before| before + 1);
    let end = bytes[at..].iter().position(ends).map_or(bytes.len(), |after| at + after);
    bytes.splice(start..end, random.one_of(vectors).iter().copied());
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// Every text of the vector files, and the bytes of what is hex, each once.
fn read_vectors(dir: &Path) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            collect(&serde_json::from_slice(&std::fs::read(&path)?)?, &mut all);
        }
    }
    // Sorted: the same seed does the same on every machine.
    all.sort_unstable();
    all.dedup();
    if all.is_empty() { Err("no vectors".into()) } else { Ok(all) }
}

fn collect(json: &serde_json::Value, all: &mut Vec<Vec<u8>>) {
    match json {
        serde_json::Value::String(text) if text.len() <= LONGEST => {
            all.extend(oscartoki::encoding::unhex(text).filter(|bytes| !bytes.is_empty()));
            all.push(text.clone().into_bytes());
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, all)),
        serde_json::Value::Object(members) => {
            members.iter().filter(|(name, _)| *name != "name" && *name != "about").for_each(|(_, item)| collect(item, all));
        }
        _ => {}
    }
}

fn write_corpus(dir: &Path, vectors: &[Vec<u8>]) -> Result<(), Box<dyn Error>> {
    for body in &BODIES {
        let dir = dir.join(body.name);
        std::fs::create_dir_all(&dir)?;
        for (index, input) in (body.seeds)().iter().chain(vectors).enumerate() {
            std::fs::write(dir.join(format!("{index:05}")), input)?;
        }
    }
    Ok(())
}
