//! A client in Rust over reqwest: probes, signs, sends, accepts, rolls and resends by the rules of the protocol.
//!
//!     cargo run -p oscar --example client -- --secret FILE --audience NAME [-X METHOD] [-d BODY] [-H 'Name: value']... URL
//!
//! Prints each body, then `verified: status S, code C, requests R[, probed][, resent][, in session]`; a refusal or an answer that is not
//! authentic goes to stderr as `error: NAME: sentence (may have run: yes|no)`. Exit 0: all verified; 1: not; 2: usage; 3: key; 4: network.

use clap::Parser;
use oscar::SignedClient;
use oscar::client::{SendError, ToSend, Verified};
use oscartoki::{AudienceKey, Client, ClientConfig, OscarError, Rolling, Secret, Session, SignOptions};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Parser)]
struct Given {
    url: reqwest::Url,
    /// An os2 secret, an oa2 audience key or an oz2 session
    #[arg(long, value_name = "FILE")]
    secret: PathBuf,
    #[arg(long, value_name = "NAME", default_value = "")]
    audience: String,
    #[arg(short = 'X', value_name = "METHOD")]
    method: Option<http::Method>,
    #[arg(short = 'd', value_name = "BODY")]
    body: Option<String>,
    #[arg(short = 'H', value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// Covered headers, in the service's order
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    ext: Vec<String>,
    /// A POST that may be resent: needs idempotency-key in --ext and -H
    #[arg(long)]
    repeatable: bool,
    /// A probe goes before the request, whatever the clock says
    #[arg(long)]
    verify_first: bool,
    /// No probe
    #[arg(long)]
    trust_clock: bool,
    /// Asks for the next grant on every request
    #[arg(long)]
    roll_every: bool,
    /// Sends it N times, one after another
    #[arg(long, value_name = "N", default_value_t = 1)]
    count: usize,
    /// In N tasks of one client
    #[arg(long, value_name = "N", default_value_t = 1)]
    parallel: usize,
    /// Moves this client's clock
    #[arg(long, value_name = "N", default_value_t = 0, allow_hyphen_values = true)]
    clock_off_ms: i64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let given = Given::parse();
    let (client, request) = match client(&given).and_then(|client| Ok((client, request(&given)?))) {
        Ok(both) => both,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(3);
        }
    };
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..given.parallel {
        let (client, request, count) = (client.clone(), request.clone(), given.count);
        senders.spawn(async move {
            for _ in 0..count {
                match client.send(request.clone()).await {
                    Ok(answer) => show(&answer),
                    Err(error) => return complain(&error),
                }
            }
            0
        });
    }
    ExitCode::from(senders.join_all().await.into_iter().max().unwrap_or_default())
}

fn client(given: &Given) -> Result<SignedClient, Box<dyn std::error::Error>> {
    let roll = if given.roll_every { Rolling::Every } else { Rolling::Auto };
    let config = ClientConfig { ext: given.ext.clone(), roll, ..ClientConfig::default() };
    let text = key_text(&given.secret)?;
    let client = match text.get(..4) {
        Some("oa2.") => Client::from_audience_key(&AudienceKey::parse(&text)?, config)?,
        Some("oz2.") => Client::from_session(&Session::parse(&text)?, config)?,
        _ if given.audience.is_empty() => Client::by_authority(&Secret::parse(&text)?, config)?,
        _ => Client::new(&Secret::parse(&text)?, &given.audience, config)?,
    };
    let off = given.clock_off_ms;
    // Only a demonstration moves a clock.
    Ok(SignedClient::new(client)?.with_clock(move || oscar::clock::now_ms() + off))
}

fn key_text(path: &Path) -> Result<String, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    match (lines.next(), lines.next()) {
        (Some(line), None) => Ok(line.to_owned()),
        _ => Err(format!("{}: one key text is needed", path.display()).into()),
    }
}

fn request(given: &Given) -> Result<ToSend, Box<dyn std::error::Error>> {
    let method = given.method.clone().unwrap_or(if given.body.is_some() { http::Method::POST } else { http::Method::GET });
    let mut request = ToSend::new(method, given.url.clone()).with_body(given.body.clone().unwrap_or_default());
    for header in &given.headers {
        let (name, value) = header.split_once(": ").ok_or("a header is Name: value")?;
        request.headers.append(http::HeaderName::try_from(name)?, value.try_into()?);
    }
    let (repeatable, verify_first, trust_clock) = (given.repeatable, given.verify_first, given.trust_clock);
    Ok(ToSend { options: SignOptions { repeatable, verify_first, trust_clock, ..SignOptions::default() }, ..request })
}

fn show(answer: &Verified) {
    let mut told = format!("status {}, code {}", answer.status.as_u16(), answer.outcome.code.unwrap_or_default());
    told.push_str(&format!(", requests {}", answer.effort.requests));
    for (word, is_so) in [("probed", answer.effort.probed), ("resent", answer.effort.resent), ("in session", answer.effort.in_session)] {
        if is_so {
            told.push_str(&format!(", {word}"));
        }
    }
    println!("{}\nverified: {told}", String::from_utf8_lossy(&answer.body));
}

fn complain(error: &SendError) -> u8 {
    let (may_have_run, code) = match error {
        SendError::Refused { outcome, .. } => (outcome.may_have_run, 1),
        SendError::Network { may_have_run, .. } => (*may_have_run, 4),
        SendError::Unsendable(OscarError::Unsignable(_)) => (false, 1),
        SendError::Unsendable(_) => (false, 2),
    };
    eprintln!("error: {error} (may have run: {})", if may_have_run { "yes" } else { "no" });
    code
}
