//! Socktopus, the websocket hub: its tokens, its frames, the client's pings, and the bodies of `/send` and `/kick`.
//!
//! ```text
//! token = hex(ts_ms) "h" hex(app) "h" hex(connection) "h" hex(HMAC-SHA256(secret, ts_ms || connection))     5 s of life
//! ```
//!
//! The app is the name before `_SOCKTOPUS_SECRET`, ASCII lower-cased; it is not in the MAC, so no two apps of a hub share a secret
//! ([`SocktopusSecrets::are_distinct`]). A token is judged here without memory; single use and kicks are the hub's.

mod body;
mod exported;
mod frame;
mod ping;
mod secrets;
mod token;

pub use body::{SocktopusKick, SocktopusMessage, SocktopusSend, SocktopusSent};
pub use exported::*;
pub use frame::{SocktopusFrame, SocktopusRequest};
pub use ping::{PING_DEADLINE_MS, PING_EVERY_MS, SocktopusPing, SocktopusPings};
pub use secrets::SocktopusSecrets;
pub use token::{SocktopusToken, TOKEN_AHEAD_MS, TOKEN_LIFE_MS};
