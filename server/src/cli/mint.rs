//! `mint`: the headers of one request, for who sends it by other means.

use super::args::MintArgs;
use super::inputs::{self, Address};
use super::output::{Failure, Said};
use oscartoki::{Client, ClientConfig, Content, Headers, OscarError, RequestRef, SignOptions, SignedHeaders, hazmat, sha256, time};
use serde_json::{Map, Value, json};

/// Prints the header lines. The clock is trusted: there is no exchange that a probe could belong to.
pub fn mint(args: &MintArgs) -> Result<Said, Failure> {
    let Address { authority, target, .. } = inputs::address(&args.url)?;
    let body = inputs::body(args.body.as_ref())?;
    let given = args.headers.iter().map(|text| inputs::header(text)).collect::<Result<Vec<_>, _>>()?;
    let secret = inputs::secret(args.secret.as_deref())?;
    let config = ClientConfig { ext: inputs::names(args.ext.as_deref()), generation: args.generation, ..ClientConfig::default() };
    let client = Client::new(&secret, &args.audience, config).map_err(Failure::key)?;

    let pairs: Vec<_> = given.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
    let ext = client.request_ext(&Headers::Pairs(&pairs)).map_err(Failure::refused)?;
    let digest = (!body.is_empty()).then(|| sha256(&body));
    let content = digest.map_or(Content::None, Content::Digest);
    let request =
        RequestRef { verb: args.method.as_bytes(), authority: authority.as_bytes(), target: target.as_bytes(), ext: &ext, content };
    let options = SignOptions { trust_clock: true, ..SignOptions::default() };
    let now_ms = args.now_ms.unwrap_or_else(oscar::clock::now_ms);
    if !(1..time::TS_END).contains(&now_ms) {
        return Err(Failure::refused(OscarError::Unsignable("a time is 1 to 2^48 - 1 milliseconds")));
    }
    let mut signed = SignedHeaders::default();
    match &args.nonce {
        Some(nonce) => hazmat::sign(&client, &request, options, now_ms, None, inputs::hex(nonce, "a nonce")?, &mut signed),
        None => client.sign_ref(&request, options, now_ms, None, &mut signed),
    }
    .map_err(Failure::refused)?;

    let mut headers = Map::new();
    headers.insert("oscartoki".to_owned(), Value::from(signed.toki()));
    if let Some(digest) = digest {
        headers.insert("content-digest".to_owned(), Value::from(oscartoki::http::format_content_digest(&digest)));
    }
    let lines: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {}", value.as_str().unwrap_or_default())).collect();
    Ok(Said::text(lines.join("\n"), json!({ "headers": headers })))
}
