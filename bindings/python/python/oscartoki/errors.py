"""The errors of the protocol: one class for each name, the same names in every language. docs/errors.md tells cause and fix."""

from __future__ import annotations

from ._door import lib
from ._hot import hot

__all__ = [
    "OscarError", "Malformed", "Missing", "Unsignable", "UnknownAuthority", "UnknownKey", "BadMac", "Stale", "Replayed", "GrantExpired",
    "Revoked", "BodyMismatch", "Policy", "Busy", "Expired", "NotYet", "RawTargetHidden", "BadGrant", "WrongKind", "WeakSecret", "KidTaken",
    "Reflected", "DoorError",
]  # fmt: skip


class OscarError(Exception):
    """What this protocol refuses. `name` is stable; on a client `may_have_run`, `signed` and `status` say what is known of the request."""

    name: str = "error"
    #: A client's: False only where it is certain that the request had no effect; None outside of a call.
    may_have_run: bool | None = None
    #: A client's: whether the answer was authentic.
    signed: bool = False
    #: The HTTP status: of the answer that a client got, or the one that a service refuses with.
    status: int | None = None

    def __init__(
        self, sentence: str = "", *, may_have_run: bool | None = None, signed: bool = False, status: int | None = None
    ) -> None:
        super().__init__(sentence if sentence.startswith(self.name) else f"{self.name}: {sentence}" if sentence else self.name)
        self.may_have_run = may_have_run
        self.signed = signed
        self.status = status


class Malformed(OscarError):
    """Not in the one allowed form."""

    name = "malformed"


class Missing(OscarError):
    """No toki where one is needed."""

    name = "missing"


class Unsignable(OscarError):
    """A field that cannot be signed."""

    name = "unsignable"


class UnknownAuthority(OscarError):
    """A name that is not this service's."""

    name = "unknown_authority"


class UnknownKey(OscarError):
    """The key id is not held here."""

    name = "unknown_key"


class BadMac(OscarError):
    """Not authentic."""

    name = "bad_mac"


class Stale(OscarError):
    """Outside the window, or at or below the floor."""

    name = "stale"


class Replayed(OscarError):
    """Seen before."""

    name = "replayed"


class GrantExpired(OscarError):
    """The session is over."""

    name = "grant_expired"


class Revoked(OscarError):
    """The key, the session or its issue time is revoked."""

    name = "revoked"


class BodyMismatch(OscarError):
    """The content is not what was signed."""

    name = "body_mismatch"


class Policy(OscarError):
    """Authentic, but not allowed here."""

    name = "policy"


class Busy(OscarError):
    """Could not be remembered: try later."""

    name = "busy"


class Expired(OscarError):
    """A message or URL past its end."""

    name = "expired"


class NotYet(OscarError):
    """A message from more than 300 seconds ahead."""

    name = "not_yet"


class RawTargetHidden(OscarError):
    """The framework does not show the raw request target; the sentence names the fix."""

    name = "raw_target_hidden"


class BadGrant(OscarError):
    """The answer stands, its grant is not ours."""

    name = "bad_grant"


class WrongKind(OscarError):
    """A key text in another's place."""

    name = "wrong_kind"


class WeakSecret(OscarError):
    """Key material is too weak."""

    name = "weak_secret"


class KidTaken(OscarError):
    """Another key stands under this kid."""

    name = "kid_taken"


class Reflected(OscarError):
    """OscarToki v1: a core that this service minted came back as a request."""

    name = "reflected"


class DoorError(OscarError):
    """Wrong use of the library itself, or a fault inside it: `name` says which."""

    name = "internal"


BY_NAME: dict[str, type[OscarError]] = {kind.name: kind for kind in OscarError.__subclasses__()}


def name_of(status: int) -> str:
    """The name of a status of the C door."""
    name: bytes | None = lib.oscar_error_name(status)
    return "internal" if name is None else name.decode()


def error_of(status: int, *, detail: str | None = None, may_have_run: bool | None = None, signed: bool = False, http: int | None = None) -> OscarError:
    """The error of a status of the C door."""
    name = name_of(status)
    sentence = detail or lib.oscar_status_message(status).decode()
    kind = BY_NAME.get(name, DoorError)
    error = kind(sentence, may_have_run=may_have_run, signed=signed, status=http)
    if kind is DoorError:
        error.name = name
    return error


def refused(status: int, **known: bool | None) -> OscarError:
    """The error of a call of the C door that has just refused."""
    return error_of(status, detail=hot.detail(), may_have_run=known.get("may_have_run"))


def of_native(error: Exception) -> OscarError:
    """The error of a generated one, whose text begins with its name."""
    name, _, sentence = str(error).partition(": ")
    return BY_NAME.get(name, DoorError)(sentence)
