//! The error names of the protocol (spec section 10), the same in every language.

/// Everything that can go wrong, by its stable name. The text of a variant says which rule was
/// broken, never what was in the input; no secret is ever in it.
///
/// Two errors are equal when their names are.
#[cfg_attr(feature = "uniffi", derive(uniffi::Error), uniffi(flat_error))]
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub enum OscarError {
    /// Not in the one allowed form.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// No toki where one is needed.
    #[error("missing: {0}")]
    Missing(&'static str),
    /// A field outside section 5 of the spec, found by a signer.
    #[error("unsignable: {0}")]
    Unsignable(&'static str),
    /// The authority is none of this service's names.
    #[error("unknown_authority: {0}")]
    UnknownAuthority(&'static str),
    /// The kid is not held here.
    #[error("unknown_key: {0}")]
    UnknownKey(&'static str),
    /// The MAC does not fit: not authentic.
    #[error("bad_mac: {0}")]
    BadMac(&'static str),
    /// Outside the window, or at or below the floor.
    #[error("stale: {0}")]
    Stale(&'static str),
    /// Seen before.
    #[error("replayed: {0}")]
    Replayed(&'static str),
    /// The session is over.
    #[error("grant_expired: {0}")]
    GrantExpired(&'static str),
    /// The kid, the session or its issue time is revoked.
    #[error("revoked: {0}")]
    Revoked(&'static str),
    /// The content is not what was signed.
    #[error("body_mismatch: {0}")]
    BodyMismatch(&'static str),
    /// Authentic, but not allowed here.
    #[error("policy: {0}")]
    Policy(&'static str),
    /// Could not be remembered, therefore refused.
    #[error("busy: {0}")]
    Busy(&'static str),
    /// A message or URL past its end.
    #[error("expired: {0}")]
    Expired(&'static str),
    /// A message from more than 300 s ahead.
    #[error("not_yet: {0}")]
    NotYet(&'static str),
    /// The framework does not show the raw request target.
    #[error("raw_target_hidden: {0}")]
    RawTargetHidden(&'static str),
    /// The answer stands, its grant is not ours.
    #[error("bad_grant: {0}")]
    BadGrant(&'static str),
    /// An `os2.`, `oa2.` or `oz2.` text in another's place.
    #[error("wrong_kind: {0}")]
    WrongKind(&'static str),
    /// Key material of another length than 32 bytes, or of equal bytes, or a v1 key.
    #[error("weak_secret: {0}")]
    WeakSecret(&'static str),
    /// Another key stands under this kid.
    #[error("kid_taken: {0}")]
    KidTaken(&'static str),
    /// A v1 core that this service minted came back as a request.
    #[error("reflected: {0}")]
    Reflected(&'static str),
}

macro_rules! names {
    ($($variant:ident $name:literal $sentence:literal,)*) => {
        impl OscarError {
            /// Every name, in the order of the spec's table.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// The stable name, the same in every language.
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name),* }
            }

            /// The rule that was broken, in a few words.
            pub const fn detail(&self) -> &'static str {
                match self { $(Self::$variant(text) => text),* }
            }

            /// The error of a stable name, with its general sentence.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant($sentence)),)* _ => None }
            }

            /// 1 to 21: the place of the name in [`OscarError::NAMES`], counted from 1. The C door's status.
            pub const fn number(&self) -> u8 {
                let mut n = 0;
                $(n += 1; if matches!(self, Self::$variant(_)) { return n; })*
                n
            }
        }
    };
}

names! {
    Malformed "malformed" "not in the one allowed form",
    Missing "missing" "there is no toki to verify",
    Unsignable "unsignable" "a field cannot be signed",
    UnknownAuthority "unknown_authority" "the authority is not one of this service's names",
    UnknownKey "unknown_key" "the key id is not held here",
    BadMac "bad_mac" "not authentic",
    Stale "stale" "outside the time window",
    Replayed "replayed" "seen before",
    GrantExpired "grant_expired" "the session is over",
    Revoked "revoked" "the key or session is revoked",
    BodyMismatch "body_mismatch" "the content is not what was signed",
    Policy "policy" "authentic, but not allowed here",
    Busy "busy" "could not be remembered, try later",
    Expired "expired" "past its end",
    NotYet "not_yet" "more than 300 seconds ahead",
    RawTargetHidden "raw_target_hidden" "the framework does not show the raw request target",
    BadGrant "bad_grant" "the answer stands, its grant is not ours",
    WrongKind "wrong_kind" "a key text of another kind",
    WeakSecret "weak_secret" "key material is too weak",
    KidTaken "kid_taken" "another key stands under this key id",
    Reflected "reflected" "a toki minted by this service came back as a request",
}

impl OscarError {
    /// The code of a signed refusal (section 4, `r`), where this error is one.
    pub const fn code(&self) -> Option<u8> {
        Some(match self {
            Self::Stale(_) => 1,
            Self::Replayed(_) => 2,
            Self::GrantExpired(_) => 3,
            Self::Revoked(_) => 4,
            Self::BodyMismatch(_) => 5,
            Self::Policy(_) => 6,
            Self::Busy(_) => 7,
            _ => return None,
        })
    }

    /// The refusal that a code of 1 to 7 stands for.
    pub const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            1 => Self::Stale("the service found it outside its window"),
            2 => Self::Replayed("the service has seen it before"),
            3 => Self::GrantExpired("the service says that the session is over"),
            4 => Self::Revoked("the service revoked the key or session"),
            5 => Self::BodyMismatch("the service received other content than was signed"),
            6 => Self::Policy("the service does not allow it"),
            7 => Self::Busy("the service could not remember it"),
            _ => return None,
        })
    }
}

impl PartialEq for OscarError {
    fn eq(&self, other: &Self) -> bool {
        self.number() == other.number()
    }
}

impl Eq for OscarError {}

/// What core's functions return.
pub type Result<T, E = OscarError> = std::result::Result<T, E>;

#[cfg(test)]
mod tests {
    use super::OscarError;

    #[test]
    fn names_numbers_and_codes_agree() {
        for (index, name) in OscarError::NAMES.iter().enumerate() {
            let error = OscarError::from_name(name).expect("a listed name");
            assert_eq!(error.name(), *name);
            assert_eq!(usize::from(error.number()), index + 1);
            assert!(error.to_string().starts_with(name));
            if let Some(code) = error.code() {
                assert_eq!(OscarError::from_code(code), Some(error));
            }
        }
        assert_eq!(OscarError::NAMES.len(), 21);
        assert_eq!(OscarError::from_code(0), None);
        assert_eq!(OscarError::from_code(8), None);
    }
}
