//! The operations without steps.

use super::given::{ANSWER, Fault, Given, KEY, MESSAGE, PASS, REQUEST, Result, URL};
use super::neighbours;
use super::steps::{fresh_service, message, ticket, url, verify};
use oscartoki::encoding::hex;
use oscartoki::{AnswerToki, AudienceKey, Dialect, OscarError, Secret, Service, Session, V1Key, hazmat};
use serde_json::{Map, Value, json};

/// The `ok` of an operation, or why there is none.
pub fn run(op: &str, members: &Map<String, Value>) -> Result<Value> {
    let of = |allowed: &str| Given::new(members, allowed);
    match op {
        "key.derive" => key_derive(&of("secret_hex secret audience generation")?),
        "key.parse" => key_parse(&of("text kind")?),
        "toki.mint" => toki_mint(&of(&format!("{KEY}{REQUEST}ts_ms nonce_hex want grant"))?),
        "toki.verify" => verifies(&of(&format!("{KEY}{REQUEST}now_ms toki grant finish_body_hex"))?, verify),
        "grant.mint" => grant_mint(&of(&format!("{KEY}request_toki sid_hex exp_s ttl_s"))?),
        "answer.mint" => answer_mint(&of(&format!("{KEY}{ANSWER}session_grant request_toki code ts_ms"))?),
        "answer.verify" => answer_verify(&of(&format!("{KEY}{ANSWER}session_grant request_toki toki"))?),
        "message.mint" => message_mint(&of(&format!("{KEY}{MESSAGE}ts_ms nonce_hex ttl_s"))?),
        "message.verify" => verifies(&of(&format!("{KEY}{MESSAGE}toki now_ms"))?, message),
        "url.mint" => url_mint(&of(&format!("{KEY}{URL}exp_ms"))?),
        "url.verify" => verifies(&of(&format!("{KEY}{URL}now_ms"))?, url),
        "ticket.mint" => ticket_mint(&of(&format!("{KEY}connection_hex origin ts_ms nonce_hex"))?),
        "ticket.verify" => verifies(&of(&format!("{KEY}ticket origin now_ms"))?, ticket),
        "v1.mint" => v1_mint(&of("key now_ms")?),
        "v1.verify" => v1_verify(&of("key toki now_ms dialect")?),
        "v1.tokikey.mint" => v1_tokikey_mint(&of("key toki now_ms")?),
        "v1.tokikey.verify" => v1_tokikey_verify(&of("key toki tokikey now_ms dialect")?),
        "tcx.pass.mint" => neighbours::tcx_pass_mint(&of(&format!("{PASS}client_token dialect"))?),
        "tcx.pass.verify" => neighbours::tcx_pass_verify(&of(&format!("{PASS}app_pass now_ms strict"))?),
        "tcx.headers" => neighbours::tcx_headers(&of("type app_id app_pass token")?),
        "tcx.verdict" => neighbours::tcx_verdict(&of("code table route")?),
        "socktopus.mint" => neighbours::socktopus_mint(&of("secret app connection ts_ms")?),
        "socktopus.verify" => neighbours::socktopus_verify(&of("secrets token now_ms")?),
        _ => Err(Fault::Case(format!("op {op}"))),
    }
}

fn verifies(given: &Given<'_>, step: impl Fn(&Service, &Given<'_>) -> Result<Value>) -> Result<Value> {
    step(&fresh_service(given)?, given)
}

// Keys

fn key_derive(given: &Given<'_>) -> Result<Value> {
    let secret = given.secret()?;
    let key = secret.audience_key(given.text("audience")?, given.maybe_number("generation")?.unwrap_or(0))?;
    Ok(json!({
        "secret": secret.to_text(), "kid_hex": hex(&key.kid()), "audience_key": key.to_text(), "audience_key_hex": hex(key.expose()),
    }))
}

fn key_parse(given: &Given<'_>) -> Result<Value> {
    let text = given.text("text")?;
    let printed = match given.text("kind")? {
        "secret" => Secret::parse(text)?.to_text(),
        "audience_key" => AudienceKey::parse(text)?.to_text(),
        "session" => Session::parse(text)?.to_text(),
        kind => return Err(Fault::Case(format!("kind {kind}"))),
    };
    Ok(json!({ "text": printed }))
}

// Requests and answers

fn toki_mint(given: &Given<'_>) -> Result<Value> {
    let (key, grant) = (given.key()?, given.grant("grant")?);
    let (ts_ms, nonce, want) = (given.number("ts_ms")?, given.eight("nonce_hex")?, given.flag("want", false)?);
    let toki = hazmat::mint_request(&key, grant.as_ref(), &given.request()?, ts_ms, nonce, want)?;
    Ok(json!({ "toki": toki.to_text() }))
}

fn grant_mint(given: &Given<'_>) -> Result<Value> {
    let (key, request) = (given.key()?, given.request_toki()?);
    let grant = hazmat::mint_grant(&key, &request, given.eight("sid_hex")?, given.number("exp_s")?, given.number("ttl_s")?)?;
    Ok(json!({ "grant": grant.to_text() }))
}

fn answer_mint(given: &Given<'_>) -> Result<Value> {
    let (key, session, request) = (given.key()?, given.grant("session_grant")?, given.request_toki()?);
    let code = u8::try_from(given.number("code")?).map_err(|_| OscarError::Unsignable("an answer's code is 0 to 7"))?;
    let answer = given.answer(OscarError::Unsignable("a status is 0 to 65,535"))?;
    let grant = given.grant("grant")?;
    let toki = hazmat::mint_answer(&key, session.as_ref(), &request, code, given.number("ts_ms")?, &answer, grant.as_ref())?;
    Ok(json!({ "toki": toki.to_text() }))
}

fn answer_verify(given: &Given<'_>) -> Result<Value> {
    let (key, session, request) = (given.held_key()?, given.grant("session_grant")?, given.request_toki()?);
    let answer = given.answer(OscarError::Malformed("a status is 0 to 65,535"))?;
    let toki = given.header("toki")?;
    let outcome = hazmat::accept(&key, session.as_ref(), &request, &answer, toki, given.header("grant")?)?;
    // A signed refusal is an answer like any other here: its code is the result.
    match outcome.error {
        Some(error) if !(outcome.signed && outcome.code.is_some_and(|code| code > 0)) => Err(error.into()),
        _ => {
            let ts_ms = AnswerToki::parse(toki.unwrap_or_default())?.claimed_ts_ms();
            Ok(json!({ "code": outcome.code, "ts_ms": ts_ms, "sid_hex": outcome.adopted.map(|sid| hex(&sid)) }))
        }
    }
}

// Messages, URLs, tickets

fn message_mint(given: &Given<'_>) -> Result<Value> {
    let (key, nonce) = (given.key()?, given.eight("nonce_hex")?);
    let toki = hazmat::mint_message(&key, &given.message()?, given.number("ts_ms")?, nonce, given.number("ttl_s")?)?;
    Ok(json!({ "toki": toki.to_text() }))
}

fn url_mint(given: &Given<'_>) -> Result<Value> {
    let target = hazmat::mint_url(&given.key()?, &given.request()?, given.number("exp_ms")?)?;
    Ok(json!({ "target": target }))
}

fn ticket_mint(given: &Given<'_>) -> Result<Value> {
    let (key, connection, nonce) = (given.key()?, given.bytes("connection_hex")?, given.eight("nonce_hex")?);
    let ticket = hazmat::mint_ticket(&key, &connection, given.header("origin")?, given.number("ts_ms")?, nonce)?;
    Ok(json!({ "ticket": ticket.to_text() }))
}

// OscarToki v1

fn v1_key(given: &Given<'_>) -> Result<V1Key> {
    Ok(V1Key::new(given.text("key")?.as_bytes())?)
}

fn dialect(given: &Given<'_>) -> Result<Dialect> {
    let name = given.maybe_text("dialect")?.unwrap_or("any");
    Dialect::from_name(name).ok_or_else(|| Fault::Case(format!("dialect {name}")))
}

fn v1_mint(given: &Given<'_>) -> Result<Value> {
    Ok(json!({ "toki": v1_key(given)?.mint(given.number("now_ms")?)? }))
}

fn v1_verify(given: &Given<'_>) -> Result<Value> {
    let ts_ms = v1_key(given)?.verify(given.text("toki")?, dialect(given)?, given.number("now_ms")?)?;
    Ok(json!({ "ts_ms": ts_ms }))
}

fn v1_tokikey_mint(given: &Given<'_>) -> Result<Value> {
    Ok(json!({ "tokikey": v1_key(given)?.mint_tokikey(given.text("toki")?, given.number("now_ms")?)? }))
}

fn v1_tokikey_verify(given: &Given<'_>) -> Result<Value> {
    let (toki, tokikey) = (given.text("toki")?, given.text("tokikey")?);
    v1_key(given)?.verify_tokikey(toki, tokikey, dialect(given)?, given.number("now_ms")?)?;
    Ok(json!({}))
}
