"""What travels outside of a request's headers: messages of a queue, presigned URLs, websocket tickets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ._native import oscartoki as native
from .keys import speaking


class SignedMessage:
    """A message that was signed: `toki` is its header, `accept_reply` judges its one RPC reply."""

    __slots__ = ("_native",)

    def __init__(self, made: Any) -> None:
        self._native = made

    @property
    def toki(self) -> str:
        return str(self._native.toki())

    def accept_reply(self, toki: str | None, body: bytes = b"", *, ext: bytes = b"") -> int:
        """Accepts the reply, once; the consumer's time in milliseconds."""
        with speaking():
            return int(self._native.accept_reply(toki, ext, body))


class VerifiedMessage:
    """A message that was verified. `freshness` is fresh, duplicate or unchecked."""

    __slots__ = ("_native", "kid", "ts_ms", "ttl_s", "nonce", "freshness")

    def __init__(self, made: Any) -> None:
        self._native = made
        self.kid = bytes(made.kid())
        self.ts_ms = int(made.ts_ms())
        self.ttl_s = int(made.ttl_s())
        self.nonce = bytes(made.nonce())
        self.freshness: str = made.freshness().name.lower()

    def reply(self, body: bytes = b"", *, ext: bytes = b"", now_ms: int) -> str:
        """The toki of the RPC reply."""
        with speaking():
            return str(self._native.reply(ext, body, now_ms))


class MessageMemory:
    """What the consumers of one queue remember together."""

    __slots__ = ("_native",)

    def __init__(self, made: Any) -> None:
        self._native = made


@dataclass(frozen=True)
class VerifiedUrl:
    """A presigned URL that was verified; `target` is what was signed, without the parameter."""

    kid: bytes
    exp_ms: int
    target: str


@dataclass(frozen=True)
class VerifiedTicket:
    """A ticket that was verified, and is spent."""

    kid: bytes
    connection: bytes
    ts_ms: int
    origin_bound: bool


def message(destination: str, type: str, ext: bytes, body: bytes) -> Any:
    return native.Message(destination=destination, kind=type, ext=ext, content=body)
