//! The admin listener: metrics, who is connected, and the operator's acts. It belongs on loopback, or behind a proxy that asks who comes.

use super::{Served, metrics};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::Stream;
use oscar::hub::{Hub, Listed};
use oscartoki::encoding::unhex;
use serde::Deserialize;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How often the page hears what changed.
const TICK: Duration = Duration::from_secs(1);
/// So many connections are shown; the rest is counted.
const SHOWN: usize = 500;

pub fn app(served: &Served) -> Router {
    Router::new()
        .route("/", get(|| async { Html(include_str!("admin.html")) }))
        .route("/live", get(live))
        .route("/metrics", get(prometheus))
        .route("/connections", get(connections))
        .route("/kick", post(kick))
        .route("/revoke", post(revoke))
        .with_state(served.clone())
}

async fn prometheus(State(served): State<Served>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], metrics::metrics(&served))
}

/// Who is connected to the hub.
async fn connections(State(served): State<Served>) -> Json<Value> {
    let list = served.hub.as_ref().map(Hub::list).unwrap_or_default();
    Json(json!({ "connections": list.iter().map(object).collect::<Vec<_>>() }))
}

fn object(one: &Listed) -> Value {
    json!({ "app": one.app, "connection": one.connection, "generation": one.generation, "since_ms": one.since_ms, "issued_ms": one.issued_ms })
}

/// A page is told every second; only what changes is worth a look, but all of it is small.
async fn live(State(served): State<Served>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let stream = futures_util::stream::unfold((served, true), |(served, first)| async move {
        if !first {
            tokio::time::sleep(TICK).await;
        }
        let event = Event::default().json_data(state(&served)).unwrap_or_default();
        Some((Ok(event), (served, false)))
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}

fn state(served: &Served) -> Value {
    let counted = served.oscar.as_ref().map(|layer| layer.service().counters());
    let tokis = counted.map(|counters| json!({ "accepted": counters.accepted, "refused": counters.refused.values().sum::<i64>() }));
    let hub = served.hub.as_ref().map(|hub| {
        let (counters, list) = (hub.counters(), hub.list());
        let number = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        json!({
            "connections": list.len(),
            "channels": hub.channels(),
            "delivered": number(&counters.delivered),
            "failed": number(&counters.failed),
            "kicked": number(&counters.kicked),
            "slow": number(&counters.slow),
            "refused": number(&counters.refused),
            "list": list.iter().take(SHOWN).map(object).collect::<Vec<_>>(),
        })
    });
    json!({ "now_ms": oscar::clock::now_ms(), "tokis": tokis, "hub": hub })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kick {
    app: String,
    connection: String,
}

/// Ends a connection, and takes back what was issued to its id.
async fn kick(State(served): State<Served>, headers: HeaderMap, body: String) -> Response {
    if !is_own_page(&headers) {
        return told(StatusCode::FORBIDDEN, "another origin's page may not act here");
    }
    match (&served.hub, serde_json::from_str::<Kick>(&body)) {
        (Some(hub), Ok(kick)) if hub.kick(&kick.app, &kick.connection) => Json(200).into_response(),
        (Some(_), Ok(_)) => told(StatusCode::NOT_FOUND, "no such app"),
        (None, _) => told(StatusCode::NOT_FOUND, "there is no hub"),
        (_, Err(_)) => told(StatusCode::BAD_REQUEST, "a kick names app and connection"),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Revoke {
    kid: String,
    sid: Option<String>,
    before_s: Option<i64>,
}

/// Revokes a key, one of its sessions, or what it issued before a second: at once here, and in the file of revocations for everybody else.
async fn revoke(State(served): State<Served>, headers: HeaderMap, body: String) -> Response {
    if !is_own_page(&headers) {
        return told(StatusCode::FORBIDDEN, "another origin's page may not act here");
    }
    let (Some(layer), Ok(revoke)) = (&served.oscar, serde_json::from_str::<Revoke>(&body)) else {
        return told(StatusCode::BAD_REQUEST, "a revocation names kid, and sid or before_s");
    };
    let ring = layer.service().keyring();
    let kid = unhex(&revoke.kid).unwrap_or_default();
    let line = match (revoke.sid.as_deref().map(|sid| unhex(sid).unwrap_or_default()), revoke.before_s) {
        (None, None) => ring.revoke_key(kid),
        (Some(sid), None) => ring.revoke_session(kid, sid),
        (None, Some(before_s)) => ring.revoke_issued_before(kid, before_s),
        (Some(_), Some(_)) => return told(StatusCode::BAD_REQUEST, "sid or before_s"),
    };
    let line = match line {
        Ok(line) => line,
        Err(error) => return told(StatusCode::BAD_REQUEST, error.detail()),
    };
    if let Some(hub) = &served.hub {
        hub.sweep();
    }
    let Some(files) = &served.files else { return Json(json!({ "revoked": line, "filed": false })).into_response() };
    match files.append(&line) {
        Ok(()) => Json(json!({ "revoked": line, "filed": files.sources().revocations.is_some() })).into_response(),
        Err(error) => {
            tracing::error!(error = %error, "a revocation is in force here alone");
            told(StatusCode::INTERNAL_SERVER_ERROR, "revoked in this process, but the file could not be written")
        }
    }
}

/// A page of another origin can make a browser post: it must not act with the operator's reach.
fn is_own_page(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|text| text.to_str().unwrap_or_default());
    match (text(header::ORIGIN), text(header::HOST)) {
        (None, _) => true,
        (Some(origin), host) => {
            origin.split_once("://").is_some_and(|(_, authority)| host.is_some_and(|host| authority.eq_ignore_ascii_case(host)))
        }
    }
}

fn told(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "code": status.as_u16(), "message": message }))).into_response()
}
