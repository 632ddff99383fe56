#![forbid(unsafe_code)]
//! placeholder front page

pub mod encoding;
mod error;
pub mod replay;
mod request;
pub mod time;

pub use error::{OscarError, Result};
pub use replay::{NoReplayLog, ReplayLog};
pub use request::{Answer, AnswerRef, Content, Request, RequestRef};
