//! The two routes of the authority.

use super::layer::{TcxLayer, answer, blocking, read};
use super::params::{Kind, Params};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use bytes::Bytes;
use http::Request;
use oscartoki::OscarError;
use oscartoki::tcx::{TCX_AUTHORIZE_PATH, TCX_REAUTHORIZE_PATH, TcxCall, TcxParam, TcxRoute, TcxVerdict};
use serde_json::{Value, json};

/// `POST /tcx/authorize` and `POST /tcx/reauthorize`, with JSON or a form.
pub fn routes(layer: &TcxLayer) -> Router {
    Router::new().route(TCX_AUTHORIZE_PATH, post(authorize)).route(TCX_REAUTHORIZE_PATH, post(reauthorize)).with_state(layer.clone())
}

async fn params(request: Request<Body>) -> Params {
    let (parts, body) = request.into_parts();
    let bytes = read(body).await;
    let mut params = Params::read(parts.uri.query(), Kind::of(&parts.headers), bytes.as_ref().unwrap_or(&Bytes::new()));
    params.has_other_than_text |= bytes.is_none();
    params
}

async fn authorize(State(layer): State<TcxLayer>, request: Request<Body>) -> Response {
    let params = params(request).await;
    let granted = blocking({
        let layer = layer.clone();
        move || {
            let covered: Vec<TcxParam> = params.texts.iter().filter(|param| param.name != "app_pass").cloned().collect();
            let call = TcxCall {
                app_id: params.text("app_id"),
                app_pass: params.text("app_pass"),
                params: &covered,
                has_other_than_text: params.has_other_than_text,
                ..TcxCall::default()
            };
            layer.authority.authorize(&call, (layer.clock)())
        }
    })
    .await;
    told(
        &layer,
        TcxRoute::Authorize,
        granted.map(|data| json!({ "token": data.token, "refresh": data.refresh, "expired_at": data.expired_at })),
    )
}

async fn reauthorize(State(layer): State<TcxLayer>, request: Request<Body>) -> Response {
    let params = params(request).await;
    let renewed = blocking({
        let layer = layer.clone();
        move || layer.authority.reauthorize(params.text("app_id"), params.text("token"), (layer.clock)())
    })
    .await;
    told(&layer, TcxRoute::Reauthorize, renewed.map(|data| json!({ "refresh": data.refresh, "expired_at": data.expired_at })))
}

fn told(layer: &TcxLayer, route: TcxRoute, came: Result<Value, (TcxVerdict, OscarError)>) -> Response {
    match (came, layer.authority.success(route)) {
        (Ok(data), Some(verdict)) => answer(&verdict, data),
        (Err((verdict, error)), _) => {
            tracing::debug!(code = verdict.status_code, error = error.name(), detail = error.detail(), "TCX refused");
            answer(&verdict, Value::Null)
        }
        (Ok(_), None) => http::StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
