//! The client whole: what its documentation names, and tokens that one caller renews for all.

use super::headers::{TCX_AUTHORIZE_PATH, TCX_REAUTHORIZE_PATH, TcxHeader, TcxType, tcx_headers};
use super::pass::{TcxDialect, TcxMode, TcxParam, TcxPass};
use super::verdict::{TcxCode, TcxRoute, TcxVerdict};
use crate::encoding::{base64, hex};
use crate::error::{OscarError, Result};
use crate::nonce;
use crate::time::{format_datetime, parse_rfc3339};
use serde_json::{Map, Value, json};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// An access token is renewed so long before its end, in milliseconds.
const MARGIN_MS: i64 = 60_000;
/// A renewal that nobody told the end of may be taken over after so long, in milliseconds.
const LEASE_MS: i64 = 30_000;

/// A client of TCX. Thread-safe.
#[cfg_attr(feature = "uniffi", derive(uniffi::Object))]
pub struct TcxClient {
    id: String,
    secret: Zeroizing<String>,
    public: String,
    kind: TcxType,
    mode: TcxMode,
    dialect: TcxDialect,
    debug: bool,
    master_key: Option<Zeroizing<String>>,
    tokens: Mutex<Tokens>,
}

#[derive(Default)]
struct Tokens {
    access: Option<Zeroizing<String>>,
    /// When it ends; unknown is never.
    until_ms: Option<i64>,
    refresh: Option<Zeroizing<String>>,
    /// Who asks now, and since when.
    asking: Option<Asking>,
}

struct Asking {
    number: i64,
    since_ms: i64,
    route: TcxRoute,
}

/// What a caller who wants the access token does next.
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TcxStep {
    /// Takes this one.
    Use {
        /// The access token.
        token: String,
    },
    /// Sends this POST of JSON and tells what came by [`TcxClient::received`], or [`TcxClient::failed`].
    Send {
        /// Names this request.
        number: i64,
        /// `/tcx/authorize` or `/tcx/reauthorize`.
        path: String,
        /// `application/json`.
        body: String,
    },
    /// Another caller asks: looks again in a moment.
    Wait,
}

#[cfg_attr(feature = "uniffi", uniffi::export)]
impl TcxClient {
    /// A client of an app. `master_key` goes with calls of FTC. Errors: `unsignable`, `weak_secret` (an empty secret or public key).
    #[cfg_attr(feature = "uniffi", uniffi::constructor)]
    #[allow(clippy::too_many_arguments, reason = "each is a member of the original's configuration")]
    pub fn new(
        id: String,
        secret: String,
        public: String,
        kind: TcxType,
        mode: TcxMode,
        dialect: TcxDialect,
        master_key: Option<String>,
        debug: bool,
    ) -> Result<Self> {
        if secret.is_empty() || public.is_empty() {
            return Err(OscarError::WeakSecret("an app has a secret and a public key"));
        }
        // An id that no header can carry is found here, not with the first call.
        tcx_headers(TcxType::Owtc, &id, "-", None)?;
        let (secret, master_key) = (Zeroizing::new(secret), master_key.map(Zeroizing::new));
        Ok(Self { id, secret, public, kind, mode, dialect, debug, master_key, tokens: Mutex::default() })
    }

    /// The app's id (the original's `getID`).
    pub fn app_id(&self) -> String {
        self.id.clone()
    }

    /// The app's secret (`getSecret`).
    pub fn app_secret(&self) -> String {
        self.secret.to_string()
    }

    /// The app's public key (`getPublic`).
    pub fn app_public(&self) -> String {
        self.public.clone()
    }

    /// The type of its calls (`getTokenType`).
    pub fn token_type(&self) -> TcxType {
        self.kind
    }

    /// Whether it was made for debugging (`isDebug`).
    pub fn is_debug(&self) -> bool {
        self.debug
    }

    /// The master key, where there is one (`getTCXMasterKey`).
    pub fn master_key(&self) -> Option<String> {
        self.master_key.as_deref().cloned()
    }

    /// A fresh pass (`getTCXPass`): `params` is all of the query and body, read in mode `param`; in mode `time`, `datetime` is what the call
    /// sends as `tcx_datetime` (see [`TcxClient::datetime`]). Error: `unsignable`.
    pub fn pass(&self, params: Vec<TcxParam>, datetime: Option<String>) -> Result<String> {
        let pass = TcxPass { mode: self.mode, params, datetime, app_public: self.public.clone() };
        let (a, b) = (nonce::draw()?, nonce::draw()?);
        pass.mint(&hex(&[a, b].concat()), self.dialect)
    }

    /// Now, as `tcx_datetime` has it: 14 digits in UTC.
    pub fn datetime(&self, now_ms: i64) -> String {
        tcx_datetime(now_ms)
    }

    /// The headers of one call, with a fresh pass and, by type, the access token that [`TcxClient::access`] gave or the master key.
    /// Error: `unsignable`.
    pub fn headers(&self, params: Vec<TcxParam>, datetime: Option<String>, access: Option<String>) -> Result<Vec<TcxHeader>> {
        let token = match self.kind {
            TcxType::Owtc => None,
            TcxType::Twtc => access,
            TcxType::Ftc => self.master_key(),
        };
        tcx_headers(self.kind, &self.id, &self.pass(params, datetime)?, token)
    }

    /// The access token (`getTCXAccess`), or what to do for it. Of many callers, one asks and the others wait.
    /// A refresh token is spent first; without one, or when it is refused, a pass buys anew. Error: `unsignable`.
    pub fn access(&self, now_ms: i64) -> Result<TcxStep> {
        let mut tokens = self.lock();
        if let (Some(token), None) = (&tokens.access, tokens.until_ms.filter(|until_ms| now_ms >= until_ms - MARGIN_MS)) {
            return Ok(TcxStep::Use { token: token.to_string() });
        }
        if tokens.asking.as_ref().is_some_and(|asking| (0..LEASE_MS).contains(&(now_ms - asking.since_ms))) {
            // What is at hand serves those who wait, for as long as it lives.
            return Ok(match (&tokens.access, tokens.until_ms) {
                (Some(token), Some(until_ms)) if now_ms < until_ms => TcxStep::Use { token: token.to_string() },
                _ => TcxStep::Wait,
            });
        }
        let number = draw_number()?;
        let (route, path, body) = match &tokens.refresh {
            Some(refresh) => {
                (TcxRoute::Reauthorize, TCX_REAUTHORIZE_PATH, json!({ "app_id": self.id, "token": base64(refresh.as_bytes()) }))
            }
            None => (TcxRoute::Authorize, TCX_AUTHORIZE_PATH, self.authorize_body(now_ms)?),
        };
        tokens.asking = Some(Asking { number, since_ms: now_ms, route });
        Ok(TcxStep::Send { number, path: path.to_owned(), body: body.to_string() })
    }

    /// Takes over the answer to the request of that number; of another number it changes nothing. `None`: done, ask
    /// [`TcxClient::access`] again. A verdict: the authority refused the pass. Error: `malformed` (it is no answer of TCX).
    pub fn received(&self, number: i64, body: &[u8], now_ms: i64) -> Result<Option<TcxVerdict>> {
        let mut tokens = self.lock();
        let Some(asking) = tokens.asking.take_if(|asking| asking.number == number) else { return Ok(None) };
        let answer: Value = serde_json::from_slice(body).map_err(|_| MALFORMED)?;
        let word = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        let code = word("status_code").and_then(|code| TcxCode::from_name(&code));
        let code = code.or_else(|| TcxVerdict::read_number(&word("status_number")?).map(|(code, _)| code)).ok_or(MALFORMED)?;
        if code != TcxCode::Tcxsss {
            if asking.route == TcxRoute::Reauthorize && code != TcxCode::Tcxerx {
                // The refresh token is spent or gone; the next step buys anew.
                tokens.refresh = None;
                return Ok(None);
            }
            let told = |name: &str| word(name).unwrap_or_default();
            return Ok(Some(TcxVerdict {
                status: 0,
                status_number: told("status_number"),
                status_code: code.name().to_owned(),
                status_message: told("status_message"),
            }));
        }
        let data = answer.get("data").and_then(Value::as_object).ok_or(MALFORMED)?;
        tokens.take_over(data, asking.route, now_ms)?;
        Ok(None)
    }

    /// No answer came: another caller may ask.
    pub fn failed(&self, number: i64) {
        self.lock().asking.take_if(|asking| asking.number == number);
    }
}

impl TcxClient {
    fn authorize_body(&self, now_ms: i64) -> Result<Value> {
        let datetime = (self.mode == TcxMode::Time).then(|| self.datetime(now_ms));
        let app_pass = self.pass(vec![TcxParam::new("app_id", &self.id)], datetime.clone())?;
        let mut body = json!({ "app_id": self.id, "app_pass": app_pass });
        if let Some(datetime) = datetime {
            body["tcx_datetime"] = Value::String(datetime);
        }
        Ok(body)
    }

    fn lock(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tokens {
    /// A reauthorize may bring no access token: the one at hand lives on.
    fn take_over(&mut self, data: &Map<String, Value>, route: TcxRoute, now_ms: i64) -> Result<()> {
        let word =
            |name: &str| data.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(|text| Zeroizing::new(text.to_owned()));
        let token = word("token");
        if token.is_none() && (route == TcxRoute::Authorize || self.access.is_none()) {
            return Err(MALFORMED);
        }
        self.access = token.or(self.access.take());
        self.refresh = word("refresh");
        let ends = data.get("expired_at").and_then(Value::as_str).map(|text| format!("{}Z", text.replacen(' ', "T", 1)));
        self.until_ms = ends.and_then(|text| parse_rfc3339(&text)).filter(|until_ms| *until_ms > now_ms);
        Ok(())
    }
}

/// A moment as `tcx_datetime` has it: 14 digits, YYYYMMDDHHmmss in UTC.
pub fn tcx_datetime(now_ms: i64) -> String {
    format_datetime(now_ms).chars().filter(char::is_ascii_digit).collect()
}

const MALFORMED: OscarError = OscarError::Malformed("this is no answer of TCX");

fn draw_number() -> Result<i64> {
    let [a, b, c, d, ..] = nonce::draw()?;
    Ok(u32::from_be_bytes([a, b, c, d]).into())
}

impl fmt::Debug for TcxClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TcxClient({})", self.id)
    }
}
