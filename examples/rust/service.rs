//! A service in Rust on axum: the handler sees who asks, and nothing of tokis.
//!
//!     cargo run -p oscar --example service -- --listen 127.0.0.1:0 --audience NAME [--authority NAME]... --key FILE... [--revocations FILE] [--memory FILE]
//!
//! `/echo` and everything under it take any method and need a toki. Keys and revocations are reread when their files change. Prints
//! `listening on http://HOST:PORT` once it is ready. SIGTERM ends it with 0.

use axum::extract::OriginalUri;
use axum::{Json, Router, routing::any};
use clap::Parser;
use oscar::{OscarLayer, Verified};
use oscartoki::encoding::hex;
use oscartoki::{Keyring, Service, ServiceConfig};
use oscartoki_stores::{MappedReplayLog, Options, RingFiles, RingSources};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

#[derive(Parser)]
struct Given {
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8080")]
    listen: String,
    #[arg(long, value_name = "NAME")]
    audience: String,
    #[arg(long, value_name = "NAME")]
    authority: Vec<String>,
    /// oa2 keys and v1 lines
    #[arg(long, value_name = "FILE", required = true)]
    key: Vec<PathBuf>,
    #[arg(long, value_name = "FILE")]
    revocations: Option<PathBuf>,
    /// Shared by all processes of this machine that accept the same keys; a file of this user's unless named
    #[arg(long, value_name = "FILE")]
    memory: Option<PathBuf>,
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    ext: Vec<String>,
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    answer_ext: Vec<String>,
    /// No earlier process accepted these keys
    #[arg(long)]
    first_start: bool,
}

async fn echo(client: Verified, method: http::Method, OriginalUri(uri): OriginalUri, body: String) -> Json<Value> {
    Json(json!({
        "client": client.kid_hex(),
        "session": client.sid().map(|sid| hex(&sid)),
        "method": method.as_str(),
        "target": uri.path_and_query().map(|target| target.as_str()),
        "body_sha256": if body.is_empty() { Value::Null } else { hex(&oscartoki::sha256(body.as_bytes())).into() },
    }))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let given = Given::parse();
    let mut stop = signal(SignalKind::terminate())?;
    let listener = tokio::net::TcpListener::bind(&given.listen).await?;
    let address = listener.local_addr()?.to_string();

    let ring = Arc::new(Keyring::new(&given.audience)?);
    let sources = RingSources { keys: given.key.clone(), revocations: given.revocations.clone(), ..RingSources::default() };
    tokio::spawn(follow(RingFiles::open(ring.clone(), sources)?));
    let service = Arc::new(service(&given, ring, &address)?);
    let ready_in_ms = service.ready_at() - oscar::clock::now_ms();

    let app = Router::new().route("/echo", any(echo)).route("/echo/{*rest}", any(echo)).layer(OscarLayer::new(service));
    let server = axum::serve(listener, app).with_graceful_shutdown(async move {
        stop.recv().await;
    });
    tokio::time::sleep(Duration::from_millis(ready_in_ms.try_into().unwrap_or(0))).await;
    println!("listening on http://{address}");
    server.await?;
    Ok(())
}

/// What operators change in the files is in force two seconds later; what is wrong there changes nothing.
async fn follow(files: RingFiles) {
    loop {
        if let Err(fault) = files.refresh() {
            eprintln!("{fault}");
        }
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
}

/// The memory is a file that survives this process: a restart accepts nothing twice.
fn service(given: &Given, ring: Arc<Keyring>, address: &str) -> Result<Service, Box<dyn std::error::Error>> {
    let kids: Vec<_> = ring.kids().iter().filter_map(|kid| kid.as_slice().try_into().ok()).collect();
    let path = given.memory.clone().map_or_else(|| MappedReplayLog::default_path(&given.audience, &kids), Ok)?;
    let config = ServiceConfig {
        authorities: [&given.audience, address].into_iter().map(str::to_owned).chain(given.authority.iter().cloned()).collect(),
        ext: given.ext.clone(),
        answer_ext: given.answer_ext.clone(),
        first_start: given.first_start,
        ..ServiceConfig::default()
    };
    Ok(Service::new(config, ring, Arc::new(MappedReplayLog::open(&path, &Options::default())?), oscar::clock::now_ms())?)
}
