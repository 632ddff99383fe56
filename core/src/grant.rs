//! `k`: the grant, the tokikey that rolls a client onto a fresh session key (spec section 4).

use crate::encoding::{parse_text, text, write_text};
use crate::error::{OscarError, Result};
use crate::mac::Tag;
use crate::secret::{KeySchedule, Kid};

/// Bytes of a grant.
pub const GRANT_LEN: usize = 32;
/// Characters of a grant's text.
pub const GRANT_TEXT_LEN: usize = 47;

pub(crate) const PREFIX: &str = "ok2.";
const TYPE: u8 = 0x2A;

/// A parsed grant. Its times are claims until a MAC under its session, or its salt, has been checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Grant([u8; GRANT_LEN]);

impl Grant {
    /// Reads `ok2.` text strictly.
    pub fn parse(text: &[u8]) -> Result<Self> {
        Self::from_bytes(parse_text(text, PREFIX, "a grant is ok2. and 43 characters of base64url")?)
    }

    /// Checks the first two bytes.
    pub fn from_bytes(bytes: [u8; GRANT_LEN]) -> Result<Self> {
        if bytes[..2] != [TYPE, 0] {
            return Err(OscarError::Malformed("a grant begins with 0x2A 0x00"));
        }
        Ok(Self(bytes))
    }

    /// Mints the grant that answers `request_tag`. `exp_s` and `ttl_s` are seconds; 1 <= ttl <= 65,535.
    pub(crate) fn mint(keys: &KeySchedule, kid: Kid, request_tag: &Tag, sid: [u8; 8], exp_s: i64, ttl_s: i64) -> Result<Self> {
        let exp = u32::try_from(exp_s).map_err(|_| OscarError::Unsignable("a grant's end does not fit 32 bits of seconds"))?;
        let ttl = u16::try_from(ttl_s).map_err(|_| OscarError::Unsignable("a grant's life is 1 to 65,535 seconds"))?;
        if ttl == 0 {
            return Err(OscarError::Unsignable("a grant's life is 1 to 65,535 seconds"));
        }
        let mut bytes = [0; GRANT_LEN];
        bytes[0] = TYPE;
        bytes[2..10].copy_from_slice(&kid);
        bytes[10..18].copy_from_slice(&sid);
        bytes[18..22].copy_from_slice(&exp.to_be_bytes());
        bytes[22..24].copy_from_slice(&ttl.to_be_bytes());
        bytes[24..].copy_from_slice(&salt(keys, request_tag, &sid));
        Ok(Self(bytes))
    }

    /// Whether the salt is the one that the holder of the keys made for this request.
    pub(crate) fn answers(&self, keys: &KeySchedule, request_tag: &Tag) -> bool {
        use subtle::ConstantTimeEq;
        self.0[24..].ct_eq(&salt(keys, request_tag, &self.sid())).into()
    }

    /// The `ok2.` text.
    pub fn to_text(&self) -> String {
        text(PREFIX, &self.0)
    }

    /// Writes the `ok2.` text into `out`.
    pub(crate) fn write<'o>(&self, out: &'o mut [u8]) -> Result<&'o str> {
        write_text(out, PREFIX, &self.0)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; GRANT_LEN] {
        &self.0
    }

    /// The key id of the client.
    pub fn kid(&self) -> Kid {
        self.array(2)
    }

    /// The session id.
    pub fn sid(&self) -> [u8; 8] {
        self.array(10)
    }

    /// The end, in seconds since the epoch.
    pub fn exp_s(&self) -> i64 {
        i64::from(u32::from_be_bytes(self.array(18)))
    }

    /// The life, in seconds.
    pub fn ttl_s(&self) -> i64 {
        i64::from(u16::from_be_bytes(self.array(22)))
    }

    /// The issue time, in seconds since the epoch; negative when ttl is greater than exp.
    pub fn iat_s(&self) -> i64 {
        self.exp_s() - self.ttl_s()
    }

    fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut out = [0; N];
        out.copy_from_slice(&self.0[at..at + N]);
        out
    }
}

impl std::fmt::Debug for Grant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Grant(kid {}, sid {}, exp {})", crate::encoding::hex(&self.kid()), crate::encoding::hex(&self.sid()), self.exp_s())
    }
}

fn salt(keys: &KeySchedule, request_tag: &Tag, sid: &[u8; 8]) -> [u8; 8] {
    let mut out = [0; 8];
    out.copy_from_slice(&keys.key.digest(&[b"salt", request_tag, sid])[..8]);
    out
}
