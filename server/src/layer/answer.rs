//! An answer on its way out: content that can be digested is, the rest goes out with BODY 0.

use super::refuse;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body::{Body as HttpBody, Frame};
use http_body_util::BodyExt as _;
use oscartoki::{AnswerContext, AnswerHead, AnswerHeaders, Content, Headers, Service};

/// A response whose content is known, or known not to be.
pub struct Outgoing {
    parts: http::response::Parts,
    body: Body,
    /// The whole content, where it is digested.
    content: Bytes,
    /// Why the content is not signed.
    pub streamed: Option<&'static str>,
}

impl Outgoing {
    pub async fn read<Out>(response: Response<Out>, limit: usize, head_only: bool) -> Self
    where
        Out: HttpBody<Data = Bytes> + Send + 'static,
        Out::Error: Into<axum::BoxError>,
    {
        let (parts, body) = response.into_parts();
        let body = Body::new(body);
        let bare = |parts, body| Self { parts, body, content: Bytes::new(), streamed: None };
        if head_only || matches!(parts.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            return bare(parts, body);
        }
        if let Some(why) = never_digested(&parts.headers, body.size_hint().lower(), limit) {
            return Self { streamed: Some(why), ..bare(parts, body) };
        }
        match buffer(body, limit).await {
            Ok(Buffered::Whole(content, None)) => Self { content: content.clone(), ..bare(parts, Body::from(content)) },
            Ok(Buffered::Whole(content, Some(trailers))) => {
                let frames = [Frame::data(content.clone()), Frame::trailers(trailers)].map(Ok::<_, std::convert::Infallible>);
                let body = Body::new(http_body_util::StreamBody::new(futures_util::stream::iter(frames)));
                Self { content, ..bare(parts, body) }
            }
            Ok(Buffered::Long(body)) => Self { streamed: Some("the answer is longer than max_answer"), ..bare(parts, body) },
            Err(error) => {
                tracing::error!(error = %error, "a handler's body broke off");
                let (parts, body) = refuse::empty(StatusCode::INTERNAL_SERVER_ERROR).into_parts();
                bare(parts, body)
            }
        }
    }

    /// Adds the answer's toki, and a grant where one is due.
    pub fn sign(self, service: &Service, context: AnswerContext, now_ms: i64) -> Response<Body> {
        let Self { mut parts, body, content, .. } = self;
        // Usually there is nothing of ours: a look at the names is cheaper than three removals.
        if parts.headers.keys().any(|name| name.as_str().starts_with("oscartoki")) {
            for ours in [refuse::TOKI, refuse::GRANT, refuse::ERROR] {
                parts.headers.remove(ours);
            }
        }
        if parts.status == StatusCode::UNAUTHORIZED {
            refuse::ask_for_a_toki(&mut parts.headers);
        }
        parts.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
        let mut signed = AnswerHeaders::default();
        let covered = if content.is_empty() { Content::None } else { Content::Bytes(&content) };
        let minted = {
            let pairs: Vec<_> = if service.answer_ext().is_empty() {
                Vec::new()
            } else {
                parts.headers.iter().map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes())).collect()
            };
            let head = AnswerHead { status: parts.status.as_u16(), headers: Headers::Pairs(&pairs) };
            service.answer_head_ref(context, &head, covered, now_ms, &mut signed)
        };
        let texts = minted.map_err(|error| error.to_string()).and_then(|()| {
            let toki = HeaderValue::from_str(signed.toki()).map_err(|error| error.to_string())?;
            let grant = signed.grant().map(HeaderValue::from_str).transpose().map_err(|error| error.to_string())?;
            Ok((toki, grant))
        });
        match texts {
            Ok((toki, grant)) => {
                parts.headers.insert(refuse::TOKI, toki);
                if let Some(grant) = grant {
                    parts.headers.insert(refuse::GRANT, grant);
                }
                Response::from_parts(parts, body)
            }
            Err(error) => {
                tracing::error!(error, "an answer could not be signed");
                refuse::broken("the answer could not be signed")
            }
        }
    }
}

/// Why an answer is not even tried to be buffered.
fn never_digested(headers: &HeaderMap, at_least: u64, limit: usize) -> Option<&'static str> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Some("the answer has a Content-Encoding already");
    }
    let kind = headers.get(header::CONTENT_TYPE).map_or(&[][..], HeaderValue::as_bytes);
    if kind.get(..17).is_some_and(|start| start.eq_ignore_ascii_case(b"text/event-stream")) {
        return Some("the answer is a stream of events");
    }
    usize::try_from(at_least).map_or(true, |least| least > limit).then_some("the answer is longer than max_answer")
}

enum Buffered {
    Whole(Bytes, Option<HeaderMap>),
    Long(Body),
}

async fn buffer(mut body: Body, limit: usize) -> Result<Buffered, axum::Error> {
    let mut first = Bytes::new();
    let mut more = BytesMut::new();
    let mut trailers = None;
    while let Some(frame) = body.frame().await {
        match frame?.into_data() {
            Ok(data) if first.is_empty() => first = data,
            Ok(data) => {
                if more.is_empty() {
                    more.extend_from_slice(&first);
                }
                more.extend_from_slice(&data);
            }
            Err(frame) => trailers = frame.into_trailers().ok().or(trailers),
        }
        // The usual answer is one frame, and says so.
        if body.is_end_stream() && trailers.is_none() && more.is_empty() && first.len() <= limit {
            break;
        }
        if first.len().max(more.len()) > limit {
            let read = if more.is_empty() { first } else { more.freeze() };
            let start = futures_util::stream::iter([Ok(Frame::data(read))]);
            let rest = http_body_util::BodyStream::new(body);
            let whole = futures_util::StreamExt::chain(start, rest);
            return Ok(Buffered::Long(Body::new(http_body_util::StreamBody::new(whole))));
        }
    }
    Ok(Buffered::Whole(if more.is_empty() { first } else { more.freeze() }, trailers))
}
