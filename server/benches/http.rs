//! What the layer costs a service: CPU time of an axum server per request, with it and without, 1 KiB of JSON in and out.
//! Requests are signed beforehand, within the window; five rounds take turns; medians. `--json` prints rows.
//!
//! Two rows: on the runtime that `#[tokio::main]` makes, and on one thread, where the server itself costs least. There the bar is out of
//! reach: digesting both bodies, two MACs and the replay memory alone are 2.4 µs of the 2.3 µs that it leaves.
#![allow(clippy::unwrap_used)]

use axum::routing::post;
use axum::{Json, Router};
use oscar::OscarLayer;
use oscartoki::{
    Client, ClientConfig, Content, Keyring, MemoryReplayLog, RequestRef, Secret, Service, ServiceConfig, SignOptions, SignedHeaders,
};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

const ROUNDS: usize = 5;
const REQUESTS: usize = 6_000;
const NAME: &str = "bench.oscartoki.example";
const BAR: f64 = 0.85;

fn main() {
    let args: Vec<_> = std::env::args().collect();
    match args.iter().position(|arg| arg == "--serve") {
        Some(at) => serve(args[at + 1] == "with", args[at + 2] == "threads"),
        None => compare(args.iter().any(|arg| arg == "--json")),
    }
}

/// Echoes its JSON.
fn serve(with: bool, threads: bool) {
    let app = Router::new().route("/echo", post(|Json(sent): Json<Value>| async { Json(sent) }));
    let app = if with { app.layer(layer()) } else { app };
    let mut runtime = if threads { tokio::runtime::Builder::new_multi_thread() } else { tokio::runtime::Builder::new_current_thread() };
    let runtime = runtime.enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        axum::serve(listener, app).await.unwrap();
    });
}

fn secret() -> Secret {
    Secret::from_bytes(&(0..32).collect::<Vec<u8>>()).unwrap()
}

fn layer() -> OscarLayer {
    let ring = Keyring::new(NAME).unwrap();
    ring.add(&secret().audience_key(NAME, 0).unwrap()).unwrap();
    let config = ServiceConfig { authorities: vec![NAME.into()], first_start: true, ..ServiceConfig::default() };
    let log = Arc::new(MemoryReplayLog::new(1 << 18));
    OscarLayer::new(Arc::new(Service::new(config, Arc::new(ring), log, oscar::clock::now_ms()).unwrap()))
}

/// A server in a process of its own.
struct Server {
    child: Child,
    stream: BufReader<TcpStream>,
}

impl Server {
    fn start(kind: &str, runtime: &str) -> Self {
        let mut child =
            Command::new(std::env::current_exe().unwrap()).args(["--serve", kind, runtime]).stdout(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        let stream = TcpStream::connect(address.trim()).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { child, stream: BufReader::new(stream) }
    }

    /// CPU time of all its threads so far, in nanoseconds.
    fn cpu_ns(&self) -> u64 {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("CPU times are read from Linux's /proc");
        let of = |task: std::fs::DirEntry| {
            let stat = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
            stat.split(' ').next()?.parse::<u64>().ok()
        };
        tasks.filter_map(|task| of(task.ok()?)).sum()
    }

    /// Sends the requests one after another; CPU nanoseconds for each.
    fn run(&mut self, requests: &[Vec<u8>]) -> u64 {
        let before = self.cpu_ns();
        for request in requests {
            self.stream.get_mut().write_all(request).unwrap();
            self.read_answer();
        }
        (self.cpu_ns() - before) / u64::try_from(requests.len()).unwrap()
    }

    fn read_answer(&mut self) {
        let (mut line, mut len) = (String::new(), 0);
        loop {
            line.clear();
            self.stream.read_line(&mut line).unwrap();
            if line.starts_with("HTTP/1.1") {
                assert_eq!(line.trim_end(), "HTTP/1.1 200 OK");
            }
            if let Some(number) = line.strip_prefix("content-length: ") {
                len = number.trim_end().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; len];
        self.stream.read_exact(&mut body).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Requests as bytes; signed ones are good once.
fn requests(client: Option<&Client>, body: &str) -> Vec<Vec<u8>> {
    let digest = oscartoki::sha256(body.as_bytes());
    let content = Content::Digest(digest);
    let fields = RequestRef { verb: b"POST", authority: NAME.as_bytes(), target: b"/echo", ext: &[], content };
    let one = |_| {
        let mut text =
            format!("POST /echo HTTP/1.1\r\nhost: {NAME}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n", body.len());
        if let Some(client) = client {
            let mut signed = SignedHeaders::default();
            let options = SignOptions { trust_clock: true, ..SignOptions::default() };
            client.sign_ref(&fields, options, oscar::clock::now_ms(), None, &mut signed).unwrap();
            if let Some(grant) = signed.grant() {
                text += &format!("oscartokikey: {grant}\r\n");
            }
            text += &format!("oscartoki: {}\r\ncontent-digest: {}\r\n", signed.toki(), oscartoki::http::format_content_digest(&digest));
        }
        format!("{text}\r\n{body}").into_bytes()
    };
    (0..REQUESTS).map(one).collect()
}

/// A client in a session of its own, as a client is for all but its first request.
fn in_session() -> Client {
    let root = Client::new(&secret(), NAME, ClientConfig::default()).unwrap();
    let session = root.hand_out(600, oscar::clock::now_ms()).unwrap();
    Client::from_session(&session, ClientConfig::default()).unwrap()
}

fn compare(as_json: bool) {
    let names: Vec<_> = (0..).map(|at| format!("item {at:04}")).take(83).collect();
    let body = json!({ "id": 1_795_300_000_123_i64, "items": names }).to_string();
    assert!((1000..1050).contains(&body.len()), "{} bytes", body.len());
    for (runtime, what) in [("threads", "axum on the runtime of tokio::main"), ("one", "axum on one thread")] {
        let (ours, peer) = measure(runtime, &body);
        report(&format!("{what}: CPU per request, 1 KiB of JSON in and out"), ours, peer, as_json);
    }
}

fn measure(runtime: &str, body: &str) -> (u64, u64) {
    let (mut with, mut without) = (Server::start("with", runtime), Server::start("without", runtime));
    let plain = requests(None, body);
    with.run(&requests(Some(&in_session()), body)[..1000]);
    without.run(&plain[..1000]);
    let (mut ours, mut peers) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(with.run(&requests(Some(&in_session()), body)));
        peers.push(without.run(&plain));
    }
    (median(ours), median(peers))
}

fn median(mut numbers: Vec<u64>) -> u64 {
    numbers.sort_unstable();
    numbers[numbers.len() / 2]
}

fn report(what: &str, ours: u64, peer: u64, as_json: bool) {
    let nanoseconds = |number: u64| f64::from(u32::try_from(number).unwrap());
    let ratio = nanoseconds(peer) / nanoseconds(ours);
    if as_json {
        let row = json!({ "what": what, "ours_ns": ours, "peer": "axum without the layer", "peer_ns": peer, "ratio": ratio, "bar": BAR, "met": ratio >= BAR });
        println!("{row}");
    } else {
        println!(
            "{what}\n  with {ours} ns, without {peer} ns, ratio {ratio:.3} (bar {BAR}, {})",
            if ratio >= BAR { "met" } else { "not met" }
        );
    }
}
