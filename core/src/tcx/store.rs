//! What an authority must remember, and what it asks of whoever does.

use super::pass::TcxMode;

/// An app, as the store knows it.
#[derive(Clone, PartialEq, Eq)]
pub struct TcxApp {
    /// Its id, compared as it is.
    pub app_id: String,
    /// Its public key, which is in every pass.
    pub app_public: String,
    /// What its passes cover.
    pub mode: TcxMode,
    /// Nothing of it is taken.
    pub suspended: bool,
}

impl std::fmt::Debug for TcxApp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TcxApp")
            .field("app_id", &self.app_id)
            .field("mode", &self.mode)
            .field("suspended", &self.suspended)
            .finish_non_exhaustive()
    }
}

/// A token that is held, by its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcxHeld {
    /// Whose it is.
    pub app_id: String,
    /// Good before this time; `None`: until it is revoked.
    pub until_ms: Option<i64>,
}

/// Whether a pass was new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcxSpent {
    /// It was, and is spent now.
    Fresh,
    /// It was spent before.
    Seen,
}

/// The tokens of one authorize, and the pass that pays for them: kept in one transaction, or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcxIssue {
    /// Whose they are.
    pub app_id: String,
    /// The SHA-256 of the pass.
    pub pass: [u8; 32],
    /// Remembered until then; `None`: for ever.
    pub pass_until_ms: Option<i64>,
    /// The SHA-256 of the access token.
    pub access: [u8; 32],
    /// Good before this time.
    pub access_until_ms: i64,
    /// The SHA-256 of the refresh token.
    pub refresh: [u8; 32],
    /// Good before this time.
    pub refresh_until_ms: i64,
}

/// The store did not answer, or has no room: what depends on it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("busy: the store failed")]
pub struct TcxStoreFault;

/// What an authority remembers. Each call is atomic, and what it has answered survives a kill.
pub trait TcxStore: Send + Sync {
    /// The app of an id.
    fn app(&self, app_id: &str) -> Result<Option<TcxApp>, TcxStoreFault>;
    /// Spends a pass, by its SHA-256, and remembers it until `until_ms` (`None`: for ever).
    fn spend(&self, app_id: &str, pass: &[u8; 32], until_ms: Option<i64>, now_ms: i64) -> Result<TcxSpent, TcxStoreFault>;
    /// Spends the pass and keeps the tokens; a pass that was seen keeps none.
    fn issue(&self, issue: &TcxIssue, now_ms: i64) -> Result<TcxSpent, TcxStoreFault>;
    /// The access token of this SHA-256.
    fn access(&self, token: &[u8; 32]) -> Result<Option<TcxHeld>, TcxStoreFault>;
    /// The master key of this SHA-256; a revoked one is none.
    fn master(&self, token: &[u8; 32]) -> Result<Option<TcxHeld>, TcxStoreFault>;
    /// Puts the refresh token `new` in the place of `old`, which must be this app's and good at `now_ms`; the access token beside it lives
    /// on until `access_until_ms`. False, and nothing done: there is no such token.
    fn renew(
        &self,
        app_id: &str,
        old: &[u8; 32],
        new: &[u8; 32],
        refresh_until_ms: i64,
        access_until_ms: i64,
        now_ms: i64,
    ) -> Result<bool, TcxStoreFault>;
}
