//! Somebody in the middle: passes everything on, and changes answers when it is told to.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse as _, Response};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;

/// What it does to an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tamper {
    #[default]
    Nothing,
    /// Another status.
    Status,
    /// One byte of the content.
    Body,
    /// No toki.
    Strip,
    /// The request never arrives: an unsigned 401 comes from the middle.
    Deny,
}

/// A proxy on loopback.
pub struct Proxy {
    pub address: String,
    middle: Arc<Middle>,
    task: tokio::task::JoinHandle<()>,
}

struct Middle {
    target: Mutex<String>,
    tamper: Mutex<Tamper>,
    passed: AtomicU64,
    http: reqwest::Client,
}

impl Proxy {
    pub async fn bind() -> Result<Self, String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?.to_string();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_gzip().no_proxy().tls_certs_only([]).build();
        let http = http.map_err(|error| error.to_string())?;
        let middle = Arc::new(Middle { target: Mutex::default(), tamper: Mutex::default(), passed: AtomicU64::new(0), http });
        let app = Router::new().fallback(pass).with_state(middle.clone());
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self { address, middle, task })
    }

    /// Where requests go.
    pub fn aim(&self, address: &str) {
        address.clone_into(&mut self.middle.target.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What becomes of answers from now on.
    pub fn tamper(&self, tamper: Tamper) {
        *self.middle.tamper.lock().unwrap_or_else(PoisonError::into_inner) = tamper;
    }

    /// How many requests came so far.
    pub fn passed(&self) -> u64 {
        self.middle.passed.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(State(middle): State<Arc<Middle>>, request: Request) -> Response {
    middle.passed.fetch_add(1, Ordering::Relaxed);
    let tamper = *middle.tamper.lock().unwrap_or_else(PoisonError::into_inner);
    let probe = request.method() == axum::http::Method::HEAD;
    if tamper == Tamper::Deny {
        return (StatusCode::UNAUTHORIZED, [("www-authenticate", "Bearer")], "who are you?").into_response();
    }
    match forward(&middle, request).await {
        // Probes pass as they are: what is shown is what becomes of the request.
        Ok(response) if probe => response,
        Ok(response) => change(response, tamper),
        Err(reason) => (StatusCode::BAD_GATEWAY, reason).into_response(),
    }
}

async fn forward(middle: &Middle, request: Request) -> Result<Response, String> {
    let (parts, body) = request.into_parts();
    let target = middle.target.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let url = format!("http://{target}{}", parts.uri.path_and_query().map_or("/", |target| target.as_str()));
    let body = axum::body::to_bytes(body, 1 << 21).await.map_err(|error| error.to_string())?;
    let mut headers = parts.headers;
    headers.remove(axum::http::header::CONTENT_LENGTH);
    let mut forwarded = middle.http.request(parts.method, url).headers(headers);
    if !body.is_empty() {
        forwarded = forwarded.body(body);
    }
    let answer = forwarded.send().await.map_err(|error| error.to_string())?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut response = Response::new(Body::from(answer.bytes().await.map_err(|error| error.to_string())?));
    *response.status_mut() = status;
    for (name, value) in &headers {
        if name != axum::http::header::TRANSFER_ENCODING && name != axum::http::header::CONTENT_LENGTH {
            response.headers_mut().append(name, value.clone());
        }
    }
    Ok(response)
}

fn change(response: Response, tamper: Tamper) -> Response {
    let (mut parts, body) = response.into_parts();
    match tamper {
        Tamper::Nothing | Tamper::Deny => {}
        Tamper::Status => parts.status = StatusCode::ACCEPTED,
        Tamper::Strip => {
            parts.headers.remove(HeaderName::from_static("oscartoki"));
            parts.headers.remove(HeaderName::from_static("oscartokikey"));
        }
        Tamper::Body => return Response::from_parts(parts, flip(body)),
    }
    Response::from_parts(parts, body)
}

/// The first byte is another one.
fn flip(body: Body) -> Body {
    let mut first = true;
    let changed = http_body_util::BodyExt::map_frame(body, move |frame| {
        frame.map_data(|data| {
            let mut bytes = data.to_vec();
            if let Some(byte) = bytes.first_mut().filter(|_| std::mem::take(&mut first)) {
                *byte ^= 1;
            }
            bytes::Bytes::from(bytes)
        })
    });
    Body::new(changed)
}
