//! A service that remembers by itself, restarted: it can't know what it accepted before, so it refuses what may be older than its start.

use super::fleet::{Process, Start};
use super::program::Program;
use super::table::{Came, Table, must};
use super::wire::Raw;
use super::world::World;
use std::time::{Duration, Instant};

pub async fn rows(world: &World, table: &mut Table) {
    let came = restart(world).await;
    table.row("Rust service: local memory, restarted", "503 and stale at once, then ready within 7 s and accepted", came);
}

async fn restart(world: &World) -> Came {
    let service = Program::ours("Rust", "serve");
    let first = Process::start(world, &service, &Start::default()).await?;
    let address = first.address.clone();
    first.terminate().await?;
    let mut second = Process::launch(world, &service, &Start { listen: Some(&address), ..Start::default() })?;
    let began = Instant::now();
    while tokio::net::TcpStream::connect(&address).await.is_err() {
        must(began.elapsed() < Duration::from_secs(20), || "it does not listen".to_owned())?;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let early = Raw::signed(world, "GET", "/echo/local", b"")?.send(&address).await?;
    must(early.status == 401 && early.code() == Some(1), || format!("at once: {}", early.short()))?;
    let readiness = Raw::plain("GET", "/readyz", b"").send(&address).await?;
    must(readiness.status == 503, || format!("/readyz at once: {}", readiness.status))?;
    second.wait_ready().await?;
    must(began.elapsed() < Duration::from_secs(9), || format!("ready after {:?}", began.elapsed()))?;
    let later = Raw::signed(world, "GET", "/echo/local", b"")?.send(&address).await?;
    must(later.status == 200 && later.code() == Some(0), || format!("when ready: {}", later.short()))?;
    let readiness = Raw::plain("GET", "/readyz", b"").send(&address).await?;
    must(readiness.status == 200, || format!("/readyz when ready: {}", readiness.status))?;
    second.terminate().await
}
