//! The client's side of the two steps: a GET with a toki brings the tokikey, the real request carries both.

use super::toki::{self, V1Toki};
use super::{AGE_MS, AHEAD_MS, Dialect, V1Key};
use crate::error::{OscarError, Result};
use crate::mac::Tag;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A client of OscarToki v1. `Send + Sync`; two exchanges never share a toki.
#[cfg_attr(feature = "uniffi", derive(uniffi::Object))]
#[derive(Debug)]
pub struct V1Client {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    key: V1Key,
    dialect: Dialect,
    /// Cores that this client minted or took as a service's, with the time until which they matter.
    known: Mutex<HashMap<Tag, i64>>,
}

impl Shared {
    /// Remembers a core for as long as it could be accepted; `false` when it is known already.
    fn learn(&self, core: Tag, ts_ms: i64, now_ms: i64) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, until| *until >= now_ms);
        known.insert(core, ts_ms.max(now_ms).saturating_add(AGE_MS + AHEAD_MS)).is_none()
    }

    /// The toki of an answer: authentic, fresh, never one of our own, never the same twice.
    fn accept(&self, toki: Option<&str>, now_ms: i64) -> Result<()> {
        let text = toki.ok_or(OscarError::Missing("the answer has no v1 toki"))?;
        let toki = V1Toki::parse(text, self.dialect)?;
        toki.authenticate(self.key.bytes(), self.dialect)?;
        toki::check_age(toki.ts_ms, now_ms)?;
        if self.learn(toki.identity(self.key.bytes()), toki.ts_ms, now_ms) {
            Ok(())
        } else {
            Err(OscarError::Replayed("the answer's v1 toki is one that was minted or seen here"))
        }
    }
}

#[cfg_attr(feature = "uniffi", uniffi::export)]
impl V1Client {
    /// A client that talks to services of this dialect.
    #[cfg_attr(feature = "uniffi", uniffi::constructor)]
    pub fn new(key: &V1Key, dialect: Dialect) -> Self {
        Self { shared: Arc::new(Shared { key: key.clone(), dialect, known: Mutex::default() }) }
    }

    /// Begins an exchange with a fresh toki. Error: `unsignable`.
    pub fn begin(&self, now_ms: i64) -> Result<Arc<V1Exchange>> {
        let mut at_ms = now_ms;
        loop {
            let minted = toki::mint(self.shared.key.bytes(), at_ms)?;
            if self.shared.learn(minted.identity, minted.ts_ms, now_ms) {
                return Ok(Arc::new(V1Exchange { client: self.shared.clone(), toki: minted.text, stage: Mutex::new(Stage::Begun) }));
            }
            at_ms = minted.ts_ms - 1;
        }
    }
}

/// One exchange: a GET with [`V1Exchange::toki`]; its answer to [`V1Exchange::accept_first`]; the real request with both headers;
/// its answer to [`V1Exchange::accept_second`]. Each answer is accepted once.
#[cfg_attr(feature = "uniffi", derive(uniffi::Object))]
#[derive(Debug)]
pub struct V1Exchange {
    client: Arc<Shared>,
    toki: String,
    stage: Mutex<Stage>,
}

#[derive(Debug)]
enum Stage {
    Begun,
    Keyed(String),
    Over,
}

impl V1Exchange {
    /// Takes the stage; what comes after stays `Over` unless it is set.
    fn take(&self) -> Stage {
        std::mem::replace(&mut *self.stage.lock().unwrap_or_else(PoisonError::into_inner), Stage::Over)
    }

    fn set(&self, stage: Stage) {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner) = stage;
    }
}

#[cfg_attr(feature = "uniffi", uniffi::export)]
impl V1Exchange {
    /// The header `oscartoki`, of both steps.
    pub fn toki(&self) -> String {
        self.toki.clone()
    }

    /// The header `oscartokikey` of the second step; `None` before the first answer was accepted, and after the second.
    pub fn tokikey(&self) -> Option<String> {
        match &*self.stage.lock().unwrap_or_else(PoisonError::into_inner) {
            Stage::Keyed(tokikey) => Some(tokikey.clone()),
            Stage::Begun | Stage::Over => None,
        }
    }

    /// Accepts the first answer: its JSON body and its own toki. Returns the tokikey. Errors: `missing` (no toki, or the service reports
    /// an error), `malformed`, `bad_mac`, `stale`, `replayed`.
    pub fn accept_first(&self, content: &[u8], toki: Option<String>, now_ms: i64) -> Result<String> {
        let Stage::Begun = self.take() else { return Err(TWICE) };
        let tokikey = tokikey_of(content)?;
        self.client.accept(toki.as_deref(), now_ms)?;
        self.client.key.verify_tokikey(&self.toki, &tokikey, self.client.dialect, now_ms)?;
        self.set(Stage::Keyed(tokikey.clone()));
        Ok(tokikey)
    }

    /// Accepts the answer to the real request by its toki. It proves that the service holds the key, not what it wrote.
    /// Errors: `missing`, `malformed`, `bad_mac`, `stale`, `replayed`.
    pub fn accept_second(&self, toki: Option<String>, now_ms: i64) -> Result<()> {
        let Stage::Keyed(_) = self.take() else { return Err(TWICE) };
        self.client.accept(toki.as_deref(), now_ms)
    }
}

const TWICE: OscarError = OscarError::Replayed("this step of the v1 exchange was judged before, or is not reached");

/// `{"status":"success","tokikey":"…"}`.
fn tokikey_of(content: &[u8]) -> Result<String> {
    let body: serde_json::Value =
        serde_json::from_slice(content).map_err(|_| OscarError::Malformed("the first v1 answer is a JSON object"))?;
    let member = |name: &str| body.get(name).and_then(serde_json::Value::as_str);
    match (member("status"), member("tokikey")) {
        (Some("success"), Some(tokikey)) => Ok(tokikey.to_owned()),
        (Some("success"), None) | (None, _) => Err(OscarError::Malformed("the first v1 answer has a status and a tokikey")),
        (Some(_), _) => Err(OscarError::Missing("the service reports an error in place of a tokikey")),
    }
}
