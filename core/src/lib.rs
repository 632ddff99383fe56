#![forbid(unsafe_code)]
//! Every rule of toki v2 and its neighbours, sans-IO: no socket, no clock, no file. Time is an argument, `now` in milliseconds since the epoch.
//!
//! - A [`Client`] holds a [`Secret`] (or a handed-out [`Session`]), signs a request and accepts its answer. [`Call`] is the loop over both that every
//!   adapter runs: probe, send, accept, resend once.
//! - A [`Service`] holds a [`Keyring`] and a [`ReplayLog`], verifies a request to a [`Verdict`] and answers it. [`VerifiedRequest`] is another type than what was parsed;
//!   with a Content-Digest it exists only after [`PendingBody::finish`].
//! - [`Message`], [`PresignedUrl`] and [`Ticket`] carry the same trust over queues, links and websockets; [`V1Client`] and [`V1Key`] speak OscarToki v1.
//! - Every failure is an [`OscarError`] with a stable name. A refusal is a result that can be answered, not an error.
//! - [`hazmat`] has the deterministic twins of what draws nonces, for vectors and tests.

#[cfg(feature = "uniffi")]
uniffi::setup_scaffolding!();

mod call;
mod client;
pub mod encoding;
mod error;
mod explain;
pub mod fork;
mod grant;
pub mod hazmat;
pub mod http;
mod keyring;
mod mac;
mod message;
mod nonce;
pub mod replay;
mod request;
mod secret;
mod service;
pub mod socktopus;
pub mod tcx;
mod ticket;
pub mod time;
mod toki;
mod url;
mod v1;

pub use call::{Call, Step};
pub use client::{Client, ClientConfig, Outcome, Rolling, SignContext, SignOptions, SignedHeaders, SignedRequest};
pub use error::{OscarError, Result};
pub use explain::{Candidate, explain, explain_request};
pub use grant::{GRANT_LEN, GRANT_TEXT_LEN, Grant};
pub use http::{AnswerHead, ExtList, Headers, RequestHead};
pub use keyring::{KeyFileError, Keyring};
pub use mac::{TAG_LEN, Tag, sha256};
pub use message::{
    Freshness, MESSAGE_LEN, MESSAGE_MAX_TTL_S, MESSAGE_TEXT_LEN, Message, MessageMemory, MessageRef, MessageToki, SignedMessage,
    VerifiedMessage,
};
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub use nonce::host;
pub use replay::{MemoryReplayLog, NoReplayLog, ReplayLog, ReplayMemory};
pub use request::{Answer, AnswerRef, Content, Request, RequestRef};
pub use secret::{AudienceKey, Kid, Secret, Session};
pub use service::{
    AnswerContext, AnswerHeaders, Counters, Handshake, JudgedRequest, PendingBody, Refusal, Service, ServiceConfig, SignedAnswer, Verdict,
    VerifiedRequest, Version,
};
pub use ticket::{TICKET_TEXT_MAX, Ticket, VerifiedTicket};
pub use toki::{ANSWER_TEXT_LEN, AnswerToki, REQUEST_TEXT_LEN, Toki};
pub use url::{PresignedUrl, URL_LEN, URL_TEXT_LEN, VerifiedUrl};
pub use v1::{Dialect, PUCE_PATH, Puce, V1Client, V1Exchange, V1Key};
