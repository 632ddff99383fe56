//! A service in Rust on axum: the handler sees who asks, and nothing of tokis.
//!
//!     OSCAR_KEY=oa2.… cargo run -p oscar --example service -- AUDIENCE 127.0.0.1:8080

use axum::Router;
use axum::routing::any;
use oscar::{OscarLayer, Verified};
use oscartoki::{Keyring, Service, ServiceConfig};
use oscartoki_stores::{MappedReplayLog, Options};
use std::sync::Arc;

async fn echo(client: Verified, body: String) -> String {
    format!("{} sent {} bytes", client.kid_hex(), body.len())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let (Some(audience), Some(address)) = (words.next(), words.next()) else {
        return Err("usage: service AUDIENCE ADDRESS".into());
    };

    let ring = Keyring::new(&audience)?;
    ring.load(&std::env::var("OSCAR_KEY")?)?;
    // The memory is a file that survives this process: a restart accepts nothing twice.
    let kids: Vec<_> = ring.kids().iter().filter_map(|kid| kid.as_slice().try_into().ok()).collect();
    let memory = MappedReplayLog::open(&MappedReplayLog::default_path(&audience, &kids)?, &Options::default())?;
    let config = ServiceConfig { authorities: vec![audience, address.clone()], ..ServiceConfig::default() };
    let service = Service::new(config, Arc::new(ring), Arc::new(memory), oscar::clock::now_ms())?;

    let app = Router::new().fallback(any(echo)).layer(OscarLayer::new(Arc::new(service)));
    let listener = tokio::net::TcpListener::bind(&address).await?;
    eprintln!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
