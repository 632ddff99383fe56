//! What a client is asked to do, and what it said: the same command line and the same lines of output in every language.

use super::program::{Program, Way, telling};
use super::table::{Came, must};
use super::world::{AUDIENCE, World};
use http::Method;
use oscar::client::{SendError, SignedClient, ToSend};
use oscartoki::{Client, ClientConfig, Rolling, Session, SignOptions};
use serde_json::{Value, json};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// A client that has not ended by then hangs.
const PATIENCE: Duration = Duration::from_secs(90);

/// What a client is asked to do.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    pub body: Option<&'static str>,
    pub verify_first: bool,
    pub trust_clock: bool,
    pub roll_every: bool,
    pub offset_ms: i64,
    pub repeat: usize,
    pub parallel: usize,
    /// A file with a handed-out session in place of the secret.
    pub session: Option<PathBuf>,
}

/// What it did: the object of `oscar curl --json`, and how many of its calls were authentic.
#[derive(Debug)]
pub struct Report(Value);

impl Report {
    pub fn is(&self, member: &str, want: impl Into<Value>) -> Came {
        let want = want.into();
        must(self.0[member] == want, || format!("{member} is {}, not {want}{}", self.0[member], self.reason()))
    }

    pub fn accepted(&self) -> Came {
        self.is("status", 200)?;
        self.is("verified", true)
    }

    pub fn refused(&self, name: &str) -> Came {
        must(self.0["error"] == name, || format!("error is {}, not {name}{}", self.0["error"], self.reason()))
    }

    /// What the service said that it read.
    pub fn echo(&self) -> Value {
        let body = self.0["body"].as_str().unwrap_or_default();
        body.lines().rev().find_map(|line| serde_json::from_str::<Value>(line).ok().filter(Value::is_object)).unwrap_or_default()
    }

    fn reason(&self) -> String {
        self.0["error"]
            .as_str()
            .map(|error| format!(" (error {error}: {})", self.0["sentence"].as_str().unwrap_or_default()))
            .unwrap_or_default()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Program {
    /// Asks a client; an error is what kept it from saying anything.
    pub async fn ask(&self, world: &World, ask: &Ask, url: &str) -> Result<Report, String> {
        if matches!(self.way, Way::Here) {
            return in_process(world, ask, url).await;
        }
        let mut command = self.command()?;
        command.arg("--secret").arg(ask.session.as_ref().unwrap_or(&world.secret_file)).args(["--audience", AUDIENCE]);
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
        let ran = tokio::time::timeout(PATIENCE, command.arg(url).output());
        let ran = ran.await.map_err(|_| format!("it did not end within {} seconds", PATIENCE.as_secs()))?;
        let output = ran.map_err(|error| format!("it does not start: {error}"))?;
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let report = said(&out, &err).ok_or_else(|| format!("{}: {}", output.status, telling(&err)))?;
        // What it says and how it ends must agree.
        let want = if report.0["error"].is_null() { 0 } else { 1 };
        must(output.status.code() == Some(want) || report.0["error"] == "network", || format!("{} beside {}", output.status, report.0))?;
        Ok(report)
    }
}

/// Reads `verified: status S, code C, requests R[, probed][, resent][, in session]` after each body, or
/// `error: NAME: sentence (may have run: yes|no)`.
fn said(out: &str, err: &str) -> Option<Report> {
    if let Some(line) = err.lines().find_map(|line| line.strip_prefix("error: ")) {
        let (name, sentence) = line.split_once(':').unwrap_or((line, ""));
        let run = [("(may have run: yes)", true), ("(may have run: no)", false)]
            .iter()
            .find(|(text, _)| line.contains(text))
            .map(|(_, run)| *run);
        return Some(Report(json!({ "error": name, "sentence": sentence.trim(), "may_have_run": run })));
    }
    let verified: Vec<_> = out.lines().filter_map(|line| line.strip_prefix("verified: ")).collect();
    let words: Vec<_> = verified.last()?.split(", ").collect();
    let number = |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.trim().parse::<i64>().ok());
    Some(Report(json!({
        "status": number("status"), "verified": true, "code": number("code"), "requests": number("requests"), "ok": verified.len(),
        "probed": words.contains(&"probed"), "resent": words.contains(&"resent"), "in_session": words.contains(&"in session"), "body": out,
    })))
}

/// The client of this crate.
async fn in_process(world: &World, ask: &Ask, url: &str) -> Result<Report, String> {
    let offset_ms = ask.offset_ms;
    let sender = SignedClient::configured(client(world, ask)?, reqwest::ClientBuilder::no_proxy).map_err(|error| error.to_string())?;
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
            "error": outcome.error.map(|error| error.name()), "may_have_run": outcome.may_have_run, "status": outcome.status, "ok": ok,
        }))),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("no call was made".to_owned()),
    }
}

fn client(world: &World, ask: &Ask) -> Result<Client, String> {
    let roll = if ask.roll_every { Rolling::Every } else { Rolling::Auto };
    let Some(path) = &ask.session else { return world.client(roll) };
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let session = Session::parse(text.trim()).map_err(|error| error.to_string())?;
    Client::from_session(&session, ClientConfig::default()).map_err(|error| error.to_string())
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
