//! `curl`: one request with the client rules of section 7.

use super::args::CurlArgs;
use super::inputs;
use super::output::{Failure, Output, Said};
use super::session::SessionFile;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use oscar::client::{SendError, SignedClient, ToSend, Verified, idempotency_key, is_ours};
use oscartoki::{Client, ClientConfig, OscarError, Rolling, Secret, Session, SignOptions};
use reqwest::Url;
use serde_json::json;
use std::path::Path;
use std::time::Duration;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Sends it and prints the answer.
pub fn curl(args: CurlArgs, output: Output) -> Result<Said, Failure> {
    let url = url(&args.url)?;
    let body = args.data.as_deref().map_or(Ok(Vec::new()), data)?;
    let method = args.method.clone().unwrap_or_else(|| if args.data.is_some() { "POST".to_owned() } else { "GET".to_owned() });
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| Failure::usage("a method is letters, digits and -"))?;
    let mut headers = headers(&args.headers)?;
    if args.repeatable && !headers.contains_key(IDEMPOTENCY_KEY) {
        let key = HeaderValue::try_from(idempotency_key().map_err(Failure::refused)?).map_err(|error| Failure::usage(error.to_string()))?;
        headers.insert(IDEMPOTENCY_KEY, key);
    }
    if args.data.is_some() && !headers.contains_key(http::header::CONTENT_TYPE) {
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    }
    let client = client(&args, &url)?;
    let mut sender = SignedClient::configured(client, |http| http.timeout(Duration::from_secs(args.timeout_s)))
        .map_err(|error| Failure::config(error.to_string()))?;
    if let Some(now_ms) = args.now_ms {
        let started = oscar::clock::mono_ms();
        sender = sender.with_clock(move || now_ms + oscar::clock::mono_ms() - started);
    }
    let options = SignOptions {
        repeatable: args.repeatable,
        trust_clock: args.trust_clock,
        verify_first: args.verify_first,
        stream: args.stream,
        ..SignOptions::default()
    };
    let request = ToSend { method, url, headers, body: body.into(), options };

    let session = args.session.as_deref().map(|path| SessionFile::open(path, sender.client())).transpose()?;
    let runtime = super::serve::runtime(false)?;
    let sent = runtime.block_on(sender.send(request));
    if let Some(session) = session {
        session.keep(sender.client())?;
    }
    match sent {
        Ok(answer) => said(answer, args.fail),
        Err(error) => Err(failed(error, output)),
    }
}

/// The client of a root secret, or of a handed-out session.
fn client(args: &CurlArgs, url: &Url) -> Result<Client, Failure> {
    let mut ext = inputs::names(args.ext.as_deref());
    if args.repeatable && !ext.iter().any(|name| name.eq_ignore_ascii_case("idempotency-key")) {
        ext.push("idempotency-key".to_owned());
    }
    let config = ClientConfig {
        ext,
        answer_ext: inputs::names(args.answer_ext.as_deref()),
        roll: if args.roll_every { Rolling::Every } else { Rolling::Auto },
        max_answer: args.max_answer,
        generation: args.generation,
        ..ClientConfig::default()
    };
    let text = inputs::key_text(args.secret.as_deref(), "OSCAR_SECRET", "--secret FILE")?;
    let line = inputs::only_line(&text)?;
    if line.starts_with("oz2.") {
        let session = Session::parse(line).map_err(Failure::key)?;
        return Client::from_session(&session, config).map_err(Failure::key);
    }
    let secret = Secret::parse(line).map_err(Failure::key)?;
    let audience = match &args.audience {
        Some(name) => name.clone(),
        None => authority_of(url),
    };
    Client::new(&secret, &audience, config).map_err(Failure::key)
}

/// The normalised authority of a parsed URL: its host, and the port that is not the scheme's.
fn authority_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) if port != 80 && port != 443 => format!("{host}:{port}"),
        _ => host.to_owned(),
    }
}

fn url(text: &str) -> Result<Url, Failure> {
    let url = Url::parse(text).map_err(|error| Failure::usage(format!("the URL can't be read: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
        return Err(Failure::usage("a URL begins with http:// or https:// and names no user"));
    }
    Ok(url)
}

/// `TEXT`, `@FILE`, or `@-` for stdin.
fn data(text: &str) -> Result<Vec<u8>, Failure> {
    text.strip_prefix('@').map_or_else(|| Ok(text.as_bytes().to_vec()), |file| inputs::read(Path::new(file)))
}

fn headers(given: &[String]) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    for text in given {
        let (name, value) = inputs::header(text)?;
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Failure::usage("a header's name is a token"))?;
        let value = HeaderValue::from_str(&value).map_err(|_| Failure::usage("a header's value is one line of text"))?;
        if is_ours(&name) {
            return Err(Failure::usage(format!("{name} is set by oscar")));
        }
        headers.append(name, value);
    }
    Ok(headers)
}

fn said(answer: Verified, fail: bool) -> Result<Said, Failure> {
    let status = answer.status.as_u16();
    let object = json!({
        "status": status,
        "verified": answer.outcome.signed,
        "code": answer.outcome.code,
        "in_session": answer.effort.in_session,
        "requests": answer.effort.requests,
        "resent": answer.effort.resent,
        "probed": answer.effort.probed,
        "offset_ms": answer.outcome.offset_ms,
        "grant_error": answer.outcome.grant_error.map(|error| error.name()),
        "body": String::from_utf8_lossy(&answer.body),
    });
    let said = Said::bytes(answer.body.to_vec(), object);
    if fail && status >= 400 { Err(Failure::status(status, said)) } else { Ok(said) }
}

fn failed(error: SendError, output: Output) -> Failure {
    match error {
        SendError::Refused { outcome, hint, .. } => {
            let detail = outcome.error.as_ref().map(OscarError::detail).unwrap_or_default();
            let hint = hint.filter(|_| !output.json).map(|hint| format!(" (the unsigned answer says {hint})")).unwrap_or_default();
            Failure::outcome(&outcome, Some(format!("{detail}{hint}")))
        }
        SendError::Network { reason, may_have_run } => Failure::network(reason, may_have_run),
        SendError::Unsendable(error) => Failure::refused(error),
    }
}
