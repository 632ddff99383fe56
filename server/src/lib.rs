//! oscartoki where it meets sockets: a tower layer for services, an extractor, a client over reqwest. Every rule is core's; what
//! stands here moves bytes and reads clocks.
//!
//! ```no_run
//! use axum::{Router, routing::post};
//! use oscar::{OscarLayer, Verified};
//! # fn main() -> oscartoki::Result<()> {
//! use oscartoki::{Keyring, MemoryReplayLog, Service, ServiceConfig};
//! use std::sync::Arc;
//!
//! let ring = Keyring::new("api.example.com")?;
//! ring.load(&std::env::var("OSCAR_KEY").unwrap_or_default())?;
//! let config = ServiceConfig { authorities: vec!["api.example.com".into()], ..ServiceConfig::default() };
//! let service = Service::new(config, Arc::new(ring), Arc::new(MemoryReplayLog::new(1 << 16)), oscar::clock::now_ms())?;
//!
//! async fn transfer(client: Verified, body: String) -> String {
//!     format!("{} sent {body}", client.kid_hex())
//! }
//! let app: Router = Router::new().route("/v1/transfer", post(transfer)).layer(OscarLayer::new(Arc::new(service)));
//! # Ok(())
//! # }
//! ```

pub mod client;
pub mod clock;
pub mod hub;
pub mod layer;
pub mod private;
pub mod tcx;

pub use client::SignedClient;
pub use layer::{OscarLayer, Pending, Verified};
