//! Signing: is a probe needed first, which key, does it ask for a grant (spec section 7).

use super::audience::{Audience, Held};
use super::clock::Moment;
use super::{Client, Rolling};
use crate::error::{OscarError, Result};
use crate::grant::{GRANT_TEXT_LEN, Grant};
use crate::http::{ext_has_value, is_safe_method};
use crate::mac::Tag;
use crate::nonce;
use crate::request::{Content, RequestRef};
use crate::toki::{REQUEST_TEXT_LEN, Toki, TokiFields, check_request};
use std::fmt;
use std::sync::Arc;

/// What a caller may say about one request.
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignOptions {
    /// The request may be resent although its method is unsafe: the service knows it again by its `idempotency-key`, which stands in ext.
    #[cfg_attr(feature = "uniffi", uniffi(default = false))]
    pub repeatable: bool,
    /// The clock is known to be right: no probe.
    #[cfg_attr(feature = "uniffi", uniffi(default = false))]
    pub trust_clock: bool,
    /// A probe goes first whatever the clock says (the seed's "verify the toki, then resend"). [`Call`](crate::Call) clears it after the probe.
    #[cfg_attr(feature = "uniffi", uniffi(default = false))]
    pub verify_first: bool,
    /// This is the resend of a request: its answer never asks for another.
    #[cfg_attr(feature = "uniffi", uniffi(default = false))]
    pub resend: bool,
    /// The caller takes an answer whose content is not covered (a stream).
    #[cfg_attr(feature = "uniffi", uniffi(default = false))]
    pub stream: bool,
}

/// The headers of a signed request, without heap.
#[derive(Clone, Copy)]
pub struct SignedHeaders {
    probe: bool,
    toki: [u8; REQUEST_TEXT_LEN],
    grant: Option<[u8; GRANT_TEXT_LEN]>,
}

impl SignedHeaders {
    /// Whether this signs a probe: HEAD, the same target and covered headers, no content.
    pub fn is_probe(&self) -> bool {
        self.probe
    }

    /// The header `oscartoki`.
    pub fn toki(&self) -> &str {
        std::str::from_utf8(&self.toki).unwrap_or_default()
    }

    /// The header `oscartokikey`, in a session.
    pub fn grant(&self) -> Option<&str> {
        std::str::from_utf8(self.grant.as_ref()?).ok()
    }
}

impl Default for SignedHeaders {
    fn default() -> Self {
        Self { probe: false, toki: [0; REQUEST_TEXT_LEN], grant: None }
    }
}

impl fmt::Debug for SignedHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedHeaders").field("probe", &self.probe).field("toki", &self.toki()).field("grant", &self.grant()).finish()
    }
}

/// What [`Client::accept_ref`] needs of a signed request; it is used up there.
pub struct SignContext {
    pub(super) audience: Arc<Audience>,
    /// The session it was signed in.
    pub(super) held: Option<Arc<Held>>,
    pub(super) tag: Tag,
    pub(super) sent: Moment,
    pub(super) probe: bool,
    pub(super) want: bool,
    /// Safe, and not itself a resend.
    pub(super) resendable: bool,
    pub(super) head: bool,
    pub(super) stream: bool,
}

impl SignContext {
    /// Whether it is the context of a probe.
    pub fn is_probe(&self) -> bool {
        self.probe
    }

    /// Whether it was signed in a session.
    pub fn in_session(&self) -> bool {
        self.held.is_some()
    }

    /// The tag of the request's toki: what its answer is bound to.
    pub fn tag(&self) -> &Tag {
        &self.tag
    }
}

impl fmt::Debug for SignContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignContext").field("probe", &self.probe).field("in_session", &self.in_session()).finish_non_exhaustive()
    }
}

impl Client {
    /// Signs `request`, or the probe that must go first; `out` says which. `now_ms` is the wall clock, `mono_ms` a monotonic one where
    /// there is one. Every error means that nothing was sent: `unsignable`, a delegate's `grant_expired`, `policy` where
    /// answers are unsigned and the clock is not trusted. Does not allocate, but for the first request to an audience.
    pub fn sign_ref(
        &self,
        request: &RequestRef<'_>,
        options: SignOptions,
        now_ms: i64,
        mono_ms: Option<i64>,
        out: &mut SignedHeaders,
    ) -> Result<SignContext> {
        self.sign_with_nonce(request, options, now_ms, mono_ms, nonce::draw()?, out)
    }

    pub(crate) fn sign_with_nonce(
        &self,
        request: &RequestRef<'_>,
        options: SignOptions,
        now_ms: i64,
        mono_ms: Option<i64>,
        nonce: [u8; 8],
        out: &mut SignedHeaders,
    ) -> Result<SignContext> {
        let safe = is_safe(request, options)?;
        let audience = self.audience_for(Some(request.authority))?;
        let sent = Moment { wall_ms: now_ms, mono_ms };
        let (clock, newest) = {
            let mut state = audience.lock();
            state.clock.notice(&sent);
            (state.clock, state.newest().cloned())
        };
        let ts_ms = clock.corrected(now_ms)?;
        let trusted = options.trust_clock || self.config().trust_clock;
        let newest = newest.filter(|held| held.is_live(ts_ms) || audience.root_keys().is_none());
        let plan = Plan {
            safe,
            trusted,
            verify_first: options.verify_first,
            clock_is_fresh: clock.is_fresh(now_ms),
            clock_is_known: clock.offset_ms().is_some(),
            delegate_is_over: newest.as_ref().is_some_and(|held| !held.is_live(ts_ms)),
            answers_are_signed: !self.config().unsigned_answers,
        };
        let probe = plan.probe_first()?;
        let held = newest.filter(|_| !probe || audience.root_keys().is_none());
        let want = wants(audience.root_keys().is_some(), held.as_deref().map(|held| &held.grant), ts_ms, self.config().roll);
        let ts_ms = if probe { 0 } else { ts_ms };
        let toki = match (&held, audience.root_keys()) {
            (Some(held), _) => {
                let fields = TokiFields { id: held.grant.sid(), session: true, want, ts_ms, nonce };
                mint(&held.schedule.req, &fields, request, probe)?
            }
            (None, Some(root)) => {
                let fields = TokiFields { id: root.kid, session: false, want, ts_ms, nonce };
                mint(&root.schedule.req, &fields, request, probe)?
            }
            (None, None) => return Err(SESSION_IS_OVER),
        };
        toki.write(&mut out.toki)?;
        out.probe = probe;
        out.grant = held.as_ref().map(|held| held.text);
        let resendable = safe && !probe && !options.resend;
        let head = probe || request.verb == b"HEAD";
        Ok(SignContext { audience, held, tag: toki.tag(), sent, probe, want, resendable, head, stream: options.stream })
    }
}

impl Client {
    /// The context of a request that another client of the same key signed, as far as its toki tells.
    pub(crate) fn context_of(&self, session: Option<&Grant>, toki: &Toki) -> Result<SignContext> {
        let audience = self.audience_for(None)?;
        let held = session.map(|grant| audience.keys().map(|root| root.hold(*grant))).transpose()?;
        let sent = Moment { wall_ms: 0, mono_ms: None };
        let want = toki.claimed_want();
        Ok(SignContext { audience, held, tag: toki.tag(), sent, probe: false, want, resendable: false, head: false, stream: false })
    }
}

const SESSION_IS_OVER: OscarError = OscarError::GrantExpired("the handed-out session is over");

/// GET, HEAD, OPTIONS, or what its caller marked `repeatable` and an `idempotency-key` in ext makes so.
fn is_safe(request: &RequestRef<'_>, options: SignOptions) -> Result<bool> {
    if is_safe_method(request.verb) {
        return Ok(true);
    }
    if options.repeatable && !ext_has_value(request.ext, b"idempotency-key") {
        return Err(OscarError::Unsignable("a repeatable request has an idempotency-key in ext"));
    }
    Ok(options.repeatable)
}

/// What decides whether a probe goes first.
struct Plan {
    safe: bool,
    trusted: bool,
    verify_first: bool,
    /// 0 <= age < 1 hour.
    clock_is_fresh: bool,
    /// Some answer has told the time.
    clock_is_known: bool,
    /// A delegate whose grant looks over.
    delegate_is_over: bool,
    answers_are_signed: bool,
}

impl Plan {
    const fn probe_first(&self) -> Result<bool> {
        if self.delegate_is_over && (self.clock_is_known || self.trusted || !self.answers_are_signed) {
            return Err(SESSION_IS_OVER);
        }
        let probe = self.delegate_is_over || self.verify_first || (!self.safe && !self.trusted && !self.clock_is_fresh);
        if probe && !self.answers_are_signed {
            return Err(OscarError::Policy("where answers are unsigned, an unsafe request needs trust_clock"));
        }
        Ok(probe)
    }
}

/// WANT: on every root request; in a session once half its life is over, or always; never for a delegate.
fn wants(holds_root: bool, session: Option<&Grant>, ts_ms: i64, roll: Rolling) -> bool {
    holds_root && session.is_none_or(|grant| roll == Rolling::Every || 2 * (ts_ms - grant.iat_s() * 1000) >= grant.ttl_s() * 1000)
}

/// The request's toki, or its probe's: HEAD, the same authority, target and ext, no content. The request itself must be signable either way.
fn mint(key: &crate::mac::MacKey, fields: &TokiFields, request: &RequestRef<'_>, probe: bool) -> Result<Toki> {
    if !probe {
        return Toki::mint(key, fields, request);
    }
    let unread = match request.content {
        Content::Bytes(_) => Content::None,
        other => other,
    };
    check_request(&RequestRef { content: unread, ..*request }, &mut [0; 255]).map_err(OscarError::Unsignable)?;
    Toki::mint(key, fields, &RequestRef { verb: b"HEAD", content: Content::None, ..*request })
}
