//! What travels by other means than a request: messages, presigned URLs, tickets.

use super::table::{Came, Table};
use super::world::{AUDIENCE, World};
use oscartoki::{Client, Keyring, MemoryReplayLog, Message, OscarError, Rolling, Service, ServiceConfig};
use std::sync::Arc;

pub fn rows(world: &World, table: &mut Table) {
    match sides(world) {
        Err(reason) => table.row("message, URL, ticket", "a client and a service", Err(reason)),
        Ok((client, service)) => {
            table.row("message toki", "verified; to another queue, or with another body, bad_mac", message(&client, &service));
            table.row("presigned URL", "verified; for another path bad_mac; past its end expired", url(&client, &service));
            table.row("websocket ticket", "verified once; again replayed; from another origin bad_mac", ticket(&client, &service));
        }
    }
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
    let envelope = Message { destination: "billing".to_owned(), kind: "invoice.created".to_owned(), ..Message::default() };
    let envelope = Message { content: b"{\"amount\":10}".to_vec(), ..envelope };
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
    let mint = || client.mint_ticket(b"user-42", Some("https://app.example.com".to_owned()), now_ms).map_err(|error| error.to_string());
    let verify =
        |ticket: &str, origin: &str| service.verify_ticket(Some(ticket.to_owned()), Some(origin.to_owned()), true, now_ms).map(|_| ());
    let ticket = mint()?;
    must_be(verify(&ticket, "https://evil.example"), "bad_mac")?;
    verify(&ticket, "https://app.example.com").map_err(|error| error.to_string())?;
    must_be(verify(&ticket, "https://app.example.com"), "replayed")
}

fn must_be(result: Result<(), OscarError>, name: &str) -> Came {
    match result {
        Err(error) if error.name() == name => Ok(()),
        Err(error) => Err(format!("{error} in place of {name}")),
        Ok(()) => Err(format!("accepted in place of {name}")),
    }
}
