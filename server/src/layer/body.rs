//! Reading a request's body, under the limit.

use super::refuse;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::Response;
use http_body::Body as _;
use http_body_util::BodyExt as _;

/// What came.
pub enum Arrived {
    /// All of it.
    Whole(Bytes),
    /// More than the limit; at least one byte beyond it was read.
    Over(Bytes),
}

/// Reads at most the limit and what belongs to the same frame. A body that breaks off is answered here; its request was never whole.
pub async fn arrive(mut body: Body, limit: usize) -> Result<Arrived, Response<Body>> {
    let mut first = Bytes::new();
    let mut more = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| refuse::cut_off())?.into_data() else { continue };
        if first.is_empty() {
            first = data;
        } else {
            if more.is_empty() {
                more.extend_from_slice(&first);
            }
            more.extend_from_slice(&data);
        }
        if first.len().max(more.len()) > limit {
            return Ok(Arrived::Over(if more.is_empty() { first } else { more.freeze() }));
        }
        if body.is_end_stream() {
            break;
        }
    }
    Ok(Arrived::Whole(if more.is_empty() { first } else { more.freeze() }))
}
