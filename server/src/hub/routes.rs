//! The hub's routes. Every refusal is `{code, message}`.

use super::admit::Admitted;
use super::socket::{self, MESSAGE_MAX};
use super::{Counters, Hub};
use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts as _, State};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use oscartoki::socktopus::{SocktopusKick, SocktopusSend};
use oscartoki::{OscarError, Secret};
use serde_json::json;
use std::sync::atomic::Ordering;

/// The longest body of `/send` and `/kick`, in bytes.
const BODY_MAX: usize = 1 << 20;
/// What the first read of a socket is given; a longer message grows it. axum's own 128 KiB would be held for every idle connection.
const READ_BUFFER: usize = 1 << 10;
/// So much is gathered before it is written.
const WRITE_BUFFER: usize = 8 << 10;

/// `/recieve` (so spelt), `/send`, `/kick` and the home page.
pub fn routes(hub: &Hub) -> Router {
    Router::new()
        .route("/recieve", any(recieve))
        .route("/send", any(send))
        .route("/kick", any(kick))
        .route("/", get(home))
        .with_state(hub.clone())
}

/// `{code, message}`.
pub fn fault(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "code": status.as_u16(), "message": message }))).into_response()
}

fn not_allowed(allow: &'static str) -> Response {
    ([(header::ALLOW, allow)], fault(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")).into_response()
}

/// 400 for what can't be read; one and the same 401 for what is not let in, so that it tells nothing.
fn refused(error: OscarError) -> Response {
    match error {
        OscarError::Missing(_) => fault(StatusCode::BAD_REQUEST, "a token is missing"),
        OscarError::Malformed(_) | OscarError::WrongKind(_) => fault(StatusCode::BAD_REQUEST, "malformed token"),
        _ => fault(StatusCode::UNAUTHORIZED, "Unauthorized"),
    }
}

async fn recieve(State(hub): State<Hub>, request: Request<Body>) -> Response {
    if request.method() != Method::GET {
        return not_allowed("GET");
    }
    let (mut parts, _) = request.into_parts();
    if !hub.may_come_from(&parts.headers) {
        return fault(StatusCode::FORBIDDEN, "this origin may not connect");
    }
    let mut token = None;
    let mut ticket = None;
    for (name, text) in form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
        let place = match &*name {
            "token" => &mut token,
            "oscartoki" => &mut ticket,
            _ => continue,
        };
        if place.replace(text.into_owned()).is_some() {
            return refused(OscarError::Malformed("one token"));
        }
    }
    // Before anything is spent: what is no websocket keeps its token.
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => {
            upgrade.read_buffer_size(READ_BUFFER).write_buffer_size(WRITE_BUFFER).max_frame_size(MESSAGE_MAX).max_message_size(MESSAGE_MAX)
        }
        Err(_) => {
            let what = match (&token, &ticket) {
                (None, None) => "a token is missing",
                _ => "this is a websocket",
            };
            return fault(StatusCode::BAD_REQUEST, what);
        }
    };
    if hub.0.draining.load(Ordering::Acquire) {
        return fault(StatusCode::SERVICE_UNAVAILABLE, "the hub goes away");
    }
    let origin = parts.headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok()).map(str::to_owned);
    let admitted: Result<Admitted, OscarError> = match (token, ticket) {
        (Some(_), Some(_)) => Err(OscarError::Malformed("a token or a ticket")),
        (Some(token), None) => hub.0.admit_token(&token),
        (None, Some(ticket)) if ticket.is_empty() && hub.0.service.is_some() => {
            return upgrade.on_upgrade(move |socket| socket::run_unnamed(hub, origin, socket));
        }
        (None, Some(ticket)) => hub.0.admit_ticket(&ticket, origin.as_deref()),
        (None, None) => Err(OscarError::Missing("a connection brings a token")),
    };
    match admitted {
        Ok(admitted) => upgrade.on_upgrade(move |socket| socket::run(hub, admitted, socket)),
        Err(error) => {
            Counters::count(&hub.0.counters.refused);
            tracing::debug!(error = error.name(), detail = error.detail(), "a connection was refused");
            refused(error)
        }
    }
}

async fn send(State(hub): State<Hub>, request: Request<Body>) -> Response {
    let body = match hub.body_of(request).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let Ok(send) = SocktopusSend::parse(&body) else { return fault(StatusCode::BAD_REQUEST, "malformed body") };
    if !hub.0.secrets.admits(&send.app, send.secret.as_bytes()) {
        return fault(StatusCode::UNAUTHORIZED, "Unauthorized");
    }
    let sent = hub.0.send(|recipient| hub.0.named(&send.app, recipient), send.messages);
    ([(header::CONTENT_TYPE, "application/json")], sent.to_json()).into_response()
}

async fn kick(State(hub): State<Hub>, request: Request<Body>) -> Response {
    let body = match hub.body_of(request).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let Ok(kick) = SocktopusKick::parse(&body) else { return fault(StatusCode::BAD_REQUEST, "malformed body") };
    if !hub.0.secrets.admits(&kick.app, kick.secret.as_bytes()) {
        return fault(StatusCode::UNAUTHORIZED, "Unauthorized");
    }
    for connection in &kick.connections {
        if let Some(address) = hub.0.named(&kick.app, connection) {
            hub.0.kick(&address);
        }
    }
    Json(200).into_response()
}

/// Counts for everybody; names of apps and connections are on the admin listener. The secret is made for this one look and kept nowhere.
async fn home(State(hub): State<Hub>) -> Response {
    let secret = Secret::generate().map(|secret| oscartoki::encoding::hex(&secret.kid_bytes(0).unwrap_or_default())).unwrap_or_default();
    let (apps, connections) = (hub.0.secrets.apps().count(), hub.connections());
    Html(format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>hub</title><meta name=color-scheme content='light dark'>\
         <h1>hub</h1><p>{apps} apps, {connections} connections</p><p>A fresh secret to paste: <code>YOURAPP_SOCKTOPUS_SECRET={secret}</code></p></html>"
    ))
    .into_response()
}

impl Hub {
    /// No Origin, one whose authority is Host, or one that is named.
    fn may_come_from(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let authority = origin.split_once("://").map(|(_, authority)| authority).unwrap_or_default();
        let own = match (normalised(authority), normalised(host)) {
            (Some(one), Some(other)) => one == other,
            _ => false,
        };
        own || self.0.origins.iter().any(|allowed| allowed.trim_end_matches('/').eq_ignore_ascii_case(origin))
    }

    /// A POST's body, of 1 MiB at most.
    async fn body_of(&self, request: Request<Body>) -> Result<Bytes, Response> {
        if request.method() != Method::POST {
            return Err(not_allowed("POST"));
        }
        if !self.may_come_from(request.headers()) {
            return Err(fault(StatusCode::FORBIDDEN, "this origin may not send"));
        }
        match Limited::new(request.into_body(), BODY_MAX).collect().await {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                Err(fault(StatusCode::PAYLOAD_TOO_LARGE, "a body has at most 1 MiB"))
            }
            Err(_) => Err(fault(StatusCode::BAD_REQUEST, "the body broke off")),
        }
    }
}

fn normalised(authority: &str) -> Option<String> {
    let mut room = [0; 255];
    let name = oscartoki::http::normalise_authority(authority.as_bytes(), &mut room).ok()?;
    Some(String::from_utf8_lossy(name).into_owned())
}
