//! `w`: the ticket that opens one websocket (spec sections 4 and 8).

use crate::encoding::{be48, decode, encoded_len, read_be48, text};
use crate::error::{OscarError, Result};
use crate::http::LP_MAX;
use crate::mac::{self, TAG_LEN, Tag};
use crate::secret::{KeySchedule, Kid};
use crate::toki::{PREFIX, array};

/// Bytes of a ticket before its connection id.
const FIXED: usize = 25;
/// Bytes of the longest ticket.
const TICKET_MAX: usize = FIXED + 255 + TAG_LEN;
/// Characters of the longest ticket.
pub const TICKET_TEXT_MAX: usize = 4 + encoded_len(TICKET_MAX);

const TYPE: u8 = 0x25;
const ORIGIN: u8 = 4;

/// A ticket, parsed and not verified.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    bytes: [u8; TICKET_MAX],
    len: usize,
}

impl Ticket {
    /// Reads `ot2.` text strictly: alphabet, unused bits, type byte, flags, and the length that the connection id makes.
    pub fn parse(text: &[u8]) -> Result<Self> {
        const FAULT: OscarError = OscarError::Malformed("a ticket is ot2. and base64url of 42 to 296 bytes");
        let body = text.strip_prefix(PREFIX.as_bytes()).ok_or(FAULT)?;
        if body.len() > encoded_len(TICKET_MAX) {
            return Err(FAULT);
        }
        let mut bytes = [0; TICKET_MAX];
        let len = decode(body, &mut bytes).ok_or(FAULT)?;
        if len <= FIXED + TAG_LEN {
            return Err(FAULT);
        }
        if bytes[0] != TYPE {
            return Err(OscarError::Malformed("a ticket begins with 0x25"));
        }
        if bytes[1] & !ORIGIN != 0 {
            return Err(OscarError::Malformed("an unknown flag in a ticket"));
        }
        if len != FIXED + TAG_LEN + usize::from(bytes[FIXED - 1]) {
            return Err(OscarError::Malformed("a ticket's connection id is not as long as it says"));
        }
        Ok(Self { bytes, len })
    }

    /// Mints a ticket for a connection id of 1 to 255 bytes, bound to an Origin when one is given. Everything else is `unsignable`.
    pub(crate) fn mint(keys: &KeySchedule, kid: Kid, connection: &[u8], origin: Option<&[u8]>, ts_ms: i64, nonce: [u8; 8]) -> Result<Self> {
        let n = u8::try_from(connection.len()).ok().filter(|n| *n > 0);
        let n = n.ok_or(OscarError::Unsignable("a connection id has 1 to 255 bytes"))?;
        if origin.is_some_and(|origin| origin.is_empty() || origin.len() > LP_MAX) {
            return Err(OscarError::Unsignable("an Origin has 1 to 65,535 bytes"));
        }
        let ts = be48(ts_ms).ok_or(OscarError::Unsignable("a time is 0 to 2^48 - 1 milliseconds"))?;
        let head = FIXED + connection.len();
        let mut bytes = [0; TICKET_MAX];
        bytes[0] = TYPE;
        bytes[1] = if origin.is_some() { ORIGIN } else { 0 };
        bytes[2..10].copy_from_slice(&kid);
        bytes[10..16].copy_from_slice(&ts);
        bytes[16..24].copy_from_slice(&nonce);
        bytes[24] = n;
        bytes[FIXED..head].copy_from_slice(connection);
        let mut ticket = Self { bytes, len: head + TAG_LEN };
        let tag = keys.ws.tag(&ticket.covered(origin.unwrap_or_default()));
        ticket.bytes[head..head + TAG_LEN].copy_from_slice(&tag);
        Ok(ticket)
    }

    /// What can be judged without a key: an Origin that is looked at fits its field.
    pub(crate) fn check(&self, origin: Option<&[u8]>) -> Result<()> {
        match origin {
            Some(origin) if self.claims_origin() && origin.len() > LP_MAX => {
                Err(OscarError::Malformed("an Origin has at most 65,535 bytes"))
            }
            _ => Ok(()),
        }
    }

    /// The MAC, in constant time. A bound ticket wants its Origin; of an unbound one no Origin is looked at.
    pub(crate) fn authenticate(&self, keys: &KeySchedule, origin: Option<&[u8]>) -> Result<()> {
        const FAULT: OscarError = OscarError::BadMac("the ticket is not authentic, or is bound to another Origin");
        let origin = match (self.claims_origin(), origin) {
            (false, _) => b"",
            (true, None | Some(b"")) => return Err(FAULT),
            (true, Some(origin)) => origin,
        };
        if keys.ws.verifies(&self.covered(origin), &self.tag()) { Ok(()) } else { Err(FAULT) }
    }

    fn covered<'a>(&'a self, origin: &'a [u8]) -> mac::Message<'a, 1> {
        mac::Message { head: &self.bytes[..self.len - TAG_LEN], request: None, fields: [origin], digest: None }
    }

    /// The `ot2.` text.
    pub fn to_text(&self) -> String {
        text(PREFIX, &self.bytes[..self.len])
    }

    /// Whether an Origin is bound.
    pub fn claims_origin(&self) -> bool {
        self.bytes[1] & ORIGIN != 0
    }

    /// The key id.
    pub fn claimed_kid(&self) -> Kid {
        array(&self.bytes, 2)
    }

    /// Milliseconds since the epoch.
    pub fn claimed_ts_ms(&self) -> i64 {
        read_be48(&array(&self.bytes, 10))
    }

    /// The nonce.
    pub fn claimed_nonce(&self) -> [u8; 8] {
        array(&self.bytes, 16)
    }

    /// The connection id.
    pub fn claimed_connection(&self) -> &[u8] {
        &self.bytes[FIXED..self.len - TAG_LEN]
    }

    /// The tag: what the replay memory keys on.
    pub fn tag(&self) -> Tag {
        array(&self.bytes, self.len - TAG_LEN)
    }
}

impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Ticket").field(&self.to_text()).finish()
    }
}

/// A ticket that was verified, and is spent.
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedTicket {
    /// The key id of the client, 8 bytes.
    pub kid: Vec<u8>,
    /// The connection id, 1 to 255 bytes.
    pub connection: Vec<u8>,
    /// When it was minted.
    pub ts_ms: i64,
    /// Whether it was bound to the Origin.
    pub origin_bound: bool,
}
