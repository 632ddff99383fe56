//! The hub's routes. Every refusal is `{code, message}`.

use super::admit::Admitted;
use super::command::{PROTOCOL, is_name};
use super::registry::{Address, App};
use super::socket::{self, MESSAGE_MAX};
use super::{Counters, Hub, events};
use crate::{OscarLayer, Verified};
use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts as _, State};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use oscartoki::socktopus::{SocktopusKick, SocktopusMessage, SocktopusSend};
use oscartoki::{Kid, OscarError, Secret, Version};
use serde::Deserialize;
use serde_json::json;
use std::sync::atomic::Ordering;
use tower::ServiceExt as _;

/// The longest body of `/send` and `/kick`, in bytes.
const BODY_MAX: usize = 1 << 20;
/// What the first read of a socket is given; a longer message grows it. axum's own 128 KiB would be held for every idle connection.
const READ_BUFFER: usize = 1 << 10;
/// So much is gathered before it is written.
const WRITE_BUFFER: usize = 8 << 10;

/// `/recieve` (so spelt), `/send`, `/kick` and the home page of Socktopus; `/events`, `/publish`, `/presence` and `/history` beyond it.
/// What an app does with its secret, a holder of a key does by signing the request.
pub fn routes(hub: &Hub) -> Router {
    let acts = Router::new()
        .route("/send", any(send))
        .route("/kick", any(kick))
        .route("/publish", any(publish))
        .route("/presence", any(presence))
        .route("/history", any(history))
        .with_state(hub.clone());
    let signed = hub.0.service.clone().map(|service| acts.clone().layer(OscarLayer::new(service)));
    let act = move |request: Request<Body>| async move {
        let router = match signed {
            Some(signed) if request.headers().contains_key("oscartoki") => signed,
            _ => acts,
        };
        match router.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    };
    let act = any(act);
    let mut app = Router::new();
    for path in ["/send", "/kick", "/publish", "/presence", "/history"] {
        app = app.route(path, act.clone());
    }
    app.merge(Router::new().route("/recieve", any(recieve)).route("/events", any(events)).route("/", get(home)).with_state(hub.clone()))
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
    let given = match Given::of(parts.uri.query()) {
        Ok(given) => given,
        Err(error) => return refused(error),
    };
    // Before anything is spent: what is no websocket keeps its token.
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => {
            upgrade.read_buffer_size(READ_BUFFER).write_buffer_size(WRITE_BUFFER).max_frame_size(MESSAGE_MAX).max_message_size(MESSAGE_MAX)
        }
        Err(_) => {
            let is_none = given.token.is_none() && given.ticket.is_none();
            return fault(StatusCode::BAD_REQUEST, if is_none { "a token is missing" } else { "this is a websocket" });
        }
    };
    if hub.0.draining.load(Ordering::Acquire) {
        return fault(StatusCode::SERVICE_UNAVAILABLE, "the hub goes away");
    }
    let origin = origin_of(&parts.headers);
    let upgrade = upgrade.protocols([PROTOCOL]);
    let speaks = upgrade.selected_protocol().is_some();
    if given.ticket.as_deref() == Some("") && given.token.is_none() && hub.0.service.is_some() {
        return upgrade.on_upgrade(move |socket| socket::run_unnamed(hub, origin, speaks, socket));
    }
    match hub.admit(&given, origin.as_deref()) {
        Ok(admitted) => upgrade.on_upgrade(move |socket| socket::run(hub, admitted, speaks, socket)),
        Err(error) => refused(error),
    }
}

/// The same without a websocket.
async fn events(State(hub): State<Hub>, request: Request<Body>) -> Response {
    if request.method() != Method::GET {
        return not_allowed("GET");
    }
    if !hub.may_come_from(request.headers()) {
        return fault(StatusCode::FORBIDDEN, "this origin may not connect");
    }
    if hub.0.draining.load(Ordering::Acquire) {
        return fault(StatusCode::SERVICE_UNAVAILABLE, "the hub goes away");
    }
    let given = match Given::of(request.uri().query()) {
        Ok(given) => given,
        Err(error) => return refused(error),
    };
    if given.channel.as_deref().is_some_and(|name| !is_name(name)) {
        return fault(StatusCode::BAD_REQUEST, "a channel's name has 1 to 255 bytes");
    }
    // A browser that reconnects by itself says it in the header; one that brings a new token says it in the query.
    let header = request.headers().get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let from = header.or_else(|| given.last_event_id.clone()).as_deref().and_then(events::position_of);
    match hub.admit(&given, origin_of(request.headers()).as_deref()) {
        Ok(admitted) => events::run(hub, admitted, given.channel.as_deref(), from.as_ref()),
        Err(error) => refused(error),
    }
}

/// What a query says.
#[derive(Default)]
struct Given {
    token: Option<String>,
    ticket: Option<String>,
    channel: Option<String>,
    last_event_id: Option<String>,
}

impl Given {
    fn of(query: Option<&str>) -> Result<Self, OscarError> {
        let mut given = Self::default();
        for (name, text) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            let place = match &*name {
                "token" => &mut given.token,
                "oscartoki" => &mut given.ticket,
                "channel" => &mut given.channel,
                "last_event_id" => &mut given.last_event_id,
                _ => continue,
            };
            if place.replace(text.into_owned()).is_some() {
                return Err(OscarError::Malformed("each once"));
            }
        }
        if given.token.is_some() && given.ticket.is_some() { Err(OscarError::Malformed("a token or a ticket")) } else { Ok(given) }
    }
}

fn origin_of(headers: &HeaderMap) -> Option<String> {
    headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok()).map(str::to_owned)
}

async fn send(State(hub): State<Hub>, request: Request<Body>) -> Response {
    let (signer, body) = match hub.asked(request).await {
        Ok(asked) => asked,
        Err(response) => return response,
    };
    let (app, messages) = match signer {
        None => match SocktopusSend::parse(&body) {
            Ok(send) => (hub.admitted_app(&send.app, &send.secret), send.messages),
            Err(_) => return malformed(),
        },
        Some(kid) => match serde_json::from_slice::<SignedSend>(&body) {
            Ok(send) => (Some(App::Kid(kid)), send.messages.into_iter().map(Message::into).collect()),
            Err(_) => return malformed(),
        },
    };
    let Some(app) = app else { return unauthorized() };
    let sent = hub.0.send(|recipient| Address { app, connection: recipient.to_owned() }, messages);
    json_text(sent.to_json())
}

async fn kick(State(hub): State<Hub>, request: Request<Body>) -> Response {
    let (signer, body) = match hub.asked(request).await {
        Ok(asked) => asked,
        Err(response) => return response,
    };
    let (app, connections) = match signer {
        None => match SocktopusKick::parse(&body) {
            Ok(kick) => (hub.admitted_app(&kick.app, &kick.secret), kick.connections),
            Err(_) => return malformed(),
        },
        Some(kid) => match serde_json::from_slice::<SignedKick>(&body) {
            Ok(kick) => (Some(App::Kid(kid)), kick.connections),
            Err(_) => return malformed(),
        },
    };
    let Some(app) = app else { return unauthorized() };
    for connection in connections {
        hub.0.kick(&Address { app, connection });
    }
    Json(200).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignedSend {
    messages: Vec<Message>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    recipient: String,
    content: String,
}

impl From<Message> for SocktopusMessage {
    fn from(message: Message) -> Self {
        Self { recipient: message.recipient, content: message.content }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignedKick {
    connections: Vec<String>,
}

/// What is asked of a channel: with an app's secret, or signed and without one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct OfChannel {
    secret_name: Option<String>,
    secret: Option<String>,
    channel: String,
    content: Option<String>,
    limit: Option<usize>,
}

async fn publish(State(hub): State<Hub>, request: Request<Body>) -> Response {
    let (app, asked) = match hub.of_channel(request).await {
        Ok(asked) => asked,
        Err(response) => return response,
    };
    let Some(content) = asked.content else { return malformed() };
    let (position, queued) = hub.0.publish(app, &asked.channel, &content);
    Json(json!({ "epoch": position.epoch, "offset": position.offset, "subscribers": queued })).into_response()
}

async fn presence(State(hub): State<Hub>, request: Request<Body>) -> Response {
    match hub.of_channel(request).await {
        Ok((app, asked)) => Json(hub.0.presence_of(app, &asked.channel)).into_response(),
        Err(response) => response,
    }
}

async fn history(State(hub): State<Hub>, request: Request<Body>) -> Response {
    match hub.of_channel(request).await {
        Ok((app, asked)) => json_text(hub.0.history_of(app, &asked.channel, asked.limit)),
        Err(response) => response,
    }
}

fn malformed() -> Response {
    fault(StatusCode::BAD_REQUEST, "malformed body")
}

fn unauthorized() -> Response {
    fault(StatusCode::UNAUTHORIZED, "Unauthorized")
}

fn json_text(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
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
    /// Lets in by what the query says.
    fn admit(&self, given: &Given, origin: Option<&str>) -> Result<Admitted, OscarError> {
        let admitted = match (&given.token, &given.ticket) {
            (Some(token), _) => self.0.admit_token(token),
            (None, Some(ticket)) if !ticket.is_empty() => self.0.admit_ticket(ticket, origin),
            _ => Err(OscarError::Missing("a connection brings a token")),
        };
        if let Err(error) = &admitted {
            Counters::count(&self.0.counters.refused);
            tracing::debug!(error = error.name(), detail = error.detail(), "a connection was refused");
        }
        admitted
    }

    /// The app, when this is its secret.
    fn admitted_app(&self, app: &str, secret: &str) -> Option<App> {
        if self.0.secrets.admits(app, secret.as_bytes()) { self.0.app(app) } else { None }
    }

    /// A POST's body and, where it was signed by v2, whose it is. v1 proves nothing of what is asked.
    async fn asked(&self, request: Request<Body>) -> Result<(Option<Kid>, Bytes), Response> {
        let signer = match request.extensions().get::<Verified>() {
            Some(verified) if verified.version() == Version::V2 => Some(verified.kid()),
            Some(_) => return Err(unauthorized()),
            None => None,
        };
        Ok((signer, self.body_of(request).await?))
    }

    async fn of_channel(&self, request: Request<Body>) -> Result<(App, OfChannel), Response> {
        let (signer, body) = self.asked(request).await?;
        let asked: OfChannel = serde_json::from_slice(&body).map_err(|_| malformed())?;
        let app = match (signer, &asked.secret_name, &asked.secret) {
            (Some(kid), None, None) => App::Kid(kid),
            (None, Some(name), Some(secret)) => self.admitted_app(name, secret).ok_or_else(unauthorized)?,
            _ => return Err(malformed()),
        };
        if is_name(&asked.channel) { Ok((app, asked)) } else { Err(malformed()) }
    }

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
