//! Three clients, the same rows for each.

use super::fleet::Fleet;
use super::proxy::Tamper;
use super::table::{Came, Table, must};
use super::world::{AUDIENCE, World};
use http::Method;
use oscar::client::{SendError, SignedClient, ToSend};
use oscartoki::{Rolling, SignOptions};
use serde_json::{Value, json};
use std::fmt;
use std::process::Stdio;
use std::time::Duration;

/// 15 hours back: a phone that was set to another continent's noon.
const FAR_OFF_MS: i64 = -15 * 3_600_000;
const PATIENCE: Duration = Duration::from_secs(60);

/// Which client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    /// The library, in this process.
    Rust,
    /// `examples/c/client`.
    C,
    /// `examples/python/client.py`.
    Python,
}

impl fmt::Display for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// What a client is asked to do.
#[derive(Clone, Debug, Default)]
struct Ask {
    body: Option<&'static str>,
    verify_first: bool,
    trust_clock: bool,
    roll_every: bool,
    offset_ms: i64,
    repeat: usize,
    parallel: usize,
}

/// What it did: the object of `oscar curl --json`, and how many of its calls were authentic.
struct Report(Value);

impl Report {
    fn is(&self, member: &str, want: impl Into<Value>) -> Came {
        let want = want.into();
        must(self.0[member] == want, || format!("{member} is {}, not {want}{}", self.0[member], self.reason()))
    }

    fn accepted(&self) -> Came {
        self.is("status", 200)?;
        self.is("verified", true)
    }

    fn refused(&self, names: &[&str]) -> Came {
        let error = self.0["error"].as_str();
        must(error.is_some_and(|error| names.contains(&error)), || format!("error is {}, not {}", self.0["error"], names.join(" or ")))
    }

    fn reason(&self) -> String {
        self.0["error"].as_str().map(|error| format!(" (error {error})")).unwrap_or_default()
    }
}

impl Driver {
    /// Every row of this client against one service.
    pub async fn rows(self, world: &World, fleet: &Fleet, table: &mut Table) {
        if let Err(reason) = self.available(world) {
            table.row(format!("{self} client → {} service", fleet.kind), "every row of the other clients", Err(reason));
            return;
        }
        let direct = &fleet.first.address;
        let mut row = async |what: &str, expected: &'static str, ask: Ask, address: &str, judge: fn(&Report) -> Came| {
            let came = self.run(world, &ask, &format!("http://{address}/echo/{}?row=1&x=%2F", self.to_string().to_lowercase())).await;
            table.row(format!("{self} client → {} service: {what}", fleet.kind), expected, came.and_then(|report| judge(&report)));
        };
        let get = Ask::default();
        let post = Ask { body: Some("{\"amount\":10}"), ..Ask::default() };
        row("verify_first", "a probe, then the request, in its session", Ask { verify_first: true, ..get.clone() }, direct, |report| {
            report.accepted()?;
            report.is("requests", 2)?;
            report.is("probed", true)?;
            report.is("in_session", true)
        })
        .await;
        row("rolled session", "three calls, the last in a session", Ask { repeat: 3, ..get.clone() }, direct, |report| {
            report.accepted()?;
            report.is("ok", 3)?;
            report.is("in_session", true)
        })
        .await;
        row(
            "roll = every",
            "five calls, each answer with the next grant",
            Ask { repeat: 5, roll_every: true, ..get.clone() },
            direct,
            |report| {
                report.accepted()?;
                report.is("ok", 5)?;
                report.is("in_session", true)
            },
        )
        .await;
        row("32 parallel requests", "32 authentic answers", Ask { parallel: 32, ..get.clone() }, direct, |report| report.is("ok", 32))
            .await;
        row("GET, clock 15 hours off", "one resend", Ask { offset_ms: FAR_OFF_MS, ..get.clone() }, direct, |report| {
            report.accepted()?;
            report.is("requests", 2)?;
            report.is("resent", true)
        })
        .await;
        row("POST, clock 15 hours off", "a probe, then once", Ask { offset_ms: FAR_OFF_MS, ..post.clone() }, direct, |report| {
            report.accepted()?;
            report.is("requests", 2)?;
            report.is("probed", true)?;
            report.is("resent", false)
        })
        .await;
        row("POST with a body", "the service read exactly that body", post.clone(), direct, |report| {
            report.accepted()?;
            let body = report.0["body"].as_str().unwrap_or_default();
            let digest = oscartoki::encoding::hex(&oscartoki::sha256(b"{\"amount\":10}"));
            must(body.contains(&digest), || format!("the service says {body}"))
        })
        .await;
        let through = &fleet.proxy.address;
        let trusting = Ask { trust_clock: true, ..post };
        for (tamper, what, expected, names) in [
            (Tamper::Status, "answer's status changed", "bad_mac, may have run", &["bad_mac"][..]),
            (Tamper::Body, "answer's body changed", "bad_mac, may have run", &["bad_mac"]),
            (Tamper::Strip, "answer's toki stripped", "missing, may have run", &["missing"]),
        ] {
            fleet.proxy.tamper(tamper);
            let judge = if names == ["bad_mac"] { forged } else { stripped };
            row(what, expected, trusting.clone(), through, judge).await;
        }
        fleet.proxy.tamper(Tamper::Deny);
        let before = fleet.proxy.passed();
        let came = self.run(world, &trusting, &format!("http://{through}/echo/denied")).await;
        let sent = fleet.proxy.passed() - before;
        fleet.proxy.tamper(Tamper::Nothing);
        let came = came.and_then(|report| stripped(&report)).and_then(|()| must(sent == 1, || format!("it was sent {sent} times")));
        table.row(format!("{self} client → {} service: unsigned 401 on a POST", fleet.kind), "missing, sent once", came);
    }

    fn available(self, world: &World) -> Result<(), String> {
        match self {
            Self::Rust => Ok(()),
            Self::C => match &world.args.c_client {
                None => Err("no C client was named: --c-client PATH (scripts/setup builds one)".to_owned()),
                Some(path) => must(path.exists(), || format!("{} is not there", path.display())),
            },
            Self::Python => {
                must(world.args.python.is_some(), || {
                    "no Python interpreter was named: --python PATH (scripts/setup makes one)".to_owned()
                })?;
                let client = world.example("python/client.py");
                must(client.exists(), || format!("{} is not there: name the examples by --examples DIR", client.display()))
            }
        }
    }

    async fn run(self, world: &World, ask: &Ask, url: &str) -> Result<Report, String> {
        match self {
            Self::Rust => in_process(world, ask, url).await,
            _ => self.program(world, ask, url).await,
        }
    }

    /// Runs a program of the examples: the same arguments and output in C and Python.
    async fn program(self, world: &World, ask: &Ask, url: &str) -> Result<Report, String> {
        let mut command = match (self, &world.args.python, &world.args.c_client) {
            (Self::Python, Some(python), _) => {
                let mut command = tokio::process::Command::new(python);
                command.arg(world.example("python/client.py"));
                command
            }
            (Self::C, _, Some(client)) => tokio::process::Command::new(client),
            _ => return Err("no such client".to_owned()),
        };
        command.arg("--secret").arg(&world.secret_file).args(["--audience", AUDIENCE]);
        if let Some(body) = ask.body {
            command.args(["-X", "POST", "-d", body]);
        }
        for (on, flag) in [(ask.verify_first, "--verify-first"), (ask.trust_clock, "--trust-clock"), (ask.roll_every, "--roll-every")] {
            if on {
                command.arg(flag);
            }
        }
        for (name, number) in [("--clock-off-ms", ask.offset_ms), ("--count", count(ask.repeat)), ("--parallel", count(ask.parallel))] {
            if number != 0 {
                command.args([name, &number.to_string()]);
            }
        }
        command
            .arg(url)
            .env_remove("OSCAR_SECRET")
            .env_remove("OSCAR_KEY")
            .env("NO_PROXY", "127.0.0.1")
            .env("no_proxy", "127.0.0.1")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let ran = tokio::time::timeout(PATIENCE, command.output()).await.map_err(|_| "it did not end within a minute")?;
        let output = ran.map_err(|error| format!("it does not start: {error}"))?;
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        said(&out, &err).ok_or_else(|| format!("{}: {}", output.status, err.lines().last().unwrap_or("it said nothing")))
    }
}

/// Reads `verified: status S, code C, requests R[, probed][, resent][, in session]` after each body, or
/// `error: NAME: sentence (may have run: yes|no)`.
fn said(out: &str, err: &str) -> Option<Report> {
    if let Some(line) = err.lines().find_map(|line| line.strip_prefix("error: ")) {
        let name = line.split(':').next().unwrap_or_default();
        return Some(Report(
            json!({ "error": name, "may_have_run": line.contains("(may have run: yes)"), "signed": name != "missing" && name != "bad_mac" }),
        ));
    }
    let verified: Vec<_> = out.lines().filter_map(|line| line.strip_prefix("verified: ")).collect();
    let words: Vec<_> = verified.last()?.split(", ").collect();
    let number = |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.trim().parse::<i64>().ok());
    Some(Report(json!({
        "status": number("status"), "verified": true, "code": number("code"), "requests": number("requests"), "ok": verified.len(),
        "probed": words.contains(&"probed"), "resent": words.contains(&"resent"), "in_session": words.contains(&"in session"), "body": out,
    })))
}

fn forged(report: &Report) -> Came {
    report.refused(&["bad_mac"])?;
    report.is("may_have_run", true)
}

fn stripped(report: &Report) -> Came {
    report.refused(&["missing"])?;
    report.is("may_have_run", true)?;
    report.is("signed", false)
}

/// The client of this crate.
async fn in_process(world: &World, ask: &Ask, url: &str) -> Result<Report, String> {
    let roll = if ask.roll_every { Rolling::Every } else { Rolling::Auto };
    let offset_ms = ask.offset_ms;
    let sender = SignedClient::configured(world.client(roll)?, reqwest::ClientBuilder::no_proxy).map_err(|error| error.to_string())?;
    let sender = sender.with_clock(move || oscar::clock::now_ms() + offset_ms);
    let url = reqwest::Url::parse(url).map_err(|error| error.to_string())?;
    let method = if ask.body.is_some() { Method::POST } else { Method::GET };
    let options = SignOptions { verify_first: ask.verify_first, trust_clock: ask.trust_clock, ..SignOptions::default() };
    let request = ToSend { options, ..ToSend::new(method, url).with_body(ask.body.unwrap_or_default()) };

    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..ask.parallel {
        let (sender, request) = (sender.clone(), request.clone());
        calls.spawn(async move { sender.send(request).await });
    }
    let mut results: Vec<_> = calls.join_all().await;
    for _ in 0..if ask.parallel > 0 { 0 } else { ask.repeat.max(1) } {
        results.push(sender.send(request.clone()).await);
    }
    let ok = results.iter().filter(|result| result.is_ok()).count();
    match results.pop() {
        Some(Ok(answer)) => Ok(Report(json!({
            "status": answer.status.as_u16(), "verified": answer.outcome.signed, "code": answer.outcome.code, "ok": ok,
            "in_session": answer.effort.in_session, "requests": answer.effort.requests, "resent": answer.effort.resent,
            "probed": answer.effort.probed, "body": String::from_utf8_lossy(&answer.body),
        }))),
        Some(Err(SendError::Refused { outcome, .. })) => Ok(Report(json!({
            "error": outcome.error.map(|error| error.name()), "may_have_run": outcome.may_have_run, "signed": outcome.signed,
            "status": outcome.status, "ok": ok,
        }))),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("no call was made".to_owned()),
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
