//! OscarToki v1: the originals' tokis at their own clock, a live exchange, and the bypass that the original fell to.

use super::fleet::Fleet;
use super::table::{Came, Table, must};
use super::wire::Raw;
use super::world::World;
use oscartoki::{Dialect, V1Client, V1Key};
use serde_json::Value;

const CAPTURES: &str = include_str!("../../../core/vectors/captures/oscartoki-v1.json");

/// Captures of the original clients, judged offline at the clock at which they were made.
pub fn captured(table: &mut Table) {
    let captures: Value = serde_json::from_str(CAPTURES).unwrap_or_default();
    let cases = captures["cases"].as_array().map(Vec::as_slice).unwrap_or_default();
    for client in ["javascript", "python", "java"] {
        let mine: Vec<_> = cases.iter().filter(|case| case["client"] == client && case["toki"].is_string()).collect();
        let came = must(!mine.is_empty(), || "there is no capture".to_owned()).and_then(|()| mine.iter().try_for_each(|case| one(case)));
        table.row(
            format!("v1: {} captured tokis of the original {client} client", mine.len()),
            "verified at their clock, stale a minute later",
            came,
        );
    }
}

fn one(case: &Value) -> Came {
    let (key, toki) = (case["key"].as_str().unwrap_or_default(), case["toki"].as_str().unwrap_or_default());
    let mint_ms = minted_at(case).ok_or("a capture without its clock")?;
    let key = V1Key::new(key.as_bytes()).map_err(|error| error.to_string())?;
    key.verify(toki, Dialect::Any, mint_ms).map_err(|error| format!("{toki}: {error}"))?;
    match key.verify(toki, Dialect::Any, mint_ms + 60_000) {
        Err(error) if error.name() == "stale" => Ok(()),
        other => Err(format!("a minute later: {other:?}")),
    }
}

/// The capture's clock. Python's is a float of seconds: what is below a millisecond is cut.
fn minted_at(case: &Value) -> Option<i64> {
    case["mint_ms"].as_i64().or_else(|| {
        let (seconds, part) = case["mint_s"].as_str()?.split_once('.')?;
        let part: String = part.chars().chain("000".chars()).take(3).collect();
        Some(seconds.parse::<i64>().ok()? * 1000 + part.parse::<i64>().ok()?)
    })
}

/// The two steps against a running service, and the three keyless requests.
pub async fn live(world: &World, fleet: &Fleet, table: &mut Table) {
    let (came, seen) = match exchange(world, fleet).await {
        Ok(seen) => (Ok(()), Some(seen)),
        Err(reason) => (Err(reason), None),
    };
    table.row(format!("v1: live two-step exchange with the {} service", fleet.service), "tokikey, then the request runs", came);
    let came = match seen {
        Some(seen) => bypass(fleet, &seen).await,
        None => Err("there was no exchange to steal from".to_owned()),
    };
    table.row(format!("v1: keyless three-request bypass of the {} service", fleet.service), "nothing minted, nothing runs", came);
}

/// Both steps; what an eavesdropper has seen of them.
async fn exchange(world: &World, fleet: &Fleet) -> Result<Vec<String>, String> {
    let text = |error: oscartoki::OscarError| error.to_string();
    let key = V1Key::new(world.v1_key.as_bytes()).map_err(text)?;
    let exchange = V1Client::new(&key, Dialect::Any).begin(oscar::clock::now_ms()).map_err(text)?;
    let first = Raw::plain("GET", "/echo/v1", b"").with("oscartoki", &exchange.toki()).send(&fleet.first.address).await?;
    must(first.status == 200, || format!("the first step: {}", first.short()))?;
    let toki = first.header("oscartoki").map(str::to_owned);
    let mut seen: Vec<_> = toki.clone().into_iter().collect();
    let tokikey = exchange.accept_first(&first.body, toki, oscar::clock::now_ms()).map_err(text)?;
    let second = Raw::plain("POST", "/echo/v1", b"x").with("oscartoki", &exchange.toki()).with("oscartokikey", &tokikey);
    let second = second.send(&fleet.first.address).await?;
    must(second.status == 200, || format!("the second step: {}", second.short()))?;
    let toki = second.header("oscartoki").map(str::to_owned);
    seen.extend(toki.clone());
    exchange.accept_second(toki, oscar::clock::now_ms()).map_err(text)?;
    Ok(seen)
}

/// Somebody without a key: takes the service's own tokis for a client's, as the original did.
async fn bypass(fleet: &Fleet, seen: &[String]) -> Came {
    let mut stolen = seen.to_vec();
    stolen.push("0".to_owned());
    for toki in &stolen {
        let first = Raw::plain("GET", "/echo/v1", b"").with("oscartoki", toki).send(&fleet.first.address).await?;
        must(first.status >= 400, || format!("a stolen toki began an exchange: {}", first.status))?;
        must(first.header("oscartoki").is_none(), || "a refusal carries a fresh toki".to_owned())?;
        let second =
            Raw::plain("POST", "/echo/v1", b"x").with("oscartoki", toki).with("oscartokikey", "0o_o0").send(&fleet.first.address).await?;
        must(second.status >= 400 && second.header("oscartoki").is_none(), || format!("a made-up tokikey: {}", second.status))?;
    }
    Ok(())
}
