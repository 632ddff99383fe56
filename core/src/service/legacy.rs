//! The service's side of OscarToki v1, where a key has it on: which key, for how long, each toki once in each of its two steps, and never one
//! of our own. It never mints on a failed exchange.

use super::answer::{AnswerHeaders, Reply};
use super::read::Asked;
use super::{AnswerContext, Desk, Handshake, Refusal, Service, Verdict, VerifiedRequest, Version, check_now};
use crate::error::{OscarError, Result};
use crate::http::{check_method, check_target};
use crate::keyring::Legacy;
use crate::mac::{TAG_LEN, Tag, sha256};
use crate::replay::{Remembered, ReplayEntry, Space};
use crate::request::Content;
use crate::secret::Kid;
use crate::time::FUTURE_MS;
use crate::v1::{AHEAD_MS, Fit, Tokikey, V1Toki, check_age, mint};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// How long a core is remembered, in milliseconds.
const KEEP_MS: i64 = 60_000;

/// The two steps, in each of which a toki counts once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    First,
    Second,
}

/// What is remembered of a core in each step: that it is used up (by a request, or because it was minted here), and that a request asked.
#[derive(Clone, Copy)]
enum Mark {
    Used,
    Asked,
}

/// v1's own floor: what its memory may have forgotten, or never knew, is `stale`.
#[derive(Debug)]
pub(super) struct LegacyFloor(AtomicI64);

impl LegacyFloor {
    /// A memory that began empty refuses ts < start + 5 s. One that was carried over may have begun empty under another process, which its
    /// floor tells; after an orderly start it knows all.
    pub(super) fn start(empty_since_ms: Option<i64>, shared_floor_ms: i64, first_start: bool, now_ms: i64) -> Self {
        let known_from = match empty_since_ms {
            Some(start) => start + AHEAD_MS - 1,
            None if first_start => i64::MIN,
            None => began_empty_under(shared_floor_ms),
        };
        Self(AtomicI64::new(known_from.max(now_ms - KEEP_MS)))
    }

    fn raise(&self, to_ms: i64) -> i64 {
        self.0.fetch_max(to_ms, Ordering::AcqRel).max(to_ms)
    }
}

/// The last time that v1 refuses, were this floor the one of a memory at its empty start: start + 2F.
const fn began_empty_under(floor_ms: i64) -> i64 {
    floor_ms.saturating_sub(2 * FUTURE_MS).saturating_add(AHEAD_MS - 1)
}

/// Whose toki it is and what its answers are minted with.
#[derive(Debug)]
pub(crate) struct LegacyReply {
    key: Arc<Legacy>,
    desk: Arc<Desk>,
}

/// A well-formed request of v1.
struct Request<'a> {
    toki: &'a str,
    tokikey: Option<Tokikey<'a>>,
}

impl<'a> Request<'a> {
    /// A GET without tokikey is the first step; whatever has one is the second.
    fn parse(asked: &Asked<'a>, toki: &'a [u8]) -> Result<Self> {
        const ASCII: OscarError = OscarError::Malformed("a v1 header is ASCII");
        let toki = std::str::from_utf8(toki).map_err(|_| ASCII)?;
        V1Toki::parse(toki, Default::default())?;
        let tokikey = asked.grant.map(|text| std::str::from_utf8(text).map_err(|_| ASCII).and_then(Tokikey::parse)).transpose()?;
        if tokikey.is_none() && asked.verb != b"GET" {
            return Err(OscarError::Missing("a v1 request other than the first GET needs its tokikey"));
        }
        Ok(Self { toki, tokikey })
    }
}

impl Service {
    /// A toki that is not `ot2.`, where a key has v1 on.
    pub(super) fn judge_legacy(&self, asked: &Asked<'_>, toki: &[u8], now_ms: i64) -> Verdict {
        self.judge_legacy_lines(asked, toki, now_ms).unwrap_or_else(|error| Verdict::Refused(Refusal::legacy(error, self.tally())))
    }

    fn judge_legacy_lines(&self, asked: &Asked<'_>, text: &[u8], now_ms: i64) -> Result<Verdict> {
        check_now(now_ms)?;
        check_method(asked.verb).map_err(OscarError::Malformed)?;
        check_target(asked.verb, asked.target).map_err(OscarError::Malformed)?;
        let request = Request::parse(asked, text)?;
        let name = self.desk.names.find(&asked.address)?;
        if matches!(asked.arrived, Content::Bytes(bytes) if bytes.len() > self.rules.max_body) {
            let refusal = Refusal::legacy(OscarError::Policy("the body is over this service's limit"), self.tally());
            return Ok(Verdict::Refused(Refusal { status: 413, ..refusal }));
        }

        let (key, toki) = self.legacy_key(request.toki)?;
        if let Some(tokikey) = &request.tokikey {
            tokikey.authenticate(key.key(), request.toki, key.dialect)?;
        }
        key.standing.judge(None)?;
        if now_ms > key.until_ms || self.desk.log.has_spoken_v2(key.kid) {
            return Err(OscarError::Policy("this key's v1 has ended"));
        }
        check_age(toki.ts_ms, now_ms)?;
        if toki.ts_ms <= self.desk.legacy_floor.raise(now_ms - KEEP_MS) {
            return Err(OscarError::Stale("the v1 toki is from before this memory's start"));
        }
        if let Some(tokikey) = &request.tokikey {
            tokikey.check_time(key.key(), request.toki, now_ms)?;
        }
        let step = if request.tokikey.is_none() { Step::First } else { Step::Second };
        self.desk.spend(step, &toki.identity(key.key()), key.kid, toki.ts_ms, now_ms)?;

        if step == Step::First {
            let tokikey = Tokikey::mint(key.key(), request.toki, now_ms)?;
            let toki = self.desk.mint_legacy(&key, now_ms)?;
            return Ok(Verdict::Handshake(Handshake { kid: key.kid, toki, tokikey }));
        }
        self.tally().accept_v1();
        let (kid, ts_ms) = (key.kid, toki.ts_ms);
        let context = AnswerContext { reply: Reply::V1(LegacyReply { key, desk: self.desk.clone() }) };
        let version = Version::V1;
        Ok(Verdict::Accepted(VerifiedRequest {
            kid,
            sid: None,
            ts_ms,
            nonce: [0; 8],
            want: false,
            version,
            name,
            desk: self.desk.clone(),
            context,
        }))
    }

    /// The first key in order that fits. A core that fits with another rest is `bad_mac`; none that fits, `unknown_key`.
    fn legacy_key<'t>(&self, text: &'t str) -> Result<(Arc<Legacy>, V1Toki<'t>)> {
        let mut well_formed = false;
        for key in self.ring.legacy().iter() {
            let Ok(toki) = V1Toki::parse(text, key.dialect) else { continue };
            well_formed = true;
            match toki.fit(key.key(), key.dialect) {
                Fit::Whole => return Ok((key.clone(), toki)),
                Fit::Core => return Err(OscarError::BadMac("the v1 toki is a key's, but for its last part")),
                Fit::No => {}
            }
        }
        Err(if well_formed {
            OscarError::UnknownKey("the v1 toki is no key's that has v1 on here")
        } else {
            OscarError::Malformed("the v1 toki is in a spelling that no key's dialect takes")
        })
    }
}

impl Desk {
    /// Each core once per step. One that is used up although no request asked was minted here.
    fn spend(&self, step: Step, core: &Tag, kid: Kid, ts_ms: i64, now_ms: i64) -> Result<()> {
        // One alone is the first to ask; it alone looks whether the core is a minted one.
        let first = self.record(tag(step, Mark::Asked, core), kid, ts_ms, now_ms)?;
        let unused = first && self.record(tag(step, Mark::Used, core), kid, ts_ms, now_ms)?;
        // Another thread may have raised the floor meanwhile, and the memory may have forgotten what lies below.
        if ts_ms <= self.legacy_floor.raise(i64::MIN) {
            return Err(OscarError::Stale("the v1 toki is older than what is remembered"));
        }
        match (first, unused) {
            (true, true) => Ok(()),
            (true, false) => Err(OscarError::Reflected("a v1 toki that was minted here came back as a request")),
            (false, _) => Err(OscarError::Replayed("this v1 toki has been spent")),
        }
    }

    /// The newest toki that every original accepts and that nobody has used, a little behind the clock: a core is nothing but key and time,
    /// and those of this moment are for clients. It is used up in both steps before it goes out.
    fn mint_legacy(&self, key: &Legacy, now_ms: i64) -> Result<String> {
        const BEHIND_MS: i64 = 3_000;
        const TRIES: usize = 64;
        let mut at_ms = now_ms - BEHIND_MS;
        for _ in 0..TRIES {
            let minted = mint(key.key(), at_ms)?;
            let take = |step| self.record(tag(step, Mark::Used, &minted.identity), key.kid, minted.ts_ms, now_ms);
            if take(Step::First)? && take(Step::Second)? {
                return Ok(minted.text);
            }
            at_ms = minted.ts_ms - 1;
        }
        Err(OscarError::Busy("too many v1 exchanges in this millisecond"))
    }

    /// Whether it is new. What can't be remembered is `busy`, safe methods included: v1 has nothing else.
    fn record(&self, tag: Tag, kid: Kid, ts_ms: i64, now_ms: i64) -> Result<bool> {
        let floor_ms = self.legacy_floor.raise(now_ms.saturating_sub(KEEP_MS));
        // A minted core at or below the floor is kept too, as if it were a little younger: no two answers carry the same.
        let kept_ms = ts_ms.max(floor_ms + 1);
        let entry = ReplayEntry { space: Space::V1, tag, kid, sid: None, ts_ms: kept_ms, keep_ms: KEEP_MS };
        // A shared floor is that of v2, whose window is another.
        match self.log.insert(&entry, floor_ms, now_ms).remembered {
            Remembered::Fresh => Ok(true),
            Remembered::Seen => Ok(false),
            Remembered::Full => Err(OscarError::Busy("the replay memory has no room")),
            Remembered::Unreachable => Err(OscarError::Busy("the replay memory is out of reach")),
        }
    }
}

impl LegacyReply {
    /// The answer carries a fresh toki of the service, which proves that it holds the key and nothing about the answer.
    pub(super) fn answer(self, now_ms: i64, out: &mut AnswerHeaders) -> Result<()> {
        out.set_toki(&self.desk.mint_legacy(&self.key, now_ms)?)
    }
}

fn tag(step: Step, mark: Mark, core: &Tag) -> Tag {
    let mut labelled = [0; 2 + TAG_LEN];
    labelled[0] = if step == Step::First { 1 } else { 2 };
    labelled[1] = match mark {
        Mark::Used => b'u',
        Mark::Asked => b'a',
    };
    labelled[2..].copy_from_slice(core);
    let mut tag = [0; TAG_LEN];
    tag.copy_from_slice(&sha256(&labelled)[..TAG_LEN]);
    tag
}
