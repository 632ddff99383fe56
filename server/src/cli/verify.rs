//! `verify`: the verdict for one captured request, by a service that has just started.

use super::args::VerifyArgs;
use super::inputs::{self, Address};
use super::output::{Failure, Said};
use oscartoki::encoding::hex;
use oscartoki::{
    AudienceKey, Candidate, Content, Headers, Keyring, MemoryReplayLog, OscarError, RequestRef, Service, ServiceConfig, Verdict, explain,
};
use serde_json::json;
use std::sync::Arc;

/// Judges it. The URL's authority is taken as this service's name.
pub fn verify(args: &VerifyArgs) -> Result<Said, Failure> {
    let Address { authority, target, .. } = inputs::address(&args.url)?;
    let body = inputs::body(args.body.as_ref())?;
    let given = args.headers.iter().map(|text| inputs::header(text)).collect::<Result<Vec<_>, _>>()?;
    let keys = inputs::key_text(args.key.as_deref(), "OSCAR_KEY", "--key FILE")?;
    let ring = Arc::new(Keyring::new(&args.audience).map_err(Failure::key)?);
    ring.load(&keys).map_err(|error| Failure::named(error.name(), ring.fault_in_keys(&keys).unwrap_or_default()))?;
    let now_ms = args.now_ms.unwrap_or_else(oscar::clock::now_ms);
    let config = ServiceConfig {
        authorities: vec![authority.to_owned()],
        ext: inputs::names(args.ext.as_deref()),
        max_ttl_s: args.max_ttl_s,
        first_start: true,
        max_body: i64::MAX,
        ..ServiceConfig::default()
    };
    let service = Service::new(config, ring.clone(), Arc::new(MemoryReplayLog::new(1024)), now_ms).map_err(refused_or_config)?;

    let pairs: Vec<_> = given.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
    let ext = service.ext().encode(&Headers::Pairs(&pairs)).map_err(|fault| Failure::refused(OscarError::Malformed(fault)))?;
    let content = if body.is_empty() { Content::None } else { Content::Bytes(&body) };
    let request =
        RequestRef { verb: args.method.as_bytes(), authority: authority.as_bytes(), target: target.as_bytes(), ext: &ext, content };
    let grant = args.grant.as_deref().map(str::as_bytes);
    match service.verify_ref(&request, Some(args.toki.as_bytes()), grant, now_ms) {
        Verdict::Accepted(verified) => {
            let (kid, sid) = (hex(&verified.kid()), verified.sid().map(|sid| hex(&sid)));
            let session = sid.as_ref().map(|sid| format!(" session {sid}")).unwrap_or_default();
            let text = format!("authentic: kid {kid}{session} at {} ms", verified.ts_ms());
            Ok(Said::text(text, json!({ "kid": kid, "sid": sid, "ts_ms": verified.ts_ms() })))
        }
        Verdict::Refused(refusal) => Err(refused(args, refusal.error(), &request, &keys)),
        Verdict::Pending(_) => Err(Failure::refused(OscarError::BodyMismatch("the content was not compared"))),
        Verdict::Handshake(_) => Err(Failure::refused(OscarError::Policy("the first step of v1 authorises nothing"))),
    }
}

/// The refusal; with `--explain`, what would make the MAC fit.
fn refused(args: &VerifyArgs, error: OscarError, request: &RequestRef<'_>, keys: &str) -> Failure {
    let failure = Failure::refused(error);
    if !args.explain || !matches!(error.name(), "bad_mac" | "malformed" | "unknown_key") {
        return failure;
    }
    let held: Vec<_> = inputs::key_lines(keys).enumerate().filter_map(|(at, line)| Some((at + 1, registered(line)?))).collect();
    let labels: Vec<_> = held.iter().map(|(at, _)| format!("the key in place {at} of the key file")).collect();
    let candidates: Vec<_> = held.iter().zip(&labels).map(|((_, key), label)| Candidate { key, label }).collect();
    let found = explain(&candidates, request, args.toki.as_bytes(), args.grant.as_deref().map(str::as_bytes));
    failure.explained(found.unwrap_or_else(|| "none of the usual alterations makes it fit".to_owned()))
}

/// The key of a line, under the kid that is registered for it.
fn registered(line: &str) -> Option<AudienceKey> {
    let mut words = line.split_whitespace();
    let key = AudienceKey::parse(words.next()?).ok()?;
    match words.next().and_then(|word| word.strip_prefix("kid=")) {
        Some(kid) => key.with_kid(&inputs::hex::<8>(kid, "a kid").ok()?).ok(),
        None => Some(key),
    }
}

/// A name that is no authority comes from the URL: it is what would be refused.
fn refused_or_config(error: OscarError) -> Failure {
    if error.name() == "malformed" { Failure::refused(error) } else { Failure::key(error) }
}
