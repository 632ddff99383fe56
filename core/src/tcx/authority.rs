//! The service's side: calls are judged, and tokens issued and renewed, over a store.

use super::headers::TcxType;
use super::pass::{TcxMode, TcxParam, TcxPass, TcxVerifiedPass};
use super::store::{TcxApp, TcxIssue, TcxSpent, TcxStore, TcxStoreFault};
use super::token::{tcx_token, tcx_token_digest};
use super::verdict::{TcxCode, TcxRoute, TcxTable, TcxVerdict};
use crate::encoding::unbase64;
use crate::error::OscarError;
use crate::mac::sha256;
use crate::time::format_datetime;
use std::fmt;
use std::sync::Arc;

/// A pass in time mode is remembered for as long as it could be taken again, both ends included.
const TIME_MEMORY_MS: i64 = 300_001;

/// What an authority takes, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcxRules {
    /// The numbers that verdicts have.
    pub table: TcxTable,
    /// Refuses parameters with `&` or `=`.
    pub strict: bool,
    /// The types of calls that are switched on.
    pub types: Vec<TcxType>,
    /// How long a pass of mode `none` or `param` is remembered, in milliseconds; `None`: for ever.
    pub pass_memory_ms: Option<i64>,
    /// The life of an access token, in seconds.
    pub access_s: i64,
    /// The life of a refresh token, in seconds.
    pub refresh_s: i64,
}

impl Default for TcxRules {
    fn default() -> Self {
        let types = vec![TcxType::Owtc, TcxType::Twtc, TcxType::Ftc];
        Self { table: TcxTable::Documented, strict: true, types, pass_memory_ms: None, access_s: 7_200, refresh_s: 30 * 86_400 }
    }
}

/// A call, as it came.
#[derive(Clone, Debug, Default)]
pub struct TcxCall<'a> {
    /// X-TCX-TYPE.
    pub kind: Option<&'a str>,
    /// X-TCX-APP-ID.
    pub app_id: Option<&'a str>,
    /// X-TCX-APP-PASS.
    pub app_pass: Option<&'a str>,
    /// X-TCX-TOKEN, base64.
    pub token: Option<&'a str>,
    /// All of the query and of a form or JSON body, in any order; `app_pass` among them is left out here.
    pub params: &'a [TcxParam],
    /// A parameter is no text (a number, a list, an object of JSON): in mode `param` no pass covers it.
    pub has_other_than_text: bool,
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcxCaller {
    /// The app.
    pub app_id: String,
    /// With what.
    pub kind: TcxType,
    /// The pass.
    pub pass: TcxVerifiedPass,
}

/// `data` of an authorize. The tokens are told this once.
#[derive(Clone, PartialEq, Eq)]
pub struct TcxGranted {
    /// The access token.
    pub token: String,
    /// The refresh token.
    pub refresh: String,
    /// When the access token ends, `YYYY-MM-DD HH:mm:ss` in UTC.
    pub expired_at: String,
}

/// `data` of a reauthorize: the access token lives on.
#[derive(Clone, PartialEq, Eq)]
pub struct TcxRenewed {
    /// The next refresh token; the one before is spent.
    pub refresh: String,
    /// When the access token ends now, `YYYY-MM-DD HH:mm:ss` in UTC.
    pub expired_at: String,
}

impl fmt::Debug for TcxGranted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TcxGranted(until {})", self.expired_at)
    }
}

impl fmt::Debug for TcxRenewed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TcxRenewed(until {})", self.expired_at)
    }
}

/// Judges calls and the two routes. Every method is one step: time is an argument, the store is asked in it.
pub struct TcxAuthority {
    rules: TcxRules,
    store: Arc<dyn TcxStore>,
}

/// Why a pass is not taken.
enum NoPass {
    Refused(OscarError),
    Fault,
}

impl TcxAuthority {
    /// An authority over a store.
    pub fn new(rules: TcxRules, store: Arc<dyn TcxStore>) -> Self {
        Self { rules, store }
    }

    /// Judges a call, in the order of the codes: type and app id, the type, the app, the pass, the token. A refusal is its verdict and, for
    /// logs and counters, the error behind it.
    pub fn judge(&self, call: &TcxCall<'_>, now_ms: i64) -> Result<TcxCaller, (TcxVerdict, OscarError)> {
        let refuse = |code, error| self.verdict(code, TcxRoute::Call, error);
        let (Some(kind), Some(app_id)) = (filled(call.kind), filled(call.app_id)) else {
            return refuse(TcxCode::Tcxreq, OscarError::Missing("a call has X-TCX-TYPE and X-TCX-APP-ID"));
        };
        let Some(kind) = TcxType::from_name(kind).filter(|kind| self.rules.types.contains(kind)) else {
            return refuse(TcxCode::Tcxrjc, OscarError::Policy("this type of call is not taken here"));
        };
        let app = match self.app(app_id) {
            Ok(app) => app,
            Err(error) => return refuse(TcxCode::Tcxafx, error),
        };
        let pass = match self.take_pass(&app, call, now_ms) {
            Ok(pass) => pass,
            Err(NoPass::Refused(error)) => return refuse(TcxCode::Tcxpfx, error),
            Err(NoPass::Fault) => return refuse(TcxCode::Tcxpfx, BUSY),
        };
        let told = match kind {
            TcxType::Owtc => Ok(()),
            TcxType::Twtc => {
                self.own_token(&app, call.token, now_ms, |digest| self.store.access(digest)).map_err(|error| (TcxCode::Tcxtfx, error))
            }
            TcxType::Ftc => {
                self.own_token(&app, call.token, now_ms, |digest| self.store.master(digest)).map_err(|error| (TcxCode::Tcxmkf, error))
            }
        };
        match told {
            Ok(()) => Ok(TcxCaller { app_id: app.app_id, kind, pass }),
            Err((code, error)) => refuse(code, error),
        }
    }

    /// `/tcx/authorize`: a pass buys an access and a refresh token. `call` has `app_id`, `app_pass` and, in `params`, every member but the pass.
    pub fn authorize(&self, call: &TcxCall<'_>, now_ms: i64) -> Result<TcxGranted, (TcxVerdict, OscarError)> {
        let refuse = |code, error| self.verdict(code, TcxRoute::Authorize, error);
        let (Some(app_id), Some(app_pass)) = (filled(call.app_id), filled(call.app_pass)) else {
            return refuse(TcxCode::Tcxcrq, OscarError::Missing("authorize takes app_id and app_pass"));
        };
        let app = match self.app(app_id) {
            Ok(app) => app,
            Err(error @ OscarError::Busy(_)) => return refuse(TcxCode::Tcxerx, error),
            Err(error) => return refuse(TcxCode::Tcxafx, error),
        };
        let pass = match self.check_pass(&app, call, now_ms) {
            Ok(pass) => pass,
            Err(error) => return refuse(TcxCode::Tcxafx, error),
        };
        let (Ok(token), Ok(refresh)) = (tcx_token(), tcx_token()) else { return refuse(TcxCode::Tcxerx, BUSY) };
        let access_until_ms = ends_ms(now_ms, self.rules.access_s);
        let issue = TcxIssue {
            app_id: app.app_id,
            pass: sha256(app_pass.as_bytes()),
            pass_until_ms: self.pass_until_ms(&pass, now_ms),
            access: tcx_token_digest(&token),
            access_until_ms,
            refresh: tcx_token_digest(&refresh),
            refresh_until_ms: ends_ms(now_ms, self.rules.refresh_s),
        };
        match self.store.issue(&issue, now_ms) {
            Ok(TcxSpent::Fresh) => Ok(TcxGranted { token, refresh, expired_at: format_datetime(access_until_ms) }),
            Ok(TcxSpent::Seen) => refuse(TcxCode::Tcxafx, SPENT),
            Err(TcxStoreFault) => refuse(TcxCode::Tcxerx, BUSY),
        }
    }

    /// `/tcx/reauthorize`: a refresh token, in base64, is spent for the next; the access token lives on.
    pub fn reauthorize(&self, app_id: Option<&str>, token: Option<&str>, now_ms: i64) -> Result<TcxRenewed, (TcxVerdict, OscarError)> {
        let refuse = |code, error| self.verdict(code, TcxRoute::Reauthorize, error);
        let (Some(app_id), Some(token)) = (filled(app_id), filled(token)) else {
            return refuse(TcxCode::Tcxcrq, OscarError::Missing("reauthorize takes app_id and token"));
        };
        let app = match self.app(app_id) {
            Ok(app) => app,
            Err(error @ OscarError::Busy(_)) => return refuse(TcxCode::Tcxerx, error),
            Err(error) => return refuse(TcxCode::Tcxafx, error),
        };
        let Some(old) = unbase64(token) else {
            return refuse(TcxCode::Tcxafx, OscarError::Malformed("a token is base64"));
        };
        let Ok(refresh) = tcx_token() else { return refuse(TcxCode::Tcxerx, BUSY) };
        let access_until_ms = ends_ms(now_ms, self.rules.access_s);
        let (old, new) = (sha256(&old), tcx_token_digest(&refresh));
        match self.store.renew(&app.app_id, &old, &new, ends_ms(now_ms, self.rules.refresh_s), access_until_ms, now_ms) {
            Ok(true) => Ok(TcxRenewed { refresh, expired_at: format_datetime(access_until_ms) }),
            Ok(false) => refuse(TcxCode::Tcxafx, OscarError::UnknownKey("this app has no such refresh token, or it is spent")),
            Err(TcxStoreFault) => refuse(TcxCode::Tcxerx, BUSY),
        }
    }

    /// The verdict of a code with this authority's numbers.
    fn verdict<T>(&self, code: TcxCode, route: TcxRoute, error: OscarError) -> Result<T, (TcxVerdict, OscarError)> {
        match TcxVerdict::new(code, self.rules.table, route) {
            Ok(verdict) => Err((verdict, error)),
            Err(error) => Err((
                TcxVerdict { status: 0, status_number: String::new(), status_code: code.name().to_owned(), status_message: String::new() },
                error,
            )),
        }
    }

    /// What a route answers when it is done.
    pub fn success(&self, route: TcxRoute) -> Option<TcxVerdict> {
        TcxVerdict::new(TcxCode::Tcxsss, self.rules.table, route).ok()
    }

    fn app(&self, app_id: &str) -> Result<TcxApp, OscarError> {
        let app = self.store.app(app_id).map_err(|TcxStoreFault| BUSY)?.ok_or(OscarError::UnknownKey("the app id is not held here"))?;
        if app.suspended { Err(OscarError::Revoked("the app is suspended")) } else { Ok(app) }
    }

    fn check_pass(&self, app: &TcxApp, call: &TcxCall<'_>, now_ms: i64) -> Result<TcxVerifiedPass, OscarError> {
        let app_pass = filled(call.app_pass).ok_or(OscarError::Missing("a call has X-TCX-APP-PASS"))?;
        if app.mode == TcxMode::Param && call.has_other_than_text {
            return Err(OscarError::Malformed("a parameter that a pass covers is a text"));
        }
        let pass = TcxPass {
            mode: app.mode,
            params: call.params.iter().filter(|param| param.name != "app_pass").cloned().collect(),
            datetime: the_one(call.params, "tcx_datetime"),
            app_public: app.app_public.clone(),
        };
        pass.verify(app_pass, now_ms, self.rules.strict)
    }

    fn take_pass(&self, app: &TcxApp, call: &TcxCall<'_>, now_ms: i64) -> Result<TcxVerifiedPass, NoPass> {
        let pass = self.check_pass(app, call, now_ms).map_err(NoPass::Refused)?;
        let digest = sha256(call.app_pass.unwrap_or_default().as_bytes());
        match self.store.spend(&app.app_id, &digest, self.pass_until_ms(&pass, now_ms), now_ms) {
            Ok(TcxSpent::Fresh) => Ok(pass),
            Ok(TcxSpent::Seen) => Err(NoPass::Refused(SPENT)),
            Err(TcxStoreFault) => Err(NoPass::Fault),
        }
    }

    fn pass_until_ms(&self, pass: &TcxVerifiedPass, now_ms: i64) -> Option<i64> {
        match pass.ts_ms {
            Some(ts_ms) => Some(ts_ms.saturating_add(TIME_MEMORY_MS)),
            None => self.rules.pass_memory_ms.map(|memory_ms| now_ms.saturating_add(memory_ms)),
        }
    }

    fn own_token(
        &self,
        app: &TcxApp,
        token: Option<&str>,
        now_ms: i64,
        held: impl FnOnce(&[u8; 32]) -> Result<Option<super::store::TcxHeld>, TcxStoreFault>,
    ) -> Result<(), OscarError> {
        let token = filled(token).ok_or(OscarError::Missing("a call of this type has X-TCX-TOKEN"))?;
        let token = unbase64(token).ok_or(OscarError::Malformed("a token is base64"))?;
        let held = held(&sha256(&token)).map_err(|TcxStoreFault| BUSY)?.ok_or(OscarError::UnknownKey("no such token is held here"))?;
        if held.app_id != app.app_id {
            return Err(OscarError::Policy("the token is another app's"));
        }
        if held.until_ms.is_some_and(|until_ms| now_ms >= until_ms) {
            return Err(OscarError::Expired("the token is past its end"));
        }
        Ok(())
    }
}

const BUSY: OscarError = OscarError::Busy("the store failed");
const SPENT: OscarError = OscarError::Replayed("the pass was used before");

fn filled(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// The text of a parameter that stands once.
fn the_one(params: &[TcxParam], name: &str) -> Option<String> {
    let mut found = params.iter().filter(|param| param.name == name);
    match (found.next(), found.next()) {
        (Some(param), None) => Some(param.text.clone()),
        _ => None,
    }
}

/// A whole second, because that is how it is told.
fn ends_ms(now_ms: i64, life_s: i64) -> i64 {
    now_ms.div_euclid(1_000).saturating_add(life_s).saturating_mul(1_000)
}
