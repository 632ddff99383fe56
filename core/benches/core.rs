//! Group `core`: toki verify, mint, Service::verify beside bare HMAC-SHA256 over the same bytes, and what they take from the heap.
//! `cargo bench -p oscartoki --bench core [-- --json]`. Named peers are timed by `benches/peers`, a crate of its own.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../tests/counting/mod.rs"]
mod counting;

use counting::{Counting, allocations};
use hmac::{Hmac, KeyInit, Mac};
use oscartoki::hazmat::RequestKey;
use oscartoki::replay::{Remembered, ReplayEntry, ReplayLog, Space};
use oscartoki::{
    AnswerHeaders, AnswerRef, Client, ClientConfig, Content, Keyring, MemoryReplayLog, REQUEST_TEXT_LEN, RequestRef, Secret, Service,
    ServiceConfig, SignContext, SignOptions, SignedHeaders, Toki, Verdict, VerifiedRequest, sha256,
};
use sha2::Sha256;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const NAME: &str = "api.example.com";
const NOW: i64 = 1_795_300_000_000;
const ROUNDS: i64 = 61;
const CALLS: usize = 3_000;
/// Between two rounds everything remembered passes.
const ROUND_MS: i64 = 60_000;
/// A session may have a sixteenth of it.
const CAPACITY: usize = 1 << 17;

/// With a digest, M has 24 + 8 + 36 + 32 = 100 bytes.
const POST: RequestRef<'static> =
    RequestRef { verb: b"POST", authority: NAME.as_bytes(), target: b"/v1/accounts/4711", ext: &[], content: Content::None };
const M_LEN: usize = 100;

fn main() {
    let mut world = World::new();
    let mut times: [Vec<f64>; 8] = Default::default();
    for round in 0..ROUNDS {
        let ours = world.round(round);
        times.iter_mut().zip(ours).for_each(|(times, time)| times.push(time));
    }
    let [hmac, hmac_and_check, verify, verify_whole, verify_root, mint, sign, answer] = &times;
    let bare = "HMAC-SHA256 (RustCrypto), 100 bytes";
    let mut rows = vec![
        timing("toki verify, key at hand", verify, bare, hmac, Some(1.25)),
        timing("Service::verify, in a session", verify_whole, "HMAC and the replay check", hmac_and_check, Some(1.5)),
        timing("Service::verify, root key", verify_root, "HMAC and the replay check", hmac_and_check, Some(1.5)),
        timing("toki mint with nonce", mint, bare, hmac, Some(1.5)),
        timing("Client::sign, in a session", sign, bare, hmac, None),
        timing("Service::answer", answer, bare, hmac, None),
    ];
    rows.extend(world.heap(ROUNDS));
    report(&rows);
}

struct World {
    secret: Secret,
    root: Client,
    service: Service,
    peer_log: MemoryReplayLog,
    hmac: Hmac<Sha256>,
    request: RequestRef<'static>,
    digest: [u8; 32],
}

impl World {
    fn new() -> Self {
        let secret = Secret::generate().unwrap();
        let root = Client::new(&secret, NAME, ClientConfig { trust_clock: true, ..ClientConfig::default() }).unwrap();
        let ring = Arc::new(Keyring::new(NAME).unwrap());
        ring.add(&secret.audience_key(NAME, 0).unwrap()).unwrap();
        let rules = ServiceConfig { authorities: vec![NAME.into()], first_start: true, ..ServiceConfig::default() };
        let service = Service::new(rules, ring, Arc::new(MemoryReplayLog::new(CAPACITY)), NOW).unwrap();
        let digest = sha256(b"{}");
        let request = RequestRef { content: Content::Digest(digest), ..POST };
        let hmac = Hmac::<Sha256>::new_from_slice(&digest).unwrap();
        Self { secret, root, service, peer_log: MemoryReplayLog::new(CAPACITY), hmac, request, digest }
    }

    /// Nanoseconds a call of each; who is first changes with the round.
    fn round(&mut self, round: i64) -> [f64; 8] {
        let now_ms = NOW + round * ROUND_MS;
        let session = self.root.hand_out(600, now_ms).unwrap();
        let delegate = Client::from_session(&session, self.root.config().clone()).unwrap();
        let key = RequestKey::new(&self.secret.audience_key(NAME, 0).unwrap(), Some(session.grant()));
        drop(self.verified(&self.sign(&delegate, now_ms).1, now_ms));

        let mut tokis = vec![[0; REQUEST_TEXT_LEN]; CALLS];
        let entries: Vec<_> = tokis.iter_mut().map(|text| entry(&key.mint(&self.request, now_ms, false, text).unwrap())).collect();
        let messages: Vec<[u8; M_LEN]> = entries.iter().map(|entry| std::array::from_fn(|at| entry.tag[at % 16] ^ at as u8)).collect();
        let in_session: Vec<_> = (0..CALLS).map(|_| self.sign(&delegate, now_ms).1).collect();
        let by_root: Vec<_> = (0..CALLS).map(|_| self.sign(&self.root, now_ms).1).collect();

        let mut times = [0.0; 8];
        let contexts: Vec<_> = (0..CALLS).map(|_| self.verified(&self.sign(&delegate, now_ms).1, now_ms).into_context()).collect();
        let order: Vec<usize> = if round % 2 == 0 { (0..7).collect() } else { (0..7).rev().collect() };
        for which in order {
            times[which] = match which {
                0 => timed(&messages, |message| self.hmac(message)[0]),
                1 => {
                    let of: Vec<_> = messages.iter().zip(&entries).collect();
                    timed(&of, |&(message, entry)| {
                        let floor_ms = now_ms - 30_000;
                        assert_eq!(self.peer_log.insert(entry, floor_ms, now_ms).remembered, Remembered::Fresh);
                        self.hmac(message)[0]
                    })
                }
                2 => timed(&tokis, |text| key.verify(text, black_box(&self.request)).unwrap()),
                3 => timed(&in_session, |signed| self.verified(signed, now_ms)),
                4 => timed(&by_root, |signed| self.verified(signed, now_ms)),
                5 => {
                    let mut out = [0; REQUEST_TEXT_LEN];
                    timed(&tokis, |_| key.mint(black_box(&self.request), now_ms, false, &mut out).unwrap())
                }
                _ => {
                    let mut out = SignedHeaders::default();
                    let options = SignOptions::default();
                    timed(&tokis, |_| delegate.sign_ref(black_box(&self.request), options, now_ms, None, &mut out).unwrap())
                }
            };
        }
        let answer = AnswerRef { status: 200, ext: &[], content: Content::Digest(self.digest) };
        let mut out = AnswerHeaders::default();
        let began = Instant::now();
        for context in contexts {
            self.service.answer_ref(context, black_box(&answer), now_ms, &mut out).unwrap();
        }
        times[7] = began.elapsed().as_nanos() as f64 / CALLS as f64;
        times
    }

    fn hmac(&self, message: &[u8]) -> [u8; 32] {
        let mut mac = self.hmac.clone();
        mac.update(message);
        mac.finalize().into_bytes().into()
    }

    fn sign(&self, client: &Client, now_ms: i64) -> (SignContext, SignedHeaders) {
        let mut signed = SignedHeaders::default();
        let context = client.sign_ref(&self.request, SignOptions::default(), now_ms, None, &mut signed).unwrap();
        (context, signed)
    }

    /// All lines of the service, the comparison of the content's digest with the declared one among them.
    fn verified(&self, signed: &SignedHeaders, now_ms: i64) -> VerifiedRequest {
        let grant = signed.grant().map(str::as_bytes);
        let verdict = self.service.verify_ref(black_box(&self.request), Some(signed.toki().as_bytes()), grant, now_ms);
        let Verdict::Pending(pending) = verdict else { panic!("{verdict:?}") };
        match pending.finish(Some(&self.digest)) {
            Verdict::Accepted(verified) => verified,
            other => panic!("{other:?}"),
        }
    }

    /// What one call takes from the heap, once its session is cached.
    fn heap(&self, round: i64) -> [Row<'static>; 3] {
        let now_ms = NOW + round * ROUND_MS;
        let delegate = Client::from_session(&self.root.hand_out(600, now_ms).unwrap(), self.root.config().clone()).unwrap();
        drop(self.verified(&self.sign(&delegate, now_ms).1, now_ms));
        let (signing, (_, signed)) = allocations(|| self.sign(&delegate, now_ms));
        let (verifying, verified) = allocations(|| self.verified(&signed, now_ms));
        let answer = AnswerRef { status: 200, ext: &[], content: Content::Digest(self.digest) };
        let mut out = AnswerHeaders::default();
        let (answering, ()) = allocations(|| self.service.answer_ref(verified.into_context(), &answer, now_ms, &mut out).unwrap());
        [
            count("Service::verify, heap allocations", verifying),
            count("Service::answer, heap allocations", answering),
            count("Client::sign, heap allocations", signing),
        ]
    }
}

fn entry(toki: &Toki) -> ReplayEntry {
    let (tag, ts_ms) = (toki.tag(), toki.claimed_ts_ms());
    ReplayEntry { space: Space::Toki, tag, kid: *b"kidkidki", sid: Some(toki.claimed_id()), ts_ms, keep_ms: 64_000 }
}

fn timed<I, T>(of: &[I], mut run: impl FnMut(&I) -> T) -> f64 {
    let began = Instant::now();
    for one in of {
        black_box(run(black_box(one)));
    }
    began.elapsed().as_nanos() as f64 / of.len() as f64
}

fn median(of: impl Iterator<Item = f64>) -> f64 {
    let mut of: Vec<_> = of.collect();
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

struct Row<'a> {
    what: &'a str,
    ours: f64,
    peer: &'a str,
    theirs: f64,
    ratio: f64,
    bar: Option<f64>,
}

/// The ratio is the median of the rounds' ratios: what slows a round down slows both.
fn timing<'a>(what: &'a str, ours: &[f64], peer: &'a str, theirs: &[f64], bar: Option<f64>) -> Row<'a> {
    let ratio = median(ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs));
    Row { what, ours: median(ours.iter().copied()), peer, theirs: median(theirs.iter().copied()), ratio, bar }
}

fn count(what: &str, calls: u64) -> Row<'_> {
    Row { what, ours: calls as f64, peer: "none", theirs: 0.0, ratio: calls as f64, bar: Some(0.0) }
}

fn report(rows: &[Row<'_>]) {
    let json = std::env::args().any(|argument| argument == "--json");
    for Row { what, ours, peer, theirs, ratio, bar } in rows {
        let met = bar.map(|bar| *ratio <= bar);
        if json {
            let (bar, met) = (bar.map_or("null".into(), |bar| bar.to_string()), met.map_or("null".into(), |met| met.to_string()));
            println!(
                r#"{{"what":"{what}","ours_ns":{ours:.1},"peer":"{peer}","peer_ns":{theirs:.1},"ratio":{ratio:.3},"bar":{bar},"met":{met}}}"#
            );
        } else {
            let bar = bar.map_or(String::new(), |bar| format!("<= {bar}"));
            let verdict = met.map_or("", |met| if met { "met" } else { "MISSED" });
            println!("{what:<36} {ours:>7.1}   {peer:<36} {theirs:>7.1}   {ratio:>5.2} {bar:<7} {verdict}");
        }
    }
}
