//! The service: section 6 of the spec, line by line. A request goes in with the time, a [`Verdict`] comes out; what that
//! holds mints the answer.

mod answer;
mod carried;
mod config;
mod counters;
mod exported;
mod floor;
mod legacy;
mod names;
mod read;
mod verdict;

pub use answer::{AnswerContext, AnswerHeaders};
pub(crate) use answer::{Bound, Reply};
pub use config::ServiceConfig;
pub use counters::Counters;
pub use exported::{JudgedRequest, SignedAnswer};
pub use verdict::{Handshake, PendingBody, Refusal, Verdict, VerifiedRequest, Version};

use crate::error::{OscarError, Result};
use crate::grant::Grant;
use crate::http::{AnswerHead, ExtList, Headers, RequestHead, is_safe_method};
use crate::keyring::{CachedSession, Held, Keyring};
use crate::mac::Tag;
use crate::replay::{Remembered, ReplayEntry, ReplayLog, Space};
use crate::request::{AnswerRef, Content, RequestRef};
use crate::secret::Kid;
use crate::time::{FUTURE_MS, TS_END, time_fault};
use config::Rules;
use counters::Tally;
use floor::Floor;
use legacy::LegacyFloor;
use names::Names;
use read::{Address, Asked, Read};
use std::cell::Cell;
use std::sync::Arc;

/// Verifies requests and mints answers. Used from many threads at once; no lock is held across a MAC.
#[cfg_attr(feature = "uniffi", derive(uniffi::Object))]
#[derive(Debug)]
pub struct Service {
    rules: Rules,
    ring: Arc<Keyring>,
    floor: Floor,
    desk: Arc<Desk>,
}

/// What outlives the call that judges: this service's names, its memory and its counts. Every verified request holds it.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) names: Names,
    pub(crate) log: Arc<dyn ReplayLog>,
    pub(crate) tally: Tally,
    legacy_floor: LegacyFloor,
}

impl Desk {
    /// Verified: counted, and the first of a kid ends its v1.
    fn accept(&self, request: &VerifiedRequest) {
        if let Reply::V2(bound) = &request.context.reply
            && bound.key.ends_v1()
        {
            self.log.mark_v2(request.kid);
        }
        self.tally.accept();
    }
}

/// A request whose MAC has passed.
struct Authentic<'r> {
    read: &'r Read<'r>,
    key: Arc<Held>,
    session: Option<Arc<CachedSession>>,
}

impl Authentic<'_> {
    fn into_context(self, rules: &Rules) -> AnswerContext {
        let toki = &self.read.toki;
        let bound = Bound {
            key: self.key,
            session: self.session,
            tag: toki.tag(),
            code: 0,
            want: toki.claimed_want(),
            probe: toki.claimed_ts_ms() == 0,
            head: self.read.asked.verb == b"HEAD",
            grant_ttl_s: rules.grant_ttl_s,
        };
        AnswerContext { reply: Reply::V2(bound) }
    }

    fn into_request(self, rules: &Rules, desk: &Arc<Desk>) -> VerifiedRequest {
        let toki = &self.read.toki;
        VerifiedRequest {
            kid: self.key.kid,
            sid: self.read.grant.as_ref().map(Grant::sid),
            ts_ms: toki.claimed_ts_ms(),
            nonce: toki.claimed_nonce(),
            want: toki.claimed_want(),
            version: Version::V2,
            name: self.read.name,
            desk: desk.clone(),
            context: self.into_context(rules),
        }
    }
}

impl Service {
    /// A service that starts at `now_ms` with the keys of one audience and a replay memory. A memory that begins empty makes
    /// it refuse everything older than its start; see [`Service::ready_at`].
    ///
    /// A Rust program that forks afterwards calls `oscartoki_stores::fork_guard()` once, before: it makes nonces and
    /// local memories notice.
    ///
    /// Errors: `policy` for times and sizes that make no sense, `malformed` for a name that is no authority, a covered header
    /// that is none, or a time outside 48 bits.
    pub fn new(config: ServiceConfig, keyring: Arc<Keyring>, log: Arc<dyn ReplayLog>, now_ms: i64) -> Result<Self> {
        let names = Names::new(&config)?;
        let rules = Rules::new(config)?;
        check_now(now_ms)?;
        let floor = Floor::start(&*log, now_ms, rules.window_ms, rules.first_start);
        let legacy_floor = LegacyFloor::start(floor.empty_since_ms(), floor.get(), rules.first_start, now_ms);
        Ok(Self { rules, ring: keyring, floor, desk: Arc::new(Desk { names, log, tally: Tally::default(), legacy_floor }) })
    }

    /// Judges one request by its fields. `toki` and `grant` are the values of the headers `oscartoki` and `oscartokikey`;
    /// a content that is a digest is what Content-Digest says, and makes the verdict pending.
    pub fn verify_ref(&self, request: &RequestRef<'_>, toki: Option<&[u8]>, grant: Option<&[u8]>, now_ms: i64) -> Verdict {
        let (declared, arrived) = match request.content {
            Content::Digest(digest) => (Some(digest), Content::None),
            content => (None, content),
        };
        let address = Address::Name(request.authority);
        self.judge(&Asked { verb: request.verb, address, target: request.target, ext: request.ext, declared, arrived, toki, grant }, now_ms)
    }

    /// Judges one request by its raw head, which is what a layer has: our headers are looked for, their doubles and those that
    /// override the method refused, ext is made of the configured headers.
    ///
    /// `content` is what has arrived. Without a Content-Digest ([`Service::wants_body_first`]) it must be all of it; with one it
    /// may be `None`, and the verdict is pending. Bytes beyond `max_body` are `policy` with status 413: a layer reads at most
    /// one byte more.
    pub fn verify_head_ref(&self, head: &RequestHead<'_>, content: Content<'_>, now_ms: i64) -> Verdict {
        let fields = match head.fields() {
            Ok(fields) => fields,
            Err(error) => return self.refuse(error),
        };
        with_ext(&self.rules.ext, &head.headers, |ext| match ext {
            Err(fault) => self.refuse(OscarError::Malformed(fault)),
            Ok(ext) => {
                let asked = Asked {
                    verb: head.verb,
                    address: Address::Head(head, fields.host),
                    target: head.target,
                    ext,
                    declared: fields.content_digest,
                    arrived: content,
                    toki: fields.toki,
                    grant: fields.grant,
                };
                self.judge(&asked, now_ms)
            }
        })
    }

    /// Whether a layer must read the body, at most `max_body` and one byte, before it asks: there is a toki, but no
    /// Content-Digest that stands for the content (OscarToki v1 knows none). Otherwise it asks first and reads after.
    pub fn wants_body_first(&self, head: &RequestHead<'_>) -> bool {
        let is_v2 = |toki: Option<&[u8]>| toki.is_some_and(|toki| toki.starts_with(b"ot2."));
        head.fields().is_ok_and(|fields| fields.content_digest.is_none() || !is_v2(fields.toki))
    }

    /// Mints the toki of an answer, and a grant where one is due. `now_ms` is this service's clock at this moment.
    /// Errors as [`AnswerContext::answer_ref`].
    pub fn answer_ref(&self, context: AnswerContext, answer: &AnswerRef<'_>, now_ms: i64, out: &mut AnswerHeaders) -> Result<()> {
        context.answer_ref(answer, now_ms, out)
    }

    /// [`Service::answer_ref`] for an answer's raw head: ext is made of the configured headers.
    pub fn answer_head_ref(
        &self,
        context: AnswerContext,
        head: &AnswerHead<'_>,
        content: Content<'_>,
        now_ms: i64,
        out: &mut AnswerHeaders,
    ) -> Result<()> {
        with_ext(&self.rules.answer_ext, &head.headers, |ext| {
            let ext = ext.map_err(OscarError::Unsignable)?;
            context.answer_ref(&AnswerRef { status: head.status, ext, content }, now_ms, out)
        })
    }

    /// The keys of this service.
    pub fn keyring(&self) -> &Arc<Keyring> {
        &self.ring
    }

    /// Its replay memory.
    pub fn log(&self) -> &Arc<dyn ReplayLog> {
        &self.desk.log
    }

    /// The covered headers of requests.
    pub fn ext(&self) -> &ExtList {
        &self.rules.ext
    }

    /// The covered headers of answers.
    pub fn answer_ext(&self) -> &ExtList {
        &self.rules.answer_ext
    }

    /// Line 1, then the MAC, then everything that is answered with a signed code.
    fn judge(&self, asked: &Asked<'_>, now_ms: i64) -> Verdict {
        let Some(toki) = asked.toki else {
            return self.refuse(OscarError::Missing("the request has no oscartoki header"));
        };
        if !toki.starts_with(b"ot2.") && self.ring.has_v1() {
            return self.judge_legacy(asked, toki, now_ms);
        }
        let read = match Read::new(&self.rules, &self.desk.names, asked, toki, now_ms) {
            Ok(read) => read,
            Err(error) => return self.refuse(error),
        };
        let authentic = match self.authenticate(&read) {
            Ok(authentic) => authentic,
            Err(error) => return self.refuse(error),
        };
        match self.judge_authentic(&authentic, now_ms) {
            Ok(()) => self.judge_body(authentic),
            Err(error) => Verdict::Refused(Refusal::signed(error, authentic.into_context(&self.rules), &self.desk.tally)),
        }
    }

    /// Lines 2 and 3. Nothing is signed, cached or stored before the MAC has passed.
    fn authenticate<'r>(&self, read: &'r Read<'r>) -> Result<Authentic<'r>> {
        let key = self.key(&read.kid())?;
        let found = read.grant.as_ref().map(|grant| self.ring.sessions().find(&key.schedule, grant));
        let req = found.as_ref().map_or(&key.schedule.req, |(session, _)| &session.keys.req);
        if !read.verifies(req, self.rules.empty_query_hidden) {
            return Err(OscarError::BadMac("the toki is not the MAC of this request"));
        }
        let session = found.map(|(session, derived)| {
            if derived {
                self.ring.sessions().keep(&session);
            }
            session
        });
        Ok(Authentic { read, key, session })
    }

    /// Lines 4 to 8.
    fn judge_authentic(&self, authentic: &Authentic<'_>, now_ms: i64) -> Result<()> {
        let Authentic { read, key, .. } = authentic;
        let (grant, ts_ms) = (read.grant.as_ref(), read.toki.claimed_ts_ms());
        key.standing.judge(grant)?;
        self.judge_time(ts_ms, now_ms)?;
        if let Some(grant) = grant {
            judge_session(ts_ms, grant)?;
        }
        let remembered = self.remember(key.kid, grant.map(Grant::sid), read.toki.tag(), ts_ms, now_ms)?;
        if !remembered && !is_safe_method(read.asked.verb) {
            return Err(OscarError::Busy("the replay memory is out of reach"));
        }
        if let Some(grant) = grant {
            judge_policy(grant, self.rules.max_ttl_s, now_ms)?;
        }
        if !remembered {
            self.desk.tally.unremembered();
        }
        Ok(())
    }

    /// Line 9, as far as the content has arrived.
    fn judge_body(&self, authentic: Authentic<'_>) -> Verdict {
        let asked = authentic.read.asked;
        let request = authentic.into_request(&self.rules, &self.desk);
        let Some(digest) = asked.declared else {
            self.desk.accept(&request);
            return Verdict::Accepted(request);
        };
        let pending = PendingBody { request, digest };
        match asked.arrived {
            Content::None => Verdict::Pending(pending),
            Content::Bytes(bytes) if bytes.len() > self.rules.max_body => Verdict::Refused(pending.too_large()),
            Content::Bytes(bytes) => pending.finish(Some(&crate::mac::sha256(bytes))),
            Content::Digest(arrived) => pending.finish(Some(&arrived)),
        }
    }

    /// The end of line 1, for what has no head: the name in M, where `authority` is one of this service's.
    pub(crate) fn judge_authority(&self, authority: &[u8]) -> Result<&str> {
        self.desk.names.find(&Address::Name(authority)).map(|at| self.desk.names.get(at))
    }

    /// Line 2. What is known against the key is judged by its `standing`, line 4.
    pub(crate) fn key(&self, kid: &Kid) -> Result<Arc<Held>> {
        self.ring.held(kid).ok_or(OscarError::UnknownKey("no key stands under this kid here"))
    }

    /// Line 5: the floor rises to now − W here and nowhere else.
    pub(crate) fn judge_time(&self, ts_ms: i64, now_ms: i64) -> Result<()> {
        let floor_ms = self.floor.raise(now_ms.saturating_sub(self.rules.window_ms));
        time_fault(ts_ms, now_ms, floor_ms).map_or(Ok(()), |fault| Err(OscarError::Stale(fault)))
    }

    /// Line 7: from here on the toki is spent, whatever follows. `false`: the memory is out of reach.
    pub(crate) fn remember(&self, kid: Kid, sid: Option<[u8; 8]>, tag: Tag, ts_ms: i64, now_ms: i64) -> Result<bool> {
        let keep_ms = 2 * (self.rules.window_ms + FUTURE_MS);
        let entry = ReplayEntry { space: Space::Toki, tag, kid, sid, ts_ms, keep_ms };
        let recorded = self.desk.log.insert(&entry, self.floor.get(), now_ms);
        if let Some(floor_ms) = recorded.floor_ms {
            self.floor.raise(floor_ms);
        }
        // Line 5 again, by the shared floor. By our own too: another thread may have raised it meanwhile, and the memory may have
        // forgotten what lies below.
        if let Some(fault) = time_fault(ts_ms, now_ms, self.floor.get()) {
            return Err(OscarError::Stale(fault));
        }
        match recorded.remembered {
            Remembered::Fresh => Ok(true),
            Remembered::Unreachable => Ok(false),
            Remembered::Seen => Err(OscarError::Replayed("this toki has been spent")),
            Remembered::Full => Err(OscarError::Busy("the replay memory has no room")),
        }
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.desk.tally
    }

    fn refuse(&self, error: OscarError) -> Verdict {
        Verdict::Refused(Refusal::unsigned(error, &self.desk.tally))
    }
}

#[cfg_attr(feature = "uniffi", uniffi::export)]
impl Service {
    /// When this service is ready, in milliseconds: before it, everything is refused as `stale`.
    pub fn ready_at(&self) -> i64 {
        self.floor.ready_at()
    }

    /// The floor: at and below this time nothing is accepted.
    pub fn floor_ms(&self) -> i64 {
        self.floor.get()
    }

    /// What happened so far.
    pub fn counters(&self) -> Counters {
        self.desk.tally.read()
    }

    /// The longest body of a request, in bytes.
    pub fn max_body(&self) -> i64 {
        i64::try_from(self.rules.max_body).unwrap_or(i64::MAX)
    }

    /// The longest answer to be buffered and digested, in bytes; a longer one goes out as a stream, with BODY 0.
    pub fn max_answer(&self) -> i64 {
        i64::try_from(self.rules.max_answer).unwrap_or(i64::MAX)
    }
}

/// Line 6, by the toki's own time: the verdict is the same at every moment.
fn judge_session(ts_ms: i64, grant: &Grant) -> Result<()> {
    if ts_ms > grant.exp_s() * 1_000 {
        return Err(OscarError::GrantExpired("the toki is dated after its session's end"));
    }
    Ok(())
}

/// Line 8.
fn judge_policy(grant: &Grant, max_ttl_s: i64, now_ms: i64) -> Result<()> {
    if grant.ttl_s() == 0 || grant.ttl_s() > max_ttl_s {
        return Err(OscarError::Policy("the session's life is over this service's limit"));
    }
    if grant.iat_s() * 1_000 > now_ms.saturating_add(FUTURE_MS) {
        return Err(OscarError::Policy("the session was issued ahead of this service's clock"));
    }
    Ok(())
}

/// A clock that no toki can hold is the caller's mistake.
fn check_now(now_ms: i64) -> Result<()> {
    if (0..TS_END).contains(&now_ms) { Ok(()) } else { Err(OscarError::Malformed("the clock is 0 to 2^48 - 1 milliseconds")) }
}

/// Ext of `headers` in a buffer that its thread keeps, so that the usual request needs no heap.
fn with_ext<T>(list: &ExtList, headers: &Headers<'_>, then: impl FnOnce(std::result::Result<&[u8], &'static str>) -> T) -> T {
    thread_local!(static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) });
    if list.is_empty() {
        return then(Ok(&[]));
    }
    let mut buffer = SCRATCH.take();
    let made = list.encode_into(headers, &mut buffer);
    let result = then(made.map(|()| &buffer[..]));
    SCRATCH.set(buffer);
    result
}
