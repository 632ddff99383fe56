//! A service as two processes on one mapped memory, and the proxy before the first.

use super::proxy::Proxy;
use super::table::{Came, must};
use super::world::{AUDIENCE, World};
use std::fmt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// A process that is not ready by then never will be.
const PATIENCE: Duration = Duration::from_secs(60);

/// Which service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Rust,
    Python,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rust => "Rust",
            Self::Python => "Python",
        })
    }
}

/// Two processes that remember together.
pub struct Fleet {
    pub kind: Kind,
    pub first: Process,
    pub second: Process,
    /// Before the first process: changes what passes when it is told to.
    pub proxy: Proxy,
    pub revocations: PathBuf,
    memory: PathBuf,
}

impl Fleet {
    pub async fn start(world: &World, kind: Kind) -> Result<Self, String> {
        let proxy = Proxy::bind().await?;
        let (memory, revocations) = (world.path(&format!("{kind}.memory")), world.path(&format!("{kind}.revocations")));
        std::fs::write(&revocations, "# who is revoked\n").map_err(|error| error.to_string())?;
        let start = || Process::start(world, kind, Some(&memory), &revocations, &proxy.address);
        let (first, second) = tokio::try_join!(start(), start())?;
        proxy.aim(&first.address);
        Ok(Self { kind, first, second, proxy, revocations, memory })
    }

    /// Kills the first process outright and starts another in its place.
    pub async fn kill_and_restart(&mut self, world: &World) -> Result<(), String> {
        self.first.kill().await?;
        self.first = Process::start(world, self.kind, Some(&self.memory), &self.revocations, &self.proxy.address).await?;
        self.proxy.aim(&self.first.address);
        Ok(())
    }

    pub async fn stop(self) -> Came {
        let (one, two) = tokio::join!(self.first.terminate(), self.second.terminate());
        one.and(two)
    }
}

/// One process that listens. It dies with its owner.
pub struct Process {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub address: String,
}

impl Process {
    /// Starts a service and waits for its line. Without `memory` it remembers by itself.
    pub async fn start(world: &World, kind: Kind, memory: Option<&PathBuf>, revocations: &PathBuf, proxy: &str) -> Result<Self, String> {
        let mut process = Self::launch(world, kind, memory, revocations, proxy, None)?;
        process.wait_ready().await?;
        Ok(process)
    }

    /// Starts a service and does not wait; `listen` is where, a free port unless named.
    pub fn launch(
        world: &World,
        kind: Kind,
        memory: Option<&PathBuf>,
        revocations: &PathBuf,
        proxy: &str,
        listen: Option<&str>,
    ) -> Result<Self, String> {
        let mut command = match kind {
            Kind::Rust => {
                let mut command = Command::new(std::env::current_exe().map_err(|error| error.to_string())?);
                command.arg("serve");
                command
            }
            Kind::Python => {
                let python =
                    world.args.python.as_ref().ok_or("no Python interpreter was named: --python PATH (scripts/setup makes one)")?;
                let service = world.example("python/service.py");
                if !service.exists() {
                    return Err(format!("{} is not there: name the examples by --examples DIR", service.display()));
                }
                let mut command = Command::new(python);
                command.arg(service);
                command
            }
        };
        command.args(["--listen", listen.unwrap_or("127.0.0.1:0"), "--audience", AUDIENCE, "--authority", proxy]);
        command.arg("--key").arg(&world.key_file).arg("--revocations").arg(revocations);
        if let Some(memory) = memory {
            command.arg("--memory").arg(memory);
        }
        command.env_remove("OSCAR_SECRET").env_remove("OSCAR_KEY").env("PYTHONUNBUFFERED", "1");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let child = command.spawn().map_err(|error| format!("the {kind} service does not start: {error}"))?;
        Ok(Self { child, address: listen.unwrap_or_default().to_owned() })
    }

    /// Waits for `listening on http://HOST:PORT`.
    pub async fn wait_ready(&mut self) -> Result<(), String> {
        let stdout = self.child.stdout.take().ok_or("its output is not ours")?;
        let mut lines = BufReader::new(stdout).lines();
        let line = async {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(address) = line.strip_prefix("listening on http://") {
                    return Some(address.trim().to_owned());
                }
            }
            None
        };
        let address = tokio::time::timeout(PATIENCE, line).await.map_err(|_| "it was not ready within a minute")?;
        self.address = address.ok_or("it ended before it was ready")?;
        // What else it prints must not fill the pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(())
    }

    /// kill -9.
    pub async fn kill(&mut self) -> Result<(), String> {
        self.child.kill().await.map_err(|error| format!("kill: {error}"))
    }

    /// SIGTERM, and what it ends with.
    pub async fn terminate(mut self) -> Came {
        let id = self.child.id().ok_or("it is gone already")?;
        // `kill` of the system: this crate has no unsafe code, and the standard library no SIGTERM.
        let sent = Command::new("kill").args(["-TERM", &id.to_string()]).status().await.map_err(|error| error.to_string())?;
        must(sent.success(), || "SIGTERM could not be sent".to_owned())?;
        let ended = tokio::time::timeout(Duration::from_secs(15), self.child.wait()).await.map_err(|_| "it did not end")?;
        let status = ended.map_err(|error| error.to_string())?;
        must(status.success(), || format!("it ended with {status}"))
    }
}
