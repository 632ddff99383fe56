//! What is on the socket: health, readiness, and an echo that needs a toki.

use axum::extract::{DefaultBodyLimit, OriginalUri, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use bytes::Bytes;
use oscar::tcx::{TcxClient, TcxLayer};
use oscar::{OscarLayer, Verified};
use oscartoki::encoding::hex;
use oscartoki::{Service, sha256};
use serde_json::{Value, json};
use std::sync::Arc;
use tower::ServiceExt as _;

pub fn app(layer: &OscarLayer, tcx: Option<&TcxLayer>) -> Router {
    let echoes = Router::new().route("/echo", any(echo)).route("/echo/", any(echo)).route("/echo/{*rest}", any(echo));
    // The limit of bodies is the layer's, not axum's.
    let echoes = echoes.layer(DefaultBodyLimit::disable()).route_layer(layer.clone());
    let nothing = Router::new().fallback(|| async { StatusCode::NOT_FOUND }).layer(layer.clone());
    Router::new()
        .route("/healthz", get(|| async { Json(json!({ "healthy": true })) }))
        .route("/readyz", get(readyz))
        .with_state(layer.service().clone())
        .merge(echoes)
        .merge(tcx.map(tcx_routes).unwrap_or_default())
        .fallback(|request: Request| unknown(nothing, request))
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

/// An unknown path: who signed the request gets a signed 404, everybody else a plain one.
async fn unknown(signed: Router, request: Request) -> Response {
    if !request.headers().contains_key("oscartoki") {
        return StatusCode::NOT_FOUND.into_response();
    }
    match signed.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

async fn readyz(State(service): State<Arc<Service>>) -> (StatusCode, Json<Value>) {
    let wait_ms = service.ready_at().saturating_sub(oscar::clock::now_ms());
    if wait_ms > 0 {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "ready": false, "wait_ms": wait_ms })));
    }
    (StatusCode::OK, Json(json!({ "ready": true })))
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
