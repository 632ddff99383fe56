//! What travels by other means than a request: messages, presigned URLs, tickets.

use super::table::{Came, Table, must};
use super::world::{AUDIENCE, World};
use oscartoki::{Client, Keyring, MemoryReplayLog, Message, OscarError, Rolling, Service, ServiceConfig};
use serde_json::{Value, json};
use std::process::Stdio;
use std::sync::Arc;
use tokio::io::AsyncWriteExt as _;

const ORIGIN: &str = "https://app.example.com";

const CARRIED: &str = include_str!("carried.py");

pub async fn rows(world: &World, table: &mut Table) {
    match sides(world) {
        Err(reason) => table.row("message, URL, ticket", "a client and a service", Err(reason)),
        Ok((client, service)) => {
            table.row("message toki", "verified; to another queue, or with another body, bad_mac", message(&client, &service));
            table.row("presigned URL", "verified; for another path bad_mac; past its end expired", url(&client, &service));
            table.row("websocket ticket", "verified once; again replayed; from another origin bad_mac", ticket(&client, &service));
            let (to_python, to_rust) = match crossed(world, &client).await {
                Ok(python) => (python_judged(&python), rust_judges(&service, &python)),
                Err(reason) => (Err(reason.clone()), Err(reason)),
            };
            table.row(
                "message, URL, ticket: minted in Rust, judged in Python",
                "accepted; changed ones bad_mac, a second use replayed",
                to_python,
            );
            table.row(
                "message, URL, ticket: minted in Python, judged in Rust",
                "accepted; changed ones bad_mac, a second use replayed",
                to_rust,
            );
        }
    }
}

/// Gives Python what Rust minted, and takes its verdicts and what it minted.
async fn crossed(world: &World, client: &Client) -> Result<Value, String> {
    let text = |error: OscarError| error.to_string();
    let python = world.args.python.as_ref().ok_or("no Python interpreter was named: --python PATH (scripts/setup makes one)")?;
    let now_ms = oscar::clock::now_ms();
    let given = json!({
        "audience": AUDIENCE, "secret": world.secret.to_text(), "key": world.key.to_text(),
        "message": client.mint_message(invoice(), 3600, now_ms).map_err(text)?.toki(),
        "url": client.sign_url("GET", AUDIENCE, "/files/a.pdf?v=2", &[], now_ms + 60_000).map_err(text)?,
        "ticket": client.mint_ticket(b"user-42", Some(ORIGIN.to_owned()), now_ms).map_err(text)?,
    });
    let mut command = tokio::process::Command::new(python);
    command.args(["-c", CARRIED]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| format!("it does not start: {error}"))?;
    let mut stdin = child.stdin.take().ok_or("its input is not ours")?;
    stdin.write_all(given.to_string().as_bytes()).await.map_err(|error| error.to_string())?;
    drop(stdin);
    let output = child.wait_with_output().await.map_err(|error| error.to_string())?;
    serde_json::from_slice(&output.stdout).map_err(|_| {
        let stderr = String::from_utf8_lossy(&output.stderr);
        format!("{}: {}", output.status, stderr.lines().last().unwrap_or("it said nothing"))
    })
}

fn python_judged(python: &Value) -> Came {
    for (what, want) in [
        ("message", "accepted"),
        ("message, another body", "bad_mac"),
        ("url", "accepted"),
        ("url, another path", "bad_mac"),
        ("ticket, another origin", "bad_mac"),
        ("ticket", "accepted"),
        ("ticket again", "replayed"),
    ] {
        let came = &python["verdicts"][what];
        must(came == want, || format!("{what}: {came}, not {want}"))?;
    }
    Ok(())
}

fn rust_judges(service: &Service, python: &Value) -> Came {
    let now_ms = oscar::clock::now_ms();
    let made = |member: &str| python[member].as_str().map(str::to_owned);
    let message = |envelope: &Message| service.verify_message(envelope, made("message"), None, None, now_ms).map(|_| ());
    message(&invoice()).map_err(|error| format!("message: {error}"))?;
    must_be(message(&Message { content: b"{}".to_vec(), ..invoice() }), "bad_mac")?;
    let target = made("url").unwrap_or_default();
    let url = |target: &str| service.verify_url("GET", AUDIENCE, target, &[], false, now_ms).map(|_| ());
    url(&target).map_err(|error| format!("url: {error}"))?;
    must_be(url(&target.replace("a.pdf", "b.pdf")), "bad_mac")?;
    let ticket = || service.verify_ticket(made("ticket"), Some(ORIGIN.to_owned()), true, now_ms).map(|_| ());
    ticket().map_err(|error| format!("ticket: {error}"))?;
    must_be(ticket(), "replayed")
}

fn invoice() -> Message {
    let (destination, kind) = ("billing".to_owned(), "invoice.created".to_owned());
    Message { destination, kind, content: b"{\"amount\":10}".to_vec(), ..Message::default() }
}

fn sides(world: &World) -> Result<(Client, Service), String> {
    let text = |error: OscarError| error.to_string();
    let ring = Keyring::new(AUDIENCE).map_err(text)?;
    ring.add(&world.key).map_err(text)?;
    let config = ServiceConfig { authorities: vec![AUDIENCE.to_owned()], first_start: true, ..ServiceConfig::default() };
    let service = Service::new(config, Arc::new(ring), Arc::new(MemoryReplayLog::new(1024)), oscar::clock::now_ms()).map_err(text)?;
    Ok((world.client(Rolling::Auto)?, service))
}

fn message(client: &Client, service: &Service) -> Came {
    let now_ms = oscar::clock::now_ms();
    let envelope = invoice();
    let toki = Some(client.mint_message(envelope.clone(), 3600, now_ms).map_err(|error| error.to_string())?.toki());
    let verify = |envelope: &Message, now_ms| service.verify_message(envelope, toki.clone(), None, None, now_ms).map(|_| ());
    verify(&envelope, now_ms).map_err(|error| error.to_string())?;
    must_be(verify(&Message { destination: "refunds".to_owned(), ..envelope.clone() }, now_ms), "bad_mac")?;
    must_be(verify(&Message { content: b"{\"amount\":11}".to_vec(), ..envelope.clone() }, now_ms), "bad_mac")?;
    must_be(verify(&envelope, now_ms + 3_600_001), "expired")
}

fn url(client: &Client, service: &Service) -> Came {
    let now_ms = oscar::clock::now_ms();
    let target = client.sign_url("GET", AUDIENCE, "/files/a.pdf?v=2", &[], now_ms + 60_000).map_err(|error| error.to_string())?;
    let verify = |target: &str, now_ms| service.verify_url("GET", AUDIENCE, target, &[], false, now_ms).map(|_| ());
    verify(&target, now_ms).map_err(|error| error.to_string())?;
    must_be(verify(&target.replace("a.pdf", "b.pdf"), now_ms), "bad_mac")?;
    must_be(verify(&target, now_ms + 60_001), "expired")
}

fn ticket(client: &Client, service: &Service) -> Came {
    let now_ms = oscar::clock::now_ms();
    let mint = || client.mint_ticket(b"user-42", Some(ORIGIN.to_owned()), now_ms).map_err(|error| error.to_string());
    let verify =
        |ticket: &str, origin: &str| service.verify_ticket(Some(ticket.to_owned()), Some(origin.to_owned()), true, now_ms).map(|_| ());
    let ticket = mint()?;
    must_be(verify(&ticket, "https://evil.example"), "bad_mac")?;
    verify(&ticket, ORIGIN).map_err(|error| error.to_string())?;
    must_be(verify(&ticket, ORIGIN), "replayed")
}

fn must_be(result: Result<(), OscarError>, name: &str) -> Came {
    match result {
        Err(error) if error.name() == name => Ok(()),
        Err(error) => Err(format!("{error} in place of {name}")),
        Ok(()) => Err(format!("accepted in place of {name}")),
    }
}
