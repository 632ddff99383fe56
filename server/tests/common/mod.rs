//! The `oscar` binary, driven as a script would.
#![allow(clippy::unwrap_used, dead_code)]

pub mod hub;

use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A folder that goes away, with a secret (that of the spec's vectors), its audience key, and another secret.
pub struct Desk {
    folder: PathBuf,
    /// What `serve` finds in its environment.
    pub environment: Vec<(String, String)>,
}

pub const AUDIENCE: &str = "api.example.com";
pub const KID: &str = "1f0e6552cdeefa20";
const SECRET: &str = "os2.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

impl Desk {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("oscar-test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let desk = Self { folder: std::env::temp_dir().join(name), environment: Vec::new() };
        std::fs::create_dir(&desk.folder).unwrap();
        desk.write("secret", &format!("# a comment\n\n{SECRET}\n"));
        let key = desk.run(&["audience-key", "--secret", "secret", "--audience", AUDIENCE]);
        desk.write("key", &String::from_utf8(key.stdout).unwrap());
        desk
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_oscar"));
        command.args(args).current_dir(&self.folder).stdin(Stdio::null());
        command.env_remove("OSCAR_SECRET").env_remove("OSCAR_KEY").env_remove("OSCAR_LOG");
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs a command that must end with this code; what it printed on stdout.
    pub fn ends(&self, code: i32, args: &[&str]) -> String {
        let output = self.run(args);
        let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!(output.status.code(), Some(code), "{args:?}\n{out}\n{err}");
        assert!(!out.contains(&SECRET[4..]), "a secret was printed");
        if code == 0 {
            assert_eq!(err, "", "{args:?}");
        } else {
            assert!(err.starts_with("error: "), "{err}");
        }
        out
    }

    /// The object that a command prints.
    pub fn object(&self, code: i32, args: &[&str]) -> Value {
        let out = self.ends(code, &[args, &["--json"]].concat());
        assert_eq!(out.lines().count(), 1, "{out}");
        serde_json::from_str(&out).unwrap()
    }

    /// Fails with this code and name.
    pub fn fails(&self, code: i32, name: &str, args: &[&str]) {
        let output = self.run(args);
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {err}");
        assert!(err.starts_with(&format!("error: {name}: ")), "{args:?}: {err}");
        assert_eq!(output.stdout, b"", "{args:?}");
    }

    /// A service that is ready.
    pub fn serve(&self, args: &[&str]) -> Serving {
        let mut serving = self.launch(args);
        serving.wait_ready();
        serving
    }

    /// A service that may not be.
    pub fn launch(&self, args: &[&str]) -> Serving {
        self.launch_logging(args, "info")
    }

    /// [`Desk::launch`] with a level of the log.
    pub fn launch_logging(&self, args: &[&str], level: &str) -> Serving {
        let mut command = self.command(&["serve", "--audience", AUDIENCE]);
        command.envs(self.environment.iter().map(|(name, text)| (name.as_str(), text.as_str())));
        if !args.contains(&"--key") {
            command.args(["--key", "key"]);
        }
        if !args.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let child = command.args(args).env("OSCAR_LOG", level).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let wanted = args.iter().skip_while(|arg| **arg != "--listen").nth(1).map(|address| (*address).to_owned()).unwrap_or_default();
        Serving { child, wanted, address: String::new(), line: String::new() }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A running `oscar serve`; it dies with its owner.
pub struct Serving {
    child: Child,
    /// Where it was told to listen.
    pub wanted: String,
    /// `127.0.0.1:PORT`.
    pub address: String,
    /// What it said when it was ready.
    pub line: String,
}

impl Serving {
    pub fn wait_ready(&mut self) {
        let mut lines = BufReader::new(self.child.stdout.take().unwrap());
        lines.read_line(&mut self.line).unwrap();
        self.line = self.line.trim_end().to_owned();
        let at = self.line.find("http://").unwrap_or_else(|| panic!("not ready: {:?}", self.line)) + 7;
        self.address = self.line[at..].trim_end_matches(['"', '}']).to_owned();
    }

    pub fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.address)
    }

    /// Ends it by a signal; its exit code and what it logged.
    pub fn end(mut self, signal: &str) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &id]).status().unwrap().success());
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap().code(), log)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends one request by hand: status, headers and body as text.
pub fn raw(address: &str, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
}

/// A GET by hand.
pub fn get(address: &str, target: &str, headers: &str) -> (u16, String) {
    raw(address, &format!("GET {target} HTTP/1.1\r\nhost: {AUDIENCE}\r\nconnection: close\r\n{headers}\r\n"))
}

/// Waits until something holds; how long it took.
pub fn within(limit: Duration, mut holds: impl FnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < limit, "it did not come within {limit:?}");
        std::thread::sleep(Duration::from_millis(30));
    }
    began.elapsed()
}

/// Whether a file is its owner's alone.
pub fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777 == 0o600
}
