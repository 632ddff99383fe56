#![forbid(unsafe_code)]
//! placeholder front page

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
