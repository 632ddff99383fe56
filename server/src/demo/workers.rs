//! Servers that fork: four workers behind one socket, one captured toki, 64 senders.

use super::fleet::{Process, Start};
use super::program::Program;
use super::table::{Came, Table, must};
use super::wire::Raw;
use super::world::World;
use std::collections::BTreeMap;
use tokio::task::JoinSet;

const WORKERS: usize = 4;
const SENDERS: usize = 64;

/// Languages whose services fork, by `--workers`: gunicorn, puma, PHP-FPM, Node's cluster, and C and C++ by hand.
pub fn forks(service: &Program) -> bool {
    ["python", "ruby", "php", "js", "c", "cpp"].contains(&service.name.as_str())
}

/// What must hold.
pub async fn rows(world: &World, service: &Program, table: &mut Table) {
    let (what, memory) = (format!("{service} service with {WORKERS} workers"), world.path(&format!("{service}.workers")));
    let start = Start { memory: Some(&memory), workers: Some(WORKERS), ..Start::default() };
    let started = Process::start(world, service, &start).await;
    let process = match started {
        Ok(process) => process,
        Err(reason) => return table.row(format!("{what}: starts"), "it becomes ready", Err(reason)),
    };
    for (method, body) in [("POST", &b"{\"amount\":10}"[..]), ("GET", b"")] {
        let came = race(world, &process.address, method, body).await;
        table.row(format!("{what}: one captured {method}, {SENDERS} senders"), "one runs, the others get a signed 409 replayed", came);
    }
    table.row(format!("{what}: SIGTERM"), "it ends with 0", process.terminate().await);
}

async fn race(world: &World, address: &str, method: &str, body: &[u8]) -> Came {
    let raw = Raw::signed(world, method, "/echo/race?x=1", body)?;
    let mut senders = JoinSet::new();
    for _ in 0..SENDERS {
        let (raw, address) = (raw.clone(), address.to_owned());
        senders.spawn(async move { raw.send(&address).await });
    }
    let mut said: BTreeMap<String, usize> = BTreeMap::new();
    for came in senders.join_all().await {
        *said.entry(came.map_or_else(|reason| reason, |came| came.short())).or_default() += 1;
    }
    let want = BTreeMap::from([("200 signed 0".to_owned(), 1), ("409 signed 2".to_owned(), SENDERS - 1)]);
    must(said == want, || format!("{said:?}"))
}
