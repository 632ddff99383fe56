//! TCX, as its original client and server speak it: a pass for every call, an access or a master token beside it.
//!
//! ```text
//! app_pass    = base64(hex(sha1(param || app_public || client_token)) ":" client_token)
//! X-TCX-TOKEN = base64(token)
//! ```
//!
//! - [`TcxPass`] is the pass: minted by a client, verified by a service, in either of the two forms that are about ([`TcxDialect`]).
//! - [`tcx_headers`] are the headers of a call of a type ([`TcxType`]).
//! - [`TcxVerdict`] is what a service answers, with the numbers of either table; never with another HTTP status than 200.
//! - [`TcxClient`] is a client whole: the documented functions, and tokens that are renewed by one caller at a time.
//! - [`TcxAuthority`] judges calls and the two routes over a [`TcxStore`].

mod authority;
mod client;
mod exported;
mod headers;
mod pass;
mod store;
mod token;
mod verdict;

pub use authority::{TcxAuthority, TcxCall, TcxCaller, TcxGranted, TcxRenewed, TcxRules};
pub use client::{TcxClient, TcxStep, tcx_datetime};
pub use exported::{tcx_mint_pass, tcx_verdict, tcx_verify_pass};
pub use headers::{TCX_AUTHORIZE_PATH, TCX_REAUTHORIZE_PATH, TcxHeader, TcxType, tcx_headers};
pub use pass::{TcxDialect, TcxMode, TcxParam, TcxPass, TcxVerifiedPass};
pub use store::{TcxApp, TcxHeld, TcxIssue, TcxSpent, TcxStore, TcxStoreFault};
pub use token::{TCX_TOKEN_LEN, tcx_token, tcx_token_digest};
pub use verdict::{TcxCode, TcxRoute, TcxTable, TcxVerdict};
