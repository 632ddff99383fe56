//! What an attacker does to a service, byte for byte.

use super::fleet::Fleet;
use super::table::{Came, Table, must};
use super::wire::{self, Raw};
use super::world::World;
use http::Method;
use oscar::client::{SendError, SignedClient, ToSend};
use oscartoki::encoding::hex;
use oscartoki::{Client, ClientConfig, Rolling};
use std::io::Write as _;
use std::time::Duration;

const BODY: &[u8] = b"{\"amount\":10}";

/// Every refusal of one service.
pub async fn rows(world: &World, fleet: &mut Fleet, table: &mut Table) {
    let name = format!("{} service", fleet.service);
    replays(world, fleet, table, &name).await;
    for (what, expected, came) in [
        ("a changed byte in the method", "unsigned 401 bad_mac", changed(world, fleet, |raw| raw.verb = "PUT".to_owned()).await),
        ("a changed byte in the path", "unsigned 401 bad_mac", changed(world, fleet, |raw| raw.target = "/echo/b?x=1".to_owned()).await),
        ("a changed byte in the query", "unsigned 401 bad_mac", changed(world, fleet, |raw| raw.target = "/echo/a?x=2".to_owned()).await),
    ] {
        table.row(format!("{name}: {what}"), expected, came);
    }
    table.row(format!("{name}: a changed byte in the body"), "signed 400 body_mismatch", changed_body(world, fleet).await);
    table.row(format!("{name}: a changed body and digest"), "unsigned 401 bad_mac", changed_digest(world, fleet).await);
    table.row(format!("{name}: no toki at all"), "unsigned 401 missing", unsigned(fleet).await);
    table.row(format!("{name}: wrong audience"), "unsigned 401 bad_mac", wrong_audience(world, fleet).await);
    table.row(format!("{name}: unknown authority"), "unsigned 400 unknown_authority", unknown_authority(world, fleet).await);
    table.row(format!("{name}: revoked session"), "accepted before, revoked within 2 s after", revoked(world, fleet).await);
}

/// The same bytes again: to the same process, to the other, and after kill -9 and restart.
async fn replays(world: &World, fleet: &mut Fleet, table: &mut Table, name: &str) {
    let raw = match Raw::signed(world, "POST", "/echo/a?x=1", BODY) {
        Ok(raw) => raw,
        Err(reason) => return table.row(format!("{name}: replay"), "signed 409 replayed", Err(reason)),
    };
    let first =
        raw.send(&fleet.first.address).await.and_then(|came| must(came.status == 200, || format!("the original: {}", came.short())));
    let again = async |address: &str| refused(raw.send(address).await, 409, 2);
    let same = again(&fleet.first.address).await;
    table.row(format!("{name}: replay"), "signed 409 replayed", first.and(same));
    table.row(format!("{name}: replay to the other process"), "signed 409 replayed", again(&fleet.second.address).await);
    let restarted = fleet.kill_and_restart(world).await;
    let after = match restarted {
        Ok(()) => again(&fleet.first.address).await,
        Err(reason) => Err(reason),
    };
    table.row(format!("{name}: replay after kill -9 and restart"), "signed 409 replayed", after);
}

async fn changed(world: &World, fleet: &Fleet, change: impl FnOnce(&mut Raw)) -> Came {
    let mut raw = Raw::signed(world, "POST", "/echo/a?x=1", BODY)?;
    change(&mut raw);
    turned_away(raw.send(&fleet.first.address).await, 401, "bad_mac")
}

async fn changed_body(world: &World, fleet: &Fleet) -> Came {
    let mut raw = Raw::signed(world, "POST", "/echo/a?x=1", BODY)?;
    raw.body = b"{\"amount\":11}".to_vec();
    refused(raw.send(&fleet.first.address).await, 400, 5)
}

async fn changed_digest(world: &World, fleet: &Fleet) -> Came {
    let mut raw = Raw::signed(world, "POST", "/echo/a?x=1", BODY)?;
    raw.body = b"{\"amount\":11}".to_vec();
    let digest = oscartoki::http::format_content_digest(&oscartoki::sha256(&raw.body));
    raw.headers.retain(|(name, _)| name != "content-digest");
    turned_away(raw.with("content-digest", &digest).send(&fleet.first.address).await, 401, "bad_mac")
}

async fn unsigned(fleet: &Fleet) -> Came {
    let came = Raw::plain("POST", "/echo/a?x=1", BODY).send(&fleet.first.address).await?;
    let asks = came.header("www-authenticate") == Some("oscartoki");
    turned_away(Ok(came), 401, "missing")?;
    must(asks, || "the 401 does not say WWW-Authenticate: oscartoki".to_owned())
}

async fn wrong_audience(world: &World, fleet: &Fleet) -> Came {
    let other = Client::new(&world.secret, "other.oscartoki.example", ClientConfig::default()).map_err(|error| error.to_string())?;
    turned_away(Raw::signed_by(&other, "GET", "/echo/a", b"")?.send(&fleet.first.address).await, 401, "bad_mac")
}

async fn unknown_authority(world: &World, fleet: &Fleet) -> Came {
    let mut raw = Raw::signed(world, "GET", "/echo/a", b"")?;
    raw.headers.retain(|(name, _)| name != "host");
    turned_away(raw.with("host", "evil.example").send(&fleet.first.address).await, 400, "unknown_authority")
}

/// An operator writes one line; both processes follow.
async fn revoked(world: &World, fleet: &Fleet) -> Came {
    let sender =
        SignedClient::configured(world.client(Rolling::Auto)?, reqwest::ClientBuilder::no_proxy).map_err(|error| error.to_string())?;
    let url = |address: &str| reqwest::Url::parse(&format!("http://{address}/echo/revoked")).map_err(|error| error.to_string());
    let call = async |address: &str| sender.send(ToSend::new(Method::GET, url(address)?)).await.map_err(told);
    call(&fleet.first.address).await?;
    let before = call(&fleet.first.address).await?;
    let session =
        serde_json::from_slice::<serde_json::Value>(&before.body).ok().and_then(|echo| echo["session"].as_str().map(str::to_owned));
    let session = session.ok_or("the second call was not in a session")?;
    let line = format!("revoked {} {session}\n", hex(&world.key.kid_bytes()));
    let file = std::fs::OpenOptions::new().append(true).open(&fleet.revocations);
    file.and_then(|mut file| file.write_all(line.as_bytes())).map_err(|error| error.to_string())?;
    tokio::time::sleep(Duration::from_millis(2_000)).await;
    for address in [&fleet.first.address, &fleet.second.address] {
        match sender.send(ToSend::new(Method::GET, url(address)?)).await {
            Ok(_) => return Err(format!("{address} still accepts it")),
            Err(SendError::Refused { outcome, .. }) if outcome.signed && outcome.code == Some(4) => {}
            Err(error) => return Err(told(error)),
        }
    }
    Ok(())
}

/// A signed refusal.
fn refused(came: Result<wire::Came, String>, status: u16, code: u8) -> Came {
    let came = came?;
    must(came.status == status && came.code() == Some(code), || came.short())
}

/// An unsigned refusal, by name.
fn turned_away(came: Result<wire::Came, String>, status: u16, name: &str) -> Came {
    let came = came?;
    let unsigned = came.header("oscartoki").is_none();
    must(came.status == status && unsigned && came.header("oscartoki-error") == Some(name), || came.short())
}

fn told(error: SendError) -> String {
    error.to_string()
}
