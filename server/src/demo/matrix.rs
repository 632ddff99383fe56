//! Every client of the examples against every service: a grid, and what is not as it must be.

use super::fleet::Fleet;
use super::pair::Pair;
use super::program::{Program, programs};
use super::table::Table;
use super::world::World;
use super::{legacy, refusals, workers};
use crate::cli::{Failure, Output, Said};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Runs it.
pub async fn run(world: &Arc<World>, output: Output) -> Result<Said, Failure> {
    let all = programs(&world.args.examples).map_err(|error| Failure::config(format!("{}: {error}", world.args.examples.display())))?;
    let clients = chosen(all.clients, world.args.clients.as_deref())?;
    let services = chosen(all.services, world.args.services.as_deref())?;
    let mut matrix = Matrix::new(world, clients, services, output);
    let fleets = matrix.start().await;
    matrix.pairs(&fleets).await;
    matrix.services(fleets).await;
    matrix.workers().await;
    matrix.finish()
}

/// The programs of a list of names; all without one.
fn chosen(programs: Vec<Program>, names: Option<&str>) -> Result<Vec<Program>, Failure> {
    let Some(names) = names else { return Ok(programs) };
    let find = |name: &str| programs.iter().find(|program| program.name == name.trim()).cloned();
    names.split(',').map(|name| find(name).ok_or_else(|| Failure::usage(format!("there are no examples of {name}")))).collect()
}

/// A row of the grid that is not a client's: what a service does by itself.
const ALONE: &str = "alone";

struct Matrix {
    world: Arc<World>,
    clients: Vec<Program>,
    services: Vec<Program>,
    table: Table,
    /// How many rows ran, and how many are not as they must be, by client and service.
    cells: BTreeMap<(String, String), (usize, usize)>,
    /// So many things run at once.
    room: Arc<Semaphore>,
    progress: bool,
    began: std::time::Instant,
}

impl Matrix {
    fn new(world: &Arc<World>, clients: Vec<Program>, services: Vec<Program>, output: Output) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            world: world.clone(),
            clients,
            services,
            table: Table::default(),
            cells: BTreeMap::new(),
            room: Arc::new(Semaphore::new(cores + 2)),
            progress: !output.json && std::io::stderr().is_terminal(),
            began: std::time::Instant::now(),
        }
    }

    /// Every service as two processes. One that does not start is a row, and a column that can't run.
    async fn start(&mut self) -> Vec<Arc<Fleet>> {
        let mut starting = JoinSet::new();
        for service in self.services.clone() {
            let (world, clients) = (self.world.clone(), self.clients.len());
            starting.spawn(async move { (Fleet::start(&world, &service, clients).await, service) });
        }
        let (mut fleets, all) = (Vec::new(), self.services.len());
        while let Some(done) = starting.join_next().await {
            let Ok((started, service)) = done else { continue };
            let mut rows = Table::default();
            let came = started.as_ref().map(|_| ()).map_err(Clone::clone);
            rows.row(format!("{service} service: starts, two processes on one memory"), "both become ready", came);
            self.keep(ALONE, &service.name, rows);
            fleets.extend(started.ok().map(Arc::new));
            self.show("services", fleets.len(), all);
        }
        fleets.sort_by(|a, b| a.service.name.cmp(&b.service.name));
        fleets
    }

    /// Every pair, a few at a time; a client meets all services before the next client does, so that no service has all of the load.
    async fn pairs(&mut self, fleets: &[Arc<Fleet>]) {
        let mut running = JoinSet::new();
        for (at, client) in self.clients.iter().enumerate() {
            for fleet in fleets {
                let (world, client, fleet, room) = (self.world.clone(), client.clone(), fleet.clone(), self.room.clone());
                running.spawn(async move {
                    let _turn = room.acquire_owned().await;
                    let mut rows = Table::default();
                    let pair = Pair { world: &world, client: &client, fleet: &fleet, proxy: &fleet.proxies[at] };
                    pair.rows(&mut rows).await;
                    (client.name, fleet.service.name.clone(), rows)
                });
            }
        }
        let all = running.len();
        while let Some(done) = running.join_next().await {
            if let Ok((client, service, rows)) = done {
                self.keep(&client, &service, rows);
            }
            self.show("pairs", all - running.len(), all);
        }
    }

    /// What must hold of each service by itself, its end included.
    async fn services(&mut self, fleets: Vec<Arc<Fleet>>) {
        let mut running = JoinSet::new();
        for fleet in fleets.into_iter().filter_map(Arc::into_inner) {
            let (world, room) = (self.world.clone(), self.room.clone());
            running.spawn(async move {
                let _turn = room.acquire_owned().await;
                let (mut rows, mut fleet) = (Table::default(), fleet);
                refusals::rows(&world, &mut fleet, &mut rows).await;
                legacy::live(&world, &fleet, &mut rows).await;
                let service = fleet.service.name.clone();
                rows.row(format!("{service} service: SIGTERM"), "both processes end with 0", fleet.stop().await);
                (service, rows)
            });
        }
        let all = running.len();
        while let Some(done) = running.join_next().await {
            if let Ok((service, rows)) = done {
                self.keep(ALONE, &service, rows);
            }
            self.show("refusals", all - running.len(), all);
        }
    }

    /// Services that fork.
    async fn workers(&mut self) {
        let mut running = JoinSet::new();
        for service in self.services.iter().filter(|service| workers::forks(service)).cloned() {
            let world = self.world.clone();
            running.spawn(async move {
                let mut rows = Table::default();
                workers::rows(&world, &service, &mut rows).await;
                (service.name, rows)
            });
        }
        let all = running.len();
        while let Some(done) = running.join_next().await {
            if let Ok((service, rows)) = done {
                self.keep(ALONE, &service, rows);
            }
            self.show("forking servers", all - running.len(), all);
        }
    }

    fn keep(&mut self, client: &str, service: &str, rows: Table) {
        let (all, failed) = self.table.absorb(rows);
        let cell = self.cells.entry((client.to_owned(), service.to_owned())).or_default();
        *cell = (cell.0 + all, cell.1 + failed);
    }

    fn show(&self, what: &str, done: usize, all: usize) {
        if self.progress {
            let mut err = std::io::stderr().lock();
            let failed: usize = self.cells.values().map(|cell| cell.1).sum();
            let line = format!("\r\x1b[K{:4} s  {what}: {done} of {all}, {failed} ✗", self.began.elapsed().as_secs());
            let _ = write!(err, "{line}").and_then(|()| err.flush());
        }
    }

    /// Clients down, services across.
    fn finish(mut self) -> Result<Said, Failure> {
        if self.progress {
            eprint!("\r\x1b[K");
        }
        let names = |programs: &[Program]| programs.iter().map(|program| program.name.clone()).collect::<Vec<_>>();
        let (services, mut clients) = (names(&self.services), names(&self.clients));
        clients.push(ALONE.to_owned());
        let first = clients.iter().map(String::len).max().unwrap_or_default().max(16);
        let width = |service: &str| service.len().max("✗ 15/16".chars().count());
        let mut grid = format!("{:first$}", "client \\ service");
        for service in &services {
            grid.push_str(&format!("  {service:>0$}", width(service)));
        }
        let mut cells = Vec::new();
        for client in &clients {
            grid.push_str(&format!("\n{client:first$}"));
            for service in &services {
                let cell = self.cells.get(&(client.clone(), service.clone())).copied();
                let mark = match cell {
                    Some((all, 0)) => format!("✓ {all}"),
                    Some((all, failed)) => format!("✗ {}/{all}", all - failed),
                    None => {
                        // Its service did not start, or its rows broke off.
                        self.table.row(
                            format!("{client} client → {service} service"),
                            "every row of the other pairs",
                            Err("it did not run".to_owned()),
                        );
                        "✗ none".to_owned()
                    }
                };
                grid.push_str(&format!("  {mark:>0$}", width(service)));
                cells.push(cell_object(client, service, cell));
            }
        }
        let told = format!("\n\n✓ n: n rows hold; ✗ m/n: m of n do; {} seconds", self.began.elapsed().as_secs());
        self.table.finish_below(&(grid + &told), Value::from(cells))
    }
}

fn cell_object(client: &str, service: &str, cell: Option<(usize, usize)>) -> Value {
    json!({ "client": client, "service": service, "rows": cell.map(|cell| cell.0), "failed": cell.map(|cell| cell.1) })
}
