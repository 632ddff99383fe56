//! The tower layer of a service: verifies what comes in, signs what goes out.
//!
//! It stands outside request decompression, because content is signed as sent, and inside response compression, because an
//! answer is signed as its reader will see it. The CORS layer stands outside of it: [`cors`].

mod answer;
mod body;
mod extract;
mod head;
mod refuse;

pub use extract::{Pending, RefusedBody, Verified};

use answer::Outgoing;
use axum::body::Body;
use body::Arrived;
use bytes::Bytes;
use extract::Slot;
use http::{HeaderName, Request, Response};
use oscartoki::{AnswerContext, Content, PendingBody, Refusal, Service, Verdict, VerifiedRequest, sha256};
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

/// Puts a [`Service`] around everything inside.
#[derive(Clone)]
pub struct OscarLayer {
    shared: Arc<Shared>,
    streaming: bool,
}

struct Shared {
    service: Arc<Service>,
    clock: Box<dyn Fn() -> i64 + Send + Sync>,
    streamed: AtomicU64,
    streamed_told: AtomicBool,
}

impl OscarLayer {
    /// A layer by the system's clock.
    pub fn new(service: Arc<Service>) -> Self {
        Self::with_clock(service, crate::clock::now_ms)
    }

    /// A layer by another clock: milliseconds since the epoch.
    pub fn with_clock(service: Arc<Service>, clock: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        let shared = Shared { service, clock: Box::new(clock), streamed: AtomicU64::new(0), streamed_told: AtomicBool::new(false) };
        Self { shared: Arc::new(shared), streaming: false }
    }

    /// The same layer for a route that reads its body itself: it gets [`Pending`] in place of [`Verified`], and must finish it.
    pub fn streaming(&self) -> Self {
        Self { shared: self.shared.clone(), streaming: true }
    }

    /// The service inside.
    pub fn service(&self) -> &Arc<Service> {
        &self.shared.service
    }

    /// How many answers went out whose content is not signed.
    pub fn streamed(&self) -> u64 {
        self.shared.streamed.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn now_ms(&self) -> i64 {
        (self.clock)()
    }

    fn count_streamed(&self, why: &'static str) {
        self.streamed.fetch_add(1, Ordering::Relaxed);
        if !self.streamed_told.swap(true, Ordering::Relaxed) {
            tracing::warn!(why, "an answer went out whose content is not signed; later ones are only counted");
        }
    }
}

impl fmt::Debug for OscarLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OscarLayer").field("service", &self.shared.service).field("streaming", &self.streaming).finish_non_exhaustive()
    }
}

impl<S> tower::Layer<S> for OscarLayer {
    type Service = Verifying<S>;

    fn layer(&self, inner: S) -> Verifying<S> {
        Verifying { inner, layer: self.clone() }
    }
}

/// What [`OscarLayer`] makes of a service.
#[derive(Clone, Debug)]
pub struct Verifying<S> {
    inner: S,
    layer: OscarLayer,
}

impl<S, In, Out> tower::Service<Request<In>> for Verifying<S>
where
    S: tower::Service<Request<Body>, Response = Response<Out>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    In: http_body::Body<Data = Bytes> + Send + 'static,
    In::Error: Into<axum::BoxError>,
    Out: http_body::Body<Data = Bytes> + Send + 'static,
    Out::Error: Into<axum::BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<In>) -> Self::Future {
        // The instance that was polled ready is the one to call.
        let clone = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, clone);
        let exchange = Exchange { layer: self.layer.clone(), head_only: request.method() == http::Method::HEAD };
        Box::pin(async move { Ok(exchange.run(inner, request.map(Body::new)).await) })
    }
}

/// One request and its answer.
struct Exchange {
    layer: OscarLayer,
    /// The request is a HEAD: its answer has no content.
    head_only: bool,
}

/// What became of a request that was read.
enum Judged {
    /// The handler runs.
    Run(Request<Body>, VerifiedRequest),
    /// The handler runs and finishes the body itself.
    Stream(Request<Body>, PendingBody),
    /// It does not run.
    Answer(Response<Body>),
}

impl Exchange {
    async fn run<S, Out>(self, mut inner: S, request: Request<Body>) -> Response<Body>
    where
        S: tower::Service<Request<Body>, Response = Response<Out>, Error = Infallible>,
        Out: http_body::Body<Data = Bytes> + Send + 'static,
        Out::Error: Into<axum::BoxError>,
    {
        let (mut request, slot) = match self.judge(request).await {
            Judged::Answer(response) => return response,
            Judged::Run(mut request, verified) if !self.layer.streaming => {
                request.extensions_mut().insert(Verified::new(&verified));
                let response = call(&mut inner, request).await;
                return self.sign(verified.into_context(), response).await;
            }
            Judged::Run(request, verified) => (request, Slot::Read(verified)),
            Judged::Stream(request, pending) => (request, Slot::Open(pending)),
        };
        let pending = Pending::new(slot);
        request.extensions_mut().insert(pending.clone());
        let response = call(&mut inner, request).await;
        match pending.close() {
            Slot::Done(context) => self.sign(context, response).await,
            Slot::Refused(refusal) => self.refuse(refusal).await,
            _ => refuse::broken("a streaming request was left without a verdict"),
        }
    }

    /// Reads head and body, as much of it as is due, and asks the service.
    async fn judge(&self, request: Request<Body>) -> Judged {
        let service = &self.layer.shared.service;
        let limit = usize::try_from(service.max_body()).unwrap_or(usize::MAX);
        let (parts, body) = request.into_parts();
        let view = head::View::of(&parts);
        if !view.declares_its_body() && view.read(|head| service.wants_body_first(head)) {
            let bytes = match body::arrive(body, limit).await {
                Ok(Arrived::Whole(bytes)) => bytes,
                Ok(Arrived::Over(bytes)) => bytes,
                Err(response) => return Judged::Answer(response),
            };
            let content = if bytes.is_empty() { Content::None } else { Content::Bytes(&bytes) };
            let verdict = view.read(|head| service.verify_head_ref(head, content, self.layer.shared.now_ms()));
            return match verdict {
                Verdict::Accepted(verified) => Judged::Run(Request::from_parts(parts, Body::from(bytes)), verified),
                // Nothing is pending once the body was there.
                Verdict::Pending(pending) => Judged::Answer(self.refuse(pending.too_large()).await),
                other => Judged::Answer(self.turn_away(other).await),
            };
        }
        let verdict = view.read(|head| service.verify_head_ref(head, Content::None, self.layer.shared.now_ms()));
        let pending = match verdict {
            Verdict::Pending(pending) => pending,
            Verdict::Accepted(verified) => return Judged::Run(Request::from_parts(parts, body), verified),
            other => return Judged::Answer(self.turn_away(other).await),
        };
        if self.layer.streaming {
            return Judged::Stream(Request::from_parts(parts, body), pending);
        }
        let bytes = match body::arrive(body, limit).await {
            Ok(Arrived::Whole(bytes)) => bytes,
            Ok(Arrived::Over(_)) => return Judged::Answer(self.refuse(pending.too_large()).await),
            Err(response) => return Judged::Answer(response),
        };
        let digest = (!bytes.is_empty()).then(|| sha256(&bytes));
        match pending.finish(digest.as_ref()) {
            Verdict::Accepted(verified) => Judged::Run(Request::from_parts(parts, Body::from(bytes)), verified),
            other => Judged::Answer(self.turn_away(other).await),
        }
    }

    /// Answers what does not run.
    async fn turn_away(&self, verdict: Verdict) -> Response<Body> {
        match verdict {
            Verdict::Refused(refusal) => match refusal.legacy_body() {
                Some(body) => refuse::v1(&refusal, body),
                None => self.refuse(refusal).await,
            },
            Verdict::Handshake(handshake) => refuse::handshake(&handshake),
            Verdict::Accepted(_) | Verdict::Pending(_) => refuse::broken("the verdict of a finished body is pending"),
        }
    }

    /// The answer to a refused request: signed where its MAC had passed.
    async fn refuse(&self, refusal: Refusal) -> Response<Body> {
        tracing::debug!(error = refusal.error().name(), detail = refusal.error().detail(), code = refusal.code(), "refused");
        let response = refuse::response(&refusal, self.head_only);
        match refusal.into_context() {
            Some(context) => self.sign(context, response).await,
            None => response,
        }
    }

    /// Signs an answer: digests what can be, and lets the rest go out with BODY 0.
    async fn sign<Out>(&self, context: AnswerContext, response: Response<Out>) -> Response<Body>
    where
        Out: http_body::Body<Data = Bytes> + Send + 'static,
        Out::Error: Into<axum::BoxError>,
    {
        let shared = &self.layer.shared;
        let limit = usize::try_from(shared.service.max_answer()).unwrap_or(usize::MAX);
        let outgoing = Outgoing::read(response, limit, self.head_only).await;
        if let Some(why) = outgoing.streamed {
            shared.count_streamed(why);
        }
        outgoing.sign(&shared.service, context, shared.now_ms())
    }
}

async fn call<S, Out>(inner: &mut S, request: Request<Body>) -> Response<Out>
where
    S: tower::Service<Request<Body>, Response = Response<Out>, Error = Infallible>,
{
    match inner.call(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// The CORS layer that stands outside of [`OscarLayer`]: it answers preflights, which carry no toki, before the verifier, puts its
/// headers on refusals too, and allows and exposes ours. Origins and methods are the caller's to add.
pub fn cors() -> tower_http::cors::CorsLayer {
    let ours = [refuse::TOKI, refuse::GRANT, HeaderName::from_static("content-digest"), http::header::CONTENT_TYPE];
    tower_http::cors::CorsLayer::new().allow_headers(ours).expose_headers([refuse::TOKI, refuse::GRANT, refuse::ERROR])
}
