//! One random life: people who call, nodes that answer, and between them a calm network or an adversary.

mod adversary;

use crate::Mutant;
use crate::memory::SharedLog;
use crate::node::{AUDIENCE, Node, Packet, Reply};
use crate::rng::Rng;
use oscartoki::encoding::push_lp;
use oscartoki::time::{FUTURE_MS, WINDOW_MS};
use oscartoki::{
    Answer, AnswerToki, AudienceKey, Call, Client, ClientConfig, Grant, Keyring, MemoryReplayLog, OscarError, Outcome, ReplayLog, Request,
    Rolling, Secret, SignOptions, Step, Toki, sha256,
};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::fmt;
use std::sync::Arc;

const EPOCH_MS: i64 = 1_795_300_000_000;
const HOUR_MS: i64 = 3_600_000;
/// The longest that a client waits for an answer.
const PATIENCE_MS: i64 = 90_000;
/// An unsafe request must not run later than this after it was signed: W + F, and what the adversary may have added to the
/// offset by holding a probe for as long as the client waited.
const LATE_MS: i64 = WINDOW_MS + FUTURE_MS + PATIENCE_MS;

/// What must never happen.
#[derive(Clone, Debug)]
pub struct Fault {
    what: &'static str,
    detail: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.detail)
    }
}

/// Someone with a client and clocks.
struct Person {
    client: Client,
    ahead_ms: i64,
    slept_ms: i64,
    has_mono: bool,
    trusts_clock: bool,
    /// When a delegate's session ends.
    ends_s: Option<i64>,
}

/// One request that an application wants done once.
struct Wish {
    person: usize,
    call: Arc<Call>,
    request: Request,
    options: SignOptions,
    /// Neither safe nor repeatable.
    once: bool,
    runs: u32,
    outcome: Option<Outcome>,
    mutant_resent: bool,
}

/// One toki that went out.
struct Attempt {
    wish: usize,
    sent_ms: i64,
    sent_wall_ms: i64,
    waiting: bool,
    runs: u32,
    probe: bool,
}

enum Event {
    Wish(usize),
    Arrive { packet: Packet, node: usize, answered: bool },
    Answer { attempt: usize, reply: Reply },
    GiveUp(usize),
    Restart { keeps: bool },
    Wipe,
    Step { person: usize, by_ms: i64 },
    Sleep { person: usize, for_ms: i64 },
    HandOut(usize),
}

pub struct Life {
    rng: Rng,
    mutant: Mutant,
    adversary: bool,
    at_ms: i64,
    /// By how much everything planned is put off: the sleeps of calm lives. An adversary does not sleep.
    shift_ms: i64,
    ring: Arc<Keyring>,
    key: AudienceKey,
    /// `None`: one node with a local memory.
    shared: Option<Arc<SharedLog>>,
    nodes: Vec<Node>,
    people: Vec<Person>,
    wishes: Vec<Wish>,
    attempts: Vec<Attempt>,
    accepted: HashMap<String, u32>,
    captured: Vec<(Packet, Option<Reply>)>,
    events: Vec<Option<Event>>,
    queue: BinaryHeap<Reverse<(i64, usize)>>,
    fault: Option<Fault>,
    seen: Vec<&'static str>,
}

impl Life {
    pub fn new(seed: u64, mutant: Mutant) -> Self {
        let mut rng = Rng(seed);
        rng.draw();
        let adversary = !seed.is_multiple_of(3);
        let secret = Secret::from_bytes(&(0..32).collect::<Vec<u8>>()).unwrap();
        let key = secret.audience_key(AUDIENCE, 0).unwrap();
        let ring = Arc::new(Keyring::new(AUDIENCE).unwrap());
        ring.add(&key).unwrap();
        let shared = (rng.chance(70) && mutant != Mutant::LocalMemories).then(|| Arc::new(SharedLog::new(mutant)));
        let trusts_clock = rng.chance(15);
        let ahead_ms = match (trusts_clock, adversary) {
            (true, true) => rng.pick(&[-20_000, -2_000, 1_500, 2_500, 3_000]),
            (true, false) => rng.range(-5_000, 0),
            (false, _) => rng.pick(&[0, 0, 700, -700, 5_000, -5_000, 40_000, -40_000, 15 * HOUR_MS, -15 * HOUR_MS]),
        };
        let roll = if rng.chance(20) { Rolling::Every } else { Rolling::Auto };
        let client = Client::new(&secret, AUDIENCE, ClientConfig { roll, trust_clock: trusts_clock, ..ClientConfig::default() }).unwrap();
        let has_mono = rng.chance(80);
        let person = Person { client, ahead_ms, slept_ms: 0, has_mono, trusts_clock, ends_s: None };
        let mut life = Self {
            rng,
            mutant,
            adversary,
            at_ms: EPOCH_MS,
            shift_ms: 0,
            ring,
            key,
            shared,
            nodes: Vec::new(),
            people: vec![person],
            wishes: Vec::new(),
            attempts: Vec::new(),
            accepted: HashMap::new(),
            captured: Vec::new(),
            events: Vec::new(),
            queue: BinaryHeap::new(),
            fault: None,
            seen: Vec::new(),
        };
        life.start_nodes(true);
        life.plan();
        life
    }

    /// Lives to the end; the first fault, and what was seen.
    pub fn run(mut self, counts: &mut BTreeMap<&'static str, u64>) -> Option<Fault> {
        while let Some(Reverse((due_ms, index))) = self.queue.pop() {
            self.at_ms = self.at_ms.max(due_ms + self.shift_ms);
            if let Some(event) = self.events[index].take() {
                self.happen(event);
            }
            if self.fault.is_some() {
                break;
            }
        }
        self.judge_wishes();
        for what in self.seen {
            *counts.entry(what).or_insert(0) += 1;
        }
        self.fault
    }

    /// Two nodes on a shared memory, their clocks within F of each other, or one with a local memory.
    fn start_nodes(&mut self, first: bool) {
        let local: fn() -> Arc<dyn ReplayLog> = || Arc::new(MemoryReplayLog::exact(1000));
        let logs: Vec<Arc<dyn ReplayLog>> = match (&self.shared, self.mutant) {
            (Some(shared), _) => vec![shared.clone(), shared.clone()],
            (None, Mutant::LocalMemories) => vec![local(), local()],
            (None, _) => vec![local()],
        };
        let ahead: Vec<i64> = if self.nodes.is_empty() {
            let half = self.rng.pick(&[0, 200, -200, FUTURE_MS / 2, -FUTURE_MS / 2]);
            vec![half, -half]
        } else {
            self.nodes.iter().map(|node| node.ahead_ms).collect()
        };
        let (ring, mutant, at_ms) = (self.ring.clone(), self.mutant, self.at_ms);
        self.nodes = logs.into_iter().zip(ahead).map(|(log, ahead)| Node::start(&ring, log, ahead, first, mutant, at_ms)).collect();
    }

    /// What people do, and what happens to machines meanwhile.
    fn plan(&mut self) {
        let mut at_ms = EPOCH_MS + 100;
        for _ in 0..self.rng.range(3, 8) {
            at_ms += match self.rng.range(0, 9) {
                0..=3 => self.rng.range(0, 2_000),
                4..=6 => self.rng.range(2_000, 40_000),
                7 => self.rng.range(200_000, 620_000),
                8 => 600_000 + self.rng.range(-2_000, 2_000),
                _ => self.rng.range(HOUR_MS - 5_000, 3 * HOUR_MS),
            };
            if self.rng.chance(35) {
                let machine = self.machine_event();
                // Between calls, and ready again before the next one, where nobody attacks.
                at_ms += if self.adversary { 0 } else { 30_000 };
                self.schedule(at_ms, machine);
                at_ms += if self.adversary { 0 } else { 12_000 };
            }
            let person = if self.rng.chance(30) { 1 } else { 0 };
            self.schedule(at_ms, Event::Wish(person));
        }
    }

    fn machine_event(&mut self) -> Event {
        match self.rng.range(0, 5) {
            0 => Event::Restart { keeps: false },
            1 => Event::Restart { keeps: true },
            2 => Event::Wipe,
            3 => {
                let by_ms = self.rng.range(5_000, 16 * HOUR_MS) * self.rng.pick(&[1, -1]);
                Event::Step { person: 0, by_ms }
            }
            4 => Event::Sleep { person: 0, for_ms: self.rng.range(1_500, 2 * HOUR_MS) },
            _ => Event::HandOut(0),
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Wish(person) => self.wish(person.min(self.people.len() - 1)),
            Event::Arrive { packet, node, answered } => self.arrive(packet, node, answered),
            Event::Answer { attempt, reply } => self.answer(attempt, &reply),
            Event::GiveUp(attempt) => self.give_up(attempt),
            Event::Restart { keeps } => self.restart(keeps),
            Event::Wipe => {
                if let Some(shared) = &self.shared {
                    shared.wipe();
                    self.seen.push("memory wiped");
                    if !self.adversary {
                        self.find_wiped();
                    }
                }
            }
            Event::Step { person, by_ms } => {
                let person = &mut self.people[person];
                // Without a monotonic clock nobody can notice a step.
                if person.has_mono && !person.trusts_clock {
                    person.ahead_ms += by_ms;
                    self.seen.push("step");
                }
            }
            Event::Sleep { person, for_ms } => {
                self.people[person].slept_ms += for_ms;
                self.at_ms += for_ms;
                self.shift_ms += if self.adversary { 0 } else { for_ms };
                self.seen.push("sleep");
            }
            Event::HandOut(person) => self.hand_out(person),
        }
    }

    fn restart(&mut self, keeps: bool) {
        self.seen.push(if keeps { "restart, memory kept" } else { "restart, memory lost" });
        // A local memory dies with its process.
        if let (Some(shared), false) = (&self.shared, keeps) {
            shared.wipe();
        }
        self.start_nodes(false);
    }

    /// Somebody's request finds the memory gone, so that it is ready again when the honest go on.
    fn find_wiped(&mut self) {
        let client = Client::from_audience_key(&self.key, ClientConfig::default()).unwrap();
        let request = Request { verb: "GET".into(), authority: AUDIENCE.into(), target: "/wiped".into(), ..Request::default() };
        let signed = client.sign(&request, SignOptions::default(), self.at_ms + self.nodes[0].ahead_ms, None).unwrap();
        let packet = Packet {
            attempt: 0,
            verb: "GET".into(),
            target: "/wiped".into(),
            ext: Vec::new(),
            body: None,
            arrives: None,
            toki: signed.toki(),
            grant: None,
        };
        self.nodes[0].judge(&packet, &self.key, self.at_ms);
    }

    /// The root holder, whose clock must be right, hands out a session to somebody with clocks of their own.
    fn hand_out(&mut self, person: usize) {
        let (wall_ms, _) = self.clocks(person);
        let root = &self.people[person];
        let behind_ms = wall_ms + root.client.offset_ms().unwrap_or(HOUR_MS) - self.at_ms;
        if behind_ms.abs() > FUTURE_MS / 2 {
            return;
        }
        let ttl_s = self.rng.pick(&[5, 60, 600]);
        let session = root.client.hand_out(ttl_s, wall_ms).unwrap();
        let client = Client::from_session(&session, ClientConfig::default()).unwrap();
        let ahead_ms = self.rng.pick(&[0, 500, -500, 20_000, -20_000, 15 * HOUR_MS, -15 * HOUR_MS]);
        let ends_s = Some(session.exp_s());
        self.people.push(Person { client, ahead_ms, slept_ms: 0, has_mono: true, trusts_clock: false, ends_s });
    }

    fn clocks(&self, person: usize) -> (i64, Option<i64>) {
        let person = &self.people[person];
        let mono = person.has_mono && self.mutant != Mutant::StepUnnoticed;
        (self.at_ms + person.ahead_ms, mono.then_some(self.at_ms - EPOCH_MS - person.slept_ms))
    }

    fn wish(&mut self, person: usize) {
        let number = self.wishes.len();
        let (verb, body, repeatable) = match self.rng.range(0, 9) {
            0..=2 => ("GET", false, false),
            3 => ("HEAD", false, false),
            4 => ("POST", true, true),
            5 => ("DELETE", false, false),
            _ => ("POST", true, false),
        };
        let mut ext = Vec::new();
        if repeatable {
            push_lp(&mut ext, b"idempotency-key");
            push_lp(&mut ext, number.to_string().as_bytes());
        }
        let request = Request {
            verb: verb.into(),
            authority: AUDIENCE.into(),
            target: format!("/wish?number={number}"),
            ext,
            content: if body { format!("wish {number}").into_bytes() } else { Vec::new() },
            content_digest: None,
        };
        let trust_clock = self.mutant == Mutant::NoProbe;
        let options = SignOptions { repeatable, trust_clock, verify_first: self.rng.chance(5), ..SignOptions::default() };
        let call = Arc::new(self.people[person].client.call(request.clone(), options));
        let once = !repeatable && !matches!(verb, "GET" | "HEAD");
        if self.people[person].ends_s.is_some() {
            self.seen.push("delegate");
        }
        self.wishes.push(Wish { person, call, request, options, once, runs: 0, outcome: None, mutant_resent: false });
        self.go_on(number);
    }

    /// Asks the call for its next step.
    fn go_on(&mut self, number: usize) {
        let (now_ms, mono_ms) = self.clocks(self.wishes[number].person);
        let wish = &mut self.wishes[number];
        let (signed, resent) = match wish.call.next(now_ms, mono_ms) {
            Step::Send(signed) => (signed, wish.call.resent()),
            Step::Done(outcome) | Step::Failed(outcome) => {
                wish.outcome = Some(*outcome);
                self.mutate_resend(number);
                return;
            }
        };
        let digest = (!signed.is_probe() && !wish.request.content.is_empty()).then(|| sha256(&wish.request.content));
        let packet = Packet {
            attempt: self.attempts.len(),
            verb: signed.verb(),
            target: wish.request.target.clone(),
            ext: wish.request.ext.clone(),
            body: digest,
            arrives: digest,
            toki: signed.toki(),
            grant: signed.grant(),
        };
        let probe = signed.is_probe();
        self.attempts.push(Attempt { wish: number, sent_ms: self.at_ms, sent_wall_ms: now_ms, waiting: true, runs: 0, probe });
        self.seen.extend(probe.then_some("probe").into_iter().chain(resent.then_some("resend")));
        self.seen.extend(signed.in_session().then_some("in session"));
        let patience = if self.adversary { self.rng.pick(&[3_000, 10_000, 45_000, PATIENCE_MS]) } else { PATIENCE_MS };
        self.schedule(self.at_ms + patience, Event::GiveUp(packet.attempt));
        self.send(packet);
    }

    fn arrive(&mut self, packet: Packet, node: usize, answered: bool) {
        let reply = self.nodes[node.min(self.nodes.len() - 1)].judge(&packet, &self.key, self.at_ms);
        if let Some(code) = reply.code.filter(|_| !self.attempts[packet.attempt].probe) {
            self.seen.extend(["", "signed 1", "signed 2", "", "", "signed 5"].get(usize::from(code)).filter(|name| !name.is_empty()));
        }
        if reply.accepted {
            self.ran(&packet);
        } else if self.accepted.contains_key(&packet.toki) {
            self.seen.push("replay refused");
        }
        if self.adversary {
            let captured = self.captured.iter_mut().find(|(sent, _)| sent.attempt == packet.attempt);
            if let Some((_, kept)) = captured {
                *kept = Some(reply.clone());
            }
        }
        if answered {
            let later = self.at_ms + if self.adversary { self.rng.pick(&[5, 300, 2_500, 25_000]) } else { self.rng.range(1, 1_500) };
            self.schedule(later, Event::Answer { attempt: packet.attempt, reply });
        }
    }

    /// The handler runs.
    fn ran(&mut self, packet: &Packet) {
        let times = self.accepted.entry(packet.toki.clone()).or_insert(0);
        *times += 1;
        let replayed = *times > 1;
        let attempt = &mut self.attempts[packet.attempt];
        attempt.runs += 1;
        let (number, late_ms, probe) = (attempt.wish, self.at_ms - attempt.sent_ms, attempt.probe);
        let wish = &mut self.wishes[number];
        wish.runs += 1;
        let (once, runs, trusts) = (wish.once, wish.runs, self.people[wish.person].trusts_clock);
        let now_s = self.at_ms / 1000 - 2;
        if packet.grant.as_ref().is_some_and(|text| Grant::parse(text.as_bytes()).unwrap().exp_s() < now_s) {
            self.seen.push("accepted after its grant's end");
        }
        self.check(!probe, "a probe ran", number);
        self.check(!replayed, "a toki was accepted twice", number);
        self.check(!once || runs < 2, "an unsafe request ran twice", number);
        self.check(!once || trusts || late_ms <= LATE_MS, "an unsafe request ran long after it was signed", number);
        self.check(packet.body == packet.arrives, "a changed body ran", number);
    }

    fn answer(&mut self, index: usize, reply: &Reply) {
        if !std::mem::replace(&mut self.attempts[index].waiting, false) {
            return;
        }
        let number = self.attempts[index].wish;
        let person = self.wishes[number].person;
        let (received_ms, mono_ms) = self.clocks(person);
        let answer = Answer { status: reply.status.into(), content: reply.body.to_vec(), ..Answer::default() };
        self.wishes[number].call.received(&answer, reply.toki.clone(), reply.grant.clone(), received_ms, mono_ms);
        if self.mutant == Mutant::OffsetAhead
            && let Some(toki) = reply.toki.as_ref().and_then(|text| AnswerToki::parse(text.as_bytes()).ok())
        {
            let ahead_ms = toki.claimed_ts_ms() - self.attempts[index].sent_wall_ms;
            let state = format!("oscartoki client 1\naudience {AUDIENCE}\nclock {ahead_ms} {received_ms}\n");
            self.people[person].client.import_state(&state).unwrap();
        }
        self.seen.extend(reply.grant.as_ref().map(|_| "grant sent"));
        self.go_on(number);
    }

    fn give_up(&mut self, index: usize) {
        if std::mem::replace(&mut self.attempts[index].waiting, false) {
            let number = self.attempts[index].wish;
            self.wishes[number].call.failed();
            self.seen.push("no answer");
            self.go_on(number);
        }
    }

    /// A client that resends where it must not.
    fn mutate_resend(&mut self, number: usize) {
        let wish = &mut self.wishes[number];
        let Some(outcome) = wish.outcome else { return };
        if !outcome.signed && outcome.status.is_some() {
            self.seen.push("unsigned answer");
        }
        let wrongly = match self.mutant {
            Mutant::ResendAfterStale => outcome.code == Some(1),
            Mutant::ResendAfterReplayed => outcome.code == Some(2),
            Mutant::ResendAfterUnsigned => !outcome.signed && outcome.status == Some(401),
            _ => false,
        };
        if wrongly && wish.once && !outcome.probe && !wish.mutant_resent {
            wish.mutant_resent = true;
            wish.call = Arc::new(self.people[wish.person].client.call(wish.request.clone(), wish.options));
            wish.outcome = None;
            self.go_on(number);
        }
    }

    /// What each call said, against what happened.
    fn judge_wishes(&mut self) {
        if self.fault.is_some() {
            return;
        }
        for number in 0..self.wishes.len() {
            let wish = &self.wishes[number];
            let Some(outcome) = wish.outcome else {
                self.check(false, "a call did not end", number);
                return;
            };
            let done = outcome.error.is_none();
            let runs = wish.runs;
            // A delegate's session may be over; its client then says so before anything is sent, or the service at its own time.
            let over = self.people[wish.person].ends_s.is_some() && outcome.error.is_some_and(|e| e == OscarError::GrantExpired(""));
            self.seen.push(if done { "done" } else { "refused" });
            self.seen.extend((!outcome.may_have_run).then_some("may not have run"));
            self.check(!done || runs > 0, "a call was done that never ran", number);
            self.check(outcome.may_have_run || runs == 0, "a call ran that was said not to have", number);
            self.check(self.adversary || done || over, "an honest request was refused", number);
        }
    }

    fn check(&mut self, holds: bool, what: &'static str, number: usize) {
        if !holds && self.fault.is_none() {
            let wish = &self.wishes[number];
            let tokis: Vec<_> =
                self.attempts.iter().filter(|attempt| attempt.wish == number).map(|a| (a.sent_ms - EPOCH_MS, a.probe, a.runs)).collect();
            let latest = self.captured.iter().rev().find(|(packet, _)| self.attempts[packet.attempt].wish == number);
            let claimed =
                latest.and_then(|(packet, _)| Toki::parse(packet.toki.as_bytes()).ok()).map(|toki| toki.claimed_ts_ms() - EPOCH_MS);
            let detail = format!(
                "{} {} at {} ms; (sent, probe, runs) {tokis:?}; ts {claimed:?}; outcome {:?}",
                wish.request.verb,
                wish.request.target,
                self.at_ms - EPOCH_MS,
                wish.outcome.map(|outcome| (outcome.error, outcome.code)),
            );
            self.fault = Some(Fault { what, detail });
        }
    }

    fn schedule(&mut self, at_ms: i64, event: Event) {
        self.queue.push(Reverse((at_ms - self.shift_ms, self.events.len())));
        self.events.push(Some(event));
    }
}
