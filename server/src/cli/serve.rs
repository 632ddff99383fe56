//! `serve`: a service on a socket.

mod admin;
mod metrics;
mod routes;

use super::args::ServeArgs;
use super::config::{Config, Memory, Tcx};
use super::output::{Failure, Output, Said};
use super::signals;
use axum::Router;
use axum::serve::ListenerExt as _;
use oscar::OscarLayer;
use oscar::hub::{Hub, HubConfig};
use oscar::tcx::{SqliteTcxStore, TcxLayer};
use oscartoki::replay::ReplayLog;
use oscartoki::tcx::TcxAuthority;
use oscartoki::{Keyring, MemoryReplayLog, Service, ServiceConfig};
use oscartoki_stores::{Reread, RingFiles};
use serde_json::json;
use std::future::IntoFuture as _;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// How long requests in flight have at the end.
const DRAIN: Duration = Duration::from_secs(10);

/// How long websockets have at the end.
const HUB_DRAIN: Duration = Duration::from_secs(5);

/// How often the hub forgets what is old.
const SWEEP_EVERY: Duration = Duration::from_secs(30);

/// How often the key files and revocations are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(400);

/// Runs until SIGTERM or SIGINT.
pub fn serve(args: ServeArgs, output: Output) -> Result<Said, Failure> {
    log_to_stderr();
    let config = Config::read(args)?;
    runtime(true)?.block_on(run(config, output))
}

/// A runtime; a command that makes one call needs no threads.
pub fn runtime(threads: bool) -> Result<tokio::runtime::Runtime, Failure> {
    let mut builder = if threads { tokio::runtime::Builder::new_multi_thread() } else { tokio::runtime::Builder::new_current_thread() };
    builder.enable_all().build().map_err(|error| Failure::config(format!("no runtime: {error}")))
}

/// What one process serves. Whoever names no audience serves no tokis.
#[derive(Clone, Default)]
pub struct Served {
    pub oscar: Option<OscarLayer>,
    pub tcx: Option<TcxLayer>,
    pub hub: Option<Hub>,
    pub files: Option<Arc<RingFiles>>,
}

impl Served {
    /// When it is ready, in milliseconds from now.
    pub fn ready_in_ms(&self) -> i64 {
        self.oscar.as_ref().map_or(0, |layer| layer.service().ready_at().saturating_sub(oscar::clock::now_ms()).max(0))
    }
}

async fn run(config: Config, output: Output) -> Result<Said, Failure> {
    let ring = config.audience.as_deref().map(Keyring::new).transpose().map_err(Failure::key)?.map(Arc::new);
    let files = ring.as_ref().map(|ring| RingFiles::open(ring.clone(), config.files.clone())).transpose()?.map(Arc::new);
    // The signals are ours before anybody is told that we listen.
    let stop = signals::stop()?;
    let listener = bind(&config.listen).await?;
    let address = local_address(&listener)?;
    let service = ring.as_ref().map(|ring| service(&config, ring.clone(), &address)).transpose()?.map(Arc::new);
    let served = Served {
        oscar: service.clone().map(OscarLayer::new),
        tcx: config.tcx.as_ref().map(tcx).transpose()?,
        hub: hub(&config, service.clone()),
        files,
    };

    tokio::spawn(follow(served.clone()));
    let (quit, quitting) = watch::channel(false);
    let mut servers = vec![start(listener, routes::app(&served), quitting.clone())];
    if let Some(admin) = &config.admin_listen {
        servers.push(start(bind(admin).await?, admin::app(&served), quitting));
    }
    let keys = ring.map_or(0, |ring| ring.kids().len());
    tracing::info!(address, audience = config.audience, keys, memory = ?config.memory, hub = served.hub.is_some(), tcx = served.tcx.is_some(), "started");

    let ready_in = served.ready_in_ms();
    let ready = async {
        tokio::time::sleep(Duration::from_millis(u64::try_from(ready_in).unwrap_or_default())).await;
        let line = format!("http://{address}");
        output.line(&if output.json { json!({ "listening": line }).to_string() } else { format!("listening on {line}") });
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = stop => {}
        () = ready => {}
    }
    tracing::info!("stopping");
    let _ = quit.send(true);
    if let Some(hub) = &served.hub {
        hub.drain(HUB_DRAIN).await;
    }
    for server in servers {
        if tokio::time::timeout(DRAIN, server).await.is_err() {
            tracing::warn!("requests in flight were cut off");
        }
    }
    Ok(Said::nothing())
}

/// Keeps the ring as its files say, for as long as the service runs: also where nobody asks, so that the log tells a fault at once. The hub
/// lets go of whom the ring no longer holds, and of what is old.
async fn follow(served: Served) {
    let mut swept = Instant::now();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let mut changed = false;
        match served.files.as_ref().map(|files| files.refresh()) {
            Some(Ok(Reread { keys, revocations })) => {
                if keys {
                    let keys = served.oscar.as_ref().map_or(0, |layer| layer.service().keyring().kids().len());
                    tracing::info!(keys, "key files reread");
                }
                if revocations {
                    tracing::info!("revocations reread");
                }
                changed = keys || revocations;
            }
            Some(Err(fault)) => tracing::error!(fault = %fault, "a file was not taken over; the keys and revocations stay as they were"),
            None => {}
        }
        if let Some(hub) = &served.hub
            && (changed || swept.elapsed() >= SWEEP_EVERY)
        {
            hub.sweep();
            swept = Instant::now();
        }
    }
}

fn tcx(config: &Tcx) -> Result<TcxLayer, Failure> {
    let store = SqliteTcxStore::open(&config.store).map_err(|error| Failure::config(format!("{}: {error}", config.store.display())))?;
    Ok(TcxLayer::new(Arc::new(TcxAuthority::new(config.rules.clone(), Arc::new(store)))))
}

/// A hub, where an app has a secret.
fn hub(config: &Config, service: Option<Arc<Service>>) -> Option<Hub> {
    let (secrets, origins) = (config.hub_secrets.clone(), config.origins.clone());
    (!secrets.is_empty()).then(|| Hub::new(HubConfig { secrets, origins, service, clock: oscar::clock::now_ms }))
}

fn service(config: &Config, ring: Arc<Keyring>, address: &str) -> Result<Service, Failure> {
    let mut authorities = vec![address.to_owned()];
    // An audience may be a name that is no authority: then nobody can send to it.
    let named = config.audience.iter().filter(|name| oscartoki::http::normalise_authority(name.as_bytes(), &mut [0; 255]).is_ok());
    authorities.extend(named.cloned());
    authorities.extend(config.authorities.iter().cloned());
    let rules = ServiceConfig {
        authorities,
        window_ms: config.window_ms,
        max_ttl_s: config.max_ttl_s,
        ext: config.ext.clone(),
        answer_ext: config.answer_ext.clone(),
        first_start: config.first_start,
        max_body: config.max_body,
        max_answer: config.max_answer,
        ..ServiceConfig::default()
    };
    let log: Arc<dyn ReplayLog> = match &config.memory {
        Memory::Local => Arc::new(MemoryReplayLog::new(config.capacity)),
        Memory::Mapped(path) => {
            let options = oscartoki_stores::Options { capacity: config.capacity, ..oscartoki_stores::Options::default() };
            let open = oscartoki_stores::MappedReplayLog::open(path, &options);
            Arc::new(open.map_err(|error| Failure::config(error.to_string()))?)
        }
        Memory::Redis(url) => {
            let name = config.audience.as_deref().unwrap_or_default();
            let open = oscartoki_stores::RedisReplayLog::open(url, name, config.capacity);
            Arc::new(open.map_err(|error| Failure::config(error.to_string()))?)
        }
    };
    Service::new(rules, ring, log, oscar::clock::now_ms()).map_err(Failure::key)
}

fn start(listener: TcpListener, app: Router, mut quitting: watch::Receiver<bool>) -> tokio::task::JoinHandle<()> {
    let quit = async move {
        let _ = quitting.wait_for(|quit| *quit).await;
    };
    // Frames and answers are small and wanted now.
    let listener = listener.tap_io(|socket| drop(socket.set_nodelay(true)));
    let server = axum::serve(listener, app).with_graceful_shutdown(quit);
    tokio::spawn(async move {
        if let Err(error) = server.into_future().await {
            tracing::error!(error = %error, "a server ended");
        }
    })
}

async fn bind(address: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| Failure::network(format!("{address}: {error}"), false))
}

fn local_address(listener: &TcpListener) -> Result<String, Failure> {
    listener.local_addr().map(|address| address.to_string()).map_err(|error| Failure::network(error.to_string(), false))
}

/// One JSON object per line on stderr; `OSCAR_LOG` sets the level (`info` unless set).
fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("OSCAR_LOG").unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let _ = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_target(false)
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}
