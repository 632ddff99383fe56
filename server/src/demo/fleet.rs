//! A service as two processes on one mapped memory, and a proxy before the first for each client.

use super::program::{Program, telling};
use super::proxy::Proxy;
use super::table::{Came, must};
use super::world::{AUDIENCE, World};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::Child;

/// A process that is not ready by then never will be.
const PATIENCE: Duration = Duration::from_secs(90);

/// Two processes that remember together.
pub struct Fleet {
    pub service: Program,
    pub first: Process,
    pub second: Process,
    /// Before the first process, one for each client.
    pub proxies: Vec<Proxy>,
    pub revocations: PathBuf,
    memory: PathBuf,
}

impl Fleet {
    pub async fn start(world: &World, service: &Program, clients: usize) -> Result<Self, String> {
        let (memory, revocations) = (world.path(&format!("{service}.memory")), world.path(&format!("{service}.revocations")));
        std::fs::write(&revocations, "# who is revoked\n").map_err(|error| error.to_string())?;
        let mut proxies = Vec::new();
        for _ in 0..clients {
            proxies.push(Proxy::bind().await?);
        }
        let start = Start { memory: Some(&memory), revocations: Some(&revocations), names: names(&proxies), ..Start::default() };
        let (first, second) = tokio::try_join!(Process::start(world, service, &start), Process::start(world, service, &start))?;
        let fleet = Self { service: service.clone(), first, second, proxies, revocations, memory };
        fleet.aim();
        Ok(fleet)
    }

    fn aim(&self) {
        for proxy in &self.proxies {
            proxy.aim(&self.first.address);
        }
    }

    /// Kills the first process outright and starts another in its place.
    pub async fn kill_and_restart(&mut self, world: &World) -> Result<(), String> {
        self.first.kill().await;
        let start =
            Start { memory: Some(&self.memory), revocations: Some(&self.revocations), names: names(&self.proxies), ..Start::default() };
        self.first = Process::start(world, &self.service, &start).await?;
        self.aim();
        Ok(())
    }

    pub async fn stop(self) -> Came {
        let (one, two) = tokio::join!(self.first.terminate(), self.second.terminate());
        one.and(two)
    }
}

fn names(proxies: &[Proxy]) -> Vec<&str> {
    proxies.iter().map(|proxy| proxy.address.as_str()).collect()
}

/// How a process is started.
#[derive(Clone, Debug, Default)]
pub struct Start<'a> {
    /// The file that it shares; without one it remembers as it does of itself.
    pub memory: Option<&'a Path>,
    pub revocations: Option<&'a Path>,
    /// The names that it has beside its audience and its address.
    pub names: Vec<&'a str>,
    /// Where it listens; a free port unless named.
    pub listen: Option<&'a str>,
    /// So many workers.
    pub workers: Option<usize>,
}

/// One process that listens, and what it has started. They die with their owner.
pub struct Process {
    child: Child,
    /// Its process group, which its workers are in too.
    group: Option<u32>,
    /// `127.0.0.1:PORT`.
    pub address: String,
}

impl Process {
    /// Starts a service and waits for its line.
    pub async fn start(world: &World, service: &Program, start: &Start<'_>) -> Result<Self, String> {
        let mut process = Self::launch(world, service, start)?;
        process.wait_ready().await?;
        Ok(process)
    }

    /// Starts a service and does not wait.
    pub fn launch(world: &World, service: &Program, start: &Start<'_>) -> Result<Self, String> {
        let mut command = service.command()?;
        command.args(["--listen", start.listen.unwrap_or("127.0.0.1:0"), "--audience", AUDIENCE]);
        for name in &start.names {
            command.args(["--authority", name]);
        }
        command.arg("--key").arg(&world.key_file);
        for (flag, path) in [("--revocations", start.revocations), ("--memory", start.memory)] {
            if let Some(path) = path {
                command.arg(flag).arg(path);
            }
        }
        if let Some(workers) = start.workers {
            command.args(["--workers", &workers.to_string()]);
        }
        #[cfg(unix)]
        command.process_group(0);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().map_err(|error| format!("the {service} service does not start: {error}"))?;
        Ok(Self { group: child.id(), child, address: start.listen.unwrap_or_default().to_owned() })
    }

    /// Waits for `listening on http://HOST:PORT`.
    pub async fn wait_ready(&mut self) -> Result<(), String> {
        let (Some(stdout), Some(mut stderr)) = (self.child.stdout.take(), self.child.stderr.take()) else {
            return Err("its output is not ours".to_owned());
        };
        // What it prints must not fill the pipes; what it said last tells why it ended.
        let said = tokio::spawn(async move {
            let (mut last, mut buffer) = (Vec::new(), vec![0; 4096]);
            while let Ok(len @ 1..) = stderr.read(&mut buffer).await {
                last.extend_from_slice(&buffer[..len]);
                last.drain(..last.len().saturating_sub(2048));
            }
            String::from_utf8_lossy(&last).into_owned()
        });
        let mut lines = BufReader::new(stdout).lines();
        let line = async {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(address) = line.strip_prefix("listening on http://") {
                    return Some(address.trim().to_owned());
                }
            }
            None
        };
        match tokio::time::timeout(PATIENCE, line).await {
            Ok(Some(address)) => self.address = address,
            Ok(None) => {
                let said = tokio::time::timeout(Duration::from_secs(2), said).await.ok().and_then(Result::ok).unwrap_or_default();
                return Err(format!("it ended before it was ready: {}", telling(&said)));
            }
            Err(_) => return Err(format!("it was not ready within {} seconds", PATIENCE.as_secs())),
        }
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(())
    }

    /// kill -9, of its workers too.
    pub async fn kill(&mut self) {
        self.kill_group();
        let _ = self.child.wait().await;
    }

    /// SIGTERM, and what it ends with.
    pub async fn terminate(mut self) -> Came {
        let id = self.child.id().ok_or("it is gone already")?;
        must(signal("TERM", &id.to_string()), || "SIGTERM could not be sent".to_owned())?;
        let ended = tokio::time::timeout(Duration::from_secs(20), self.child.wait()).await.map_err(|_| "it did not end on SIGTERM")?;
        let status = ended.map_err(|error| error.to_string())?;
        must(status.success(), || format!("it ended with {status}"))
    }

    fn kill_group(&mut self) {
        if let Some(group) = self.group.take() {
            signal("KILL", &format!("-{group}"));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill_group();
    }
}

/// Sends a signal by the shell's `kill`: this crate has no unsafe code, and the standard library no signals.
fn signal(name: &str, id: &str) -> bool {
    let sent = std::process::Command::new("sh")
        .args(["-c", "kill -s \"$1\" -- \"$2\"", "sh", name, id])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
    sent.is_ok_and(|status| status.success())
}
