//! The same as functions, for languages behind UniFFI.

use super::pass::{TcxDialect, TcxPass, TcxVerifiedPass};
use super::verdict::{TcxCode, TcxRoute, TcxTable, TcxVerdict};
use crate::error::Result;

/// [`TcxPass::mint`]. Error: `unsignable`.
#[cfg_attr(feature = "uniffi", uniffi::export)]
pub fn tcx_mint_pass(pass: TcxPass, client_token: String, dialect: TcxDialect) -> Result<String> {
    pass.mint(&client_token, dialect)
}

/// [`TcxPass::verify`]. Errors, in this order: `malformed`, `bad_mac`, `policy`, `stale`.
#[cfg_attr(feature = "uniffi", uniffi::export)]
pub fn tcx_verify_pass(pass: TcxPass, app_pass: String, now_ms: i64, strict: bool) -> Result<TcxVerifiedPass> {
    pass.verify(&app_pass, now_ms, strict)
}

/// [`TcxVerdict::new`]. Error: `malformed`, for a code that the route does not give.
#[cfg_attr(feature = "uniffi", uniffi::export)]
pub fn tcx_verdict(code: TcxCode, table: TcxTable, route: TcxRoute) -> Result<TcxVerdict> {
    TcxVerdict::new(code, table, route)
}
