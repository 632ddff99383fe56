"""What travels outside of a request's headers: messages of a queue, presigned URLs, websocket tickets."""

from __future__ import annotations

import time
from ctypes import byref, create_string_buffer
from dataclasses import dataclass
from typing import Any

from . import _door
from ._native import oscartoki as native
from ._native import oscartoki_bridge as bridge
from .errors import error_of, refused
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

    __slots__ = ("_context", "kid", "ts_ms", "ttl_s", "nonce", "freshness")

    def __init__(self, struct: Any) -> None:
        self._context = int(struct.context)
        self.kid = bytes(struct.kid)
        self.ts_ms = int(struct.ts_ms)
        self.ttl_s = int(struct.ttl_s)
        self.nonce = bytes(struct.nonce)
        self.freshness = ("fresh", "duplicate", "unchecked")[struct.freshness]

    def reply(self, body: bytes = b"", *, ext: bytes = b"", now_ms: int | None = None) -> str:
        """The toki of the RPC reply."""
        toki = create_string_buffer(59)
        now = time.time_ns() // 1_000_000 if now_ms is None else now_ms
        status = _door.lib.oscar_message_reply(self._context, ext, len(ext), body, len(body), now, toki, len(toki))
        if status:
            raise refused(status)
        return toki.value.decode()

    def __del__(self) -> None:
        _door.lib.oscar_message_free(getattr(self, "_context", 0))


class MessageMemory:
    """What the consumers of one queue remember together."""

    __slots__ = ("_handle",)

    def __init__(self, made: Any) -> None:
        self._handle = int(bridge.c_ref_message_memory(made))

    def __del__(self) -> None:
        _door.lib.oscar_message_memory_free(getattr(self, "_handle", 0))


def verify_message(
    service: int, destination: str, type: str, ext: bytes, digest: bytes | None, body: bytes, toki: str | None,
    memory: MessageMemory | None, max_ttl_s: int, now_ms: int,
) -> VerifiedMessage:  # fmt: skip
    try:
        packed = _door.pack(destination, type, ext, digest) + (b"" if toki is None else _door.pack(toki))
    except OverflowError:
        raise error_of(_door.MALFORMED) from None
    struct = _door._MessageStruct()
    held = 0 if memory is None else memory._handle
    status = _door.lib.oscar_service_verify_message(
        service, packed, len(packed), body, len(body), held, max_ttl_s, now_ms, byref(struct)
    )
    if status:
        raise refused(status)
    return VerifiedMessage(struct)


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
