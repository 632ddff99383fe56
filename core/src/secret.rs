//! Key material: the root secret, a service's audience key, a handed-out session, and their schedules (spec sections 2 and 3).

use crate::encoding::{parse_text, text};
use crate::error::{OscarError, Result};
use crate::grant::{GRANT_LEN, Grant};
use crate::http::check_audience;
use crate::mac::MacKey;
use crate::nonce;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// A key id: public, 8 bytes.
pub type Kid = [u8; 8];

const SECRET: &str = "os2.";
const AUDIENCE_KEY: &str = "oa2.";
const SESSION: &str = "oz2.";

/// What a client and the key registry hold: 32 random bytes (`os2.`). Wiped on drop, redacted when printed.
#[cfg_attr(feature = "uniffi", derive(uniffi::Object))]
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret {
    bytes: [u8; 32],
}

#[cfg_attr(feature = "uniffi", uniffi::export)]
impl Secret {
    /// A new random secret.
    #[cfg_attr(feature = "uniffi", uniffi::constructor)]
    pub fn generate() -> Result<Self> {
        Self::from_bytes(&nonce::draw_secret()?)
    }

    /// A secret from exactly 32 random bytes; any other length or 32 equal bytes are `weak_secret`.
    #[cfg_attr(feature = "uniffi", uniffi::constructor)]
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Ok(Self { bytes: strong(bytes)? })
    }

    /// Reads `os2.` text. Errors: `wrong_kind`, `malformed`, `weak_secret`.
    #[cfg_attr(feature = "uniffi", uniffi::constructor)]
    pub fn parse(text: &str) -> Result<Self> {
        Self::from_bytes(&*key_text::<32>(text, SECRET)?)
    }

    /// The `os2.` text: the secret itself, for a key file with mode 0600.
    pub fn to_text(&self) -> String {
        text(SECRET, &self.bytes)
    }

    /// The key id of a generation: 0 at first, below 2^32, else `unsignable`.
    pub fn kid(&self, generation: i64) -> Result<Vec<u8>> {
        Ok(self.kid_bytes(generation)?.to_vec())
    }

    /// What one service gets: the key of an audience (1 to 255 bytes 0x21–0x7E, used byte for byte) and generation.
    /// Error: `unsignable` for an audience outside that.
    pub fn audience_key(&self, audience: &str, generation: i64) -> Result<AudienceKey> {
        check_audience(audience.as_bytes()).map_err(OscarError::Unsignable)?;
        let info: [&[u8]; 4] = [b"oscartoki/2 aud\0", audience.as_bytes(), b"\0", &be32(generation)?];
        Ok(AudienceKey { kid: self.kid_bytes(generation)?, key: self.root().expand(&info) })
    }
}

impl Secret {
    /// The key id of a generation, as an array.
    pub fn kid_bytes(&self, generation: i64) -> Result<Kid> {
        Ok(first(&self.root().expand(&[b"oscartoki/2 kid", &be32(generation)?])))
    }

    /// PRK, the HKDF-Extract (RFC 5869) of this secret.
    fn root(&self) -> MacKey {
        let mut salted = [0; 64];
        salted[..11].copy_from_slice(b"oscartoki/2");
        let mut extract = Hmac::<Sha256>::new(&salted.into());
        extract.update(&self.bytes);
        let prk = Zeroizing::new(<[u8; 32]>::from(extract.finalize().into_bytes()));
        MacKey::new(&prk)
    }
}

/// What a service holds for one client, audience and generation (`oa2.`, 40 bytes: kid, AK).
#[cfg_attr(feature = "uniffi", derive(uniffi::Object))]
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct AudienceKey {
    #[zeroize(skip)]
    kid: Kid,
    key: [u8; 32],
}

#[cfg_attr(feature = "uniffi", uniffi::export)]
impl AudienceKey {
    /// Reads `oa2.` text. Errors: `wrong_kind`, `malformed`, `weak_secret`.
    #[cfg_attr(feature = "uniffi", uniffi::constructor)]
    pub fn parse(text: &str) -> Result<Self> {
        let bytes = key_text::<40>(text, AUDIENCE_KEY)?;
        Ok(Self { kid: first(&bytes[..]), key: strong(&bytes[8..])? })
    }

    /// The same key under another, registered kid of exactly 8 bytes; `malformed` otherwise.
    #[cfg_attr(feature = "uniffi", uniffi::method(name = "with_kid"))]
    pub fn with_kid(&self, kid: &[u8]) -> Result<Self> {
        let kid = kid.try_into().map_err(|_| OscarError::Malformed("a kid has 8 bytes"))?;
        Ok(Self { kid, key: self.key })
    }

    /// The `oa2.` text: key material, for the service's key file.
    pub fn to_text(&self) -> String {
        let mut bytes = Zeroizing::new([0; 40]);
        bytes[..8].copy_from_slice(&self.kid);
        bytes[8..].copy_from_slice(&self.key);
        text(AUDIENCE_KEY, &bytes[..])
    }

    /// The key id, 8 bytes.
    pub fn kid(&self) -> Vec<u8> {
        self.kid.to_vec()
    }
}

impl AudienceKey {
    /// The key id, as an array.
    pub fn kid_bytes(&self) -> Kid {
        self.kid
    }

    /// Key material: AK itself, 32 bytes.
    pub fn expose(&self) -> &[u8; 32] {
        &self.key
    }

    pub(crate) fn same_key(&self, other: &Self) -> bool {
        self.key.ct_eq(&other.key).into()
    }
}

/// A session that was handed out (`oz2.`, 64 bytes: grant, S): one audience, its own sid, ten minutes at most.
#[cfg_attr(feature = "uniffi", derive(uniffi::Object))]
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Session {
    #[zeroize(skip)]
    grant: Grant,
    key: [u8; 32],
}

#[cfg_attr(feature = "uniffi", uniffi::export)]
impl Session {
    /// Reads `oz2.` text; the grant inside is parsed like any other. Errors: `wrong_kind`, `malformed`.
    #[cfg_attr(feature = "uniffi", uniffi::constructor)]
    pub fn parse(text: &str) -> Result<Self> {
        let bytes = key_text::<64>(text, SESSION)?;
        let mut grant = [0; GRANT_LEN];
        grant.copy_from_slice(&bytes[..GRANT_LEN]);
        let mut key = [0; 32];
        key.copy_from_slice(&bytes[GRANT_LEN..]);
        Ok(Self { grant: Grant::from_bytes(grant)?, key })
    }

    /// The `oz2.` text: key material, for the browser or worker it is handed to.
    pub fn to_text(&self) -> String {
        let mut bytes = Zeroizing::new([0; 64]);
        bytes[..GRANT_LEN].copy_from_slice(self.grant.as_bytes());
        bytes[GRANT_LEN..].copy_from_slice(&self.key);
        text(SESSION, &bytes[..])
    }

    /// The key id of the client it was handed out by, 8 bytes.
    pub fn kid(&self) -> Vec<u8> {
        self.grant.kid().to_vec()
    }

    /// The session id, 8 bytes.
    pub fn sid(&self) -> Vec<u8> {
        self.grant.sid().to_vec()
    }

    /// When it ends, in seconds since the epoch.
    pub fn exp_s(&self) -> i64 {
        self.grant.exp_s()
    }
}

impl Session {
    pub(crate) fn new(grant: Grant, key: [u8; 32]) -> Self {
        Self { grant, key }
    }

    /// The grant inside.
    pub fn grant(&self) -> &Grant {
        &self.grant
    }

    pub(crate) fn schedule(&self) -> SessionSchedule {
        SessionSchedule::new(&self.key)
    }
}

macro_rules! redacted {
    ($($kind:ident: $public:expr;)*) => {$(
        impl fmt::Debug for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let public: fn(&$kind) -> String = $public;
                write!(f, "{}({}..)", stringify!($kind), public(self))
            }
        }
        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self, f)
            }
        }
    )*};
}

redacted! {
    Secret: |_| String::new();
    AudienceKey: |key| crate::encoding::hex(&key.kid);
    Session: |session| crate::encoding::hex(&session.grant.sid());
}

/// The six keys of one (secret, audience, generation), as midstates.
#[derive(Clone, Debug)]
pub(crate) struct KeySchedule {
    pub(crate) req: MacKey,
    pub(crate) res: MacKey,
    pub(crate) key: MacKey,
    pub(crate) msg: MacKey,
    pub(crate) url: MacKey,
    pub(crate) ws: MacKey,
}

impl KeySchedule {
    pub(crate) fn new(key: &AudienceKey) -> Self {
        let root = MacKey::new(&key.key);
        let derive = |x: &[u8]| MacKey::new(&Zeroizing::new(root.expand(&[b"oscartoki/2 ", x])));
        Self { req: derive(b"req"), res: derive(b"res"), key: derive(b"key"), msg: derive(b"msg"), url: derive(b"url"), ws: derive(b"ws") }
    }

    /// S of a grant.
    pub(crate) fn session_key(&self, grant: &Grant) -> [u8; 32] {
        self.key.digest(&[grant.as_bytes()])
    }

    /// The two keys of a grant's session.
    pub(crate) fn session(&self, grant: &Grant) -> SessionSchedule {
        SessionSchedule::new(&Zeroizing::new(self.session_key(grant)))
    }
}

/// The two keys of a session, as midstates.
#[derive(Clone, Debug)]
pub(crate) struct SessionSchedule {
    pub(crate) req: MacKey,
    pub(crate) res: MacKey,
}

impl SessionSchedule {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let root = MacKey::new(key);
        let derive = |x: &[u8]| MacKey::new(&Zeroizing::new(root.expand(&[b"oscartoki/2 ", x])));
        Self { req: derive(b"req"), res: derive(b"res") }
    }
}

/// Decodes a key text; another kind's prefix is `wrong_kind`, everything else `malformed`.
fn key_text<const N: usize>(text: &str, prefix: &'static str) -> Result<Zeroizing<[u8; N]>> {
    let others = [SECRET, AUDIENCE_KEY, SESSION];
    if others.iter().any(|other| *other != prefix && text.starts_with(other)) {
        return Err(OscarError::WrongKind(match prefix {
            SECRET => "a root secret (os2.) is wanted here",
            AUDIENCE_KEY => "an audience key (oa2.) is wanted here",
            _ => "a handed-out session (oz2.) is wanted here",
        }));
    }
    parse_text(
        text.as_bytes(),
        prefix,
        match prefix {
            SECRET => "a root secret is os2. and 43 characters of base64url",
            AUDIENCE_KEY => "an audience key is oa2. and 54 characters of base64url",
            _ => "a session is oz2. and 86 characters of base64url",
        },
    )
    .map(Zeroizing::new)
}

fn be32(generation: i64) -> Result<[u8; 4]> {
    let number = u32::try_from(generation).map_err(|_| OscarError::Unsignable("a generation is 0 to 2^32 - 1"))?;
    Ok(number.to_be_bytes())
}

fn strong(bytes: &[u8]) -> Result<[u8; 32]> {
    let bytes: [u8; 32] = bytes.try_into().map_err(|_| OscarError::WeakSecret("a key has exactly 32 bytes"))?;
    if bytes.iter().all(|b| *b == bytes[0]) {
        return Err(OscarError::WeakSecret("a key of 32 equal bytes"));
    }
    Ok(bytes)
}

fn first(bytes: &[u8]) -> Kid {
    let mut kid = [0; 8];
    kid.copy_from_slice(&bytes[..8]);
    kid
}
