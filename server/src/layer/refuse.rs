//! Answers that the layer makes itself: refusals, the first step of v1, and its own failures.

use axum::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use oscartoki::{Handshake, Refusal};
use serde_json::json;

pub const TOKI: HeaderName = HeaderName::from_static("oscartoki");
pub const GRANT: HeaderName = HeaderName::from_static("oscartokikey");
pub const ERROR: HeaderName = HeaderName::from_static("oscartoki-error");

/// The answer to a refused request, before it is signed. It says its reason to people; clients read the code in the toki.
pub fn response(refusal: &Refusal, head_only: bool) -> Response<Body> {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::FORBIDDEN);
    let error = refusal.error();
    let mut response = if head_only || status == StatusCode::NO_CONTENT {
        empty(status)
    } else {
        object(status, &json!({ "error": error.name(), "sentence": error.detail() }))
    };
    if !refusal.is_signed() {
        response.headers_mut().insert(ERROR, HeaderValue::from_static(error.name()));
    }
    if refusal.www_authenticate() || status == StatusCode::UNAUTHORIZED {
        ask_for_a_toki(response.headers_mut());
    }
    response
}

/// `WWW-Authenticate: oscartoki`, beside what a handler may have put there.
pub fn ask_for_a_toki(headers: &mut HeaderMap) {
    let ours = HeaderValue::from_static("oscartoki");
    if !headers.get_all(header::WWW_AUTHENTICATE).iter().any(|value| *value == ours) {
        headers.append(header::WWW_AUTHENTICATE, ours);
    }
}

/// A v1 refusal, in its own form: no toki is ever minted on one.
pub fn v1(refusal: &Refusal, body: String) -> Response<Body> {
    tracing::debug!(error = refusal.error().name(), detail = refusal.error().detail(), "v1 refused");
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::FORBIDDEN);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(ERROR, HeaderValue::from_static(refusal.error().name()));
    if response.status() == StatusCode::UNAUTHORIZED {
        ask_for_a_toki(response.headers_mut());
    }
    response
}

/// The first step of v1.
pub fn handshake(handshake: &Handshake) -> Response<Body> {
    let Ok(toki) = HeaderValue::from_str(handshake.toki()) else { return broken("a v1 toki that is no header") };
    let mut response = Response::new(Body::from(handshake.body()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(TOKI, toki);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    response
}

/// The request's body broke off, so that nothing can be judged.
pub fn cut_off() -> Response<Body> {
    empty(StatusCode::BAD_REQUEST)
}

/// A failure of this side.
pub fn broken(why: &'static str) -> Response<Body> {
    tracing::error!(why, "the layer failed");
    object(StatusCode::INTERNAL_SERVER_ERROR, &json!({ "error": "internal", "sentence": why }))
}

pub fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn object(status: StatusCode, object: &serde_json::Value) -> Response<Body> {
    let mut response = Response::new(Body::from(object.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
