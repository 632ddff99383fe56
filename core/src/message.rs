//! `m`: a toki that travels with a message of a queue (spec sections 4 and 8), and the reply that is bound to it.

use crate::encoding::{be48, parse_text, read_be48, text};
use crate::error::{OscarError, Result};
use crate::http::{LP_MAX, check_ext};
use crate::mac::{self, EMPTY_SHA256, MacKey, TAG_LEN, Tag, sha256};
use crate::replay::{LogStart, MemoryReplayLog, Remembered, ReplayEntry, ReplayLog, ReplayMemory, Space};
use crate::request::{AnswerRef, Content};
use crate::secret::{KeySchedule, Kid};
use crate::time::{FUTURE_MS, WINDOW_MS};
use crate::toki::{AnswerToki, BODY, EXT, PREFIX, array};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

/// Bytes of a message's toki.
pub const MESSAGE_LEN: usize = 44;
/// Characters of a message's toki.
pub const MESSAGE_TEXT_LEN: usize = 63;
/// A consumer's `max_ttl` unless configured: one day, in seconds.
pub const MESSAGE_MAX_TTL_S: i64 = 86_400;

/// How far ahead of the consumer's clock a message may be dated, in milliseconds.
const AHEAD_MS: i64 = 300_000;
const TYPE: u8 = 0x23;
const HEAD: usize = MESSAGE_LEN - TAG_LEN;

/// What is covered of a message, borrowed. Not covered: `x-death`, delivery counts and tags.
#[derive(Clone, Copy, Debug, Default)]
pub struct MessageRef<'a> {
    /// The logical name, not exchange or routing key, which dead-lettering changes. It says the direction.
    pub destination: &'a str,
    /// What the message is.
    pub kind: &'a str,
    /// The covered headers as lp pairs; empty for an empty list.
    pub ext: &'a [u8],
    /// The body; none is zero bytes, which are digested.
    pub content: Content<'a>,
}

/// The owned twin of [`MessageRef`], for languages behind UniFFI.
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The logical name.
    pub destination: String,
    /// What the message is.
    pub kind: String,
    /// The covered headers as lp pairs.
    pub ext: Vec<u8>,
    /// The body.
    pub content: Vec<u8>,
}

impl Message {
    /// The fields, borrowed.
    pub fn as_ref(&self) -> MessageRef<'_> {
        MessageRef { destination: &self.destination, kind: &self.kind, ext: &self.ext, content: Content::Bytes(&self.content) }
    }
}

/// A message's toki, parsed and not verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageToki([u8; MESSAGE_LEN]);

impl MessageToki {
    /// Reads `ot2.` text strictly: length, alphabet, unused bits, type byte, flags.
    pub fn parse(text: &[u8]) -> Result<Self> {
        let bytes = parse_text(text, PREFIX, "a message's toki is ot2. and 59 characters of base64url")?;
        if bytes[0] != TYPE {
            return Err(OscarError::Malformed("a message's toki begins with 0x23"));
        }
        if bytes[1] & !EXT != BODY {
            return Err(OscarError::Malformed("a message's toki has flag BODY, and none but EXT beside it"));
        }
        Ok(Self(bytes))
    }

    /// Mints the toki of `message`. Everything outside section 5, ttl 0 included, is `unsignable`.
    pub(crate) fn mint(keys: &KeySchedule, kid: Kid, message: &MessageRef<'_>, ts_ms: i64, nonce: [u8; 8], ttl_s: i64) -> Result<Self> {
        let digest = check(message).map_err(OscarError::Unsignable)?;
        let ts = be48(ts_ms).ok_or(OscarError::Unsignable("a time is 0 to 2^48 - 1 milliseconds"))?;
        let ttl = u32::try_from(ttl_s).ok().filter(|ttl| *ttl > 0);
        let ttl = ttl.ok_or(OscarError::Unsignable("a message lives 1 to 2^32 - 1 seconds"))?;
        let mut bytes = [0; MESSAGE_LEN];
        bytes[0] = TYPE;
        bytes[1] = if message.ext.is_empty() { BODY } else { BODY | EXT };
        bytes[2..10].copy_from_slice(&kid);
        bytes[10..16].copy_from_slice(&ts);
        bytes[16..24].copy_from_slice(&nonce);
        bytes[24..HEAD].copy_from_slice(&ttl.to_be_bytes());
        let mut toki = Self(bytes);
        let tag = keys.msg.tag(&toki.covered(message, &digest));
        toki.0[HEAD..].copy_from_slice(&tag);
        Ok(toki)
    }

    /// What can be judged without a key: the fields and the flags. Returns the digest of the body.
    pub(crate) fn check(&self, message: &MessageRef<'_>) -> Result<[u8; 32]> {
        let digest = check(message).map_err(OscarError::Malformed)?;
        if self.has_ext() == message.ext.is_empty() {
            return Err(OscarError::Malformed("flag EXT and the covered headers do not agree"));
        }
        Ok(digest)
    }

    /// The MAC, in constant time.
    pub(crate) fn authenticate(&self, keys: &KeySchedule, message: &MessageRef<'_>, digest: &[u8; 32]) -> Result<()> {
        if keys.msg.verifies(&self.covered(message, digest), &self.tag()) {
            Ok(())
        } else {
            Err(OscarError::BadMac("the toki is not the MAC of this message"))
        }
    }

    /// Policy, then time; both ends of ts − 300 s to ts + ttl are good.
    pub(crate) fn check_time(&self, max_ttl_s: i64, now_ms: i64) -> Result<()> {
        if !(1..=max_ttl_s).contains(&self.claimed_ttl_s()) {
            return Err(OscarError::Policy("the message's life is 0 or longer than this consumer allows"));
        }
        if now_ms < self.claimed_ts_ms() - AHEAD_MS {
            return Err(OscarError::NotYet("the message is dated more than 300 seconds ahead"));
        }
        if now_ms > self.end_ms() {
            return Err(OscarError::Expired("the message's life is over"));
        }
        Ok(())
    }

    fn covered<'a>(&'a self, message: &MessageRef<'a>, digest: &'a [u8; 32]) -> mac::Message<'a, 3> {
        let fields = [message.destination.as_bytes(), message.kind.as_bytes(), message.ext];
        mac::Message { head: &self.0[..HEAD], request: None, fields, digest: Some(digest) }
    }

    /// The `ot2.` text.
    pub fn to_text(&self) -> String {
        text(PREFIX, &self.0)
    }

    /// The key id.
    pub fn claimed_kid(&self) -> Kid {
        array(&self.0, 2)
    }

    /// Milliseconds since the epoch.
    pub fn claimed_ts_ms(&self) -> i64 {
        read_be48(&array(&self.0, 10))
    }

    /// The nonce.
    pub fn claimed_nonce(&self) -> [u8; 8] {
        array(&self.0, 16)
    }

    /// The life, in seconds.
    pub fn claimed_ttl_s(&self) -> i64 {
        i64::from(u32::from_be_bytes(array(&self.0, 24)))
    }

    /// Whether headers were signed.
    pub fn has_ext(&self) -> bool {
        self.0[1] & EXT != 0
    }

    /// The tag: what a reply is bound to and the memory keys on.
    pub fn tag(&self) -> Tag {
        array(&self.0, HEAD)
    }

    pub(crate) fn end_ms(&self) -> i64 {
        self.claimed_ts_ms() + self.claimed_ttl_s() * 1000
    }
}

/// Lengths that `lp` can hold, and the digest of the body.
fn check(message: &MessageRef<'_>) -> std::result::Result<[u8; 32], &'static str> {
    if message.destination.len() > LP_MAX || message.kind.len() > LP_MAX {
        return Err("a message's destination and type have at most 65,535 bytes");
    }
    check_ext(message.ext)?;
    Ok(match message.content {
        Content::None => EMPTY_SHA256,
        Content::Bytes(bytes) => sha256(bytes),
        Content::Digest(digest) => digest,
    })
}

/// Whether a consumer sees a message for the first time.
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// No consumer that shares the memory has seen it.
    Fresh,
    /// One has: it was delivered again, or replayed.
    Duplicate,
    /// Nobody remembers: there is no memory, or it could not be asked.
    Unchecked,
}

impl Freshness {
    /// `fresh`, `duplicate` or `unchecked`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Duplicate => "duplicate",
            Self::Unchecked => "unchecked",
        }
    }
}

/// What the consumers of one queue have seen: a memory that they share and that survives them. What its log can't hold for a message's whole
/// life is `Unchecked`. One log may serve as a service's memory too.
#[cfg_attr(feature = "uniffi", derive(uniffi::Object))]
#[derive(Debug)]
pub struct MessageMemory {
    log: Arc<dyn ReplayLog>,
    /// Never falls, and stays below the floor of a service on the same log.
    floor_ms: AtomicI64,
    /// Up to this time of minting, earlier consumers may have seen what an empty memory does not know.
    unknown_until_ms: i64,
}

#[cfg_attr(feature = "uniffi", uniffi::export)]
impl MessageMemory {
    /// A memory of this process alone, with room for `capacity` messages: for one consumer that never restarts, and for tests.
    #[cfg_attr(feature = "uniffi", uniffi::constructor)]
    pub fn local(capacity: i64, first_start: bool, now_ms: i64) -> Result<Self> {
        let capacity = usize::try_from(capacity).map_err(|_| OscarError::Malformed("a capacity is not negative"))?;
        Ok(Self::new(Arc::new(MemoryReplayLog::exact(capacity)), first_start, now_ms))
    }

    /// A memory that others share: see [`MessageMemory::new`].
    #[cfg_attr(feature = "uniffi", uniffi::constructor)]
    pub fn on(memory: &ReplayMemory, first_start: bool, now_ms: i64) -> Self {
        Self::new(memory.log().clone(), first_start, now_ms)
    }
}

impl MessageMemory {
    const LAG_MS: i64 = WINDOW_MS + 2 * FUTURE_MS;

    /// A memory on `log`. One that begins empty knows nothing of messages that an earlier consumer could have seen, and says `Unchecked` of
    /// them; `first_start` says that there was none.
    pub fn new(log: Arc<dyn ReplayLog>, first_start: bool, now_ms: i64) -> Self {
        let floor_ms = now_ms.saturating_sub(Self::LAG_MS);
        let began_empty = log.start(floor_ms.max(0)) == LogStart::Empty && !first_start;
        let unknown_until_ms = if began_empty { now_ms.saturating_add(AHEAD_MS) } else { i64::MIN };
        Self { log, floor_ms: AtomicI64::new(floor_ms), unknown_until_ms }
    }

    pub(crate) fn judge(&self, toki: &MessageToki, now_ms: i64) -> Freshness {
        let to_ms = now_ms.saturating_sub(Self::LAG_MS);
        let floor_ms = self.floor_ms.fetch_max(to_ms, Ordering::AcqRel).max(to_ms);
        // It is remembered until its end, not its beginning.
        let (kid, ts_ms) = (toki.claimed_kid(), toki.end_ms());
        let keep_ms = (ts_ms - floor_ms).max(0);
        let entry = ReplayEntry { space: Space::Toki, tag: toki.tag(), kid, sid: None, ts_ms, keep_ms };
        match self.log.insert(&entry, floor_ms, now_ms).remembered {
            Remembered::Seen => Freshness::Duplicate,
            Remembered::Fresh if toki.claimed_ts_ms() > self.unknown_until_ms => Freshness::Fresh,
            Remembered::Fresh | Remembered::Full | Remembered::Unreachable => Freshness::Unchecked,
        }
    }
}

/// A message that was verified.
#[cfg_attr(feature = "uniffi", derive(uniffi::Object))]
pub struct VerifiedMessage {
    pub(crate) toki: MessageToki,
    pub(crate) freshness: Freshness,
    pub(crate) reply_key: MacKey,
}

#[cfg_attr(feature = "uniffi", uniffi::export)]
impl VerifiedMessage {
    /// The key id of the sender, 8 bytes.
    pub fn kid(&self) -> Vec<u8> {
        self.toki.claimed_kid().to_vec()
    }

    /// When it was minted.
    pub fn ts_ms(&self) -> i64 {
        self.toki.claimed_ts_ms()
    }

    /// Its life, in seconds.
    pub fn ttl_s(&self) -> i64 {
        self.toki.claimed_ttl_s()
    }

    /// Its nonce, 8 bytes.
    pub fn nonce(&self) -> Vec<u8> {
        self.toki.claimed_nonce().to_vec()
    }

    /// Whether this consumer group has seen it before. A consumer that must not act twice acts on `Fresh` alone.
    pub fn freshness(&self) -> Freshness {
        self.freshness
    }

    /// Mints the toki of an RPC reply with these covered headers and this body: the sender of the message accepts it once.
    /// Error: `unsignable`.
    pub fn reply(&self, ext: &[u8], content: &[u8], now_ms: i64) -> Result<String> {
        let answer = AnswerRef { status: 0, ext, content: Content::Bytes(content) };
        AnswerToki::mint(&self.reply_key, &self.toki.tag(), 0, now_ms, &answer, None).map(|toki| toki.to_text())
    }
}

impl fmt::Debug for VerifiedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedMessage").field("toki", &self.toki).field("freshness", &self.freshness).finish_non_exhaustive()
    }
}

/// A message's toki, and what accepts the one reply to it.
#[cfg_attr(feature = "uniffi", derive(uniffi::Object))]
pub struct SignedMessage {
    toki: MessageToki,
    reply_key: MacKey,
    answered: AtomicBool,
}

impl SignedMessage {
    pub(crate) fn new(toki: MessageToki, keys: &KeySchedule) -> Self {
        Self { toki, reply_key: keys.res.clone(), answered: AtomicBool::new(false) }
    }
}

#[cfg_attr(feature = "uniffi", uniffi::export)]
impl SignedMessage {
    /// The header `oscartoki` of the message.
    pub fn toki(&self) -> String {
        self.toki.to_text()
    }

    /// Accepts the RPC reply to this message and returns the consumer's time. Any call, good or bad, uses it up: the next is
    /// `replayed`. Errors: `missing`, `malformed`, `bad_mac`, the refusal that the reply's code names, `policy` (content that is not covered).
    pub fn accept_reply(&self, toki: Option<String>, ext: &[u8], content: &[u8]) -> Result<i64> {
        if self.answered.swap(true, Ordering::AcqRel) {
            return Err(OscarError::Replayed("the reply to this message was judged before"));
        }
        let text = toki.ok_or(OscarError::Missing("the reply has no toki"))?;
        let toki = AnswerToki::parse(text.as_bytes())?;
        let answer = AnswerRef { status: 0, ext, content: Content::Bytes(content) };
        toki.verify(&self.reply_key, &self.toki.tag(), &answer, None)?;
        if let Some(refusal) = OscarError::from_code(toki.claimed_code()) {
            return Err(refusal);
        }
        if !content.is_empty() && !toki.has_body() {
            return Err(OscarError::Policy("the reply's content is not covered"));
        }
        Ok(toki.claimed_ts_ms())
    }
}

impl fmt::Debug for SignedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedMessage").field("toki", &self.toki).finish_non_exhaustive()
    }
}
