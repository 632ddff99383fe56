//! `oscar demo`: the main job over real HTTP. Services in Rust and Python, two processes each on one mapped memory; clients in Rust, C
//! and Python against each; then everything that must be refused. `--matrix`: every client of the examples against every service.

mod clients;
mod fleet;
mod legacy;
mod local;
mod matrix;
mod offline;
mod pair;
mod program;
mod proxy;
mod refusals;
mod table;
mod wire;
mod workers;
mod world;

use crate::cli::{DemoArgs, Failure, Output, Said, runtime, stop};
use fleet::Fleet;
use pair::Pair;
use program::{Program, Way};
use std::sync::Arc;
use table::Table;
use world::World;

/// Runs every row; exit 1 when one is not as it must be. Nothing is left running.
pub fn demo(args: DemoArgs, output: Output) -> Result<Said, Failure> {
    oscar::client::install_tls();
    let matrix = args.matrix;
    let world = Arc::new(World::new(args)?);
    let runtime = runtime(true)?;
    // An interrupted demo leaves nothing behind either: processes and files go with their owners.
    let said = runtime.block_on(async {
        let run = async { if matrix { matrix::run(&world, output).await } else { run(&world, output).await.finish() } };
        tokio::select! {
            said = run => said,
            () = stop()? => Err(Failure::interrupted()),
        }
    });
    drop(runtime);
    drop(world);
    said
}

async fn run(world: &World, output: Output) -> Table {
    let mut table = Table::new(output.json);
    offline::rows(world, &mut table).await;
    legacy::captured(&mut table);
    let clients = [Program::here("Rust"), c_client(world), Program::python(world, "client.py")];
    let services = [Program::ours("Rust", "serve"), Program::python(world, "service.py")];
    let start = |service| Fleet::start(world, service, clients.len());
    let started = tokio::join!(start(&services[0]), start(&services[1]));
    for (service, started) in services.iter().zip([started.0, started.1]) {
        let what = format!("{service} service: starts, two processes on one memory");
        let mut fleet = match started {
            Ok(fleet) => fleet,
            Err(reason) => {
                table.row(what, "both become ready", Err(reason));
                continue;
            }
        };
        table.row(what, "both become ready", Ok(()));
        for (client, proxy) in clients.iter().zip(&fleet.proxies) {
            Pair { world, client, fleet: &fleet, proxy }.rows(&mut table).await;
        }
        refusals::rows(world, &mut fleet, &mut table).await;
        legacy::live(world, &fleet, &mut table).await;
        let what = format!("{service} service: SIGTERM");
        table.row(what, "both processes end with 0", fleet.stop().await);
    }
    local::rows(world, &mut table).await;
    table
}

fn c_client(world: &World) -> Program {
    match &world.args.c_client {
        Some(path) => Program::file("C", None, path.clone(), "bindings/c/build.sh client makes it"),
        None => {
            let reason = "no C client was named: --c-client PATH (scripts/setup builds one)".to_owned();
            Program { name: "C".to_owned(), way: Way::Missing(reason) }
        }
    }
}
