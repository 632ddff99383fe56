//! Messages, presigned URLs, tickets (spec section 8) and the service's side of OscarToki v1, through the public API.
#![allow(clippy::unwrap_used)]

mod legacy;
mod message;
mod roundtrip;
mod ticket;
mod url;
mod world;
