//! `oscar demo`: the main job over real HTTP. Services in Rust and Python, two processes each on one mapped memory; clients in Rust, C
//! and Python against each; then everything that must be refused.

mod clients;
mod fleet;
mod legacy;
mod local;
mod offline;
mod proxy;
mod refusals;
mod table;
mod wire;
mod world;

use crate::cli::{DemoArgs, Failure, Output, Said, runtime, stop};
use clients::Driver;
use fleet::{Fleet, Kind};
use table::Table;
use world::World;

/// Runs every row; exit 1 when one is not as it must be. Nothing is left running.
pub fn demo(args: DemoArgs, output: Output) -> Result<Said, Failure> {
    oscar::client::install_tls();
    let world = World::new(args)?;
    let runtime = runtime(true)?;
    // An interrupted demo leaves nothing behind either: processes and files go with their owners.
    let table = runtime.block_on(async {
        tokio::select! {
            table = run(&world, output) => Ok(table),
            () = stop()? => Err(Failure::interrupted()),
        }
    });
    drop(runtime);
    drop(world);
    table?.finish()
}

async fn run(world: &World, output: Output) -> Table {
    let mut table = Table::new(output.json);
    offline::rows(world, &mut table).await;
    legacy::captured(&mut table);
    let started = tokio::join!(Fleet::start(world, Kind::Rust), Fleet::start(world, Kind::Python));
    for (kind, started) in [(Kind::Rust, started.0), (Kind::Python, started.1)] {
        let mut fleet = match started {
            Ok(fleet) => fleet,
            Err(reason) => {
                table.row(format!("{kind} service: starts, two processes on one memory"), "both become ready", Err(reason));
                continue;
            }
        };
        table.row(format!("{kind} service: starts, two processes on one memory"), "both become ready", Ok(()));
        for driver in [Driver::Rust, Driver::C, Driver::Python] {
            driver.rows(world, &fleet, &mut table).await;
        }
        refusals::rows(world, &mut fleet, &mut table).await;
        if kind == Kind::Rust {
            legacy::live(world, &fleet, &mut table).await;
        }
        let stopped = fleet.stop().await;
        table.row(format!("{kind} service: SIGTERM"), "both processes end with 0", stopped);
    }
    local::rows(world, &mut table).await;
    table
}
