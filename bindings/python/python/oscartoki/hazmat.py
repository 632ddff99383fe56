"""Deterministic twins: the caller gives what must otherwise be random or the clock's. For vectors, tests and tools; a nonce that is used twice
breaks the protocol."""

from __future__ import annotations

import sys
from ctypes import byref, create_string_buffer

from . import _door
from .client import CallOutcome, Client, SignedRequest
from .errors import error_of
from .keys import AudienceKey

__all__ = ["accept", "accept_signed", "expose", "mint_answer", "mint_grant", "mint_message", "mint_request", "mint_ticket", "mint_url", "sign", "Judged"]


def _call(name: str, *fields: bytes | int | None, room: int = 64) -> str:
    """Calls `oscar_hazmat_<name>` with texts spelt as pointer and length, and a buffer last. `bytes` are slices, ints numbers."""
    out = create_string_buffer(room)
    status = getattr(_door.lib, "oscar_hazmat_" + name)(*fields, out, room)
    if status:
        raise error_of(status, detail=_door.detail())
    return out.value.decode()


def _text(text: str | None) -> tuple[bytes | None, int]:
    if text is None:
        return None, 0
    data = text.encode()
    return data, len(data)


def _slice(data: bytes | None) -> tuple[bytes, int]:
    return data or b"", len(data or b"")


def _nonce(nonce: bytes) -> bytes:
    if len(nonce) != 8:
        raise ValueError("a nonce or sid has 8 bytes")
    return nonce


def _request(method: str, authority: str, target: str, ext: bytes, digest: bytes | None) -> tuple[bytes, int]:
    try:
        return _slice(_door.pack(method, authority, target, ext, digest))
    except OverflowError:
        raise error_of(_door.UNSIGNABLE) from None


def mint_request(
    key: AudienceKey, method: str, authority: str, target: str, body: bytes | None = None, *,
    ts_ms: int, nonce: bytes, want: bool = False, grant: str | None = None, ext: bytes = b"", digest: bytes | None = None,
) -> str:  # fmt: skip
    """The toki of a request, in the session of `grant` when there is one."""
    request = _request(method, authority, target, ext, digest)
    return _call("mint_request", *_text(key.to_text()), *_text(grant), *request, *_slice(body), _int64(ts_ms), _nonce(nonce), int(want))


def mint_grant(key: AudienceKey, request_toki: str, *, sid: bytes, exp_s: int, ttl_s: int) -> str:
    """The grant that answers a request's toki."""
    return _call("mint_grant", *_text(key.to_text()), *_text(request_toki), _nonce(sid), _int64(exp_s), _int64(ttl_s))


def mint_answer(
    key: AudienceKey, request_toki: str, status: int, body: bytes | None = None, *,
    code: int, ts_ms: int, session_grant: str | None = None, grant: str | None = None, ext: bytes = b"", digest: bytes | None = None,
) -> str:  # fmt: skip
    """The toki of an answer."""
    try:
        answer = status.to_bytes(2, "big") + _door.pack(ext, digest) + (b"" if grant is None else _door.pack(grant))
    except OverflowError:
        raise error_of(_door.UNSIGNABLE) from None
    return _call(
        "mint_answer", *_text(key.to_text()), *_text(session_grant), *_text(request_toki), _code(code), _int64(ts_ms), *_slice(answer), *_slice(body)
    )


class Judged(_door.Outcome):
    """What an answer says to who holds the key: `code`, `adopted_sid`, `grant_status`, and `ts_ms`."""

    __slots__ = ("ts_ms",)
    ts_ms: int


def accept(
    key: AudienceKey, request_toki: str, status: int, body: bytes | None = None, *,
    toki: str | None, grant: str | None = None, session_grant: str | None = None, ext: bytes = b"", digest: bytes | None = None,
) -> Judged:  # fmt: skip
    """Judges an answer to a request that some other client of the key signed; raises what makes it not authentic."""
    try:
        answer = status.to_bytes(2, "big") + _door.pack(ext, digest) + _door._proofs(toki, grant)
    except OverflowError:
        raise error_of(_door.MALFORMED) from None
    struct = _door._OutcomeStruct()
    got = _door.lib.oscar_hazmat_accept(
        *_text(key.to_text()), *_text(session_grant), *_text(request_toki), *_slice(answer), *_slice(body), byref(struct)
    )
    if not struct.authentic:
        raise error_of(got, detail=_door.detail())
    judged = Judged()
    judged._struct = struct
    claims = create_string_buffer(16)
    _door.lib.oscar_answer_toki_parse(*_text(toki), claims)
    judged.ts_ms = int.from_bytes(claims.raw[:8], sys.byteorder, signed=True)
    return judged


def mint_message(
    key: AudienceKey, destination: str, type: str, body: bytes, *, ts_ms: int, nonce: bytes, ttl_s: int, ext: bytes = b"", digest: bytes | None = None
) -> str:
    """The toki of a message."""
    try:
        message = _door.pack(destination, type, ext, digest)
    except OverflowError:
        raise error_of(_door.UNSIGNABLE) from None
    return _call("mint_message", *_text(key.to_text()), *_slice(message), *_slice(body), _int64(ts_ms), _nonce(nonce), _int64(ttl_s))


def mint_url(key: AudienceKey, method: str, authority: str, target: str, *, exp_ms: int, ext: bytes = b"") -> str:
    """A presigned target."""
    request = _request(method, authority, target, ext, None)
    return _call("mint_url", *_text(key.to_text()), *request, _int64(exp_ms), room=len(target.encode()) + 64)


def mint_ticket(key: AudienceKey, connection: bytes, *, ts_ms: int, nonce: bytes, origin: str | None = None) -> str:
    """A websocket ticket."""
    data, size = _text(origin)
    return _call("mint_ticket", *_text(key.to_text()), *_slice(connection), data, size, _int64(ts_ms), _nonce(nonce), room=400)


def sign(
    client: Client, method: str, authority: str, target: str, body: bytes | None = None, *, nonce: bytes, now_ms: int, mono_ms: int = 0,
    ext: bytes = b"", digest: bytes | None = None, repeatable: bool = False, trust_clock: bool = False, resend: bool = False,
) -> SignedRequest | _door.Signed:  # fmt: skip
    """`Client.sign` with a nonce that the caller gives. Its answer is judged by `hazmat.accept_signed`."""
    options = repeatable | trust_clock << 1 | resend << 3
    signed = _door.sign(client._handle, method, authority, target, ext, digest, body, options, now_ms, mono_ms, _nonce(nonce))
    if isinstance(signed, int):
        raise error_of(signed, detail=_door.detail(), may_have_run=False)
    return signed


def accept_signed(
    client: Client, signed: SignedRequest | _door.Signed, status: int, body: bytes | None = None, *,
    toki: str | None, grant: str | None, now_ms: int, mono_ms: int = 0, ext: bytes = b"", digest: bytes | None = None,
) -> CallOutcome:  # fmt: skip
    """`Client.accept` for what `sign` made."""
    outcome = CallOutcome()
    outcome._struct = _door.accept(client._handle, signed, status, ext, digest, toki, grant, body, now_ms, mono_ms)._struct
    return outcome


def expose(key: AudienceKey) -> bytes:
    """Key material: the 32 bytes of an audience key."""
    kid, raw = create_string_buffer(8), create_string_buffer(32)
    status = _door.lib.oscar_audience_key_read(*_text(key.to_text()), kid, raw)
    if status:
        raise error_of(status, detail=_door.detail())
    return raw.raw


def _int64(number: int) -> int:
    try:
        return _door.int64(number)
    except OverflowError:
        raise error_of(_door.UNSIGNABLE, detail="a number that fits no field") from None


def _code(number: int) -> int:
    if not 0 <= number < 256:
        raise error_of(_door.UNSIGNABLE, detail="a code is 0 to 7")
    return number
