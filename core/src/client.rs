//! The client (spec section 7): probes, keeps one clock and the newest grant per audience, signs, and accepts each answer once.
//! [`Client::sign_ref`] and [`Client::accept_ref`] are the primitives; [`Call`](crate::Call) is the loop over them.

mod accept;
mod audience;
mod carried;
mod clock;
mod exported;
mod outcome;
mod sign;
mod state;

pub use exported::SignedRequest;
pub use outcome::Outcome;
pub use sign::{SignContext, SignOptions, SignedHeaders};

pub(crate) use audience::Audience;

use crate::error::{OscarError, Result};
use crate::http::{AnswerHead, ExtList, Headers, check_audience, drops_from_probe, normalise_authority};
use crate::nonce;
use crate::secret::{AudienceKey, Secret, Session};
use crate::time::HAND_OUT_MAX_S;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// So many audiences keep their clock and grant in one client; above it the one heard from longest ago is forgotten, which costs a probe.
const MAX_AUDIENCES: usize = 1024;

/// When a client in a session asks for the next grant.
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rolling {
    /// Once half of the grant's life is over.
    #[default]
    Auto,
    /// On every request.
    Every,
}

/// How a client behaves. `ClientConfig::default()` is right for most.
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientConfig {
    /// The covered headers of requests, in the service's order.
    #[cfg_attr(feature = "uniffi", uniffi(default = []))]
    pub ext: Vec<String>,
    /// The covered headers of answers, in the service's order.
    #[cfg_attr(feature = "uniffi", uniffi(default = []))]
    pub answer_ext: Vec<String>,
    /// When to ask for the next grant.
    pub roll: Rolling,
    /// The machine's clock is known to be right: unsafe requests need no probe.
    #[cfg_attr(feature = "uniffi", uniffi(default = false))]
    pub trust_clock: bool,
    /// `answers = none`: the service can't sign its answers. Nothing then counts as authentic, and an unsafe request needs `trust_clock`.
    #[cfg_attr(feature = "uniffi", uniffi(default = false))]
    pub unsigned_answers: bool,
    /// An answer whose content has more bytes is `policy`.
    #[cfg_attr(feature = "uniffi", uniffi(default = 1048576))]
    pub max_answer: i64,
    /// The generation of the audience key; moved by configuration, never by an answer.
    #[cfg_attr(feature = "uniffi", uniffi(default = 0))]
    pub generation: i64,
    /// The 8-byte kid that the application registered for this generation, in place of the derived one.
    #[cfg_attr(feature = "uniffi", uniffi(default = None))]
    pub kid: Option<Vec<u8>>,
    /// Whether layers send Content-Digest with any content.
    #[cfg_attr(feature = "uniffi", uniffi(default = true))]
    pub send_content_digest: bool,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            ext: Vec::new(),
            answer_ext: Vec::new(),
            roll: Rolling::Auto,
            trust_clock: false,
            unsigned_answers: false,
            max_answer: 1 << 20,
            generation: 0,
            kid: None,
            send_content_digest: true,
        }
    }
}

/// One side of the protocol: the one that asks. `Send + Sync`; cloning gives another handle on the same state.
#[cfg_attr(feature = "uniffi", derive(uniffi::Object))]
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    /// The configured audience; without one, each request's normalised authority is its audience.
    bound: Option<Arc<Audience>>,
}

struct Shared {
    config: ClientConfig,
    ext: ExtList,
    answer_ext: ExtList,
    /// Absent in a client of one audience key or one handed-out session.
    secret: Option<Secret>,
    /// Of the secret's generation, or registered for it.
    kid: Option<Vec<u8>>,
    audiences: RwLock<HashMap<Vec<u8>, Arc<Audience>>>,
}

#[cfg_attr(feature = "uniffi", uniffi::export)]
impl Client {
    /// A client for one audience, used byte for byte. Errors: `unsignable` for an audience outside section 5, `malformed` for the configuration.
    #[cfg_attr(feature = "uniffi", uniffi::constructor)]
    pub fn new(secret: &Secret, audience: &str, config: ClientConfig) -> Result<Self> {
        Self::by_authority(secret, config)?.for_audience(audience)
    }

    /// A client for several audiences: each request's normalised authority is its audience.
    #[cfg_attr(feature = "uniffi", uniffi::constructor)]
    pub fn by_authority(secret: &Secret, config: ClientConfig) -> Result<Self> {
        Ok(Self { shared: Shared::new(config, Some(secret.clone()))?, bound: None })
    }

    /// A client of one audience key. Its generation and kid are the key's; those of the configuration are not looked at.
    #[cfg_attr(feature = "uniffi", uniffi::constructor)]
    pub fn from_audience_key(key: &AudienceKey, config: ClientConfig) -> Result<Self> {
        Self::bound(Shared::new(config, None)?, Audience::root(Vec::new(), key))
    }

    /// A delegate: signs in a handed-out session alone, asks for no grant and takes none.
    #[cfg_attr(feature = "uniffi", uniffi::constructor)]
    pub fn from_session(session: &Session, config: ClientConfig) -> Result<Self> {
        Self::bound(Shared::new(config, None)?, Audience::delegate(session))
    }

    /// The same client for one audience: configuration, clock and grants of that audience are shared with every handle on it.
    /// Error: `unsignable` for an audience outside section 5, or in a client that holds no secret.
    pub fn for_audience(&self, audience: &str) -> Result<Self> {
        check_audience(audience.as_bytes()).map_err(OscarError::Unsignable)?;
        Ok(Self { shared: self.shared.clone(), bound: Some(self.shared.audience(audience.as_bytes())?) })
    }

    /// The key id, 8 bytes; of a delegate, the one that its session belongs to.
    pub fn kid(&self) -> Vec<u8> {
        match &self.bound {
            Some(audience) => audience.kid().to_vec(),
            None => self.shared.kid.clone().unwrap_or_default(),
        }
    }

    /// How far the service's clock is ahead of this one, in milliseconds, as far as answers have told; `None` before the first, and in
    /// a client by authority.
    pub fn offset_ms(&self) -> Option<i64> {
        self.bound.as_ref()?.clock().offset_ms()
    }

    /// A session for a browser or worker, to be used by nobody else: its own sid and salt, `ttl_s` of 1 to 600 seconds from now.
    /// Errors: `unsignable` for another ttl, for a delegate, and in a client by authority (name one by [`Client::for_audience`]).
    pub fn hand_out(&self, ttl_s: i64, now_ms: i64) -> Result<Session> {
        if !(1..=HAND_OUT_MAX_S).contains(&ttl_s) {
            return Err(OscarError::Unsignable("a session is handed out for 1 to 600 seconds"));
        }
        let audience = self.audience_for(None)?;
        let keys = audience.keys()?;
        let exp_s = audience.clock().corrected(now_ms)? / 1000 + ttl_s;
        let grant = keys.unasked_grant([nonce::draw()?, nonce::draw()?], nonce::draw()?, exp_s, ttl_s)?;
        Ok(Session::new(grant, keys.schedule.session_key(&grant)))
    }

    /// Clock and newest grant of every audience as text, for another process of the same client:
    /// [`Client::import_state`] tells the format. It holds no key.
    pub fn export_state(&self) -> String {
        state::export(&self.known())
    }

    /// Takes over what [`Client::export_state`] wrote; nothing changes on an error (`malformed`). Lines:
    /// `oscartoki client 1`, then for each audience `audience NAME` (`session SID` of a delegate, NAME empty with an audience key),
    /// `clock OFFSET_MS RECEIVED_MS` (`-` for a sample of unknown age) and `grant ok2.…`. An audience that is not this client's, and a grant
    /// of another kid, are passed over. An imported sample's age is judged by the wall clock alone.
    pub fn import_state(&self, text: &str) -> Result<()> {
        let entries = state::parse(text)?;
        for entry in entries {
            let audience = match (&self.bound, &entry.name) {
                (Some(bound), name) if bound.state_name() == *name => bound.clone(),
                (None, state::Name::Audience(name)) if !name.is_empty() => self.shared.audience(name.as_bytes())?,
                _ => continue,
            };
            entry.apply(&audience);
        }
        Ok(())
    }

    /// Whether a probe leaves this header out: it has neither body nor condition. A header in the ext list stays.
    pub fn drops_from_probe(&self, name: &str) -> bool {
        drops_from_probe(name) && !self.shared.ext.names().iter().any(|kept| kept.eq_ignore_ascii_case(name))
    }
}

impl Client {
    /// The configuration.
    pub fn config(&self) -> &ClientConfig {
        &self.shared.config
    }

    /// Ext of a request's headers, by the configured list. Error: `unsignable` when it is too long.
    pub fn request_ext(&self, headers: &Headers<'_>) -> Result<Vec<u8>> {
        self.shared.ext.encode(headers).map_err(OscarError::Unsignable)
    }

    /// Ext of an answer's headers, by the configured list. Error: `malformed` when it is too long.
    pub fn answer_ext(&self, head: &AnswerHead<'_>) -> Result<Vec<u8>> {
        self.shared.answer_ext.encode(&head.headers).map_err(OscarError::Malformed)
    }

    /// Whether an answer with so many bytes of content is over the limit.
    pub fn over_limit(&self, len: usize) -> bool {
        i64::try_from(len).is_ok_and(|len| len > self.shared.config.max_answer)
    }

    /// Where clock, keys and grants for this authority are: at the configured audience, else at the one named like it.
    pub(crate) fn audience_for(&self, authority: Option<&[u8]>) -> Result<Arc<Audience>> {
        if let Some(bound) = &self.bound {
            return Ok(bound.clone());
        }
        let authority = authority.ok_or(OscarError::Unsignable("this client has several audiences: name one by for_audience"))?;
        let mut buffer = [0; 255];
        self.shared.audience(normalise_authority(authority, &mut buffer).map_err(OscarError::Unsignable)?)
    }

    fn bound(shared: Arc<Shared>, audience: Audience) -> Result<Self> {
        Ok(Self { shared, bound: Some(Arc::new(audience)) })
    }

    fn known(&self) -> Vec<Arc<Audience>> {
        match &self.bound {
            Some(bound) => vec![bound.clone()],
            None => {
                let mut all: Vec<_> = self.shared.audiences.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
                all.sort_by(|a, b| a.name().cmp(b.name()));
                all
            }
        }
    }
}

impl Shared {
    fn new(config: ClientConfig, secret: Option<Secret>) -> Result<Arc<Self>> {
        if config.max_answer < 0 {
            return Err(OscarError::Malformed("max_answer is a number of bytes"));
        }
        if config.kid.as_ref().is_some_and(|kid| kid.len() != 8) {
            return Err(OscarError::Malformed("a kid has 8 bytes"));
        }
        let (ext, answer_ext) = (ExtList::new(&config.ext)?, ExtList::new(&config.answer_ext)?);
        let kid = match (&config.kid, &secret) {
            (None, Some(secret)) => Some(secret.kid(config.generation)?),
            (registered, _) => registered.clone(),
        };
        Ok(Arc::new(Self { config, ext, answer_ext, secret, kid, audiences: RwLock::default() }))
    }

    /// The audience of that name, derived at its first use.
    fn audience(&self, name: &[u8]) -> Result<Arc<Audience>> {
        if let Some(known) = self.audiences.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Ok(known.clone());
        }
        let secret = self.secret.as_ref().ok_or(OscarError::Unsignable("this client holds the key of one audience"))?;
        let text = std::str::from_utf8(name).map_err(|_| OscarError::Unsignable("an audience is 1 to 255 bytes 0x21 to 0x7E"))?;
        let key = secret.audience_key(text, self.config.generation)?;
        let key = self.config.kid.as_ref().map_or(Ok(key.clone()), |kid| key.with_kid(kid))?;
        let made = Arc::new(Audience::root(name.to_vec(), &key));
        let mut audiences = self.audiences.write().unwrap_or_else(PoisonError::into_inner);
        if audiences.len() >= MAX_AUDIENCES && !audiences.contains_key(name) {
            let oldest = audiences.iter().min_by_key(|(_, audience)| audience.clock().heard_ms()).map(|(name, _)| name.clone());
            oldest.map(|name| audiences.remove(&name));
        }
        Ok(audiences.entry(name.to_vec()).or_insert(made).clone())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client(kid {})", crate::encoding::hex(&self.kid()))
    }
}
