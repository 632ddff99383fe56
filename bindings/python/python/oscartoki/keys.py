"""Key material: the root secret (`os2.`), a service's audience key (`oa2.`), a handed-out session (`oz2.`), and a service's ring of keys.
Nothing here prints a key; `to_text()` is for key files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ._native import oscartoki as native
from .errors import Unsignable, of_native


@contextmanager
def speaking() -> Iterator[None]:
    """Raises the library's errors as ours, without the generated code in the traceback."""
    try:
        yield
    except native.OscarError as error:
        raise of_native(error) from None


class _Held:
    """A native object that is not to be printed or pickled."""

    __slots__ = ("_native",)
    _native: Any

    @classmethod
    def _of(cls, made: Any) -> Any:
        held = cls.__new__(cls)
        held._native = made
        return held

    def __reduce__(self) -> Any:
        raise TypeError(f"{type(self).__name__} is key material and is not pickled: hand its text over by a file of mode 0600")


class Secret(_Held):
    """What a client and the key registry hold: 32 random bytes, `os2.` as text."""

    __slots__ = ()

    def __init__(self, text: str) -> None:
        with speaking():
            self._native = native.Secret.parse(text)

    @classmethod
    def generate(cls) -> Secret:
        """A new random secret."""
        with speaking():
            made: Secret = cls._of(native.Secret.generate())
        return made

    @classmethod
    def from_bytes(cls, data: bytes) -> Secret:
        """A secret from exactly 32 random bytes, else `weak_secret`."""
        with speaking():
            made: Secret = cls._of(native.Secret.from_bytes(data))
        return made

    def to_text(self) -> str:
        """The secret itself, for a file of mode 0600."""
        return str(self._native.to_text())

    def kid(self, generation: int = 0) -> bytes:
        """The key id of a generation: public, 8 bytes."""
        with speaking():
            return bytes(self._native.kid(_generation(generation)))

    def audience_key(self, audience: str, generation: int = 0) -> AudienceKey:
        """What one service gets."""
        with speaking():
            made: AudienceKey = AudienceKey._of(self._native.audience_key(audience, _generation(generation)))
        return made

    def __repr__(self) -> str:
        return f"Secret(kid {self.kid().hex()})"


class AudienceKey(_Held):
    """What a service holds for one client, audience and generation; `oa2.` as text."""

    __slots__ = ()

    def __init__(self, text: str) -> None:
        with speaking():
            self._native = native.AudienceKey.parse(text)

    def to_text(self) -> str:
        """The key itself, for the service's key file."""
        return str(self._native.to_text())

    def with_kid(self, kid: bytes) -> AudienceKey:
        """The same key under another, registered kid of 8 bytes."""
        with speaking():
            made: AudienceKey = AudienceKey._of(self._native.with_kid(kid))
        return made

    @property
    def kid(self) -> bytes:
        return bytes(self._native.kid())

    def __repr__(self) -> str:
        return f"AudienceKey(kid {self.kid.hex()})"


class Session(_Held):
    """A handed-out session: one audience, its own sid, ten minutes at most; `oz2.` as text."""

    __slots__ = ()

    def __init__(self, text: str) -> None:
        with speaking():
            self._native = native.Session.parse(text)

    def to_text(self) -> str:
        """The session itself, for the browser or worker that it is handed to."""
        return str(self._native.to_text())

    @property
    def kid(self) -> bytes:
        return bytes(self._native.kid())

    @property
    def sid(self) -> bytes:
        return bytes(self._native.sid())

    @property
    def exp_s(self) -> int:
        return int(self._native.exp_s())

    def __repr__(self) -> str:
        return f"Session(kid {self.kid.hex()}, sid {self.sid.hex()}, until {self.exp_s})"


class Keyring:
    """The keys of a service for one audience, who is revoked, and whose OscarToki v1 is still on."""

    __slots__ = ("_native",)

    def __init__(self, audience: str) -> None:
        with speaking():
            self._native = native.Keyring(audience)

    @property
    def audience(self) -> str:
        return str(self._native.audience())

    def add(self, key: AudienceKey | str) -> None:
        """Adds a key, or what one line of a key file says: `oa2.…`, `oa2.… kid=HEX`, `v1 until=… dialect=any key=HEX kid=HEX`."""
        with speaking():
            if isinstance(key, AudienceKey):
                self._native.add(key._native)
            else:
                self._native.add_text(key.strip())

    def add_v1(self, *, kid: bytes, key: bytes, until_ms: int, dialect: str = "any") -> None:
        """Switches OscarToki v1 on for a client until a time."""
        with speaking():
            self._native.add_v1(kid, key, until_ms, dialect_of(dialect))

    def load(self, text: str) -> None:
        """Replaces all keys by those of a key file's text, at once or not at all."""
        with speaking():
            self._native.load(text)

    def load_revocations(self, text: str) -> None:
        """Replaces the revocations by those of a file's text, at once or not at all; marks never fall."""
        with speaking():
            self._native.load_revocations(text)

    def fault_in_keys(self, text: str) -> str | None:
        """What a key file's text would be refused for, with its line."""
        fault: str | None = self._native.fault_in_keys(text)
        return fault

    def revoke_key(self, kid: bytes) -> str:
        """Revokes a kid at once; the line that a file of revocations gets."""
        with speaking():
            return str(self._native.revoke_key(kid))

    def revoke_session(self, kid: bytes, sid: bytes) -> str:
        """Revokes one session at once; the line that a file of revocations gets."""
        with speaking():
            return str(self._native.revoke_session(kid, sid))

    def revoke_issued_before(self, kid: bytes, before_s: int) -> str:
        """Revokes the sessions of a kid that were issued before a second; the line that a file of revocations gets."""
        with speaking():
            return str(self._native.revoke_issued_before(kid, before_s))

    @property
    def revocations_text(self) -> str:
        return str(self._native.revocations_text())

    @property
    def kids(self) -> list[bytes]:
        return [bytes(kid) for kid in self._native.kids()]

    def holds(self, kid: bytes) -> bool:
        return bool(self._native.holds(kid))

    @property
    def has_v1(self) -> bool:
        return bool(self._native.has_v1())

    def __repr__(self) -> str:
        return f"Keyring({self.audience}, {len(self.kids)} keys)"


def _generation(number: int) -> int:
    if not 0 <= number < 1 << 32:
        raise Unsignable("a generation is 0 to 2^32 - 1")
    return number


def dialect_of(name: str) -> Any:
    """The dialect of a name: any, standard, java."""
    try:
        return native.Dialect[name.upper()]
    except KeyError:
        raise ValueError("a dialect is any, standard or java") from None
