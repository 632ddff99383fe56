//! The operations with steps, `service` and `client`: what a step does to what was built.

use super::given::{ANSWER, Fault, Given, KEY, MESSAGE, REQUEST, Result, URL};
use oscartoki::encoding::hex;
use oscartoki::replay::{MemoryReplayLog, ReplayLog};
use oscartoki::{
    AudienceKey, Client, ClientConfig, Keyring, OscarError, Service, ServiceConfig, Session, SignContext, SignOptions, SignedHeaders,
    Verdict, hazmat, http,
};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::Arc;

/// What was built, and what it remembers between steps.
pub enum Sequence {
    Service { service: Box<Service>, ring: Arc<Keyring> },
    Client { client: Client, sent: HashMap<usize, Sent> },
}

/// A signed request; its context is gone once an answer was judged.
pub struct Sent {
    probe: bool,
    context: Option<SignContext>,
}

impl Sequence {
    /// Builds what `op` names; `None` when the operation has no steps.
    pub fn build(op: &str, members: &Map<String, Value>) -> Option<Result<Self>> {
        match op {
            "service" => Some(build_service(members)),
            "client" => Some(build_client(members)),
            _ => None,
        }
    }

    /// The step at `index`.
    pub fn take(&mut self, index: usize, action: &str, members: &Map<String, Value>) -> Result<Value> {
        let of = |allowed: &str| Given::new(members, allowed);
        match (self, action) {
            (Self::Service { service, .. }, "verify") => verify(service, &of(&format!("{REQUEST}now_ms toki grant finish_body_hex"))?),
            (Self::Service { service, .. }, "message") => message(service, &of(&format!("{KEY}{MESSAGE}toki now_ms"))?),
            (Self::Service { service, .. }, "url") => url(service, &of(&format!("{KEY}{URL}now_ms"))?),
            (Self::Service { service, .. }, "ticket") => ticket(service, &of(&format!("{KEY}ticket origin now_ms"))?),
            (Self::Service { ring, .. }, "revoke_key") => revoked(ring.revoke_key(of("kid_hex now_ms")?.bytes("kid_hex")?)),
            (Self::Service { ring, .. }, "revoke_session") => {
                let given = of("kid_hex sid_hex now_ms")?;
                revoked(ring.revoke_session(given.bytes("kid_hex")?, given.bytes("sid_hex")?))
            }
            (Self::Service { ring, .. }, "revoke_issued_before") => {
                let given = of("kid_hex before_s now_ms")?;
                revoked(ring.revoke_issued_before(given.bytes("kid_hex")?, given.number("before_s")?))
            }
            (Self::Client { client, sent }, "sign") => {
                let given = of(&format!("{REQUEST}now_ms repeatable trust_clock resend_of nonce_hex"))?;
                sign(client, sent, index, &given)
            }
            (Self::Client { client, sent }, "accept") => accept(client, sent, &of(&format!("{ANSWER}of now_ms toki"))?),
            _ => Err(Fault::Case(format!("step {action}"))),
        }
    }
}

// A service

/// A fresh service with the one key of a verifying operation. An audience that is no authority leaves the names empty.
pub fn fresh_service(given: &Given<'_>) -> Result<Service> {
    let key = given.held_key()?;
    let audience = given.text("audience")?;
    let named = http::normalise_authority(audience.as_bytes(), &mut [0; 255]).is_ok();
    let authorities = if named { vec![audience.to_owned()] } else { Vec::new() };
    let config = ServiceConfig { authorities, first_start: true, ..ServiceConfig::default() };
    let ring = keyring(audience, &[key])?;
    Ok(Service::new(config, ring, Arc::new(MemoryReplayLog::exact(64)), given.number("now_ms")?)?)
}

fn keyring(audience: &str, keys: &[AudienceKey]) -> Result<Arc<Keyring>> {
    let ring = Keyring::new(if audience.is_empty() { "audience" } else { audience })?;
    keys.iter().try_for_each(|key| ring.add(key))?;
    Ok(Arc::new(ring))
}

fn build_service(members: &Map<String, Value>) -> Result<Sequence> {
    let given = Given::new(members, "keys authorities window_ms max_ttl_s start_ms first_start memory capacity steps")?;
    if let Some(memory) = given.maybe_text("memory")?.filter(|memory| *memory != "local") {
        return Err(Fault::Case(format!("memory {memory}")));
    }
    let (mut keys, mut audience) = (Vec::new(), "");
    for members in list(&given, "keys")? {
        let key = Given::new(object(members)?, KEY)?;
        if audience.is_empty() {
            audience = key.text("audience")?;
        }
        keys.push(key.held_key()?);
    }
    let name = |value: &Value| value.as_str().map(str::to_owned).ok_or_else(|| Fault::Case("an authority is no text".to_owned()));
    let usual = ServiceConfig::default();
    let config = ServiceConfig {
        authorities: list(&given, "authorities")?.iter().map(name).collect::<Result<_>>()?,
        window_ms: given.maybe_number("window_ms")?.unwrap_or(usual.window_ms),
        max_ttl_s: given.maybe_number("max_ttl_s")?.unwrap_or(usual.max_ttl_s),
        first_start: given.flag("first_start", true)?,
        ..usual
    };
    let capacity = usize::try_from(given.maybe_number("capacity")?.unwrap_or(1 << 14));
    let capacity = capacity.map_err(|_| Fault::Case("capacity is negative".to_owned()))?;
    let log: Arc<dyn ReplayLog> = Arc::new(MemoryReplayLog::exact(capacity));
    let ring = keyring(audience, &keys)?;
    let service = Service::new(config, ring.clone(), log, given.maybe_number("start_ms")?.unwrap_or(0))?;
    Ok(Sequence::Service { service: Box::new(service), ring })
}

fn list<'v>(given: &Given<'v>, name: &str) -> Result<&'v [Value]> {
    match given.get(name) {
        None => Ok(&[]),
        Some(value) => value.as_array().map(Vec::as_slice).ok_or_else(|| Fault::Case(format!("{name} is no list"))),
    }
}

pub fn object(value: &Value) -> Result<&Map<String, Value>> {
    value.as_object().ok_or_else(|| Fault::Case("no object where one is needed".to_owned()))
}

/// What a layer does: verifies, then finishes by what arrived, which is what was promised unless the case says otherwise.
pub fn verify(service: &Service, given: &Given<'_>) -> Result<Value> {
    let (toki, grant) = (given.header("toki")?, given.header("grant")?);
    let verdict = match service.verify_ref(&given.request()?, toki, grant, given.number("now_ms")?) {
        Verdict::Pending(pending) => {
            let arrived = match given.maybe_bytes("finish_body_hex")? {
                Some(body) => (!body.is_empty()).then(|| oscartoki::sha256(&body)),
                None => given.digest()?,
            };
            pending.finish(arrived.as_ref())
        }
        verdict => verdict,
    };
    match verdict {
        Verdict::Accepted(request) => Ok(json!({
            "kid_hex": hex(&request.kid()), "sid_hex": request.sid().map(|sid| hex(&sid)), "ts_ms": request.ts_ms(),
            "nonce_hex": hex(&request.nonce()), "want": request.want(),
        })),
        Verdict::Refused(refusal) => Err(refusal.error().into()),
        Verdict::Pending(_) | Verdict::Handshake(_) => Err(Fault::Case("a verdict that toki v2 does not end with".to_owned())),
    }
}

/// No shared memory, and one day as the longest life.
pub fn message(service: &Service, given: &Given<'_>) -> Result<Value> {
    let made = service.verify_message_ref(&given.message()?, given.header("toki")?, None, None, given.number("now_ms")?)?;
    Ok(json!({ "kid_hex": hex(&made.kid()), "ts_ms": made.ts_ms(), "ttl_s": made.ttl_s(), "verdict": made.freshness().name() }))
}

pub fn url(service: &Service, given: &Given<'_>) -> Result<Value> {
    let made = service.verify_url_ref(&given.request()?, false, given.number("now_ms")?)?;
    Ok(json!({ "kid_hex": hex(&made.kid), "exp_ms": made.exp_ms }))
}

pub fn ticket(service: &Service, given: &Given<'_>) -> Result<Value> {
    let made = service.verify_ticket_ref(given.header("ticket")?, given.header("origin")?, false, given.number("now_ms")?)?;
    Ok(json!({ "kid_hex": hex(&made.kid), "connection_hex": hex(&made.connection), "ts_ms": made.ts_ms }))
}

/// The line that a revocation adds to its file is not looked at.
fn revoked(line: oscartoki::Result<String>) -> Result<Value> {
    line?;
    Ok(json!({}))
}

// A client

fn build_client(members: &Map<String, Value>) -> Result<Sequence> {
    let given = Given::new(members, &format!("{KEY}delegated steps"))?;
    let config = ClientConfig::default();
    let client = match given.maybe_text("delegated")? {
        Some(text) => Client::from_session(&Session::parse(text)?, config)?,
        None => Client::from_audience_key(&given.key()?, config)?,
    };
    Ok(Sequence::Client { client, sent: HashMap::new() })
}

fn sign(client: &Client, sent: &mut HashMap<usize, Sent>, index: usize, given: &Given<'_>) -> Result<Value> {
    let options = SignOptions {
        repeatable: given.flag("repeatable", false)?,
        trust_clock: given.flag("trust_clock", false)?,
        resend: given.maybe_number("resend_of")?.is_some(),
        ..SignOptions::default()
    };
    let (nonce, now_ms) = (given.eight("nonce_hex")?, given.number("now_ms")?);
    let mut signed = SignedHeaders::default();
    match hazmat::sign(client, &given.request()?, options, now_ms, None, nonce, &mut signed) {
        Ok(context) => {
            sent.insert(index, Sent { probe: context.is_probe(), context: Some(context) });
            Ok(json!({ "probe": signed.is_probe(), "toki": signed.toki(), "grant": signed.grant() }))
        }
        // Every error means that nothing was sent.
        Err(error) => Ok(json!({ "error": error.name(), "may_have_run": false, "signed": false, "resend": false })),
    }
}

fn accept(client: &Client, sent: &mut HashMap<usize, Sent>, given: &Given<'_>) -> Result<Value> {
    let index = usize::try_from(given.number("of")?).ok();
    let answer = given.answer(OscarError::Malformed("a status is 0 to 65,535"))?;
    let (toki, grant, now_ms) = (given.header("toki")?, given.header("grant")?, given.number("now_ms")?);
    let sent = index.and_then(|index| sent.get_mut(&index)).ok_or_else(|| Fault::Case("of: no such request".to_owned()))?;
    // `accept_ref` takes the context away, so that a second answer can't even be asked about: to a case that is `replayed`.
    let Some(context) = sent.context.take() else {
        return Ok(json!({ "error": "replayed", "may_have_run": !sent.probe, "signed": false, "resend": false }));
    };
    let outcome = client.accept_ref(context, &answer, toki, grant, now_ms, None);
    let mut told = json!({
        "code": outcome.code, "resend": outcome.resend, "offset_ms": outcome.offset_ms, "sid_hex": outcome.adopted.map(|sid| hex(&sid)),
        "grant_error": outcome.grant_error.map(|error| error.name()), "may_have_run": outcome.may_have_run, "signed": outcome.signed,
    });
    if let Some(error) = outcome.error {
        told["error"] = json!(error.name());
    }
    Ok(told)
}
