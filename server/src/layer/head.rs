//! A request's head as core reads it.

use axum::extract::OriginalUri;
use http::request::Parts;
use http::{Uri, Version};
use oscartoki::{Headers, RequestHead};

/// The raw head: what the router may have rewritten is taken from before.
pub struct View<'p> {
    parts: &'p Parts,
    uri: &'p Uri,
    /// Absolute-form of HTTP/1, which core refuses as a target.
    absolute: Option<String>,
    headers: Vec<(&'p [u8], &'p [u8])>,
}

impl<'p> View<'p> {
    pub fn of(parts: &'p Parts) -> Self {
        let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0);
        let absolute = (!is_http2(parts) && uri.scheme().is_some()).then(|| uri.to_string());
        let headers = parts.headers.iter().map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes())).collect();
        Self { parts, uri, absolute, headers }
    }

    /// Whether a good Content-Digest stands for the content, so that the head is judged before the body is read. A cheap look; `false` says
    /// nothing.
    pub fn declares_its_body(&self) -> bool {
        let declared = self.parts.headers.get("content-digest").map(|value| oscartoki::http::parse_content_digest(value.as_bytes()));
        matches!(declared, Some(Ok(Some(_))))
    }

    pub fn read<T>(&self, read: impl FnOnce(&RequestHead<'_>) -> T) -> T {
        let target = match &self.absolute {
            Some(absolute) => absolute.as_str(),
            None => self.uri.path_and_query().map_or("", |target| target.as_str()),
        };
        let authority = if is_http2(self.parts) { self.uri.authority().map(|authority| authority.as_str().as_bytes()) } else { None };
        let verb = self.parts.method.as_str().as_bytes();
        read(&RequestHead { verb, authority, target: target.as_bytes(), headers: Headers::Pairs(&self.headers) })
    }
}

fn is_http2(parts: &Parts) -> bool {
    parts.version >= Version::HTTP_2
}
