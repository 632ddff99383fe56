//! Somebody in the middle, byte for byte: passes everything on, keeps what passed last, and changes answers when it is told to.

use super::wire::{self, Came};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What it does to an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tamper {
    #[default]
    Nothing,
    /// Another status.
    Status,
    /// One byte of the content.
    Body,
    /// No toki.
    Strip,
    /// The request never arrives: an unsigned 401 comes from the middle.
    Deny,
}

/// A request that passed, as it was on the wire.
#[derive(Clone, Debug)]
pub struct Seen {
    pub verb: String,
    pub target: String,
    pub bytes: Vec<u8>,
}

/// A proxy on loopback.
pub struct Proxy {
    pub address: String,
    middle: Arc<Middle>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Middle {
    target: Mutex<String>,
    tamper: Mutex<Tamper>,
    passed: AtomicU64,
    last: Mutex<Option<Seen>>,
}

impl Proxy {
    pub async fn bind() -> Result<Self, String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?.to_string();
        let middle = Arc::new(Middle::default());
        let task = tokio::spawn(accept(listener, middle.clone()));
        Ok(Self { address, middle, task })
    }

    /// Where requests go.
    pub fn aim(&self, address: &str) {
        address.clone_into(&mut lock(&self.middle.target));
    }

    /// What becomes of answers from now on.
    pub fn tamper(&self, tamper: Tamper) {
        *lock(&self.middle.tamper) = tamper;
    }

    /// How many requests came so far.
    pub fn passed(&self) -> u64 {
        self.middle.passed.load(Ordering::Relaxed)
    }

    /// The request that passed last and was no probe; once.
    pub fn take_last(&self) -> Option<Seen> {
        lock(&self.middle.last).take()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, middle: Arc<Middle>) {
    // Connections end with the proxy.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let middle = middle.clone();
        connections.spawn(async move {
            let _ = converse(stream, &middle).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

/// One request after another, for as long as the client's connection lives.
async fn converse(stream: TcpStream, middle: &Middle) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some(request) = wire::read_request(&mut stream).await? {
        middle.passed.fetch_add(1, Ordering::Relaxed);
        let tamper = *lock(&middle.tamper);
        let probe = request.verb == "HEAD";
        if !probe {
            *lock(&middle.last) = Some(Seen { verb: request.verb.clone(), target: request.target.clone(), bytes: request.bytes.clone() });
        }
        let target = lock(&middle.target).clone();
        let answer = match tamper {
            Tamper::Deny => Came::made(401, &[("www-authenticate", "Bearer")], b"who are you?"),
            _ => match wire::exchange(&target, &request.bytes, probe).await {
                // Probes pass as they are: what is shown is what becomes of the request.
                Ok(answer) if probe => answer,
                Ok(answer) => change(answer, tamper),
                Err(reason) => Came::made(502, &[], reason.as_bytes()),
            },
        };
        stream.write_all(&answer.to_bytes(probe)).await?;
        if request.last || answer.closes() {
            break;
        }
    }
    stream.shutdown().await
}

fn change(mut answer: Came, tamper: Tamper) -> Came {
    match tamper {
        Tamper::Nothing | Tamper::Deny => {}
        Tamper::Status => answer.status = 202,
        Tamper::Strip => answer.headers.retain(|(name, _)| !name.to_ascii_lowercase().starts_with("oscartoki")),
        Tamper::Body => {
            if let Some(byte) = answer.body.first_mut() {
                *byte ^= 1;
            }
        }
    }
    answer
}
