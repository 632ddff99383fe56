//! Client and service in one fake clock, with an adversary between them: random lives from seeds, and mutants of the rules that such
//! lives must catch. A life is reproduced by its seed alone.
#![allow(clippy::unwrap_used)]

mod life;
mod memory;
mod node;
mod rng;

use life::{Fault, Life};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Rules as they must not be. The shipped code has no hook for them: the world around it acts the mistake out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// The rules as they are.
    None,
    /// Client: an unsafe request is resent after a signed 1.
    ResendAfterStale,
    /// Client: an unsafe request is resent after a signed 2.
    ResendAfterReplayed,
    /// Client: an unsigned 401 causes a resend.
    ResendAfterUnsigned,
    /// Client: no probe before an unsafe request, whatever the clock.
    NoProbe,
    /// Client: a step of the wall clock goes unnoticed.
    StepUnnoticed,
    /// Client: the offset is r.ts − sent, so that it signs ahead of the service.
    OffsetAhead,
    /// Service: a session's expiry is judged by now.
    ExpiryByNow,
    /// Service: a toki from beyond F is accepted.
    FutureAccepted,
    /// Service: a memory that begins empty starts its floor at now.
    FloorWithoutF,
    /// Service: a memory that begins empty starts its floor at now + F.
    FloorWithOneF,
    /// Service: a memory that begins empty says `first_start`.
    AlwaysFirstStart,
    /// Service: two workers with a local memory each.
    LocalMemories,
    /// Service: a shared memory keeps an entry for W.
    ForgetsEarly,
    /// Service: a wiped memory is used as it is, its floor not written anew.
    WipedFloor,
    /// Service: line 9 is left out.
    BodyUnchecked,
}

const MUTANTS: [Mutant; 15] = [
    Mutant::ResendAfterStale,
    Mutant::ResendAfterReplayed,
    Mutant::ResendAfterUnsigned,
    Mutant::NoProbe,
    Mutant::StepUnnoticed,
    Mutant::OffsetAhead,
    Mutant::ExpiryByNow,
    Mutant::FutureAccepted,
    Mutant::FloorWithoutF,
    Mutant::FloorWithOneF,
    Mutant::AlwaysFirstStart,
    Mutant::LocalMemories,
    Mutant::ForgetsEarly,
    Mutant::WipedFloor,
    Mutant::BodyUnchecked,
];

const LIVES: u64 = 20_000;

/// Lives under `mutant` until the first with a fault; it is the same on every machine.
fn first_fault(mutant: Mutant, lives: u64) -> (Option<(u64, Fault)>, BTreeMap<&'static str, u64>) {
    let next = AtomicU64::new(0);
    let end = AtomicU64::new(lives);
    let found = Mutex::new(None::<(u64, Fault)>);
    let seen = Mutex::new(BTreeMap::new());
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let mut counts = BTreeMap::new();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end.load(Ordering::Relaxed) {
                        break;
                    }
                    if let Some(fault) = Life::new(seed, mutant).run(&mut counts) {
                        let mut found = found.lock().unwrap();
                        if found.as_ref().is_none_or(|(earlier, _)| seed < *earlier) {
                            *found = Some((seed, fault));
                            end.fetch_min(seed, Ordering::Relaxed);
                        }
                    }
                }
                let mut seen = seen.lock().unwrap();
                for (what, count) in counts {
                    *seen.entry(what).or_insert(0) += count;
                }
            });
        }
    });
    (found.into_inner().unwrap(), seen.into_inner().unwrap())
}

#[test]
fn no_unsafe_request_runs_twice_no_replay_and_no_honest_refusal() {
    let (fault, seen) = first_fault(Mutant::None, LIVES);
    println!("{LIVES} lives: {seen:?}");
    if let Some((seed, fault)) = fault {
        panic!("seed {seed}: {fault}");
    }
    // What never happened was not tested.
    for what in [
        "done",
        "probe",
        "resend",
        "in session",
        "delegate",
        "signed 1",
        "signed 2",
        "signed 5",
        "unsigned answer",
        "no answer",
        "replay refused",
        "restart, memory lost",
        "restart, memory kept",
        "memory wiped",
        "step",
        "sleep",
        "accepted after its grant's end",
        "grant sent",
        "may not have run",
    ] {
        assert!(seen.get(what).is_some_and(|count| *count >= 50), "too few of: {what}");
    }
}

#[test]
fn every_mutant_of_the_rules_is_caught() {
    let mut survivors = Vec::new();
    for mutant in MUTANTS {
        match first_fault(mutant, LIVES).0 {
            Some((seed, fault)) => println!("{mutant:?}: caught by seed {seed}: {fault}"),
            None => survivors.push(mutant),
        }
    }
    assert!(survivors.is_empty(), "mutants that survived {LIVES} lives: {survivors:?}");
}
