//! The layer of a service that TCX protects: what does not pass gets its verdict, with HTTP status 200 as the original does.

use super::params::{Kind, Params};
use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, Limited};
use oscartoki::tcx::{TcxAuthority, TcxCall, TcxCaller, TcxVerdict};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The longest body whose parameters are read, in bytes.
pub(super) const MAX_BODY: usize = 1 << 20;

/// Puts an authority around everything inside. The handler finds [`TcxClient`] among the request's extensions.
#[derive(Clone)]
pub struct TcxLayer {
    pub(super) authority: Arc<TcxAuthority>,
    pub(super) clock: fn() -> i64,
}

impl TcxLayer {
    /// A layer by the system's clock.
    pub fn new(authority: Arc<TcxAuthority>) -> Self {
        Self { authority, clock: crate::clock::now_ms }
    }
}

impl fmt::Debug for TcxLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TcxLayer")
    }
}

/// Who calls: an extractor.
#[derive(Clone, Debug)]
pub struct TcxClient(Arc<TcxCaller>);

impl TcxClient {
    /// The app's id.
    pub fn app_id(&self) -> &str {
        &self.0.app_id
    }

    /// `OWTC`, `TWTC` or `FTC`.
    pub fn kind(&self) -> &'static str {
        self.0.kind.name()
    }

    /// The client token of the pass.
    pub fn client_token(&self) -> &str {
        &self.0.pass.client_token
    }
}

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for TcxClient {
    type Rejection = http::StatusCode;

    async fn from_request_parts(parts: &mut http::request::Parts, _: &S) -> Result<Self, Self::Rejection> {
        // Not there: the layer is not around this route, which is the program's fault and never a way in.
        parts.extensions.get::<Self>().cloned().ok_or(http::StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl<S> tower::Layer<S> for TcxLayer {
    type Service = TcxVerifying<S>;

    fn layer(&self, inner: S) -> TcxVerifying<S> {
        TcxVerifying { inner, layer: self.clone() }
    }
}

/// What [`TcxLayer`] makes of a service.
#[derive(Clone, Debug)]
pub struct TcxVerifying<S> {
    inner: S,
    layer: TcxLayer,
}

impl<S> tower::Service<Request<Body>> for TcxVerifying<S>
where
    S: tower::Service<Request<Body>, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let layer = self.layer.clone();
        Box::pin(async move {
            match layer.judge(request).await {
                Ok(request) => inner.call(request).await,
                Err(verdict) => Ok(answer(&verdict, Value::Null)),
            }
        })
    }
}

impl TcxLayer {
    async fn judge(&self, request: Request<Body>) -> Result<Request<Body>, TcxVerdict> {
        let (mut parts, body) = request.into_parts();
        let kind = Kind::of(&parts.headers);
        let (bytes, body) = match kind {
            Kind::Other => (Some(Bytes::new()), body),
            Kind::Form | Kind::Json => match read(body).await {
                Some(bytes) => (Some(bytes.clone()), Body::from(bytes)),
                None => (None, Body::empty()),
            },
        };
        let mut params = Params::read(parts.uri.query(), kind, bytes.as_ref().unwrap_or(&Bytes::new()));
        // A body that could not be read whole is covered by no pass; in the other modes its handler would get half of it.
        params.has_other_than_text |= bytes.is_none();
        let unread = bytes.is_none();
        let head = Head::of(&parts.headers);
        let (authority, clock) = (self.authority.clone(), self.clock);
        let judged = blocking(move || {
            let call = TcxCall {
                kind: head.kind.as_deref(),
                app_id: head.app_id.as_deref(),
                app_pass: if unread { None } else { head.app_pass.as_deref() },
                token: head.token.as_deref(),
                params: &params.texts,
                has_other_than_text: params.has_other_than_text,
            };
            authority.judge(&call, clock())
        })
        .await;
        match judged {
            Ok(caller) => {
                parts.extensions.insert(TcxClient(Arc::new(caller)));
                Ok(Request::from_parts(parts, body))
            }
            Err((verdict, error)) => {
                tracing::debug!(code = verdict.status_code, error = error.name(), detail = error.detail(), "TCX refused");
                Err(verdict)
            }
        }
    }
}

/// The headers of a call; one that stands twice, or is no text, is none.
struct Head {
    kind: Option<String>,
    app_id: Option<String>,
    app_pass: Option<String>,
    token: Option<String>,
}

impl Head {
    fn of(headers: &HeaderMap) -> Self {
        let one = |name: &str| {
            let mut all = headers.get_all(name).iter();
            match (all.next(), all.next()) {
                (Some(only), None) => only.to_str().ok().map(str::to_owned),
                _ => None,
            }
        };
        Self { kind: one("x-tcx-type"), app_id: one("x-tcx-app-id"), app_pass: one("x-tcx-app-pass"), token: one("x-tcx-token") }
    }
}

/// The whole body, or `None` when it is over the limit or breaks off.
pub(super) async fn read(body: Body) -> Option<Bytes> {
    Limited::new(body, MAX_BODY).collect().await.ok().map(http_body_util::Collected::to_bytes)
}

/// The store may wait for its file: not on a thread of the sockets.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// An answer of TCX: HTTP status 200, whatever it says.
pub(super) fn answer(verdict: &TcxVerdict, data: Value) -> Response {
    Json(json!({
        "status": verdict.status,
        "status_number": verdict.status_number,
        "status_code": verdict.status_code,
        "status_message": verdict.status_message,
        "data": data,
    }))
    .into_response()
}
