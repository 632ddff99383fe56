//! What is on the socket: health, readiness, and an echo that needs a toki.

use super::Served;
use axum::extract::{DefaultBodyLimit, OriginalUri, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use bytes::Bytes;
use oscar::Verified;
use oscar::tcx::{TcxClient, TcxLayer};
use oscartoki::encoding::hex;
use oscartoki::sha256;
use serde_json::{Value, json};
use tower::ServiceExt as _;

pub fn app(served: &Served) -> Router {
    let mut app = Router::new()
        .route("/healthz", get(|| async { Json(json!({ "healthy": true })) }))
        .route("/readyz", get(readyz))
        .with_state(served.clone());
    if let Some(layer) = &served.oscar {
        let echoes = Router::new().route("/echo", any(echo)).route("/echo/", any(echo)).route("/echo/{*rest}", any(echo));
        // The limit of bodies is the layer's, not axum's.
        app = app.merge(echoes.layer(DefaultBodyLimit::disable()).route_layer(layer.clone()));
    }
    app = app.merge(served.tcx.as_ref().map(tcx_routes).unwrap_or_default());
    app = app.merge(served.hub.as_ref().map(oscar::hub::routes).unwrap_or_default());
    let (served, nothing) = (served.clone(), Router::new().fallback(|| async { StatusCode::NOT_FOUND }));
    app.fallback(|request: Request| unknown(served, nothing, request))
}

/// The authority, and an echo that needs TCX headers.
fn tcx_routes(layer: &TcxLayer) -> Router {
    let echoes =
        Router::new().route("/tcx/echo", any(tcx_echo)).route("/tcx/echo/", any(tcx_echo)).route("/tcx/echo/{*rest}", any(tcx_echo));
    oscar::tcx::routes(layer).merge(echoes.layer(DefaultBodyLimit::disable()).route_layer(layer.clone()))
}

async fn tcx_echo(client: TcxClient, method: Method, OriginalUri(uri): OriginalUri) -> Json<Value> {
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    Json(json!({ "app_id": client.app_id(), "type": client.kind(), "method": method.as_str(), "target": target }))
}

/// An unknown path: who signed the request gets a signed 404, everybody else a plain one, in the hub's form where there is one.
async fn unknown(served: Served, nothing: Router, request: Request) -> Response {
    match served.oscar {
        Some(layer) if request.headers().contains_key("oscartoki") => match nothing.layer(layer).oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        },
        _ if served.hub.is_some() => (StatusCode::NOT_FOUND, Json(json!({ "code": 404, "message": "Not Found" }))).into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn readyz(State(served): State<Served>) -> (StatusCode, Json<Value>) {
    match served.ready_in_ms() {
        0 => (StatusCode::OK, Json(json!({ "ready": true }))),
        wait_ms => (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "ready": false, "wait_ms": wait_ms }))),
    }
}

async fn echo(client: Verified, method: Method, OriginalUri(uri): OriginalUri, body: Bytes) -> Json<Value> {
    Json(json!({
        "client": client.kid_hex(),
        "session": client.sid().map(|sid| hex(&sid)),
        "method": method.as_str(),
        "target": uri.path_and_query().map_or("/", |target| target.as_str()),
        "body_sha256": (!body.is_empty()).then(|| hex(&sha256(&body))),
    }))
}
