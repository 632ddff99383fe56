//! TCX where it meets sockets and files: the layer that answers as the original does, the two routes of the authority, and its store.

mod layer;
mod params;
mod routes;
mod store;

pub use layer::{TcxClient, TcxLayer};
pub use routes::routes;
pub use store::{AppAdded, AppListed, SqliteTcxStore, TcxStoreError};
